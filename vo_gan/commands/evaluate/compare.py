"""`vo-gan evaluate compare`: runs side by side, with differences and how sure they are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vo_gan.commands.evaluate.output import add_alignment, add_json, print_table, write_json

if TYPE_CHECKING:
    from vo_gan.evaluation.compare import Comparison, Difference, Run

HELP = "two or more results in one table, with differences and bootstrap intervals"
DESCRIPTION = (
    "Results in one table, with the differences to the first. Of trajectories (files or track folders, with --gt), "
    "differences have a 95 % interval by a paired circular block bootstrap over stretches of 100 frames; results of "
    "--json have none."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULT", help="JSON results, trajectory files or track folders"
    )
    parser.add_argument("--gt", type=Path, metavar="FILE", help="the true trajectory")
    parser.add_argument(
        "--gt-times", type=Path, metavar="FILE", help="times of the true frames, one a line (KITTI's times.txt)"
    )
    add_alignment(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, and write it where asked."""
    from dataclasses import replace

    from vo_gan.errors import VoGanError
    from vo_gan.evaluation.compare import compare, evaluate_runs, read_result
    from vo_gan.evaluation.sources import open_timed

    paths = arguments.results
    if len(paths) < 2:
        raise VoGanError(f"{paths[0]}: there is nothing to compare it with; name two results or more")
    trajectories = [path for path in paths if path.suffix != ".json"]
    if trajectories and arguments.gt is None:
        raise VoGanError(f"{trajectories[0]}: is no JSON result, and a trajectory needs the true one: --gt FILE")
    evaluated: list[Run] = []
    notes: list[str] = []
    if trajectories:
        truth = open_timed(arguments.gt, arguments.gt_times, orthonormalise=arguments.arithmetic == "exact")
        evaluated, notes = evaluate_runs(truth, trajectories, arguments.align, arguments.arithmetic)
    by_path = dict(zip(trajectories, evaluated, strict=True))
    runs = [by_path[path] if path in by_path else read_result(path) for path in paths]
    names = _names(paths, [run.name for run in runs])
    runs = [replace(run, name=name) for run, name in zip(runs, names, strict=True)]
    comparison = compare(runs, arguments.seed, arguments.arithmetic)
    notes += comparison.notes
    alignment = f", alignment {arguments.align}" if trajectories else ""
    print(f"{len(runs)} runs, differences to {runs[0].name}{alignment}; 95 % intervals, paired block bootstrap")
    print_table(("figure", "run", "value", "difference", "interval", "block"), _rows(comparison), left=2)
    for note in notes:
        print(f"  note: {note}")
    write_json(arguments.json, _to_json(comparison, notes, arguments.seed))
    return 0


def _names(paths: list[Path], names: list[str]) -> list[str]:
    """Short names that are all different: with the folder before them, or the whole path, where that is needed."""
    for choice in (names, [f"{path.resolve().parent.name}/{name}" for path, name in zip(paths, names, strict=True)]):
        if len(set(choice)) == len(choice):
            return choice
    return [f"{index}: {path}" for index, path in enumerate(paths, 1)]


def _rows(comparison: Comparison) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key in comparison.keys:
        for index, run in enumerate(comparison.runs):
            value = run.figures.get(key)
            shown = f"{value:.4f}" if isinstance(value, int | float) else "-"
            difference = comparison.differences[run.name][key] if index else None
            rows.append((key if index == 0 else "", run.name, shown, *_difference(difference)))
    return rows


def _difference(difference: Difference | None) -> tuple[str, str, str]:
    if difference is None:
        return "", "", ""
    value = "-" if difference.value is None else f"{difference.value:+.4f}"
    interval = difference.interval
    if interval is None:
        return value, "-", ""
    return value, f"[{interval.low:+.4f}, {interval.high:+.4f}]", f"{interval.block} frames"


def _to_json(comparison: Comparison, notes: list[str], seed: int) -> dict[str, object]:
    from vo_gan.evaluation.bootstrap import CONFIDENCE, REPLICATES

    return {
        "baseline": comparison.runs[0].name,
        "runs": {run.name: dict(run.figures) for run in comparison.runs},
        "differences": {
            name: {
                key: {
                    "difference": one.value,
                    "interval_low": None if one.interval is None else one.interval.low,
                    "interval_high": None if one.interval is None else one.interval.high,
                    "block_frames": None if one.interval is None else one.interval.block,
                }
                for key, one in differences.items()
            }
            for name, differences in comparison.differences.items()
        },
        "method": "paired circular block bootstrap, percentile interval",
        "confidence": CONFIDENCE,
        "replicates": REPLICATES,
        "seed": seed,
        "notes": notes,
    }
