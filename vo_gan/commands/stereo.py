"""`vo-gan stereo`: disparity, and depth, of rectified pairs."""

from __future__ import annotations

import argparse
from pathlib import Path

from vo_gan.commands.options import add_device, count, intrinsics, metres, share

HELP = "disparity of a rectified stereo pair, or of two folders of them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("left", type=Path, metavar="LEFT", help="image of the left camera, or a folder of them")
    parser.add_argument("right", type=Path, metavar="RIGHT", help="image of the right camera, or a folder of them")
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="DIR",
        help="of the recipe stereo: a checkpoint, a run folder or the name of shipped weights (world-stereo)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    parser.add_argument(
        "--method",
        choices=("learned", "sgbm"),
        default="learned",
        help="learned: the network in --weights; sgbm: OpenCV's semi-global matching, without weights (learned)",
    )
    parser.add_argument("--iterations", type=count, metavar="N", help="corrections by the network (as it was trained)")
    parser.add_argument("--max-disparity", type=count, metavar="PX", help="sgbm looks no further (width / 5)")
    parser.add_argument(
        "--intrinsics",
        type=intrinsics,
        metavar="fx,fy,cx,cy",
        help="pixels of these images; with --baseline: depth too",
    )
    parser.add_argument("--baseline", type=metres, metavar="METRES", help="distance of the two cameras")
    parser.add_argument(
        "--min-confidence",
        type=share,
        metavar="C",
        help="leave out pixels with less, 0 to 1; 0.367 leaves out those on which the views disagree by over a pixel",
    )
    parser.add_argument(
        "--check",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse views that are swapped or do not belong together",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the network (fp32)")
    add_device(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write disparity.png (uint16, pixels x 256), disparity.npy, color.png, confidence.png and, with a camera,
    depth.png and depth.npy; of two folders, a folder of each."""
    from vo_gan.device import choose_device
    from vo_gan.errors import VoGanError
    from vo_gan.odometry import LearnedMatcher, Matcher, SgbmMatcher
    from vo_gan.pretrained import load_matcher
    from vo_gan.stereo_images import StereoCamera, find_pairs, match_files

    if (arguments.intrinsics is None) != (arguments.baseline is None):
        raise VoGanError("depth needs both --intrinsics fx,fy,cx,cy and --baseline METRES: give both, or neither")
    if arguments.method == "sgbm" and (arguments.weights is not None or arguments.iterations is not None):
        raise VoGanError("--method sgbm has no network: leave --weights and --iterations out, or the method")
    if arguments.method == "learned" and arguments.max_disparity is not None:
        raise VoGanError("--max-disparity is for --method sgbm: the network has no limit")
    camera = None
    if arguments.intrinsics is not None:
        camera = StereoCamera(arguments.intrinsics, arguments.baseline)
    pairs = find_pairs(arguments.left, arguments.right)
    matcher: Matcher
    if arguments.method == "sgbm":
        matcher = SgbmMatcher(arguments.max_disparity)
    else:
        matcher = LearnedMatcher(
            load_matcher(Path("world-stereo") if arguments.weights is None else arguments.weights),
            iterations=arguments.iterations,
            device=choose_device(arguments.device),
            precision=arguments.precision,
        )
    for path in match_files(
        pairs,
        matcher,
        arguments.out,
        camera=camera,
        least_confidence=arguments.min_confidence,
        check=arguments.check,
    ):
        print(path)
    return 0
