"""A plain folder of frames.

FOLDER/*.{png,jpg}, in natural order of the names
optional, in the folder or beside it: intrinsics.txt, K.txt, K_*.txt or cam.txt (`fx fy cx cy`, or a 3x3 matrix),
and times.txt or timestamps.txt (seconds, one frame a line)
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from vo_gan.data.calibration import pinhole
from vo_gan.data.decode import image_size
from vo_gan.data.frame_files import FrameFilesDrive, frame_number, list_frames
from vo_gan.data.tables import check_times, default_times, parse_numbers, read_lines, read_table, rows_of_frames
from vo_gan.errors import VoGanError

INTRINSICS_FILES = ("intrinsics.txt", "K.txt", "K_*.txt", "cam.txt")
TIMES_FILES = ("times.txt", "timestamps.txt")


def find_beside(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    """The file that one of the patterns names, in a folder or else in the folder above it.

    Raises:
        VoGanError: several files fit.
    """
    for place in (folder, Path(os.path.abspath(folder)).parent):
        found = sorted({path for pattern in patterns for path in place.glob(pattern) if path.is_file()})
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise VoGanError(f"{place}: holds several files that could be meant: {names}; leave one of them")
        if found:
            return found[0]
    return None


def read_intrinsics(path: Path, size: tuple[int, int]) -> Float64[np.ndarray, "3 3"]:
    """Pinhole matrix from a text file: 4 numbers `fx fy cx cy`, or the 9 of a 3x3 matrix.

    Raises:
        VoGanError: unreadable, another count of numbers, not finite, skewed, or not fitting frames of `size`.
    """
    expected = "`fx fy cx cy` or a 3x3 matrix"
    values = parse_numbers(" ".join(read_lines(path, expected)).replace(",", " "), str(path))
    if len(values) == 9:
        matrix = np.array(values).reshape(3, 3)
        pattern = np.array([[matrix[0, 0], 0.0, matrix[0, 2]], [0.0, matrix[1, 1], matrix[1, 2]], [0.0, 0.0, 1.0]])
        if not np.allclose(matrix, pattern, atol=1e-6):
            raise VoGanError(f"{path}: is no pinhole matrix; expected rows `fx 0 cx`, `0 fy cy`, `0 0 1`")
        values = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]
    if len(values) != 4:
        raise VoGanError(f"{path}: has {len(values)} numbers, expected {expected}")
    return pinhole((values[0], values[1], values[2], values[3]), path, size)


def read_times(path: Path, left: list[Path]) -> Float64[np.ndarray, " n"]:
    """Seconds of every frame from a file with one number a line.

    Raises:
        VoGanError: times that are no numbers or do not increase, or fewer than frames.
    """
    times = read_table(path, 1, "seconds, one frame a line")[:, 0]
    check_times(times, path)
    return times[rows_of_frames(path, len(times), [frame_number(frame) for frame in left])]


class FramesDrive(FrameFilesDrive):
    """A folder of frames of one camera. Without times, ten frames per second are assumed.

    Args:
        folder: the frames' folder.
        intrinsics: (fx, fy, cx, cy) in pixels of the frames as they are in the files; takes precedence over a file.

    Raises:
        VoGanError: no frames, or intrinsics or times that do not fit them.
    """

    kind = "frames"
    strict_numbering = False
    baseline = None
    world_from_camera = None

    def __init__(self, folder: Path, intrinsics: tuple[float, float, float, float] | None = None) -> None:
        self.name = Path(os.path.abspath(folder)).name
        self.left_frames = list_frames(folder)
        self.right_frames = {}
        self.size = image_size(self.left_frames[0])
        self._no_intrinsics = (
            f"{folder}: the camera's intrinsics are not known; give them as `--intrinsics fx,fy,cx,cy` in pixels of "
            f"these {self.size[0]}x{self.size[1]} frames, or put a file intrinsics.txt with `fx fy cx cy` there"
        )
        self._matrix = None
        if intrinsics is not None:
            self._matrix = pinhole(intrinsics, "intrinsics", self.size)
        elif (path := find_beside(folder, INTRINSICS_FILES)) is not None:
            self._matrix = read_intrinsics(path, self.size)
        times_path = find_beside(folder, TIMES_FILES)
        self.times = read_times(times_path, self.left_frames) if times_path else default_times(len(self.left_frames))
