"""`vo-gan evaluate batch`: the trajectories of many sequences, in one table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from vo_gan.commands.evaluate.output import TRAJECTORY_FIGURES, add_alignment, add_json, print_table, write_json
from vo_gan.commands.options import count

HELP = "the trajectories of many sequences, on all cores, in one table"
DESCRIPTION = (
    "Evaluate every sequence that both folders have: NN.txt (KITTI, TUM), NN.tum or NN.csv (EuRoC), and of the "
    "estimates also track folders NN. A bad file is one line and exit code 2 at the end; the others are evaluated. "
    "Under torchrun the sequences are divided among the ranks."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--gt", type=Path, required=True, metavar="DIR", help="true trajectories")
    parser.add_argument(
        "--est", type=Path, required=True, metavar="DIR", help="estimated trajectories or track folders"
    )
    add_alignment(parser)
    parser.add_argument("--workers", type=count, metavar="N", help="processes (as many as are of use)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, and write it where asked."""
    import sys

    from vo_gan.evaluation.batch import evaluate_batch, find_jobs, mean_figures, pooled_figures, unpaired

    jobs = find_jobs(arguments.gt, arguments.est, arguments.align, arguments.arithmetic)
    outcomes = evaluate_batch(jobs, arguments.workers)
    if outcomes is None:
        return 0
    mean, pooled = mean_figures(outcomes), pooled_figures(outcomes)
    rows = [(one.name, *_cells(one.figures.to_json())) for one in outcomes if one.figures is not None]
    print(f"{len(rows)} sequences, alignment {arguments.align}, arithmetic {arguments.arithmetic}")
    left_out = unpaired(arguments.gt, arguments.est)
    if left_out:
        print(f"without a partner, and left out: {', '.join(left_out)}")
    header = ("sequence", *(f"{name} ({unit})" for name, unit in TRAJECTORY_FIGURES.values()), "frames")
    print_table(header, [*rows, ("mean", *_cells(mean)), ("pooled", *_cells(pooled))])
    print("mean: of the sequences; pooled: of all their sub-sequences together, as KITTI's leaderboard has it")
    failed = {one.name: one.error for one in outcomes if one.figures is None}
    for name, error in failed.items():
        print(f"vo-gan: sequence {name} was left out: {error}", file=sys.stderr)
    write_json(
        arguments.json,
        {
            "alignment": arguments.align,
            "arithmetic": arguments.arithmetic,
            "sequences": {one.name: one.figures.to_json() for one in outcomes if one.figures is not None},
            "mean": mean,
            "pooled": pooled,
            "failed": failed,
            "without_partner": left_out,
        },
    )
    return 2 if failed else 0


def _cells(figures: Mapping[str, object]) -> list[str]:
    """The figures, and the number of frames, as text."""
    values = [figures.get(key) for key in TRAJECTORY_FIGURES]
    frames = f"{figures['frames']}/{figures['truth_frames']}" if "frames" in figures else ""
    return [*("-" if value is None else f"{value:.4f}" for value in values), frames]
