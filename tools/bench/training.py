"""How fast a recipe trains: images per second against batch size, waiting for data, peak memory, bf16 against float32.

    vo-gan world WORLD --sequences 4 --frames 60 --size 320x96
    python tools/bench/training.py WORLD [--config configs/sganvo_small.yaml] [--batches 2,4,8] [--steps 30]

One JSON line per figure. Every training is a process of its own, on CUDA where there is one. `images_per_second` and
`waiting_for_data` are those of the second half of a run, as `metrics.csv` tells them; `loss` is the mean of photometric
losses over that half, for bf16 to be compared with float32. Keys such as `--data.width 192` go to every training.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import resource
import statistics
import tempfile
from itertools import product
from pathlib import Path

import torch

from vo_gan.config import load_config
from vo_gan.training import train

EVERY = 5
"""Steps between two rows of figures."""


def measure(config: Path, keys: list[str], steps: int, conditions: dict[str, object]) -> None:
    """Train once and print its figures."""
    with tempfile.TemporaryDirectory() as folder:
        given = [*keys, "--training.steps", str(steps), "--training.log_every", str(EVERY)]
        given += ["--training.validate_every", str(steps + 1), "--training.checkpoint_every", str(steps + 1)]
        run = train(load_config(config, given), Path(folder) / "run")
        with (run / "metrics.csv").open() as file:
            rows = [(int(row["step"]), row["name"], float(row["value"])) for row in csv.DictReader(file)]

    def second_half(*names: str) -> float:
        return statistics.fmean(value for step, name, value in rows if name in names and step > steps // 2)

    figures = {
        "images_per_second": (second_half("speed/images_per_second"), "images/s"),
        "waiting_for_data": (100 * second_half("speed/waiting_for_data"), "%"),
        "loss": (second_half("train/temporal", "train/stereo"), ""),
    }
    if torch.cuda.is_available():
        figures["peak_memory"] = (torch.cuda.max_memory_allocated() / 2**20, "MiB")
    else:
        figures["peak_memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, "MiB")
    for name, (value, unit) in figures.items():
        line = {"name": name, "value": round(value, 4), "unit": unit, "conditions": conditions}
        print(json.dumps(line), flush=True)


def main() -> None:
    """Measure every batch size in both precisions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", type=Path, help="drives to train on")
    parser.add_argument("--config", type=Path, default=Path("configs/sganvo_small.yaml"))
    parser.add_argument("--batches", default="2,4,8", help="comma-separated batch sizes")
    parser.add_argument("--precisions", default="fp32,bf16", help="comma-separated: fp32, bf16")
    parser.add_argument("--steps", type=int, default=30)
    arguments, keys = parser.parse_known_args()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} threads"
    processes = multiprocessing.get_context("spawn")
    for batch, precision in product(arguments.batches.split(","), arguments.precisions.split(",")):
        given = ["--data.root", str(arguments.world), "--data.batch", batch, "--training.precision", precision, *keys]
        conditions = {"batch": int(batch), "precision": precision, "device": device, "config": arguments.config.stem}
        process = processes.Process(target=measure, args=(arguments.config, given, arguments.steps, conditions))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
