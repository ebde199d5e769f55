"""`vo-gan data check`: is a data set fit for use?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "look at a data set: what is there, and everything that is wrong with it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="list drives, frames, cameras and poses, and every defect",
        description="Lists what a folder holds and everything wrong with it. Exit code 1 if anything is wrong.",
    )
    check.add_argument("root", type=Path, help="KITTI odometry or raw root, one drive, a folder of frames, or a video")
    check.add_argument("--fast", action="store_true", help="look at headers and file ends only; decode no frame")


def run(arguments: argparse.Namespace) -> int:
    """Check; 0 if nothing is wrong, else 1."""
    from vo_gan.data.check import check

    reports = check(arguments.root, decode=not arguments.fast)
    for report in reports:
        print(f"{report.path}: {report.kind or 'unreadable'}")
        for fact in report.facts:
            print(f"  {fact}")
        for note in report.notes:
            print(f"  note: {note}")
        for problem in report.problems:
            print(f"  PROBLEM: {problem}")
    problems = sum(len(report.problems) for report in reports)
    frames = sum(report.frames for report in reports)
    kinds = ", ".join(sorted({report.kind for report in reports if report.kind}))
    print(f"{len(reports)} drive(s) ({kinds}), {frames} frames, {problems} problem(s)")
    if problems:
        print("Mend or leave out what is named above; `vo-gan train` refuses it.", file=sys.stderr)
    return 1 if problems else 0
