"""The command line from a drive to a map, with networks and images as small as they come."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.cli import main

TINY = [
    *("--ganvo.depth.width", "8", "--ganvo.depth.decoder_width", "4"),
    *("--ganvo.pose.features", "convolutions", "--ganvo.pose.width", "4", "--ganvo.pose.hidden", "8"),
    *("--ganvo.adversarial.width", "4", "--data.width", "128", "--data.height", "64"),
    *("--data.batch", "2", "--data.workers", "0", "--training.device", "cpu", "--training.precision", "fp32"),
    *("--training.validation_batches", "1", "--training.validate_every", "4", "--training.log_every", "1"),
]
CONFIG = str(Path(__file__).parents[2] / "configs" / "ganvo_small.yaml")


def train(folder: Path, root: Path, *more: str) -> int:
    arguments = ["train", "--config", CONFIG, "--runs", str(folder), "--name", "tiny", "--data.root", str(root)]
    return main([*arguments, *TINY, *more])


@pytest.fixture(scope="module")
def run(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps."""
    folder = tmp_path_factory.mktemp("runs")
    assert train(folder, tiny_world, "--training.steps", "6", "--training.checkpoint_every", "3") == 0
    return folder / "tiny"


@pytest.fixture(scope="module")
def track(run: Path, tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracked drive."""
    out = tmp_path_factory.mktemp("track")
    source = str(tiny_world / "sequences" / "01")
    assert main(["track", source, "--weights", str(run), "--out", str(out), "--device", "cpu"]) == 0
    return out


def test_training_leaves_what_the_contract_says(run: Path) -> None:
    for name in ("checkpoints/last", "checkpoints/best", "config.yaml", "metrics.csv", "tensorboard"):
        assert (run / name).exists(), name
    assert "scale: metric" in (run / "config.yaml").read_text()


def test_resumed_training_is_the_uninterrupted_one(run: Path, tiny_world: Path, tmp_path: Path) -> None:
    rows = [line for line in (run / "metrics.csv").read_text().splitlines() if ",speed/" not in line]
    arguments = ["train", "--config", CONFIG, "--runs", str(tmp_path), "--name", "tiny", "--data.root", str(tiny_world)]
    arguments += [*TINY, "--training.steps", "6", "--training.checkpoint_every", "3"]
    # Killed on the spot, as by kill -9, once the first `last` is written.
    script = f"""
import os, vo_gan.engine.trainer as trainer
from vo_gan.cli import main
save = trainer.save_checkpoint
def kill_after(folder, *rest):
    save(folder, *rest)
    if folder.name == "last":
        os._exit(9)
trainer.save_checkpoint = kill_after
main({arguments!r})
"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 9
    assert main([*arguments, "--resume"]) == 0
    resumed = [line for line in (tmp_path / "tiny" / "metrics.csv").read_text().splitlines() if ",speed/" not in line]
    assert resumed == rows


def test_tracking_leaves_what_the_contract_says(track: Path) -> None:
    described = json.loads((track / "track.json").read_text())
    assert described["frames"] == 12
    assert described["scale"] == "metric"
    assert described["size"] == [128, 64]
    poses = np.loadtxt(track / "trajectory_kitti.txt")
    assert poses.shape == (12, 12)
    np.testing.assert_allclose(poses[0], np.eye(4)[:3].ravel())
    assert np.loadtxt(track / "trajectory_tum.txt").shape == (12, 8)
    depth = cv2.imread(str(track / "depth" / "000011.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    assert depth.shape == (64, 128)
    assert depth.min() > 0
    assert len(list((track / "depth").iterdir())) == 12


def test_tracking_again_replaces_and_a_range_is_a_range(run: Path, tiny_world: Path, tmp_path: Path) -> None:
    source = str(tiny_world / "sequences" / "00")
    for frames, count in (("2:9", 7), (":3", 3)):
        arguments = ["track", source, "--weights", str(run), "--out", str(tmp_path), "--frames", frames, "--no-refine"]
        assert main(arguments) == 0
        assert len(list((tmp_path / "depth").iterdir())) == count
    described = json.loads((tmp_path / "track.json").read_text())
    assert described["selection"] == [0, 3]
    assert described["refined"] is False


def test_frames_without_calibration_track_without_refinement(run: Path, tiny_world: Path, tmp_path: Path) -> None:
    frames = tiny_world / "sequences" / "00" / "image_2"
    arguments = ["track", str(frames), "--weights", str(run), "--out"]
    assert main([*arguments, str(tmp_path / "a")]) == 0
    assert json.loads((tmp_path / "a" / "track.json").read_text())["refined"] is False
    assert main([*arguments, str(tmp_path / "b"), "--intrinsics", "74,121,62,31"]) == 0
    assert json.loads((tmp_path / "b" / "track.json").read_text())["refined"] is True
    assert main([*arguments, str(tmp_path / "c"), "--refine"]) == 2


def test_a_video_is_tracked(run: Path, tiny_world: Path, tmp_path: Path) -> None:
    frames = sorted((tiny_world / "sequences" / "00" / "image_2").iterdir())
    writer = cv2.VideoWriter(str(tmp_path / "drive.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (128, 64))
    for frame in frames:
        writer.write(cv2.imread(str(frame)))
    writer.release()
    out = tmp_path / "track"
    arguments = ["track", str(tmp_path / "drive.avi"), "--weights", str(run), "--out", str(out)]
    assert main([*arguments, "--intrinsics", "74,121,62,31"]) == 0
    assert json.loads((out / "track.json").read_text())["kind"] == "video"
    assert np.loadtxt(out / "trajectory_kitti.txt").shape == (12, 12)


def test_evaluating_and_mapping_a_track(track: Path, tiny_world: Path, tmp_path: Path) -> None:
    truth, estimate = str(tiny_world / "poses" / "01.txt"), str(track / "trajectory_kitti.txt")
    figures = tmp_path / "figures.json"
    assert main(["evaluate", "trajectory", "--gt", truth, "--est", estimate, "--json", str(figures)]) == 0
    values = json.loads(figures.read_text())
    assert values["frames"] == 12
    assert values["t_rel_percent"] is None  # some ten metres hold no sub-sequence of 100 m
    assert "100" in values["t_rel_percent_reason"]
    assert values["ate_m"] > 0
    depth = str(tiny_world / "sequences" / "01" / "depth_2")
    assert main(["evaluate", "depth", "--gt", depth, "--est", str(track / "depth"), "--json", str(figures)]) == 0
    assert json.loads(figures.read_text())["images"] == 12
    # After six steps no two frames agree on depth within the default tolerance.
    assert main(["map", str(track), "--out", str(tmp_path / "map"), "--tolerance", "0.9"]) == 0
    assert (tmp_path / "map" / "cloud.ply").stat().st_size > 1000
    assert cv2.imread(str(tmp_path / "map" / "map.png")) is not None


def test_depth_of_single_images(run: Path, tiny_world: Path, tmp_path: Path) -> None:
    image = tmp_path / "street.png"
    frame = cv2.imread(str(tiny_world / "sequences" / "00" / "image_2" / "000003.png"))
    cv2.imwrite(str(image), cv2.resize(frame, (200, 90)))
    assert main(["depth", str(image), "--weights", str(run), "--out", str(tmp_path / "out")]) == 0
    depth = np.load(tmp_path / "out" / "street_depth.npy")
    coded = cv2.imread(str(tmp_path / "out" / "street_depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth.shape == coded.shape == (90, 200)
    np.testing.assert_allclose(coded / 256.0, np.minimum(depth, 65535 / 256), atol=1 / 256)
    assert cv2.imread(str(tmp_path / "out" / "street_color.png")).shape == (90, 200, 3)


def test_configuration_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--config", CONFIG, "--print_config", "--data.width", "320"]) == 0
    assert "width: 320" in capsys.readouterr().out


def test_help_is_quick_and_every_command_has_it() -> None:
    started = time.perf_counter()
    shown = subprocess.run([sys.executable, "-m", "vo_gan", "--help"], capture_output=True, text=True, check=True)
    imported = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, vo_gan.cli; print([m for m in ('torch', 'cv2', 'numpy') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert time.perf_counter() - started < 20
    assert imported.stdout.strip() == "[]"
    for command in ("demo", "world", "data", "train", "track", "depth", "evaluate", "map", "view", "import"):
        assert f"    {command}" in shown.stdout
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
