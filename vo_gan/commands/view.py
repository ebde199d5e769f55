"""`vo-gan view`: look around in a tracked drive."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "open a window with the cloud, the trajectory and the cameras of a track"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `vo-gan view`."""
    parser.add_argument("track", type=Path, metavar="TRACKDIR", help="folder that `vo-gan track` made")
    parser.add_argument(
        "--cloud", type=Path, metavar="FILE", help="the cloud to show (default: TRACKDIR/cloud.ply, or fused now)"
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="write one picture (PNG) instead of opening a window"
    )
    parser.add_argument("--source", type=Path, metavar="PATH", help="the tracked drive, if it has moved since")


def run(arguments: argparse.Namespace) -> int:
    """Show the track, or write the picture and say where it is."""
    from vo_gan.mapping import view_track

    view_track(
        arguments.track,
        cloud_path=arguments.cloud,
        source=arguments.source,
        screenshot=arguments.screenshot,
    )
    if arguments.screenshot is not None:
        print(f"picture  {arguments.screenshot}")
    return 0
