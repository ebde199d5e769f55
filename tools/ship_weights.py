"""Put a run's networks among the weights that come with the package: half precision, no training state.

    python tools/ship_weights.py runs/world_sganvo world-sganvo --about "what it was trained on, by which commands"

What is written is `vo_gan/weights/NAME`; only runs on data that may be shipped belong there. Discriminators stay.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from torch import nn

from vo_gan.engine import save_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.pretrained import load_matcher, load_networks, load_pair_networks, open_checkpoint
from vo_gan.shipped import FOLDER

LARGEST = 30e6
"""Bytes of weights."""


def networks_for_use(run: Path) -> tuple[dict[str, nn.Module], dict[str, object]]:
    """The networks that a command needs of a run, and its configuration."""
    checkpoint, config = open_checkpoint(run)
    found: dict[str, nn.Module | None]
    if config.recipe == "stereo":
        found = {"matcher": load_matcher(run)}
    elif config.recipe == "coupled":
        found = {"views": load_pair_networks(run).views}
    else:
        networks = load_networks(run)
        found = {"depth": networks.depth, "pose": networks.pose, "stack": networks.stack}
    settings = dict(checkpoint.config)
    settings["data"] = settings["data"] | {"root": "", "cache_folder": ""}
    return {name: network.half() for name, network in found.items() if network is not None}, settings


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder or checkpoint")
    parser.add_argument("name", help="what they are called by, such as world-sganvo")
    parser.add_argument("--about", required=True, help="data, commands, seed, commit, hardware: goes into ABOUT.md")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where shipped weights lie")
    arguments = parser.parse_args()
    try:
        networks, settings = networks_for_use(arguments.run)
        folder = arguments.out / arguments.name
        save_checkpoint(folder, networks, settings)
        size = (folder / "model.safetensors").stat().st_size
        if size > LARGEST:
            raise VoGanError(f"{folder}: {size / 1e6:.1f} MB are too much to ship, at most {LARGEST / 1e6:.0f} MB")
        replace_file(folder / "ABOUT.md", f"# {arguments.name}\n\n{arguments.about}\n".encode())
    except VoGanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{folder}: {', '.join(networks)}, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
