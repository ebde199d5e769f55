"""`vo-gan evaluate convert`: a trajectory in another file format."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "a trajectory in another format: KITTI, TUM or EuRoC"
DESCRIPTION = (
    "Read a KITTI, TUM or EuRoC trajectory (told apart by commas and columns) and write it in another of these formats."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("input", type=Path, metavar="IN", help="trajectory file")
    parser.add_argument("output", type=Path, metavar="OUT", help="file to write")
    parser.add_argument("--to", choices=("kitti", "tum", "euroc"), required=True, help="format to write")
    parser.add_argument(
        "--times", type=Path, metavar="FILE", help="times of the frames of a KITTI file, one a line (KITTI's times.txt)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file and say what it holds."""
    from vo_gan.errors import VoGanError
    from vo_gan.evaluation.sources import open_timed
    from vo_gan.odometry.trajectory import write_trajectory

    trajectory = open_timed(arguments.input, arguments.times)
    if arguments.to != "kitti" and trajectory.times is None:
        raise VoGanError(
            f"{arguments.input}: has no times, and {arguments.to} needs them; give them with --times FILE "
            "(one a line, as in KITTI's times.txt)"
        )
    write_trajectory(arguments.output, trajectory, arguments.to)
    lost = ", without their times" if arguments.to == "kitti" and trajectory.times is not None else ""
    print(f"{arguments.output}: {len(trajectory)} poses as {arguments.to}{lost}")
    return 0
