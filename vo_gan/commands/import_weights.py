"""`vo-gan import`: published weights become a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "published weights into a vo_gan checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="encoder.pth depth.pth [pose_encoder.pth pose.pth] of Monodepth2; latest_net_G.pth of pix2pix; "
        "latest_net_G_A.pth [latest_net_G_B.pth] of CycleGAN; 200000-G.pth of StarGAN",
    )
    parser.add_argument(
        "--as",
        dest="kind",
        choices=("monodepth2", "cyclegan", "pix2pix", "stargan"),
        required=True,
        help="whose weights they are",
    )
    parser.add_argument("--classes", help="names of StarGAN's domains, comma-separated, in the order of training")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the checkpoint folder to make")


def run(arguments: argparse.Namespace) -> int:
    """Import."""
    if arguments.kind == "monodepth2":
        from vo_gan.published import import_monodepth2

        config = import_monodepth2(arguments.files, arguments.out)
        print(f"{arguments.out}: Monodepth2 at {config.data.width}x{config.data.height}, scale: {config.scale}")
        return 0
    from vo_gan.published_gans import import_gan

    classes = arguments.classes.split(",") if arguments.classes else []
    made = import_gan(arguments.kind, arguments.files, arguments.out, classes)
    print(f"{arguments.out}: {made.variant}, width {made.model.width}")
    return 0
