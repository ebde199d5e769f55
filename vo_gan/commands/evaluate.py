"""`vo-gan evaluate`: figures of trajectories, depth maps and disparities against the truth."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

HELP = "figures of a trajectory, of depth maps or of disparities against the truth"

JsonValue = float | int | str | bool | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)

    trajectory = kinds.add_parser(
        "trajectory",
        help="KITTI t_rel and r_rel, absolute and relative pose error",
        description="KITTI t_rel and r_rel, absolute (ATE) and relative (RPE) pose error of a trajectory. Files are "
        "KITTI (12 columns, or 13 with the frame index first) or TUM (8 columns); poses are matched by time where both "
        "files have times, else by frame.",
    )
    trajectory.add_argument("--gt", type=Path, required=True, metavar="FILE", help="the true trajectory")
    trajectory.add_argument("--est", type=Path, required=True, metavar="FILE", help="the estimated trajectory")
    trajectory.add_argument(
        "--align",
        choices=("none", "se3", "sim3", "scale"),
        default="se3",
        help="how the estimate is laid over the truth first: not at all; rotation and translation (the default: it "
        "keeps errors of scale); these and a scale, for an odometry that knows none; or only a scale, both starting "
        "together",
    )
    trajectory.add_argument(
        "--arithmetic",
        choices=("exact", "published"),
        default="exact",
        help="published: angles by acos of the trace of the matrices as printed, which reproduces published tables to "
        "the last digit; exact (the default) differs by up to 0.001 degrees in the RPE",
    )
    trajectory.add_argument("--plot", type=Path, metavar="FILE", help="PNG of both trajectories from above")

    depth = kinds.add_parser(
        "depth",
        help="AbsRel, SqRel, RMSE, RMSElog, delta 1-3",
        description="Depth maps against true ones up to 80 m: 16-bit PNG (metres x 256, 0 = unknown) or float .npy "
        "files that belong together by name.",
    )
    depth.add_argument("--gt", type=Path, required=True, metavar="DIR", help="true depth maps")
    depth.add_argument("--est", type=Path, required=True, metavar="DIR", help="estimated depth maps")
    depth.add_argument(
        "--median-scale",
        action="store_true",
        help="scale every estimate by the ratio of the medians, for unscaled depth",
    )
    depth.add_argument(
        "--crop", choices=("garg", "none"), default="none", help="garg: the part of a KITTI image that LiDAR reaches"
    )

    stereo = kinds.add_parser(
        "stereo",
        help="EPE, bad-1/2/3, D1",
        description="Disparities against true ones: 16-bit PNG (pixels x 256, 0 = unknown) or float .npy files, one "
        "each or folders of them. A pixel without an estimate counts as wrong.",
    )
    stereo.add_argument("--gt", type=Path, required=True, metavar="FILE|DIR", help="true disparities")
    stereo.add_argument("--est", type=Path, required=True, metavar="FILE|DIR", help="estimated disparities")

    for kind in (trajectory, depth, stereo):
        kind.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and write them where asked."""
    figures = {"trajectory": _trajectory, "depth": _depth, "stereo": _stereo}[arguments.kind](arguments)
    if arguments.json is not None:
        import json

        from vo_gan.files import replace_file

        replace_file(arguments.json, (json.dumps(figures, indent=2) + "\n").encode("utf-8"))
    return 0


def _trajectory(arguments: argparse.Namespace) -> dict[str, JsonValue]:
    from vo_gan.evaluation.trajectory import align_trajectories, evaluate_aligned
    from vo_gan.odometry.trajectory import read_trajectory

    orthonormalise = arguments.arithmetic == "exact"
    truth = read_trajectory(arguments.gt, orthonormalise=orthonormalise)
    estimate = read_trajectory(arguments.est, orthonormalise=orthonormalise)
    aligned = align_trajectories(truth, estimate, arguments.align)
    figures = evaluate_aligned(aligned, arguments.arithmetic).to_json()
    scale = figures["scale"]
    heading = f"{figures['frames']} of {figures['truth_frames']} frames, alignment {arguments.align}"
    unmatched = aligned.estimate_frames - len(aligned.estimate)
    if arguments.align in ("sim3", "scale") and scale is not None:
        heading += f" (scale {scale:.4g})"
    if unmatched:
        heading += f"; {unmatched} estimated poses have no true one and were left out"
    _print_figures(
        heading,
        figures,
        {
            "t_rel_percent": ("t_rel", "%"),
            "r_rel_deg_per_100m": ("r_rel", "deg/100 m"),
            "ate_m": ("ATE", "m"),
            "rpe_m": ("RPE", "m"),
            "rpe_deg": ("RPE", "deg"),
        },
    )
    if arguments.plot is not None:
        from vo_gan.evaluation.plots import plot_trajectories

        label = f"estimate (alignment {arguments.align})"
        plot_trajectories(arguments.plot, aligned.truth, {label: aligned.estimate}, arguments.est.stem)
    return figures


def _depth(arguments: argparse.Namespace) -> dict[str, JsonValue]:
    from vo_gan.evaluation.depth import evaluate_depth_folders

    figures = evaluate_depth_folders(
        arguments.gt, arguments.est, median_scale=arguments.median_scale, crop=arguments.crop
    ).to_json()
    scaling = "median scaling" if arguments.median_scale else "no scaling"
    _print_figures(
        f"{figures['images']} images{_missing(figures)}, up to {figures['max_depth']:g} m, {scaling}, "
        f"crop {arguments.crop}",
        figures,
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
            "coverage_percent": ("coverage", "%"),
        },
    )
    return figures


def _stereo(arguments: argparse.Namespace) -> dict[str, JsonValue]:
    from vo_gan.evaluation.stereo import evaluate_stereo_files

    figures = evaluate_stereo_files(arguments.gt, arguments.est).to_json()
    _print_figures(
        f"{figures['images']} images{_missing(figures)}",
        figures,
        {
            "epe_px": ("EPE", "px"),
            "bad1_percent": ("bad-1", "%"),
            "bad2_percent": ("bad-2", "%"),
            "bad3_percent": ("bad-3", "%"),
            "d1_percent": ("D1", "%"),
            "coverage_percent": ("coverage", "%"),
        },
    )
    return figures


def _missing(figures: Mapping[str, JsonValue]) -> str:
    return f" ({figures['missing_images']} of the truth have no estimate)" if figures["missing_images"] else ""


def _print_figures(heading: str, figures: Mapping[str, JsonValue], names: Mapping[str, tuple[str, str]]) -> None:
    """A line per figure: its name, its value with 4 decimals and its unit, or why it is not defined."""
    print(heading)
    for key, (name, unit) in names.items():
        value = figures[key]
        if value is None:
            print(f"  {name:<10} not defined: {figures[f'{key}_reason']}")
        else:
            print(f"  {name:<10} {value:>10.4f} {unit}".rstrip())
