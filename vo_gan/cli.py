"""The command line. Each command is a module of `vo_gan.commands`; heavy imports wait until one runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from vo_gan import __version__
from vo_gan.commands import data, demo, depth, evaluate, gan, import_weights, map, track, train, view, world
from vo_gan.errors import VoGanError

COMMANDS: dict[str, ModuleType] = {
    "demo": demo,
    "world": world,
    "data": data,
    "train": train,
    "track": track,
    "depth": depth,
    "evaluate": evaluate,
    "map": map,
    "view": view,
    "gan": gan,
    "import": import_weights,
}

OK, FAILED, BAD_INPUT = 0, 1, 2
INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="vo-gan",
        description="Unsupervised visual odometry and depth: from a drive to a trajectory, depth maps and a 3D map.",
    )
    parser.add_argument("--version", action="version", version=f"vo_gan {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0, 1 (failed), 2 (bad input) or 130 (interrupted)."""
    parser = build_parser()
    parsed, extra = parser.parse_known_args(arguments)
    module = COMMANDS[parsed.command]
    if extra and not getattr(module, "TAKES_CONFIGURATION_KEYS", False):
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    parsed.configuration_keys = extra
    try:
        return module.run(parsed)
    except VoGanError as error:
        print(f"vo-gan: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt as interruption:
        print(f"vo-gan: {interruption or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
