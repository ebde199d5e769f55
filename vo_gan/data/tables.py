"""Text files of numbers, read strictly: poses, times and the rows that belong to given frames."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from vo_gan.errors import VoGanError

ROTATION_TOLERANCE = 1e-3
"""Largest entry of |R R^T - I| in a pose: files with 6 printed digits stay below 1e-5, broken ones are far above."""

DEFAULT_FRAMES_PER_SECOND = 10.0
"""Assumed where a source says nothing about time; the rate of KITTI."""


def read_lines(path: Path, expected: str) -> list[str]:
    """The non-empty lines of a text file.

    Raises:
        VoGanError: the file cannot be read or is no text; the message says that `expected` was looked for.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise VoGanError(f"{path}: no such file; expected {expected} there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected {expected}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def parse_numbers(text: str, where: str) -> list[float]:
    """The finite numbers of a line, separated by white space.

    Raises:
        VoGanError: something is no number or not finite; the message starts with `where`.
    """
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError as error:
        raise VoGanError(f"{where}: {error}; expected decimal numbers separated by spaces") from None
    if not all(np.isfinite(numbers)):
        raise VoGanError(f"{where}: holds a number that is not finite; mend or remove the file")
    return numbers


def read_table(path: Path, columns: int, expected: str) -> Float64[np.ndarray, "rows columns"]:
    """A file with `columns` finite numbers in every line; empty lines do not count.

    Raises:
        VoGanError: unreadable, empty, another number of columns, or something that is no finite number; file and
            line are named.
    """
    rows = []
    for number, line in enumerate(read_lines(path, expected), start=1):
        where = f"{path}, row {number}"
        values = parse_numbers(line, where)
        if len(values) != columns:
            raise VoGanError(f"{where}: has {len(values)} numbers, expected {columns} ({expected})")
        rows.append(values)
    if not rows:
        raise VoGanError(f"{path}: is empty, expected {expected}")
    return np.array(rows, dtype=np.float64)


def read_poses(path: Path) -> Float64[np.ndarray, "n 4 4"]:
    """A KITTI pose file: 12 numbers a line, the rows of a 3x4 matrix. As they are in the file, not re-based.

    Raises:
        VoGanError: see `read_table`; also a rotation that is not orthonormal or mirrors. File and row are named.
    """
    rows = read_table(path, 12, "poses of 12 numbers a line")
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3] = rows.reshape(-1, 3, 4)
    rotation = poses[:, :3, :3]
    deviation = np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
    bad = (deviation > ROTATION_TOLERANCE) | (np.linalg.det(rotation) < 0)
    if bad.any():
        first = int(bad.argmax())
        raise VoGanError(
            f"{path}, row {first + 1}: its 3x3 part is no rotation (|R R^T - I| = {deviation[first]:.2g}, "
            f"determinant {np.linalg.det(rotation[first]):.3g}); {int(bad.sum())} of {len(rows)} rows are so"
        )
    return poses


def check_times(times: Float64[np.ndarray, " n"], path: Path) -> None:
    """Refuse times that do not increase from frame to frame.

    Raises:
        VoGanError: file and row are named.
    """
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if backwards.size:
        row = int(backwards[0]) + 2
        raise VoGanError(
            f"{path}, row {row}: time {times[row - 1]:.9g} s does not come after {times[row - 2]:.9g} s; times must "
            f"increase. Mend the file, or remove it to have {DEFAULT_FRAMES_PER_SECOND:g} frames per second assumed"
        )


def default_times(frames: int) -> Float64[np.ndarray, " n"]:
    """Times of frames of a source that has none."""
    return np.arange(frames) / DEFAULT_FRAMES_PER_SECOND


def rows_of_frames(path: Path, rows: int, numbers: Sequence[int | None]) -> list[int]:
    """Which rows of a file with one row per frame belong to the frames that are there.

    As many rows as frames: in order. More rows: by the number in the frame's name, row k for frame k, where the
    numbers allow it, else the first ones; a warning names the file.

    Args:
        path: the file, for messages.
        rows: how many rows it has.
        numbers: every frame's number as its file name has it, None if it has none.

    Raises:
        VoGanError: fewer rows than frames.
    """
    frames = len(numbers)
    if rows < frames:
        raise VoGanError(f"{path}: has {rows} rows for {frames} frames; expected one row per frame")
    if rows == frames:
        return list(range(frames))
    known = [number for number in numbers if number is not None]
    if len(known) == frames and max(known) < rows:
        warnings.warn(f"{path}: has {rows} rows for {frames} frames; frame NNNNNN takes row NNNNNN", stacklevel=2)
        return known
    warnings.warn(f"{path}: has {rows} rows for {frames} frames; the first {frames} are used", stacklevel=2)
    return list(range(frames))
