"""`vo-gan world`: render drives with ground truth."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vo_gan.commands.options import intrinsics
from vo_gan.errors import VoGanError

if TYPE_CHECKING:
    from vo_gan.world import WorldOptions

HELP = "render drives through generated towns, with true poses and depth, in KITTI odometry layout"
_SWITCHES = {
    "traffic": "cars and pedestrians that move",
    "shadows": "cast shadows",
    "exposure": "automatic exposure that hunts",
    "motion-blur": "a shutter that is open for a while",
    "noise": "noise of the sensor",
    "glare": "veil, ghosts and bloom of what is too bright",
}


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
    parser.add_argument(
        "--resume",
        action="store_true",
        help="render into a folder even if it holds other files, which stay; an unfinished world is continued anyway",
    )
    hard = parser.add_argument_group("what makes it hard", "A preset, and single things switched on or off.")
    hard.add_argument(
        "--difficulty",
        default="off",
        metavar="PRESET",
        help="off; easy: shadows; medium: also traffic, exposure, noise; hard: all of it, in rolling weather "
        "(default: off)",
    )
    for switch, meaning in _SWITCHES.items():
        hard.add_argument(f"--{switch}", action=argparse.BooleanOptionalAction, default=None, help=meaning)
    hard.add_argument(
        "--weather", metavar="KIND", help="clear, overcast, fog, rain, dusk, night, or rolling: from one to the next"
    )
    camera = parser.add_argument_group("camera")
    camera.add_argument(
        "--intrinsics",
        type=intrinsics,
        metavar="fx,fy,cx,cy",
        help="in pixels of the images (default: KITTI's, scaled to --size)",
    )
    camera.add_argument("--baseline", type=float, metavar="M", help="metres between the cameras (default: 0.54)")
    parser.add_argument(
        "--truth",
        metavar="A,B",
        help="further ground truth to write, any of disparity, flow, normals, semantic, moving, or all "
        "(poses and depth always, moving with traffic)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Render; frames that an earlier run of the same command finished are kept."""
    size = _parse_size(arguments.size)
    from vo_gan.world import render_world

    options = _options(arguments)
    render_world(
        arguments.out,
        arguments.sequences,
        arguments.frames,
        size,
        arguments.seed,
        workers=arguments.workers,
        options=options,
        resume=arguments.resume,
    )
    truth = ", ".join(("poses", "depth", *options.written))
    print(
        f"{arguments.out}: {arguments.sequences} x {arguments.frames} stereo frames of {size[0]}x{size[1]}, "
        f"with {truth}"
    )
    return 0


def _options(arguments: argparse.Namespace) -> WorldOptions:
    """The preset with what was asked for besides."""
    from vo_gan.world import EXTRAS, preset

    names = [*(switch.replace("-", "_") for switch in _SWITCHES), "weather", "intrinsics", "baseline"]
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.truth is not None:
        given["extras"] = EXTRAS if arguments.truth == "all" else tuple(arguments.truth.split(","))
    return replace(preset(arguments.difficulty), **given)


def _parse_size(text: str) -> tuple[int, int]:
    """(width, height) of a text such as 416x128."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise VoGanError(f"--size must be WIDTHxHEIGHT in pixels, such as 416x128, not {text!r}.")
    return int(parts[0]), int(parts[1])
