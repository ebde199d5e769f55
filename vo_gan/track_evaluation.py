"""A track folder against the true trajectory of its drive: figures, `evaluation.json` and `report.html`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from vo_gan.data import Drive, RangedDrive
from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment
from vo_gan.evaluation.report import conditions, write_trajectory_report
from vo_gan.evaluation.report.trajectory import FIGURES
from vo_gan.evaluation.trajectory import TrajectoryFigures, align_trajectories, evaluate_aligned
from vo_gan.files import replace_file
from vo_gan.odometry.trajectory import Trajectory, read_trajectory


def read_truth(path: Path) -> Trajectory:
    """The true trajectory of a whole drive, from a KITTI or TUM file.

    Raises:
        VoGanError: see `vo_gan.odometry.trajectory.read_trajectory`.
    """
    return read_trajectory(path)


def evaluate_track(
    folder: Path, drive: Drive, truth: Trajectory, *, align: Alignment | None, command: str
) -> TrajectoryFigures:
    """Compare a track with the truth, print the figures, and write `evaluation.json` and `report.html` in its folder.

    Args:
        folder: the track folder.
        drive: what was tracked; frames of a range keep the indices that they have in the whole drive.
        truth: of the whole drive. With times, poses are matched by time; without, by frame index.
        align: see `vo_gan.evaluation.alignment.fit`; None takes `se3` for a metric track and `sim3` for a relative one.
        command: what was run.

    Raises:
        VoGanError: nothing matches, or something cannot be written.
    """
    properties = json.loads((folder / "track.json").read_text(encoding="utf-8"))
    alignment: Alignment = align or ("se3" if properties["scale"] == "metric" else "sim3")
    aligned = align_trajectories(truth, track_of_drive(folder, drive, truth), alignment)
    figures = evaluate_aligned(aligned)
    width, height = properties["size"]
    described = figures.to_json() | {"resolution": f"{width}x{height}", "track_scale": properties["scale"]}
    replace_file(folder / "evaluation.json", (json.dumps(described, indent=1) + "\n").encode())
    write_trajectory_report(
        folder / "report.html", aligned, figures, title=f"Track of {drive.name}", command=command, track=folder
    )
    _print_figures(figures, folder)
    return figures


def track_of_drive(folder: Path, drive: Drive, truth: Trajectory) -> Trajectory:
    """The trajectory of a track folder with what is needed to match it: the times of the drive where the truth has
    times, else the indices that the frames have in the whole drive.

    Raises:
        VoGanError: the trajectory is damaged or not as long as the drive.
    """
    path = folder / "trajectory_kitti.txt"
    poses = read_trajectory(path).world_from_camera
    if len(poses) != len(drive):
        raise VoGanError(f"{path}: has {len(poses)} poses, the drive {len(drive)} frames; track it again")
    first = drive.start if isinstance(drive, RangedDrive) else 0
    frames = first + np.arange(len(poses), dtype=np.int64)
    return Trajectory(poses, drive.times.astype(np.float64) if truth.times is not None else None, frames)


def _print_figures(figures: TrajectoryFigures, folder: Path) -> None:
    print(conditions(figures))
    for key, name, unit in FIGURES:
        value = getattr(figures, key)
        shown = f"not defined: {figures.reasons[key]}" if value is None else f"{value:.4f} {unit}"
        print(f"  {name:<18}{shown}")
    print(f"look at {folder / 'report.html'}")
