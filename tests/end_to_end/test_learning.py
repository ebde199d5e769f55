"""Learning is shown against baselines, on a drive not trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vo_gan.cli import main
from vo_gan.data import open_drive
from vo_gan.evaluation.trajectory import constant_velocity, evaluate_trajectory
from vo_gan.geometry import relative_motions
from vo_gan.odometry import Tracker, Trajectory
from vo_gan.pretrained import load_networks
from vo_gan.world import render_world

CONFIG = str(Path(__file__).parents[2] / "configs" / "ganvo_small.yaml")


def test_a_minute_of_training_learns_depth_and_the_way_ahead(tmp_path: Path) -> None:
    """Small networks, 150 steps: the loss falls, and on another town's drive the camera moves the right way, by about
    the right length in metres, along a better path than constant velocity's."""
    render_world(tmp_path / "train", 4, 30, (128, 64), seed=3)
    render_world(tmp_path / "unseen", 1, 90, (128, 64), seed=3, first_sequence=7)
    arguments = ["train", "--config", CONFIG, "--runs", str(tmp_path), "--data.root", str(tmp_path / "train")]
    arguments += ["--data.width", "128", "--data.height", "64", "--data.batch", "8", "--training.device", "cpu"]
    arguments += ["--ganvo.depth.width", "16", "--ganvo.learning_rate", "1e-3", "--training.precision", "fp32"]
    arguments += ["--training.steps", "150", "--training.validate_every", "50", "--training.log_every", "10"]
    assert main(arguments) == 0
    run = tmp_path / "ganvo_small"
    rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()[1:]]
    stereo = [float(value) for _, name, value in rows if name == "train/stereo"]
    assert np.mean(stereo[-3:]) < 0.75 * np.mean(stereo[:2])

    drive = open_drive(tmp_path / "unseen" / "sequences" / "07")
    networks = load_networks(run / "checkpoints" / "last")
    tracker = Tracker(networks, drive.intrinsics(networks.size), refine=True)
    tracked = [tracker.track(drive.read(index)) for index in range(len(drive))]
    frames = np.arange(len(drive), dtype=np.int64)
    estimate = Trajectory(np.stack([frame.world_from_camera for frame in tracked]), drive.times, frames)
    truth = Trajectory(drive.world_from_camera, drive.times, frames)
    figures, baseline = (evaluate_trajectory(truth, other) for other in (estimate, constant_velocity(truth)))
    assert figures.ate_m < 0.5 * baseline.ate_m
    steps, true_steps = (relative_motions(path.world_from_camera)[:, :3, 3] for path in (estimate, truth))
    lengths = np.linalg.norm(steps, axis=1).sum() / np.linalg.norm(true_steps, axis=1).sum()
    assert 0.7 < lengths < 1.4
    directions = (steps * true_steps).sum(1) / np.linalg.norm(steps, axis=1) / np.linalg.norm(true_steps, axis=1)
    assert np.median(directions) > 0.98
    errors = []
    for index, frame in enumerate(tracked):
        depth = drive.read_depth(index)
        near = (depth > 0) & (depth < 30)
        errors.append(np.median(np.abs(frame.depth - depth)[near] / depth[near]))
    assert np.median(errors) < 0.25


@pytest.mark.slow
def test_the_demo_beats_constant_velocity(tmp_path: Path) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo"), "--device", "cpu"]) == 0
    figures = json.loads((tmp_path / "demo" / "evaluation.json").read_text())
    assert figures["vo_gan"]["ate_m"] < 0.3 * figures["constant_velocity"]["ate_m"]
    for name in ("cloud.ply", "map.png", "report.html", "trajectory_kitti.txt", "trajectory_tum.txt", "track.json"):
        assert (tmp_path / "demo" / name).stat().st_size > 0
    page = (tmp_path / "demo" / "report.html").read_text()
    for part in ("Error along the path", "Drift", "reconstruction", "Relative error of depth", "The map", "Training"):
        assert part in page, part
    assert "constant velocity" in page
