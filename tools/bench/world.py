"""Speed and memory of the driving world: stereo frames, rendered and written with ground truth.

    python tools/bench/world.py [--frames N] [--workers N] [--sizes 208x64,416x128] [--difficulties off,easy]

Prints one JSON line per figure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from vo_gan.world import render_world
from vo_gan.world.options import preset

SIZES = "208x64,416x128,640x192"
DIFFICULTIES = "off,easy,hard"
ASKED = {("off", "416x128"): 12, ("off", "640x192"): 5}
"""Stereo frames per second that two cores are asked for, ground truth written, by difficulty and size."""

MEMORY_SIZE = (208, 64)
MEMORY_FRAMES = (50, 400)
MIB_PER_MAXRSS = 1 / 2**20 if sys.platform == "darwin" else 1 / 2**10
"""`ru_maxrss` counts bytes on macOS and KiB elsewhere."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sizes", default=SIZES, help=f"comma-separated (default: {SIZES})")
    parser.add_argument("--difficulties", default=DIFFICULTIES, help=f"comma-separated (default: {DIFFICULTIES})")
    parser.add_argument("--no-memory", action="store_true", help="leave the memory out")
    arguments = parser.parse_args()
    for size in arguments.sizes.split(","):
        for difficulty in arguments.difficulties.split(","):
            bench_speed(size, difficulty, arguments.frames, arguments.workers)
    if not arguments.no_memory:
        for frames in MEMORY_FRAMES:
            bench_memory(frames)


def bench_speed(label: str, difficulty: str, frames: int, workers: int) -> None:
    """Frames per second by the clock, and processor time, which bears other people's load."""
    width, height = label.split("x")
    size = (int(width), int(height))
    with tempfile.TemporaryDirectory() as folder:
        started, busy = time.perf_counter(), processor_seconds()
        render_world(Path(folder) / "world", 1, frames, size, seed=0, workers=workers, options=preset(difficulty))
        seconds, busy = time.perf_counter() - started, processor_seconds() - busy
    asked = ASKED.get((difficulty, label))
    conditions = (
        f"difficulty {difficulty}, {frames} frames of one sequence, {workers} processes, start-up included"
        f"{f', asked: at least {asked} on 2 cores' if asked else ''}"
    )
    name = f"{label}_{difficulty}"
    print_line(f"world_stereo_frames_per_second_{name}", frames / seconds, "frames/s", conditions)
    print_line(f"world_processor_milliseconds_per_stereo_frame_{name}", 1e3 * busy / frames, "ms", conditions)


def bench_memory(frames: int) -> None:
    """Peak memory of the largest rendering process, which should not depend on the number of frames."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_peak, args=(sender, frames))
    process.start()
    sender.close()
    peak = receiver.recv()
    process.join()
    label = f"{MEMORY_SIZE[0]}x{MEMORY_SIZE[1]}"
    conditions = f"largest of 2 processes that render {frames} frames of {label}, difficulty easy"
    print_line(f"world_peak_memory_{frames}_frames", peak, "MiB", conditions)


def _send_peak(sender: Connection, frames: int) -> None:
    """Render in children of a fresh process, so that the peak is theirs alone."""
    with tempfile.TemporaryDirectory() as folder:
        render_world(Path(folder) / "world", 1, frames, MEMORY_SIZE, seed=0, workers=2, options=preset("easy"))
    sender.send(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * MIB_PER_MAXRSS)


def processor_seconds() -> float:
    """Processor time of this process and of its finished children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def print_line(name: str, value: float, unit: str, conditions: str) -> None:
    """One figure as a JSON line."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    line = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": f"{conditions}; {machine}"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
