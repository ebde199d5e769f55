"""`vo-gan depth`: depth of single images."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from vo_gan.commands.options import add_device, intrinsics

HELP = "depth of single images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image files")
    parser.add_argument("--weights", type=Path, required=True, metavar="DIR", help="a checkpoint, or a run folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    add_device(parser)
    pairs = parser.add_argument_group(
        "with weights of the recipe coupled, which first make a stereo pair of each image"
    )
    pairs.add_argument(
        "--matcher",
        metavar="sgbm|DIR",
        help="what finds the pair's disparity: OpenCV's sgbm, or a checkpoint or run of the recipe stereo (sgbm)",
    )
    pairs.add_argument("--fill", action="store_true", help="give pixels without depth that of the background beside")
    pairs.add_argument(
        "--intrinsics",
        type=intrinsics,
        metavar="FX,FY,CX,CY",
        help="of the images' camera, in pixels, where it is not the one trained with",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write NAME_depth.png (uint16, metres x 256), NAME_depth.npy (float32 metres) and NAME_color.png per image; with
    weights of `coupled` also NAME_left.png and NAME_right.png."""
    from vo_gan.pretrained import open_checkpoint

    _, config = open_checkpoint(arguments.weights)
    for path in _by_pairs(arguments) if config.recipe == "coupled" else _directly(arguments):
        print(path)
    return 0


def _directly(arguments: argparse.Namespace) -> Iterator[Path]:
    from vo_gan.depth_images import predict_depth_images
    from vo_gan.device import choose_device
    from vo_gan.errors import VoGanError
    from vo_gan.pretrained import load_networks

    if arguments.matcher or arguments.fill or arguments.intrinsics:
        raise VoGanError(
            f"{arguments.weights} estimates depth directly: --matcher, --fill and --intrinsics are for weights of the "
            "recipe coupled; leave them out"
        )
    networks = load_networks(arguments.weights)
    return predict_depth_images(arguments.images, networks, arguments.out, choose_device(arguments.device))


def _by_pairs(arguments: argparse.Namespace) -> Iterator[Path]:
    from vo_gan.depth_images import predict_pair_depth_images
    from vo_gan.device import choose_device
    from vo_gan.odometry import PairDepthPredictor
    from vo_gan.pretrained import SGBM, choose_matcher, load_pair_networks

    device = choose_device(arguments.device)
    networks = load_pair_networks(arguments.weights)
    matcher = choose_matcher(arguments.matcher or SGBM, device=device, confidence=False)
    predict = PairDepthPredictor(networks, matcher, device=device, filled=arguments.fill)
    fx = arguments.intrinsics[0] if arguments.intrinsics else None
    return predict_pair_depth_images(arguments.images, predict, arguments.out, fx)
