"""`vo-gan train`: train a recipe."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "train a recipe on drives; any key of the configuration can be given as --section.key VALUE"
TAKES_CONFIGURATION_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="YAML file, such as configs/ganvo.yaml"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("--print_config", action="store_true", help="show the whole configuration and stop")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="same as --training.device")
    parser.epilog = (
        "example: vo-gan train --config configs/ganvo.yaml --data.root KITTI/odometry --training.steps 40000"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, or print the configuration."""
    import yaml

    from vo_gan.config import load_config, to_plain

    keys = list(arguments.configuration_keys)
    if arguments.device is not None:
        keys += ["--training.device", arguments.device]
    config = load_config(arguments.config, keys)
    if arguments.print_config:
        print(yaml.safe_dump(to_plain(config), sort_keys=False), end="")
        return 0
    from vo_gan.training import train

    folder = train(config, arguments.runs / config.name, resume=arguments.resume)
    print(f"trained: {folder}", file=sys.stdout)
    return 0
