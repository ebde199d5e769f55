"""The command line. Each command is a module of `vo_gan.commands`; heavy imports wait until one runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from vo_gan import __version__
from vo_gan.commands import data, demo, depth, evaluate, gan, import_weights, map, stereo, track, train, view, world
from vo_gan.errors import VoGanError
from vo_gan.progress import set_quiet

COMMANDS: dict[str, ModuleType] = {
    "demo": demo,
    "world": world,
    "data": data,
    "train": train,
    "track": track,
    "depth": depth,
    "stereo": stereo,
    "evaluate": evaluate,
    "map": map,
    "view": view,
    "gan": gan,
    "import": import_weights,
}

OK, FAILED, BAD_INPUT = 0, 1, 2
INTERRUPTED = 130


class CommandParser(argparse.ArgumentParser):
    """A parser that takes `--quiet`, as do all parsers of its sub-commands: it may stand before or after a command."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_argument(
            "--quiet",
            action="store_true",
            # Without a default, a parser that does not see the option does not undo another's.
            default=argparse.SUPPRESS,
            help="show no progress; results and errors are shown",
        )


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = CommandParser(
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
    """Run one command; returns its exit code: 0, 1 (failed), 2 (bad input) or 130 (interrupted).

    A command finds in its arguments, besides its own, `command_line`: the whole command as it can be typed again.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = build_parser()
    parsed, extra = parser.parse_known_args(arguments)
    module = COMMANDS[parsed.command]
    if extra and not getattr(module, "TAKES_CONFIGURATION_KEYS", False):
        parser.error(f"unrecognized arguments: {' '.join(extra)}")
    parsed.configuration_keys = extra
    parsed.command_line = shlex.join(["vo-gan", *arguments])
    set_quiet(getattr(parsed, "quiet", False))
    try:
        return module.run(parsed)
    except VoGanError as error:
        print(f"vo-gan: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt as interruption:
        print(f"vo-gan: {str(interruption) or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
