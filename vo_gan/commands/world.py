"""`vo-gan world`: render drives with ground truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from vo_gan.errors import VoGanError

HELP = "render drives through generated towns, with true poses and depth, in KITTI odometry layout"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the world: new, empty, or one to continue")
    parser.add_argument(
        "--sequences", type=int, default=1, metavar="N", help="drives, each in its own town (default: 1)"
    )
    parser.add_argument(
        "--frames", type=int, default=100, metavar="N", help="frames a drive, 10 a second (default: 100)"
    )
    parser.add_argument("--size", default="416x128", metavar="WxH", help="pixels of an image (default: 416x128)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="another seed, other towns (default: 0)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")


def run(arguments: argparse.Namespace) -> int:
    """Render; frames that an earlier run of the same command finished are kept."""
    size = _parse_size(arguments.size)
    from vo_gan.world import render_world

    render_world(arguments.out, arguments.sequences, arguments.frames, size, arguments.seed, workers=arguments.workers)
    print(
        f"{arguments.out}: {arguments.sequences} x {arguments.frames} stereo frames of {size[0]}x{size[1]}, "
        "with poses and depth"
    )
    return 0


def _parse_size(text: str) -> tuple[int, int]:
    """(width, height) of a text such as 416x128."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise VoGanError(f"--size must be WIDTHxHEIGHT in pixels, such as 416x128, not {text!r}.")
    return int(parts[0]), int(parts[1])
