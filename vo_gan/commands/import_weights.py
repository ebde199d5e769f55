"""`vo-gan import`: published weights become a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "published weights into a vo_gan checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="encoder.pth depth.pth [pose_encoder.pth pose.pth]"
    )
    parser.add_argument("--as", dest="kind", choices=("monodepth2",), required=True, help="whose weights they are")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the checkpoint folder to make")


def run(arguments: argparse.Namespace) -> int:
    """Import."""
    from vo_gan.published import import_monodepth2

    config = import_monodepth2(arguments.files, arguments.out)
    print(f"{arguments.out}: Monodepth2 at {config.data.width}x{config.data.height}, scale: {config.scale}")
    return 0
