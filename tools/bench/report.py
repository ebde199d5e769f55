"""How long `report.html` takes and how large it is: one JSON line per figure.

    python tools/bench/report.py [--frames 1000]

No network is needed: the true depth of a rendered drive, and its true poses with a drift added, are written as a track
folder, so that the report has all of its parts but a map and training.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np

from vo_gan.data import Drive, open_drive
from vo_gan.evaluation.report import write_trajectory_report
from vo_gan.evaluation.trajectory import align_trajectories, evaluate_aligned
from vo_gan.files import replace_file
from vo_gan.geometry import chain_motions, relative_motions, transform_from_axis_angle
from vo_gan.odometry.trajectory import Trajectory, write_kitti
from vo_gan.tracking import encode_depth
from vo_gan.world import render_world

SIZE = (192, 64)
FAR = 200.0
"""Metres that the sky is written as."""
DRIFT_DEGREES = 0.02
"""Heading error of every step."""


def main() -> None:
    """Render a drive, make a track of it, and time the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000, metavar="N", help="frames of the drive (1000)")
    frames = parser.parse_args().frames
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        render_world(folder / "world", 1, frames, SIZE, 0)
        source = folder / "world" / "sequences" / "00"
        drive = open_drive(source)
        truth, estimate = write_track(folder / "track", source, drive)
        started, used = time.perf_counter(), time.process_time()
        aligned = align_trajectories(truth, estimate, "se3")
        page = folder / "track" / "report.html"
        write_trajectory_report(
            page, aligned, evaluate_aligned(aligned), title="Bench", command="bench", track=folder / "track"
        )
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        print_line("report", seconds, "s", frames)
        print_line("report_processor_time", processor, "s", frames)
        print_line("report_size", page.stat().st_size / 1e6, "MB", frames)


def write_track(folder: Path, source: Path, drive: Drive) -> tuple[Trajectory, Trajectory]:
    """A track folder of true depth and drifting poses; gives the true and the drifting trajectory."""
    import torch

    (folder / "depth").mkdir(parents=True)
    assert drive.world_from_camera is not None
    turn = transform_from_axis_angle(torch.tensor([0.0, np.radians(DRIFT_DEGREES), 0.0]), torch.zeros(3))
    poses = chain_motions(relative_motions(drive.world_from_camera) @ turn.double().numpy())
    frames = np.arange(len(drive), dtype=np.int64)
    estimate = Trajectory(poses, drive.times, frames)
    write_kitti(folder / "trajectory_kitti.txt", estimate)
    for index in range(len(drive)):
        depth = drive.read_depth(index)
        assert depth is not None
        encoded = encode_depth(np.where(depth > 0, depth, np.float32(FAR)))
        replace_file(folder / "depth" / f"{index:06d}.png", encoded)
    matrix = drive.intrinsics()
    described = {
        "format_version": 1,
        "source": str(source),
        "kind": drive.kind,
        "selection": None,
        "source_intrinsics": None,
        "weights": "none",
        "frames": len(drive),
        "size": list(drive.size),
        "intrinsics": [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]],
        "scale": "metric",
        "refined": False,
        "frames_per_second": 10.0,
        "vo_gan": "0",
    }
    (folder / "track.json").write_text(json.dumps(described), encoding="utf-8")
    return Trajectory(drive.world_from_camera, drive.times, frames), estimate


def print_line(name: str, value: float, unit: str, frames: int) -> None:
    """One figure as a JSON line."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    conditions = f"{frames} frames of {SIZE[0]}x{SIZE[1]}, frames and depth shown, 40 depth maps compared; {machine}"
    print(
        json.dumps({"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": conditions}), flush=True
    )


if __name__ == "__main__":
    main()
