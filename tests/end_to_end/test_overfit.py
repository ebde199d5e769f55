"""SGANVO learns a tiny world by heart: the whole way from frames to motions, in less than two minutes on one core."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vo_gan.cli import main
from vo_gan.data import open_drive
from vo_gan.geometry import relative_motions
from vo_gan.odometry import Tracker
from vo_gan.pretrained import load_networks
from vo_gan.world import render_world

CONFIG = str(Path(__file__).parents[2] / "configs" / "sganvo_small.yaml")
SIZE = (128, 64)


def test_a_tiny_world_is_learned_by_heart(tmp_path: Path) -> None:
    """The loss falls by half, and each motion points where the camera went."""
    render_world(tmp_path / "world", 1, 20, SIZE, seed=11)
    source = tmp_path / "world" / "sequences" / "00"
    arguments = ["train", "--config", CONFIG, "--runs", str(tmp_path), "--data.root", str(tmp_path / "world")]
    arguments += [
        "--data.width",
        str(SIZE[0]),
        "--data.height",
        str(SIZE[1]),
        "--data.batch",
        "4",
        "--data.workers",
        "0",
    ]
    arguments += ["--data.drives", "sequences/00", "--data.validation", "sequences/00", "--training.device", "cpu"]
    arguments += ["--sganvo.depth.width", "16", "--sganvo.learning_rate", "5e-4", "--sganvo.augment", "false"]
    arguments += ["--data.speeds", "[1]", "--sganvo.reconstruction.alignment_after", "40"]
    arguments += ["--training.precision", "fp32", "--training.steps", "200", "--training.log_every", "5"]
    arguments += ["--training.validate_every", "100", "--training.validation_batches", "2"]
    assert main(arguments) == 0

    rows = [line.split(",") for line in (tmp_path / "sganvo_small" / "metrics.csv").read_text().splitlines()[1:]]
    seen = {name: [float(value) for _, row, value in rows if row == f"train/{name}"] for name in ("temporal", "stereo")}
    losses = np.sum(list(seen.values()), axis=0)
    assert np.mean(losses[-3:]) < 0.5 * losses[0]

    networks = load_networks(tmp_path / "sganvo_small" / "checkpoints" / "last")
    drive = open_drive(source)
    tracker = Tracker(networks, drive.intrinsics(SIZE))
    poses = np.stack([tracker.track(drive.read(index)).world_from_camera for index in range(len(drive))])
    assert drive.world_from_camera is not None
    steps, true_steps = (relative_motions(path)[:, :3, 3] for path in (poses, drive.world_from_camera))
    cosines = (steps * true_steps).sum(1) / np.linalg.norm(steps, axis=1) / np.linalg.norm(true_steps, axis=1)
    assert np.median(cosines) > 0.97
    assert 0.7 < np.linalg.norm(steps, axis=1).sum() / np.linalg.norm(true_steps, axis=1).sum() < 1.4
