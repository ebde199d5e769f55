"""`vo-gan evaluate`: figures of trajectories, depth maps and disparities against the truth, one by one or many."""

from __future__ import annotations

import argparse
from types import ModuleType

from vo_gan.commands.evaluate import batch, compare, convert, depth, stereo, trajectory

HELP = "figures of a trajectory, of depth maps or of disparities against the truth"

KINDS: dict[str, ModuleType] = {
    "trajectory": trajectory,
    "depth": depth,
    "stereo": stereo,
    "compare": compare,
    "batch": batch,
    "convert": convert,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, module in KINDS.items():
        kind = kinds.add_parser(name, help=module.HELP, description=module.DESCRIPTION)
        module.add_arguments(kind)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and write them where asked."""
    code: int = KINDS[arguments.kind].run(arguments)
    return code
