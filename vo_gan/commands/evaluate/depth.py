"""`vo-gan evaluate depth`: AbsRel, SqRel, RMSE, RMSElog and delta 1-3."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vo_gan.commands.evaluate.output import add_json, missing, print_figures, write_json
from vo_gan.commands.options import metres

if TYPE_CHECKING:
    from vo_gan.evaluation.depth import DepthFigures

HELP = "AbsRel, SqRel, RMSE, RMSElog, delta 1-3"
DESCRIPTION = (
    "Depth maps against true ones up to 80 m: 16-bit PNG (metres x 256, 0 = unknown) or float .npy files that belong "
    "together by name. With --split, --gt is the KITTI raw data and its LiDAR scans are the truth; the estimates are "
    "then DATE/DRIVE/image_02/data/FRAME.png (or .npy), or 000000.png and so on in the order of the split."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--gt", type=Path, required=True, metavar="DIR", help="true depth maps, or the KITTI raw data")
    parser.add_argument("--est", type=Path, required=True, metavar="DIR", help="estimated depth maps")
    parser.add_argument(
        "--split",
        type=Path,
        metavar="FILE",
        help="images of the KITTI raw data, one a line: `DATE/DRIVE FRAME l`, or the path of the image",
    )
    parser.add_argument(
        "--lidar",
        choices=("exact", "published"),
        help="with --split: depth of the points along the camera's axis (exact, the default), or as the published "
        "Eigen tables have it (published: along the scanner's axis, one pixel off)",
    )
    parser.add_argument(
        "--median-scale",
        action="store_true",
        help="scale every estimate by the ratio of the medians, for unscaled depth",
    )
    parser.add_argument(
        "--crop",
        choices=("garg", "eigen", "none"),
        default="none",
        help="garg: the part of a KITTI image that LiDAR reaches; eigen: the older crop",
    )
    parser.add_argument(
        "--max-depth", type=metres, default=80.0, metavar="M", help="true depths from there on do not count (80)"
    )
    parser.add_argument("--images", type=Path, metavar="FILE.csv", help="write the figures of every image")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and write them where asked."""
    from vo_gan.errors import VoGanError
    from vo_gan.evaluation.depth import Protocol
    from vo_gan.evaluation.depth_sets import evaluate_depth_folders, evaluate_depth_split

    protocol = Protocol(arguments.median_scale, arguments.crop, arguments.max_depth)
    if arguments.split is not None:
        figures = evaluate_depth_split(
            arguments.gt,
            arguments.split,
            arguments.est,
            protocol,
            "exact" if arguments.lidar is None else arguments.lidar,
        )
    elif arguments.lidar is not None:
        raise VoGanError("--lidar says how LiDAR scans become depth maps, which are the truth only with --split FILE")
    else:
        figures = evaluate_depth_folders(arguments.gt, arguments.est, protocol)
    values = figures.to_json()
    scaling = "median scaling" if figures.median_scale else "no scaling"
    print_figures(
        f"{figures.images} images{missing(values)}, up to {figures.max_depth:g} m, {scaling}, crop {figures.crop}, "
        f"truth {figures.truth_resolution} ({figures.truth_source}), estimate {figures.estimate_resolution}",
        values,
        {
            "abs_rel": ("AbsRel", ""),
            "sq_rel": ("SqRel", "m"),
            "rmse": ("RMSE", "m"),
            "rmse_log": ("RMSElog", ""),
            "delta1": ("delta1", ""),
            "delta2": ("delta2", ""),
            "delta3": ("delta3", ""),
            "scale_median": ("scale", "truth / estimate, median of images"),
            "scale_std": ("scale std", "over images, relative"),
            "scale_min": ("scale min", "of an image"),
            "scale_max": ("scale max", "of an image"),
            "coverage_percent": ("coverage", "%"),
        },
    )
    write_json(arguments.json, values)
    if arguments.images is not None:
        _write_images(arguments.images, figures)
    return 0


def _write_images(path: Path, figures: DepthFigures) -> None:
    """A line per image: its name, its pixels, its scale and its figures; the last are empty without a pixel."""
    from vo_gan.evaluation.depth import METRICS
    from vo_gan.files import replace_file

    lines = [",".join(("image", "pixels", "scale", *METRICS))]
    for image in figures.per_image:
        values = (image.scale, *image.metrics) if image.known else ("",) * (1 + len(METRICS))
        lines.append(",".join((image.name, str(image.known), *map(str, values))))
    replace_file(path, ("\n".join(lines) + "\n").encode("utf-8"))
