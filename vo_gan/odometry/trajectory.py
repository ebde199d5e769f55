"""Trajectory files, read and written.

| format | a line | times |
|---|---|---|
| KITTI | 12 numbers, the rows of the 3x4 matrix; or 13 with the frame index first | none |
| TUM | 8 numbers: time in s, position, quaternion x y z w | yes |
| EuRoC | comma-separated: time in ns, position, quaternion **w x y z**; what follows is not read | yes |

A file is read strictly: whatever is wrong with it is said with the file and the line. Poses are taken as they stand:
the ground truth of EuRoC is that of the IMU, not of a camera. See `vo_gan.geometry` for what a pose is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.odometry.rotations import nearest_rotations, quaternions_from_rotations, rotations_from_quaternions

ROTATION_TOLERANCE = 1e-2
"""Largest entry of |R^T R - I|, or |1 - |q||, that is taken for rounding. Rotations printed with 4 digits stay below
2e-4; above the tolerance the numbers are no rotation, whatever they are."""

COLUMNS = (8, 12, 13)
EXPECTED = (
    "12 columns (KITTI), 13 (KITTI with the frame index first), 8 (TUM: time, position, quaternion x y z w) or "
    "comma-separated ones (EuRoC: nanoseconds, position, quaternion w x y z)"
)

EUROC_HEADER = (
    "#timestamp [ns],p_RS_R_x [m],p_RS_R_y [m],p_RS_R_z [m],q_RS_w [],q_RS_x [],q_RS_y [],q_RS_z []"  # the set's own
)
EUROC_COLUMNS = 8

Format = Literal["kitti", "tum", "euroc"]
FORMATS: tuple[Format, ...] = get_args(Format)


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

    def take(self, rows: Int64[np.ndarray, " m"]) -> Trajectory:
        """The poses of some rows, at least one, with their times and frame indices."""
        times = None if self.times is None else self.times[rows]
        return Trajectory(self.world_from_camera[rows], times, self.frames[rows])


def read_trajectory(path: Path, *, orthonormalise: bool = True) -> Trajectory:
    """Read a KITTI, TUM or EuRoC trajectory; commas and the number of columns tell which it is. Lines that start with
    # are skipped.

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
    values, lines, commas = _read_numbers(path)
    columns = values.shape[1]
    count = len(values)
    times, frames = None, np.arange(count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    if columns == 8:
        times = values[:, 0] * 1e-9 if commas else values[:, 0].copy()
        _require_increasing(times, path, lines, "time")
        poses[:, :3, 3] = values[:, 1:4]
        quaternions = values[:, (5, 6, 7, 4)] if commas else values[:, 4:]
        poses[:, :3, :3] = _rotations(quaternions, path, lines)
    else:
        if columns == 13:
            frames = _frame_indices(values[:, 0], path, lines)
        poses[:, :3] = values[:, -12:].reshape(-1, 3, 4)
        _require_rotations(poses[:, :3, :3], path, lines)
        if orthonormalise:
            poses[:, :3, :3] = nearest_rotations(poses[:, :3, :3])
    return Trajectory(poses, times, frames)


def read_times(path: Path) -> Float64[np.ndarray, " n"]:
    """Seconds of every frame from a file with one number a line, as KITTI's `times.txt`.

    Raises:
        VoGanError: the file cannot be read or is empty, a line is no finite number, or a time does not increase; file
            and line are named.
    """
    expected = "one time in seconds a line (KITTI's times.txt)"
    lines = _read_lines(path, expected)
    times = _parse(path, [(number, line.split()) for number, line in lines], (1,), expected)[:, 0]
    _require_increasing(times, path, [number for number, _ in lines], "time")
    return times


def write_trajectory(path: Path, trajectory: Trajectory, format: Format) -> None:
    """Write in the given format; see `write_kitti`, `write_tum` and `write_euroc` for what is raised."""
    {"kitti": write_kitti, "tum": write_tum, "euroc": write_euroc}[format](path, trajectory)


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
    quaternions = quaternions_from_rotations(trajectory.world_from_camera[:, :3, :3])
    rows = np.concatenate((trajectory.world_from_camera[:, :3, 3], quaternions), axis=1)
    lines = [
        f"{time:.9f} " + " ".join(f"{value:.12e}" for value in row)
        for time, row in zip(trajectory.times, rows, strict=True)
    ]
    replace_file(path, ("\n".join(lines) + "\n").encode("ascii"))


def write_euroc(path: Path, trajectory: Trajectory) -> None:
    """Write EuRoC's CSV: a header, then nanoseconds, position and quaternion (w x y z) of every pose.

    Raises:
        ValueError: the trajectory has no times.
        VoGanError: the file cannot be written; an older one is then as it was.
    """
    if trajectory.times is None:
        raise ValueError("a EuRoC file needs the times of the poses")
    quaternions = quaternions_from_rotations(trajectory.world_from_camera[:, :3, :3])
    rows = np.concatenate((trajectory.world_from_camera[:, :3, 3], quaternions[:, (3, 0, 1, 2)]), axis=1)
    lines = [
        f"{round(time * 1e9)}," + ",".join(f"{value:.12e}" for value in row)
        for time, row in zip(trajectory.times.tolist(), rows, strict=True)
    ]
    replace_file(path, ("\n".join([EUROC_HEADER, *lines]) + "\n").encode("ascii"))


def _read_numbers(path: Path) -> tuple[Float64[np.ndarray, "n columns"], list[int], bool]:
    """All poses as numbers, the line that each stands in, and whether commas stand between them (EuRoC)."""
    rows = _read_lines(path, f"a trajectory with {EXPECTED}")
    commas = "," in rows[0][1]
    cells = [(number, line.split(",")[:EUROC_COLUMNS] if commas else line.split()) for number, line in rows]
    columns = (EUROC_COLUMNS,) if commas else COLUMNS
    return _parse(path, cells, columns, EXPECTED), [number for number, _ in rows], commas


def _read_lines(path: Path, expected: str) -> list[tuple[int, str]]:
    """The lines that hold something but a comment, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise VoGanError(f"{path}: no such file; expected {expected}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected a text file: {expected}") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise VoGanError(f"{path}: is empty; expected {expected}")
    return lines


def _parse(
    path: Path, cells: list[tuple[int, list[str]]], columns: Sequence[int], expected: str
) -> Float64[np.ndarray, "n columns"]:
    """Rows of finite numbers, equally long, from words with the number of their line."""
    rows: list[list[float]] = []
    for number, words in cells:
        where = f"{path}, line {number}"
        try:
            row = [float(word) for word in words]
        except ValueError as error:
            raise VoGanError(f"{where}: {error}; expected {expected}") from None
        if len(row) not in columns:
            raise VoGanError(f"{where}: has {len(row)} columns; expected {expected}")
        if rows and len(row) != len(rows[0]):
            raise VoGanError(f"{where}: has {len(row)} columns, the lines before it have {len(rows[0])}")
        rows.append(row)
    values = np.array(rows)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise VoGanError(
            f"{path}, line {cells[int(bad.argmax())][0]}: holds a number that is not finite (nan or inf), as do "
            f"{int(bad.sum())} of {len(rows)} poses; the estimate failed there. Leave those frames out "
            "(KITTI with the frame index as first column) or make it anew"
        )
    return values


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


def _rotations(quaternions: Float64[np.ndarray, "n 4"], path: Path, lines: list[int]) -> Float64[np.ndarray, "n 3 3"]:
    """Rotation matrices of quaternions (x, y, z, w) as a file has them."""
    length = np.linalg.norm(quaternions, axis=1)
    bad = np.abs(length - 1.0) > ROTATION_TOLERANCE
    if bad.any():
        row = int(bad.argmax())
        raise VoGanError(
            f"{path}, line {lines[row]}: the quaternion (columns 5-8) has length {length[row]:.4g} instead of "
            f"1 ({int(bad.sum())} of {len(length)} lines are so)"
        )
    return rotations_from_quaternions(quaternions / length[:, None])
