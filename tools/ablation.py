"""What is each part worth? Trains a list of configurations with several seeds and prints one table, with spread.

    vo-gan world train --sequences 20 --frames 60 --size 192x64
    vo-gan world unseen --sequences 1 --frames 800 --size 192x64 --seed 500
    python tools/ablation.py configs/sganvo_small.yaml configs/ablations/*.yaml configs/ganvo_small.yaml \
        --train train --test unseen/sequences/00 --seeds 0,1,2 --out ablation --data.width 192 --data.height 64

    python tools/ablation.py --weights world-sganvo --test unseen/sequences/00 --out shipped

Every run is tracked twice over every test drive, by its networks alone and with photometric refinement, and compared
with the truth: t_rel, r_rel and ATE (alignment se3, or sim3 where the scale is relative), depth AbsRel (median-scaled
there). Beside them stand baselines: constant velocity, OpenCV's stereo odometry (SGBM and PnP), and its monocular
odometry (KLT and essential matrix; aligned by sim3, for its steps have no length, and without t_rel). Keys such as
`--training.steps 100` go to every run; `--weights` are compared as they are. Runs and figures that are there already
are not made again, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from baselines import klt_essential_odometry, stereo_pnp_odometry

from vo_gan.config import Config, load_config
from vo_gan.data import Drive, open_drive
from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import evaluate_depth
from vo_gan.evaluation.trajectory import constant_velocity, evaluate_trajectory
from vo_gan.files import replace_file
from vo_gan.odometry import Networks, Tracker
from vo_gan.odometry.trajectory import Trajectory
from vo_gan.pretrained import load_networks
from vo_gan.progress import progress
from vo_gan.training import train

FIGURES = ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "abs_rel")
HEADINGS = ("t_rel %", "r_rel deg/100m", "ATE m", "AbsRel")

Figures = dict[str, float | None]


def trained(config: Config, folder: Path) -> Path:
    """The run of a configuration in `folder`, trained to its end."""
    finished = folder / "finished"
    if not finished.exists():
        train(config, folder, resume=(folder / "checkpoints").exists())
        finished.touch()
    return folder


def network_figures(drive: Drive, networks: Networks, *, refine: bool) -> Figures:
    """Figures of a drive tracked by networks."""
    tracker = Tracker(networks, drive.intrinsics(networks.size), refine=refine)
    tracked = [
        tracker.track(drive.read(index, networks.size))
        for index in progress(range(len(drive)), f"track {drive.name}", total=len(drive))
    ]
    relative = networks.scale == "relative"
    path = trajectory_of(drive, np.stack([frame.world_from_camera for frame in tracked]))
    figures = trajectory_figures(drive, path, "sim3" if relative else "se3")
    truth = [drive.read_depth(index) for index in range(len(drive))]
    known = [(true, frame.depth) for true, frame in zip(truth, tracked, strict=True) if true is not None]
    depth = evaluate_depth(*zip(*known, strict=True), median_scale=relative) if known else None
    return figures | {"abs_rel": None if depth is None else depth.abs_rel}


def trajectory_figures(drive: Drive, path: Trajectory, alignment: str) -> Figures:
    """Figures of a path against a drive's true one."""
    figures = evaluate_trajectory(truth_of(drive), path, alignment)  # type: ignore[arg-type]
    return {name: getattr(figures, name) for name in FIGURES[:3]}


def baseline_figures(drive: Drive) -> dict[str, Figures]:
    """Figures of what needs no training."""
    found = {"constant velocity": trajectory_figures(drive, constant_velocity(truth_of(drive)), "se3")}
    if drive.baseline is not None:
        found["OpenCV stereo + PnP"] = trajectory_figures(drive, stereo_pnp_odometry(drive), "se3")
    klt = trajectory_figures(drive, klt_essential_odometry(drive), "sim3")
    return found | {"OpenCV KLT + essential matrix": klt | {"t_rel_percent": None}}


def truth_of(drive: Drive) -> Trajectory:
    """A drive's true path.

    Raises:
        VoGanError: it has none.
    """
    if drive.world_from_camera is None:
        raise VoGanError(f"{drive.frame_name(0)}: its drive {drive.name} has no true poses to compare with")
    return trajectory_of(drive, drive.world_from_camera)


def trajectory_of(drive: Drive, poses: np.ndarray) -> Trajectory:
    """Poses of all frames of a drive."""
    return Trajectory(poses, drive.times, np.arange(len(drive), dtype=np.int64))


def mean_over(drives: Iterable[Figures]) -> Figures:
    """Means of figures over drives; of those that a drive has not, over the others."""
    every = list(drives)
    result: Figures = {}
    for name in dict.fromkeys(name for figures in every for name in figures):
        values = [value for figures in every if (value := figures.get(name)) is not None]
        result[name] = statistics.fmean(values) if values else None
    return result


def table(rows: dict[str, list[Figures]]) -> str:
    """A Markdown table: mean and, over several seeds, standard deviation."""
    lines = ["| | seeds | " + " | ".join(HEADINGS) + " |", "|---" * (len(HEADINGS) + 2) + "|"]
    for label, seeds in rows.items():
        cells = [_cell([value for figures in seeds if (value := figures.get(name)) is not None]) for name in FIGURES]
        lines.append(f"| {label} | {len(seeds)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "-"
    spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3g}{spread}"


def run(arguments: argparse.Namespace, keys: list[str]) -> dict[str, list[Figures]]:
    """Train, track and compare everything that is not there yet; the rows of the table."""
    drives = [open_drive(path) for path in arguments.test]
    rows: dict[str, list[Figures]] = {}
    for path in arguments.configs:
        for seed in arguments.seeds:
            given = ["--data.root", str(arguments.train), "--seed", str(seed), *keys]
            config = load_config(path, given)
            folder = trained(config, arguments.out / f"{config.name}_{seed}")
            for label, refine in ((config.name, False), (f"{config.name}, refined", True)):
                file = folder / ("figures_refined.json" if refine else "figures.json")
                if not file.exists():
                    networks = load_networks(folder / "checkpoints" / arguments.checkpoint)
                    found = mean_over(network_figures(drive, networks, refine=refine) for drive in drives)
                    replace_file(file, (json.dumps(found, indent=1) + "\n").encode())
                rows.setdefault(label, []).append(json.loads(file.read_text()))
            print(table(rows), file=sys.stderr, flush=True)
    for weights in arguments.weights:
        networks = load_networks(weights)
        for label, refine in ((weights.name, False), (f"{weights.name}, refined", True)):
            rows[label] = [mean_over(network_figures(drive, networks, refine=refine) for drive in drives)]
    per_drive: list[dict[str, Any]] = [baseline_figures(drive) for drive in drives]
    for label in dict.fromkeys(label for found in per_drive for label in found):
        rows[label] = [mean_over(found[label] for found in per_drive if label in found)]
    return rows


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", type=Path, help="YAML files of runs")
    parser.add_argument("--train", type=Path, metavar="DIR", help="drives to train on")
    parser.add_argument("--weights", type=Path, nargs="+", default=[], help="runs, or shipped weights, trained already")
    parser.add_argument("--test", type=Path, nargs="+", required=True, metavar="DRIVE", help="drives to test on")
    parser.add_argument("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[0])
    parser.add_argument("--checkpoint", choices=("last", "best"), default="last", help="which is tested (last)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where runs, figures and table go")
    arguments, keys = parser.parse_known_args()
    if arguments.configs and arguments.train is None:
        parser.error("--train DIR is needed to train")
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        text = table(run(arguments, keys))
    except VoGanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    replace_file(arguments.out / "table.md", (text + "\n").encode())
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
