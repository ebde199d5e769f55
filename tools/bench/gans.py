"""Training steps of the image translators at the papers' widths, batch 1: one JSON line per figure.

    python tools/bench/gans.py [--only pix2pix,cyclegan] [--precision fp32,bf16] [--layout contiguous,channels_last]

pix2pix at 256x256 (U-Net of 8 downsamplings, 54.4 M parameters), CycleGAN at 128x128 (6 residual blocks, twice 7.8 M).
Each figure is the minimum and the median of several steps in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from itertools import product

import torch
from lightning_fabric import Fabric

from vo_gan.gans.data import DataShape, Pairs
from vo_gan.gans.run import configure, find_variant

SIZES = {"pix2pix": 256, "cyclegan": 128}


def measure(name: str, precision: str, layout: str, runs: int, threads: int) -> None:
    """Print the figures of one variant."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    size = SIZES[name]
    shape = DataShape([3, size, size], [3, size, size])
    learner = find_variant(name)(configure(name).model, shape)
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    learner.place(fabric, channels_last=layout == "channels_last")
    learner.set_mode(training=True)
    images = 2 * torch.rand(2, 1, 3, size, size, generator=torch.Generator().manual_seed(0)) - 1
    batch = Pairs(("noise",), images[0], images[1], True)
    times = []
    for step in range(runs + 2):
        started = time.perf_counter()
        learner.step(batch, step)
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    conditions = {
        "size": f"{size}x{size}",
        "precision": precision,
        "layout": layout,
        "threads": threads,
        "torch": torch.__version__,
    }
    for figure, value, unit in (
        ("step_minimum", min(times[2:]), "s"),
        ("step_median", statistics.median(times[2:]), "s"),
        ("peak_memory", peak, "MB"),
    ):
        line = {"name": f"{name}_{figure}", "value": round(value, 4), "unit": unit, "conditions": conditions}
        print(json.dumps(line), flush=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="pix2pix,cyclegan", help="comma-separated names")
    parser.add_argument("--precision", default="fp32,bf16", help="comma-separated: fp32, bf16")
    parser.add_argument("--layout", default="channels_last", help="comma-separated: contiguous, channels_last")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    for name, precision, layout in product(given.only.split(","), given.precision.split(","), given.layout.split(",")):
        process = processes.Process(target=measure, args=(name, precision, layout, given.runs, given.threads))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
