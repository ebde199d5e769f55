"""`vo-gan view`: look around in a tracked drive."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vo_gan.evaluation.alignment import Alignment
    from vo_gan.mapping.view import TrueWay

HELP = "open a window with the map, the trajectory and the cameras of a track"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `vo-gan view`."""
    parser.add_argument("track", type=Path, metavar="TRACKDIR", help="folder that `vo-gan track` made")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--cloud", type=Path, metavar="FILE", help="the cloud to show (default: TRACKDIR/cloud.ply, or made now)"
    )
    shape.add_argument(
        "--mesh",
        type=Path,
        nargs="?",
        const=True,
        metavar="FILE",
        help="show the mesh instead (default: TRACKDIR/mesh.ply, or made now)",
    )
    parser.add_argument("--gt", type=Path, metavar="FILE", help="true trajectory (KITTI, or TUM), drawn beside")
    parser.add_argument(
        "--align",
        choices=("none", "se3", "sim3", "scale"),
        help="how the estimate is laid over the truth (default: se3; sim3 where the track's scale is relative)",
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="write one picture (PNG) instead of opening a window"
    )
    parser.add_argument("--source", type=Path, metavar="PATH", help="the tracked drive, if it has moved since")


def run(arguments: argparse.Namespace) -> int:
    """Show the track, or write the picture and say where it is."""
    from vo_gan.mapping.view import require_display, view_track

    require_display(arguments.track, arguments.screenshot)
    mesh = arguments.mesh is not None
    view_track(
        arguments.track,
        shape_path=arguments.mesh if mesh and arguments.mesh is not True else arguments.cloud,
        mesh=mesh,
        truth=None if arguments.gt is None else _true_way(arguments.track, arguments.gt, arguments.align),
        source=arguments.source,
        screenshot=arguments.screenshot,
    )
    if arguments.screenshot is not None:
        print(f"picture  {arguments.screenshot}")
    return 0


def _true_way(folder: Path, path: Path, alignment: Alignment | None) -> TrueWay:
    """The true trajectory in the coordinates of the track, and how far the track is from it; says how it was aligned.

    Raises:
        VoGanError: a file is wrong, nothing matches, or no scale is defined.
    """
    import numpy as np

    from vo_gan.errors import VoGanError
    from vo_gan.evaluation.alignment import fit, from_frame, match
    from vo_gan.mapping import read_track
    from vo_gan.mapping.view import TrueWay
    from vo_gan.odometry.trajectory import Trajectory, read_trajectory

    track, truth = read_track(folder), read_trajectory(path)
    chosen: Alignment = alignment or ("se3" if track.scale == "metric" else "sim3")
    with_times = folder / "trajectory_tum.txt"
    times = read_trajectory(with_times).times if truth.times is not None and with_times.is_file() else None
    # A truth of the whole drive counts its frames from the start of the drive, one of the track from that of the track.
    first = 0 if len(truth) == len(track) else track.first_frame
    matches = match(truth, Trajectory(track.world_from_camera, times, first + np.arange(len(track))))
    true_poses, poses = truth.world_from_camera, track.world_from_camera
    origin = np.eye(4)
    if chosen != "none":
        true_poses = from_frame(true_poses, true_poses[matches.truth[0]])
        origin = poses[matches.estimate[0]]
        poses = from_frame(poses, origin)
    placed = fit(chosen, true_poses[matches.truth], poses[matches.estimate])
    if isinstance(placed, str):
        raise VoGanError(f"{path}: {placed}; try another --align")
    error = np.full(len(track), np.nan)
    aligned = placed.apply(poses[matches.estimate])[:, :3, 3]
    error[matches.estimate] = np.linalg.norm(aligned - true_poses[matches.truth, :3, 3], axis=1)
    positions = (true_poses[:, :3, 3] - placed.translation) @ placed.rotation / placed.scale
    print(
        f"truth    {path}: {len(matches.truth)} of {len(track)} frames matched, alignment {chosen} (scale "
        f"{placed.scale:.4g}), error up to {np.nanmax(error):.3g}, root mean square "
        f"{np.sqrt(np.nanmean(error**2)):.3g}"
    )
    return TrueWay(positions @ origin[:3, :3].T + origin[:3, 3], error)
