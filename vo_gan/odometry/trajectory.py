"""Trajectory files: KITTI (12 numbers a line, or 13 with the frame index first) and TUM (8 numbers a line).

A file is read strictly: whatever is wrong with it is said with the file and the line. See `vo_gan.geometry` for what a
pose is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file

ROTATION_TOLERANCE = 1e-2
"""Largest entry of |R^T R - I|, or |1 - |q||, that is taken for rounding. Rotations printed with 4 digits stay below
2e-4; above the tolerance the numbers are no rotation, whatever they are."""

EXPECTED = "12 columns (KITTI), 13 (KITTI with the frame index first) or 8 (TUM: time, position, quaternion x y z w)"


@dataclass(frozen=True)
class Trajectory:
    """Where a camera was.

    Attributes:
        world_from_camera: poses in time order; as they are in the file, so the first need not be the identity.
        times: seconds, increasing; None where the source has none.
        frames: frame index of every pose, increasing. A gap means that the poses between are missing.

    Raises:
        ValueError: no pose at all, or the lengths differ.
    """

    world_from_camera: Float64[np.ndarray, "n 4 4"]
    times: Float64[np.ndarray, " n"] | None
    frames: Int64[np.ndarray, " n"]

    def __post_init__(self) -> None:
        count = len(self.world_from_camera)
        if count == 0:
            raise ValueError("a trajectory needs at least one pose")
        if len(self.frames) != count or (self.times is not None and len(self.times) != count):
            raise ValueError("poses, times and frames of a trajectory must be equally many")

    def __len__(self) -> int:
        return len(self.world_from_camera)


def read_trajectory(path: Path, *, orthonormalise: bool = True) -> Trajectory:
    """Read a KITTI or TUM trajectory; the number of columns tells which it is. Lines that start with # are skipped.

    Args:
        path: the file.
        orthonormalise: replace every rotation by the nearest exact one, which removes the rounding of the printed
            digits. Off, KITTI rotations stay as printed.

    Returns:
        The trajectory. Frames are counted from 0 where the file has no frame index.

    Raises:
        VoGanError: the file cannot be read or is empty; or a line has another number of columns, something that is no
            finite number, a matrix or quaternion that is no rotation, or a time or frame index that does not increase.
            The message names file and line.
    """
    values, lines = _read_numbers(path)
    columns = values.shape[1]
    count = len(values)
    times, frames = None, np.arange(count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    if columns == 8:
        times = values[:, 0].copy()
        _require_increasing(times, path, lines, "time")
        poses[:, :3, 3] = values[:, 1:4]
        poses[:, :3, :3] = _rotations_from_quaternions(values[:, 4:], path, lines)
    else:
        if columns == 13:
            frames = _frame_indices(values[:, 0], path, lines)
        poses[:, :3] = values[:, -12:].reshape(-1, 3, 4)
        _require_rotations(poses[:, :3, :3], path, lines)
        if orthonormalise:
            poses[:, :3, :3] = nearest_rotations(poses[:, :3, :3])
    return Trajectory(poses, times, frames)


def write_kitti(path: Path, trajectory: Trajectory) -> None:
    """Write 12 numbers a line, or 13 with the frame index first if the frames are not simply 0, 1, 2...

    Raises:
        VoGanError: the file cannot be written; an older one is then as it was.
    """
    gaps = not np.array_equal(trajectory.frames, np.arange(len(trajectory)))
    lines = []
    for frame, pose in zip(trajectory.frames, trajectory.world_from_camera, strict=True):
        index = f"{frame} " if gaps else ""
        lines.append(index + " ".join(f"{value:.12e}" for value in pose[:3].ravel()))
    replace_file(path, ("\n".join(lines) + "\n").encode("ascii"))


def write_tum(path: Path, trajectory: Trajectory) -> None:
    """Write time, position and quaternion (x y z w) of every pose in a line.

    Raises:
        ValueError: the trajectory has no times.
        VoGanError: the file cannot be written; an older one is then as it was.
    """
    if trajectory.times is None:
        raise ValueError("a TUM file needs the times of the poses")
    quaternions = _quaternions_from_rotations(trajectory.world_from_camera[:, :3, :3])
    rows = np.concatenate((trajectory.world_from_camera[:, :3, 3], quaternions), axis=1)
    lines = [
        f"{time:.9f} " + " ".join(f"{value:.12e}" for value in row)
        for time, row in zip(trajectory.times, rows, strict=True)
    ]
    replace_file(path, ("\n".join(lines) + "\n").encode("ascii"))


def nearest_rotations(matrices: Float64[np.ndarray, "n 3 3"]) -> Float64[np.ndarray, "n 3 3"]:
    """The rotation nearest to each matrix (least squares, by singular values), for matrices of positive determinant."""
    left, _, right = np.linalg.svd(matrices)
    return left @ right


def _read_numbers(path: Path) -> tuple[Float64[np.ndarray, "n columns"], list[int]]:
    """All rows of numbers, equally long, and the line that each stands in."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise VoGanError(f"{path}: no such file; expected a trajectory with {EXPECTED}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected a text file with {EXPECTED}") from error
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        try:
            row = [float(word) for word in words]
        except ValueError as error:
            raise VoGanError(f"{where}: {error}; expected numbers separated by spaces") from None
        if len(row) not in (8, 12, 13):
            raise VoGanError(f"{where}: has {len(row)} columns; expected {EXPECTED}")
        if rows and len(row) != len(rows[0]):
            raise VoGanError(f"{where}: has {len(row)} columns, the lines before it have {len(rows[0])}")
        rows.append(row)
        lines.append(number)
    if not rows:
        raise VoGanError(f"{path}: is empty; expected a trajectory with {EXPECTED}")
    values = np.array(rows)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise VoGanError(
            f"{path}, line {lines[int(bad.argmax())]}: holds a number that is not finite (nan or inf), as do "
            f"{int(bad.sum())} of {len(rows)} poses; the estimate failed there. Leave those frames out "
            "(KITTI with the frame index as first column) or make it anew"
        )
    return values, lines


def _require_increasing(values: Float64[np.ndarray, " n"], path: Path, lines: list[int], what: str) -> None:
    backwards = np.flatnonzero(np.diff(values) <= 0)
    if backwards.size:
        row = int(backwards[0]) + 1
        raise VoGanError(
            f"{path}, line {lines[row]}: {what} {values[row]:.16g} does not come after {values[row - 1]:.16g}; "
            f"every {what} must be greater than the one before"
        )


def _frame_indices(values: Float64[np.ndarray, " n"], path: Path, lines: list[int]) -> Int64[np.ndarray, " n"]:
    whole = (values == np.rint(values)) & (values >= 0) & (values < 2**53)
    if not whole.all():
        row = int((~whole).argmax())
        raise VoGanError(
            f"{path}, line {lines[row]}: {values[row]:g} is no frame index; with 13 columns the first is the frame's "
            "number, counted from 0"
        )
    _require_increasing(values, path, lines, "frame index")
    return values.astype(np.int64)


def _require_rotations(matrices: Float64[np.ndarray, "n 3 3"], path: Path, lines: list[int]) -> None:
    deviation = np.abs(np.swapaxes(matrices, -1, -2) @ matrices - np.eye(3)).max(axis=(1, 2))
    mirrored = np.linalg.det(matrices) < 0
    bad = (deviation > ROTATION_TOLERANCE) | mirrored
    if not bad.any():
        return
    row = int(bad.argmax())
    if deviation[row] > ROTATION_TOLERANCE:
        fault = f"its 3x3 part is no rotation: it deviates from orthonormal by {deviation[row]:.3g}"
    else:
        fault = "its 3x3 part has determinant -1: it mirrors, where a rotation is expected"
    raise VoGanError(
        f"{path}, line {lines[row]}: {fault} ({int(bad.sum())} of {len(matrices)} lines are so). Expected the rows of "
        "the 3x4 matrix [R t] that takes points of the camera to the world"
    )


def _rotations_from_quaternions(
    quaternions: Float64[np.ndarray, "n 4"], path: Path, lines: list[int]
) -> Float64[np.ndarray, "n 3 3"]:
    """Rotation matrices of quaternions (x, y, z, w)."""
    length = np.linalg.norm(quaternions, axis=1)
    bad = np.abs(length - 1.0) > ROTATION_TOLERANCE
    if bad.any():
        row = int(bad.argmax())
        raise VoGanError(
            f"{path}, line {lines[row]}: the quaternion (columns 5-8: x y z w) has length {length[row]:.4g} instead of "
            f"1 ({int(bad.sum())} of {len(length)} lines are so)"
        )
    x, y, z, w = (quaternions / length[:, None]).T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _quaternions_from_rotations(rotations: Float64[np.ndarray, "n 3 3"]) -> Float64[np.ndarray, "n 4"]:
    """Unit quaternions (x, y, z, w), w >= 0. Each comes from the row of 4 q q^T with the largest diagonal entry, which
    keeps all digits at any angle."""
    r = rotations
    trace = r[:, 0, 0] + r[:, 1, 1] + r[:, 2, 2]
    outer = np.empty((len(r), 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[:, i, i] = 1.0 + 2.0 * r[:, i, i] - trace
        outer[:, i, j] = outer[:, j, i] = r[:, i, j] + r[:, j, i]
        outer[:, i, 3] = outer[:, 3, i] = r[:, k, j] - r[:, j, k]
    outer[:, 3, 3] = 1.0 + trace
    largest = np.diagonal(outer, axis1=1, axis2=2).argmax(axis=1)
    quaternions = outer[np.arange(len(r)), largest]
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.where(quaternions[:, 3:] < 0, -quaternions, quaternions)
