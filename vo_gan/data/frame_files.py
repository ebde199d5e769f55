"""Drives whose frames are image files: what the KITTI layouts and a plain folder have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.data.calibration import scaled
from vo_gan.data.decode import IMAGE_SUFFIXES, decode_image
from vo_gan.data.drive import Drive, Side
from vo_gan.errors import VoGanError

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sorts `frame_10` after `frame_9`: runs of digits compare as numbers."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in _DIGITS.split(name) if part]


def frame_number(path: Path) -> int | None:
    """The number in a frame's file name, the last one if there are several; None if there is none."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else None


def has_images(folder: Path) -> bool:
    """Whether a folder directly holds at least one image file."""
    return folder.is_dir() and any(_is_image(path) for path in folder.iterdir())


def list_frames(folder: Path) -> list[Path]:
    """The image files of a folder in natural order of their names.

    Raises:
        VoGanError: no such folder, no image in it, or one frame there twice (`7.png` and `7.jpg`).
    """
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder; expected a folder of PNG or JPEG frames")
    frames = sorted((path for path in folder.iterdir() if _is_image(path)), key=lambda p: natural_key(p.name))
    if not frames:
        raise VoGanError(f"{folder}: holds no frames; expected files that end in {_suffixes()}")
    by_stem: dict[str, Path] = {}
    for path in frames:
        twin = by_stem.setdefault(path.stem, path)
        if twin is not path:
            raise VoGanError(f"{path}: the frame is there twice, also as {twin.name}; remove one of them")
    return frames


def numbering_gaps(frames: Sequence[Path], strict: bool) -> list[str]:
    """Where the numbers in the frames' names skip, one message per gap.

    Args:
        frames: image files in order.
        strict: numbers go up by one, as in KITTI. Else the usual step is found, and a folder in which less than
            nine of ten steps are equal (names that are time stamps) counts as not numbered.
    """
    numbers = [frame_number(path) for path in frames]
    known = np.array([number for number in numbers if number is not None], dtype=object)
    if len(known) < len(frames) or len(frames) < 2:
        return []
    steps = np.diff(known)
    step = 1
    if not strict:
        values, counts = np.unique(steps, return_counts=True)
        step = int(values[counts.argmax()])
        if step <= 0 or counts.max() < 0.9 * len(steps):
            return []
    return [
        f"{frames[index]}: the next frame is {frames[index + 1].name}; the frames between them are missing"
        for index in np.flatnonzero(steps != step).tolist()
    ]


class FrameFilesDrive(Drive):
    """A drive of image files with a pinhole camera. A subclass's constructor fills in what it found.

    Attributes (beside those of `Drive`):
        left_frames: the files of the left, or only, camera.
        right_frames: the files of the right camera by frame index.
        strict_numbering: whether a number left out in the file names means a missing frame.
    """

    left_frames: list[Path]
    right_frames: Mapping[int, Path]
    strict_numbering: bool
    _matrix: Float[np.ndarray, "3 3"] | None
    _no_intrinsics: str

    def __len__(self) -> int:
        return len(self.left_frames)

    def path(self, index: int, side: Side = "left") -> Path:
        """The file of a frame.

        Raises:
            VoGanError: no frame `index`, or it has no right view.
        """
        if not 0 <= index < len(self.left_frames):
            raise VoGanError(f"{self.name}: has no frame {index}; it has frames 0 to {len(self) - 1}")
        if side == "left":
            return self.left_frames[index]
        if index not in self.right_frames:
            raise VoGanError(f"{self.left_frames[index]}: this frame has no right view")
        return self.right_frames[index]

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read` and `decode_image`.

        Raises:
            VoGanError: no such frame, or it is damaged or of another size than the first; the file is named.
        """
        return decode_image(self.path(index, side), size, native=self.size)

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`.

        Raises:
            VoGanError: the source has no calibration and none was given.
        """
        if self._matrix is None:
            raise VoGanError(self._no_intrinsics)
        return scaled(self._matrix, self.size, size)

    def has_right(self, index: int) -> bool:
        """Whether frame `index` has a right view."""
        return index in self.right_frames

    def frame_name(self, index: int, side: Side = "left") -> str:
        """The frame's path."""
        return str(self.path(index, side))

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """None: such a source has no measured depth. A subclass may."""
        self.path(index)
        return None


def match_right(left: Sequence[Path], right_folder: Path) -> dict[int, Path]:
    """The right view of every left frame that has one: the file of the same name; empty without such a folder.

    Raises:
        VoGanError: see `list_frames`; or right frames of which none belongs to a left one.
    """
    if not has_images(right_folder):
        return {}
    right = {path.stem: path for path in list_frames(right_folder)}
    matched = {index: right[path.stem] for index, path in enumerate(left) if path.stem in right}
    if not matched:
        raise VoGanError(
            f"{right_folder}: no right frame has the name of a left one ({left[0].name}, ...); name both views alike"
        )
    return matched


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _suffixes() -> str:
    return ", ".join(sorted(IMAGE_SUFFIXES))
