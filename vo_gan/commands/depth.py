"""`vo-gan depth`: depth of single images."""

from __future__ import annotations

import argparse
from pathlib import Path

from vo_gan.commands.options import add_device

HELP = "depth of single images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image files")
    parser.add_argument("--weights", type=Path, required=True, metavar="DIR", help="a checkpoint, or a run folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    add_device(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write NAME_depth.png (uint16, metres x 256), NAME_depth.npy (float32 metres) and NAME_color.png per image."""
    from vo_gan.depth_images import predict_depth_images
    from vo_gan.device import choose_device
    from vo_gan.pretrained import load_networks

    networks = load_networks(arguments.weights)
    for path in predict_depth_images(arguments.images, networks, arguments.out, choose_device(arguments.device)):
        print(path)
    return 0
