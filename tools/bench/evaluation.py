"""How long the evaluation takes: one JSON line per figure.

    python tools/bench/evaluation.py [FOLDER]

FOLDER holds `kitti_ground_truth/NN.txt` and `orbslam2_stereo/NN.txt` for the sequences 00 to 10 of KITTI. Without it,
synthetic trajectories of the same lengths are made.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vo_gan.evaluation.batch import evaluate_batch, find_jobs
from vo_gan.evaluation.depth import evaluate_depth
from vo_gan.evaluation.kitti import segment_errors
from vo_gan.evaluation.plots import plot_trajectories
from vo_gan.evaluation.trajectory import evaluate_trajectory
from vo_gan.geometry import chain_motions
from vo_gan.odometry.trajectory import Trajectory, read_trajectory, write_kitti

FRAMES = (4541, 1101, 4661, 801, 271, 2761, 1101, 1101, 4071, 1591, 1201)
"""Of the sequences 00 to 10."""

REPEATS = 5

Pairs = list[tuple[Path, Path]]


def main() -> None:
    """Time everything and print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of true and estimated trajectories")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        if folder is None:
            pairs, source = synthetic_pairs(temporary), "synthetic trajectories of the lengths of KITTI 00-10"
        else:
            pairs, source = real_pairs(folder), "ORB-SLAM2 on KITTI 00-10"
        time_batch(pairs, source)
        time_trajectories(pairs, source)
        time_depth()
        time_plot(temporary, pairs[0])


def real_pairs(folder: Path) -> Pairs:
    """True and estimated trajectory files of the eleven sequences."""
    names = [f"{sequence:02d}.txt" for sequence in range(len(FRAMES))]
    return [(folder / "kitti_ground_truth" / name, folder / "orbslam2_stereo" / name) for name in names]


def synthetic_pairs(folder: Path) -> Pairs:
    """Trajectories with bends, 0.85 m a frame, and noisy copies of them."""
    pairs = []
    random = np.random.default_rng(0)
    for sequence, frames in enumerate(FRAMES):
        heading = 0.01 * np.sin(np.arange(frames - 1) / 40)
        paths = []
        for name, noise in (("truth", 0.0), ("estimate", 1.0)):
            angle = heading + noise * random.normal(scale=5e-4, size=frames - 1)
            motions = np.tile(np.eye(4), (frames - 1, 1, 1))
            motions[:, 0, 0] = motions[:, 2, 2] = np.cos(angle)
            motions[:, 0, 2], motions[:, 2, 0] = np.sin(angle), -np.sin(angle)
            motions[:, 2, 3] = 0.85 + noise * random.normal(scale=0.01, size=frames - 1)
            (folder / name).mkdir(exist_ok=True)
            paths.append(folder / name / f"{sequence:02d}.txt")
            write_kitti(paths[-1], Trajectory(chain_motions(motions), None, np.arange(frames)))
        pairs.append((paths[0], paths[1]))
    return pairs


def time_batch(pairs: Pairs, source: str) -> None:
    """From the files to all figures of all sequences, as `vo-gan evaluate batch` does it, without its imports."""
    jobs = find_jobs(pairs[0][0].parent, pairs[0][1].parent, "se3", "exact")
    report_time("batch_11_sequences", lambda: evaluate_batch(jobs), f"{source}, reading included, one process")


def time_trajectories(pairs: Pairs, source: str) -> None:
    """Reading, the KITTI metric alone, and all figures, of all sequences together."""
    trajectories = [(read_trajectory(truth), read_trajectory(estimate)) for truth, estimate in pairs]

    def read() -> None:
        for truth, estimate in pairs:
            read_trajectory(truth)
            read_trajectory(estimate)

    def kitti_metric() -> None:
        for truth, estimate in trajectories:
            segment_errors(truth.world_from_camera, estimate.world_from_camera, np.arange(len(estimate)))

    def all_figures() -> None:
        for truth, estimate in trajectories:
            evaluate_trajectory(truth, estimate)

    report_time("trajectories_read_22_files", read, source)
    report_time("kitti_metric_11_sequences", kitti_metric, source)
    report_time("all_trajectory_figures_11_sequences", all_figures, f"{source}, se3, with ATE and RPE")


def time_depth() -> None:
    """Depth figures of full-size images with sparse truth."""
    random = np.random.default_rng(0)
    truth = random.uniform(3.0, 90.0, (10, 375, 1242)) * (random.uniform(size=(10, 375, 1242)) < 0.05)
    estimate = random.uniform(3.0, 90.0, (10, 192, 640))
    seconds = shortest_seconds(lambda: evaluate_depth(truth, estimate, median_scale=True, crop="garg"))
    conditions = "1242x375, 5 % of pixels with truth, estimate 640x192"
    print_line("depth_figures_images_per_second", len(truth) / seconds, "images/s", conditions)


def time_plot(folder: Path, pair: tuple[Path, Path]) -> None:
    """One plot of a long drive."""
    truth, estimate = (read_trajectory(path) for path in pair)
    plot = folder / "plot.png"
    report_time(
        "trajectory_plot",
        lambda: plot_trajectories(plot, truth, {"estimate": estimate}, "sequence 00"),
        f"{len(truth)} frames",
    )


def report_time(name: str, work: Callable[[], object], conditions: str) -> None:
    """Print the shortest time of some work."""
    print_line(name, shortest_seconds(work), "s", conditions)


def shortest_seconds(work: Callable[[], object]) -> float:
    """Shortest of a few runs after one to warm up: what other work on the machine disturbs least."""
    work()
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def print_line(name: str, value: float, unit: str, conditions: str) -> None:
    """One figure as a JSON line."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    line = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": f"{conditions}; {machine}"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
