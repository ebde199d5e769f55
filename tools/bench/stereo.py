"""Speed and memory of stereo matching: one JSON line per figure.

    OMP_NUM_THREADS=2 python tools/bench/stereo.py [--only learned,sgbm] [--sizes 640x192,1242x375] [--iterations N]

The network is untrained: it takes as long as a trained one. Figures are the best of several runs, without confidence,
which takes as long again. Each matcher and size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import cv2
import numpy as np
import torch

from vo_gan.device import Precision
from vo_gan.models import MatcherConfig, StereoMatcher
from vo_gan.odometry import LearnedMatcher, Matcher, SgbmMatcher

RUNS = 5
NAMES = ("learned", "sgbm")


def pair(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed noise, and the same a twentieth of the width further left."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width + width // 20, 3), dtype=np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return wide[:, :width].copy(), wide[:, width // 20 :].copy()


def measure(name: str, width: int, height: int, iterations: int | None, precision: Precision) -> None:
    """Print rate and peak memory of one matcher."""
    threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    conditions: dict[str, object] = {"size": f"{width}x{height}", "threads": threads}
    matcher: Matcher
    if name == "sgbm":
        matcher = SgbmMatcher(confidence=False)
    else:
        torch.manual_seed(0)
        network = StereoMatcher(MatcherConfig())
        matcher = LearnedMatcher(network, iterations=iterations, confidence=False, precision=precision)
        conditions |= {
            "iterations": iterations or network.config.iterations,
            "precision": precision,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
        }
    left, right = pair(width, height)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        matcher.disparity(left, right)
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for figure, value, unit in (
        (f"{name}_rate", 1.0 / min(times), "pairs/s"),
        (f"{name}_peak_memory", peak, "MB"),
        (f"{name}_memory_above_start", peak - before, "MB"),
    ):
        print(
            json.dumps({"name": figure, "value": round(value, 3), "unit": unit, "conditions": conditions}), flush=True
        )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NAMES), help="comma-separated names")
    parser.add_argument("--sizes", default="640x192,1242x375", help="comma-separated sizes")
    parser.add_argument("--iterations", type=int, help="corrections by the network (as configured by default)")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the network")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        for size in arguments.sizes.split(","):
            if arguments.here:
                width, height = (int(side) for side in size.split("x"))
                measure(name, width, height, arguments.iterations, arguments.precision)
                continue
            command = [sys.executable, __file__, "--here", "--only", name, "--sizes", size]
            command += ["--precision", arguments.precision]
            command += ["--iterations", str(arguments.iterations)] if arguments.iterations else []
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
