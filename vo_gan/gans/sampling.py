"""Samples as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import torch

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.gans.data.images import write_image
from vo_gan.gans.inference import Noise, Stats
from vo_gan.gans.pictures import show_samples
from vo_gan.gans.variants import LatentVariant

TOGETHER = 64
"""Samples made in one pass."""


def write_samples(
    variant: LatentVariant,
    out: Path,
    count: int,
    wanted: Sequence[str] = (),
    stats: Stats | None = None,
    noise: Noise | None = None,
    seed: int = 0,
) -> Iterator[Path]:
    """Write `count` samples as `NNNNNN.png` and all of them as `samples.png`; points as `samples.csv` and a plot.

    Raises:
        VoGanError: the run cannot be asked for that, or its layers have no such statistics.
    """
    try:
        parts = [
            variant.sample(min(TOGETHER, count - done), seed + number, _turned(wanted, done), stats, noise)
            for number, done in enumerate(range(0, count, TOGETHER))
        ]
    except ValueError as error:
        raise VoGanError(f"--stats {stats}: {error}") from error
    samples = torch.cat(parts).float().cpu()
    out.mkdir(parents=True, exist_ok=True)
    if samples.dim() == 2:
        lines = [",".join(f"{value:.6g}" for value in row) for row in samples.tolist()]
        replace_file(out / "samples.csv", ("\n".join(lines) + "\n").encode())
        yield out / "samples.csv"
    else:
        for number, sample in enumerate(samples):
            yield write_image(out / f"{number:06d}.png", sample.numpy(), variant.shape.bits[0])
    sheet = (255 * show_samples(samples)).round().byte().permute(1, 2, 0).numpy()
    replace_file(out / "samples.png", cv2.imencode(".png", sheet[..., ::-1])[1].tobytes())
    yield out / "samples.png"


def _turned(wanted: Sequence[str], done: int) -> list[str]:
    """What is wanted in turn, going on after `done` samples."""
    if not wanted:
        return []
    first = done % len(wanted)
    return [*wanted[first:], *wanted[:first]]
