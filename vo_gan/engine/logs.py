"""Losses and pictures as TensorBoard events, the same numbers as CSV, the same pictures as PNG where wanted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import cv2
from torch import Tensor

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file


class Logs:
    """Writes `metrics.csv` (columns step, name, value), `tensorboard/` and `pictures/` in a run folder.

    Args:
        run: the run folder.
        step: where training stands; rows of later steps, left by a run that got further than its checkpoint, go.
    """

    def __init__(self, run: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.path = run / "metrics.csv"
        rows = _rows_until(self.path, step) if step else []
        try:
            run.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", newline="", encoding="utf-8", buffering=1)
        except OSError as error:
            raise VoGanError(f"cannot write {self.path}: {error.strerror}. Choose another run folder") from error
        self._csv = csv.writer(self._file)
        self._csv.writerow(("step", "name", "value"))
        self._csv.writerows(rows)
        self._board = SummaryWriter(str(run / "tensorboard"), purge_step=step + 1 if step else None)

    def scalars(self, part: str, step: int, values: Mapping[str, float]) -> None:
        """One row for each value, named `part/name`."""
        for name, value in values.items():
            self._csv.writerow((step, f"{part}/{name}", f"{value:.9g}"))
            self._board.add_scalar(f"{part}/{name}", value, step)

    def pictures(self, step: int, pictures: Mapping[str, Tensor], *, files: bool = False) -> None:
        """Images `[3, h, w]` in [0, 1], for TensorBoard and, on request, as `pictures/NAME_STEP.png`."""
        for name, picture in pictures.items():
            image = picture.detach().float().cpu()
            self._board.add_image(name, image, step)
            if files:
                folder = self.path.parent / "pictures"
                folder.mkdir(exist_ok=True)
                pixels = (255 * image.clamp(0, 1)).round().byte().permute(1, 2, 0).numpy()
                replace_file(folder / f"{name}_{step:07d}.png", cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())

    def __enter__(self) -> Logs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        self._board.close()


def _rows_until(path: Path, step: int) -> list[list[str]]:
    if not path.is_file():
        return []
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))[1:]
    return [row for row in rows if len(row) == 3 and row[0].isdigit() and int(row[0]) <= step]
