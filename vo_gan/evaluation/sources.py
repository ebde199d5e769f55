"""What a user names as truth or estimate, opened: trajectory files, and the folders that `vo-gan track` leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vo_gan.errors import VoGanError
from vo_gan.odometry.trajectory import Trajectory, read_times, read_trajectory

TRACK_FILE = "track.json"
KITTI_NAME, TUM_NAME = "trajectory_kitti.txt", "trajectory_tum.txt"


@dataclass(frozen=True)
class Estimate:
    """An estimated trajectory and where it is from.

    Attributes:
        trajectory: its poses.
        name: a short name for tables: of the track folder, else of the file.
        track: the track folder that it is from, if it is from one.
        resolution: (width, height) that the networks saw, in pixels; None where nothing says it.
    """

    trajectory: Trajectory
    name: str
    track: Path | None
    resolution: tuple[int, int] | None


def open_timed(path: Path, times: Path | None = None, *, orthonormalise: bool = True) -> Trajectory:
    """Read a trajectory.

    Args:
        path: the file.
        times: a file with one time a line for every frame of the drive (KITTI's times.txt), for one without times.
        orthonormalise: see `vo_gan.odometry.trajectory.read_trajectory`.

    Raises:
        VoGanError: a file is unreadable (see `read_trajectory`), the trajectory has times of its own, or there are
            fewer times than frames.
    """
    truth = read_trajectory(path, orthonormalise=orthonormalise)
    return truth if times is None else with_times(truth, path, times)


def with_times(trajectory: Trajectory, path: Path, times: Path) -> Trajectory:
    """A trajectory without times, given those of its frames.

    Args:
        trajectory: what `path` holds.
        path: for messages.
        times: one time a line for every frame of the drive.

    Raises:
        VoGanError: `times` is unreadable, the trajectory has times of its own, or there are fewer times than frames.
    """
    if trajectory.times is not None:
        raise VoGanError(f"{path}: has times of its own, so that {times} cannot be for it; leave that file out")
    seconds = read_times(times)
    last = int(trajectory.frames[-1])
    if last >= len(seconds):
        raise VoGanError(
            f"{times}: has {len(seconds)} times, but {path} goes up to frame {last}; give all times of the drive"
        )
    return Trajectory(trajectory.world_from_camera, seconds[trajectory.frames], trajectory.frames)


def open_estimate(path: Path, *, times: bool, orthonormalise: bool = True) -> Estimate:
    """Read an estimated trajectory.

    Args:
        path: a trajectory file, or the folder that `vo-gan track` left.
        times: of a track folder, take the trajectory with times; else the one with frame indices, which are those of
            the whole drive even where only a range of it was tracked.
        orthonormalise: see `vo_gan.odometry.trajectory.read_trajectory`.

    Raises:
        VoGanError: nothing is there, it is a folder but no track, or the trajectory is unreadable.
    """
    if path.is_dir():
        track: Path | None = path
        if not (path / TRACK_FILE).is_file():
            raise VoGanError(
                f"{path}: is a folder without {TRACK_FILE}; expected a trajectory file, or the folder that "
                "`vo-gan track SOURCE --out DIR` left"
            )
        path = path / (TUM_NAME if times else KITTI_NAME)
    else:
        track = path.parent if path.name in (KITTI_NAME, TUM_NAME) and (path.parent / TRACK_FILE).is_file() else None
    trajectory = read_trajectory(path, orthonormalise=orthonormalise)
    if track is None:
        return Estimate(trajectory, path.stem, None, None)
    resolution, first = _described(track)
    in_drive = Trajectory(trajectory.world_from_camera, trajectory.times, trajectory.frames + first)
    return Estimate(in_drive, track.resolve().name, track, resolution)


def _described(track: Path) -> tuple[tuple[int, int], int]:
    """From track.json: the width and height that the networks saw, and which frame of the drive was tracked first."""
    path = track / TRACK_FILE
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        width, height = described["size"]
        first, _ = described["selection"] or (0, None)
        return (int(width), int(height)), int(first)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VoGanError(
            f"{path}: is damaged ({error}); expected the JSON that `vo-gan track` writes, with `size` and `selection`. "
            "Track the drive again"
        ) from error


def shifted(trajectory: Trajectory, seconds: float, path: Path) -> Trajectory:
    """The same trajectory by another clock.

    Args:
        trajectory: what `path` holds.
        seconds: added to its times.
        path: for messages.

    Raises:
        VoGanError: `seconds` is not 0 and there are no times to add it to.
    """
    if seconds == 0:
        return trajectory
    if trajectory.times is None:
        raise VoGanError(f"{path}: has no times to which {seconds:g} s could be added; give a TUM or EuRoC file")
    return Trajectory(trajectory.world_from_camera, trajectory.times + seconds, trajectory.frames)
