"""How figures are printed and written."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

JsonValue = float | int | str | bool | None

TRAJECTORY_FIGURES = {
    "t_rel_percent": ("t_rel", "%"),
    "r_rel_deg_per_100m": ("r_rel", "deg/100 m"),
    "ate_m": ("ATE", "m"),
    "rpe_m": ("RPE", "m"),
    "rpe_deg": ("RPE", "deg"),
}
"""Name and unit of every figure of a trajectory."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json FILE`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def add_alignment(parser: argparse.ArgumentParser) -> None:
    """`--align` and `--arithmetic`."""
    parser.add_argument(
        "--align",
        choices=("none", "se3", "sim3", "scale"),
        default="se3",
        help="how the estimate is laid over the truth first: not at all; rotation and translation (the default: it "
        "keeps errors of scale); these and a scale, for an odometry that knows none; or only a scale, both starting "
        "together",
    )
    parser.add_argument(
        "--arithmetic",
        choices=("exact", "published"),
        default="exact",
        help="published: angles by acos of the trace of the matrices as printed, which reproduces published tables to "
        "the last digit; exact (the default) differs by up to 0.001 degrees in the RPE",
    )


def write_json(path: Path | None, figures: object) -> None:
    """Write figures as JSON, if a file is named.

    Raises:
        VoGanError: the file cannot be written.
    """
    if path is None:
        return
    import json

    from vo_gan.files import replace_file

    replace_file(path, (json.dumps(figures, indent=2) + "\n").encode("utf-8"))


def print_figures(heading: str, figures: Mapping[str, object], names: Mapping[str, tuple[str, str]]) -> None:
    """A line per figure: its name, its value with 4 decimals and its unit, or why it is not defined."""
    print(heading)
    width = max(10, *(len(name) for name, _ in names.values()))
    for key, (name, unit) in names.items():
        value = figures[key]
        if value is None:
            print(f"  {name:<{width}} not defined: {figures[f'{key}_reason']}")
        else:
            print(f"  {name:<{width}} {value:>10.4f} {unit}".rstrip())


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Columns as broad as they need to be, the first `left` ones set to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = zip(row, widths, strict=True)
        padded = [cell.ljust(width) if at < left else cell.rjust(width) for at, (cell, width) in enumerate(cells)]
        print("  ".join(padded).rstrip())


def missing(figures: Mapping[str, object]) -> str:
    """How many true maps have no estimate, for a heading."""
    return f" ({figures['missing_images']} of the truth have no estimate)" if figures["missing_images"] else ""
