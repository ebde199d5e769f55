"""`vo-gan evaluate trajectory`: KITTI t_rel and r_rel, ATE, RPE, and what else is asked for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vo_gan.commands.evaluate.output import (
    TRAJECTORY_FIGURES,
    add_alignment,
    add_json,
    print_figures,
    print_table,
    write_json,
)

if TYPE_CHECKING:
    from vo_gan.evaluation.kitti import DriftCurve

HELP = "KITTI t_rel and r_rel, absolute and relative pose error"
DESCRIPTION = (
    "KITTI t_rel and r_rel, absolute (ATE) and relative (RPE) pose error of a trajectory. Files are KITTI (12 columns, "
    "or 13 with the frame index first), TUM (8 columns) or EuRoC (CSV); poses are matched by time where both have "
    "times, else by frame."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--gt", type=Path, required=True, metavar="FILE", help="the true trajectory")
    parser.add_argument(
        "--est", type=Path, required=True, metavar="FILE|DIR", help="the estimated trajectory, or a track folder"
    )
    add_alignment(parser)
    parser.add_argument(
        "--gt-times", type=Path, metavar="FILE", help="times of the true frames, one a line (KITTI's times.txt)"
    )
    parser.add_argument(
        "--time-offset",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="added to the times of the estimate, where its clock is another one",
    )
    parser.add_argument(
        "--snippets",
        nargs="+",
        choices=("exact", "sfmlearner", "monodepth2"),
        default=(),
        metavar="CONVENTION",
        help="also the ATE of 5-frame snippets, each with its own scale: exact (a true RMSE), or as sfmlearner or "
        "monodepth2 compute it, for their tables",
    )
    parser.add_argument("--curves", action="store_true", help="print t_rel and r_rel by length and by speed")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="PNG of both trajectories from above")
    parser.add_argument("--report", type=Path, metavar="FILE", help="HTML page with paths, errors and drift")
    parser.add_argument("--evo", type=Path, metavar="FILE.zip", help="result archive for evo_res")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and write what is asked for."""
    from vo_gan.evaluation.kitti import drift_by_length, drift_by_speed
    from vo_gan.evaluation.snippets import evaluate_snippets
    from vo_gan.evaluation.sources import open_estimate, open_timed, shifted
    from vo_gan.evaluation.trajectory import align_trajectories, errors_of_segments, evaluate_aligned

    orthonormalise = arguments.arithmetic == "exact"
    truth = open_timed(arguments.gt, arguments.gt_times, orthonormalise=orthonormalise)
    estimate = open_estimate(arguments.est, times=truth.times is not None, orthonormalise=orthonormalise)
    trajectory = shifted(estimate.trajectory, arguments.time_offset, arguments.est)
    aligned = align_trajectories(truth, trajectory, arguments.align)
    figures = evaluate_aligned(aligned, arguments.arithmetic)
    segments = errors_of_segments(aligned, arguments.arithmetic)
    by_length, by_speed = drift_by_length(segments), drift_by_speed(segments)
    snippets = [evaluate_snippets(aligned, convention) for convention in arguments.snippets]
    size = estimate.resolution
    resolution = "unknown" if size is None else f"{size[0]}x{size[1]}"
    values = figures.to_json() | {"resolution": resolution}
    names = dict(TRAJECTORY_FIGURES)
    for snippet in snippets:
        values |= snippet.to_json()
        label = f"5-frame ATE ({snippet.convention})"
        names[f"snippet5_ate_{snippet.convention}_m"] = (label, f"m, mean of {snippet.snippets} snippets")
        names[f"snippet5_ate_{snippet.convention}_std_m"] = (label, "m, standard deviation")

    heading = f"{figures.frames} of {figures.truth_frames} frames, alignment {arguments.align}"
    if arguments.align in ("sim3", "scale") and figures.scale is not None:
        heading += f" (scale {figures.scale:.4g})"
    print_figures(f"{heading}, matched by {figures.matched_by}, resolution {resolution}", values, names)
    if arguments.curves:
        _print_curve("length (m)", by_length)
        _print_curve("speed (m/s)", by_speed)
    for note in figures.notes:
        print(f"  note: {note}")
    write_json(
        arguments.json,
        values
        | {
            "drift_by_length": _curve_to_json("length_m", by_length),
            "drift_by_speed": _curve_to_json("speed_m_per_s", by_speed),
        },
    )
    if arguments.plot is not None:
        from vo_gan.evaluation.plots import plot_trajectories

        label = f"estimate (alignment {arguments.align})"
        plot_trajectories(arguments.plot, aligned.truth, {label: aligned.estimate}, estimate.name)
    if arguments.evo is not None:
        from vo_gan.evaluation.evo_archive import write_evo_archive

        write_evo_archive(arguments.evo, aligned, estimate.name)
    if arguments.report is not None:
        from vo_gan.evaluation.report import write_trajectory_report

        write_trajectory_report(
            arguments.report,
            aligned,
            figures,
            title=estimate.name,
            command=_command(arguments),
            track=estimate.track,
        )
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """What can be typed to have the same figures again."""
    import shlex

    words = [
        "vo-gan",
        "evaluate",
        "trajectory",
        "--gt",
        arguments.gt,
        "--est",
        arguments.est,
        "--align",
        arguments.align,
    ]
    if arguments.arithmetic != "exact":
        words += ["--arithmetic", arguments.arithmetic]
    if arguments.gt_times is not None:
        words += ["--gt-times", arguments.gt_times]
    if arguments.time_offset:
        words += ["--time-offset", arguments.time_offset]
    return shlex.join(map(str, words))


def _print_curve(name: str, curve: DriftCurve) -> None:
    rows = [
        (f"{at:g}", f"{translation:.4f}", f"{rotation:.4f}", str(count))
        for at, translation, rotation, count in _points(curve)
    ]
    print()
    if rows:
        print_table((name, "t_rel (%)", "r_rel (deg/100 m)", "sub-sequences"), rows)
    else:
        print(f"by {name}: no point has the 3 sub-sequences it needs")


def _curve_to_json(name: str, curve: DriftCurve) -> list[dict[str, float | int]]:
    return [
        {name: at, "t_rel_percent": translation, "r_rel_deg_per_100m": rotation, "segments": count}
        for at, translation, rotation, count in _points(curve)
    ]


def _points(curve: DriftCurve) -> list[tuple[float, float, float, int]]:
    columns = (curve.at, curve.t_rel_percent, curve.r_rel_deg_per_100m, curve.segments)
    return list(zip(*(column.tolist() for column in columns), strict=True))
