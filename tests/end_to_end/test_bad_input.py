"""Bad input gets one message that names the file and the remedy, exit code 2, and nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from vo_gan.cli import main
from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.engine import save_checkpoint
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.recipes import GanvoConfig

CONFIG = str(Path(__file__).parents[2] / "configs" / "ganvo_small.yaml")
SIZE = (128, 64)
SMALL = Config(
    data=DataConfig(width=SIZE[0], height=SIZE[1]),
    ganvo=GanvoConfig(depth=DepthConfig(width=8), pose=PoseConfig(features="convolutions", width=4, hidden=8)),
)


def weights(folder: Path, config: Config = SMALL) -> Path:
    torch.manual_seed(0)
    networks = {
        "depth": build_depth_generator(SMALL.ganvo.depth, SIZE),
        "pose": build_pose_net(SMALL.ganvo.pose),
    }
    save_checkpoint(folder / "weights", networks, to_plain(config))
    return folder / "weights"


@pytest.fixture
def sequence(tiny_world: Path, tmp_path: Path) -> Path:
    """A copy of a whole world with one sequence, to break."""
    shutil.copytree(tiny_world / "sequences" / "00", tmp_path / "kitti" / "sequences" / "00")
    shutil.copytree(tiny_world / "poses", tmp_path / "kitti" / "poses")
    (tmp_path / "kitti" / "poses" / "01.txt").unlink()
    return tmp_path / "kitti" / "sequences" / "00"


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must exit with 2 and one message without a traceback; gives the message."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    messages = [line for line in shown.err.splitlines() if line.startswith("vo-gan: ")]
    assert len(messages) == 1
    assert "Traceback" not in shown.err
    return shown.err


def train(capsys: pytest.CaptureFixture[str], root: Path | str, runs: Path, *more: object) -> str:
    message = refused(
        capsys, "train", "--config", CONFIG, "--runs", runs, "--data.root", root, "--data.workers", 0,
        "--data.width", 128, "--data.height", 64, "--training.device", "cpu", *more,
    )  # fmt: skip
    assert not list(runs.rglob("*.safetensors"))
    return message


def test_missing_root(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert str(tmp_path / "none") in train(capsys, tmp_path / "none", tmp_path / "runs")
    assert "data.root is not set" in train(capsys, "", tmp_path / "runs")


def test_sequence_without_calibration(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    (sequence / "calib.txt").unlink()
    assert "calib.txt" in train(capsys, sequence.parents[1], tmp_path / "runs")


@pytest.mark.parametrize("line", ["P2:", "P2: 1 0 nan 0 0 1 0 0 0 0 1 0", None])
def test_broken_calibration(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path, line: str | None
) -> None:
    text = (sequence / "calib.txt").read_text().splitlines()
    text = [line if part.startswith("P2:") else part for part in text if line is not None or not part.startswith("P2:")]
    (sequence / "calib.txt").write_text("\n".join(part for part in text if part is not None) + "\n")
    message = train(capsys, sequence.parents[1], tmp_path / "runs")
    assert "calib.txt" in message
    assert "P2" in message


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_truncated_frame_stops_before_the_first_step(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path, suffix: str
) -> None:
    for folder in ("image_2", "image_3"):
        for frame in (sequence / folder).iterdir():
            image = cv2.imread(str(frame))
            frame.unlink()
            cv2.imwrite(str(frame.with_suffix(suffix)), image)
    broken = sequence / "image_2" / f"000007{suffix}"
    broken.write_bytes(broken.read_bytes()[:-200])
    message = train(capsys, sequence.parents[1], tmp_path / "runs")
    assert broken.name in message
    assert not (tmp_path / "runs" / "ganvo_small" / "metrics.csv").exists()
    assert main(["data", "check", str(sequence.parents[1])]) != 0
    assert broken.name in "".join(capsys.readouterr())


def test_frames_of_two_sizes(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(sequence / "image_2" / "000005.png"), np.zeros((32, 64, 3), np.uint8))
    assert "000005.png" in train(capsys, sequence.parents[1], tmp_path / "runs")
    message = refused(capsys, "track", sequence, "--weights", weights(tmp_path), "--out", tmp_path / "out")
    assert "000005.png" in message


def test_one_frame_only(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    for folder in ("image_2", "image_3", "depth_2"):
        for frame in sorted((sequence / folder).iterdir())[1:]:
            frame.unlink()
    (sequence / "times.txt").write_text("0.0\n")
    assert "1 frame" in train(capsys, sequence.parents[1], tmp_path / "runs")
    # There is nothing wrong with tracking one frame: it stands at the identity.
    out = tmp_path / "out"
    with pytest.warns(UserWarning, match="00.txt"):
        assert main(["track", str(sequence), "--weights", str(weights(tmp_path)), "--out", str(out)]) == 0
    assert np.loadtxt(out / "trajectory_kitti.txt").shape == (12,)


@pytest.mark.parametrize("rows", [5, 20])
def test_poses_of_another_length_are_reported(capsys: pytest.CaptureFixture[str], sequence: Path, rows: int) -> None:
    poses = sequence.parents[1] / "poses" / "00.txt"
    lines = (poses.read_text().splitlines() * 2)[:rows]
    poses.write_text("\n".join(lines) + "\n")
    assert main(["data", "check", str(sequence.parents[1])]) != 0
    shown = "".join(capsys.readouterr())
    assert "00.txt" in shown
    assert str(rows) in shown


def test_times_that_run_backwards(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    times = sequence / "times.txt"
    times.write_text("\n".join(reversed(times.read_text().split())) + "\n")
    message = refused(capsys, "track", sequence, "--weights", weights(tmp_path), "--out", tmp_path / "out")
    assert "times.txt" in message
    assert not (tmp_path / "out").exists()


def test_empty_video(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    message = refused(capsys, "track", tmp_path / "empty.mp4", "--weights", weights(tmp_path), "--out", tmp_path / "o")
    assert "empty.mp4" in message


def test_intrinsics_that_do_not_fit_the_image(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path
) -> None:
    arguments = ("track", sequence / "image_2", "--weights", weights(tmp_path), "--out", tmp_path / "out")
    assert "128x64" in refused(capsys, *arguments, "--intrinsics", "700,700,600,180")
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in (*arguments, "--intrinsics", "700,600,180")])
    assert stop.value.code == 2


def test_unknown_configuration_key(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    message = train(capsys, sequence.parents[1], tmp_path / "runs", "--training.step", "4")
    assert "did you mean training.steps" in message


def test_a_run_that_exists_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs" / "ganvo_small" / "checkpoints").mkdir(parents=True)
    assert "--resume" in train(capsys, sequence.parents[1], tmp_path / "runs")
    assert "without --resume" in train(capsys, sequence.parents[1], tmp_path / "other", "--resume")


def test_weights_of_another_architecture(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    folder = weights(tmp_path, Config(data=SMALL.data, ganvo=GanvoConfig()))
    message = refused(capsys, "track", sequence, "--weights", folder, "--out", tmp_path / "out")
    assert "another architecture" in message
    assert not (tmp_path / "out").exists()


def test_damaged_and_missing_weights(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    folder = weights(tmp_path)
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    assert "checksum" in refused(capsys, "track", sequence, "--weights", folder, "--out", tmp_path / "out")
    assert "no checkpoint" in refused(capsys, "depth", "x.png", "--weights", tmp_path, "--out", tmp_path / "out")


def test_a_config_that_asks_for_code_is_refused(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump(to_plain(SMALL)) + "evil: !!python/object/apply:pathlib.Path.touch ['x']\n")
    assert "YAML" in refused(capsys, "train", "--config", config, "--data.root", sequence.parents[1])


def test_an_output_folder_of_somebody_else_is_left_alone(
    capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "depth").mkdir(parents=True)
    (tmp_path / "out" / "depth" / "mine.txt").write_text("keep")
    message = refused(capsys, "track", sequence, "--weights", weights(tmp_path), "--out", tmp_path / "out")
    assert "no track left" in message
    assert (tmp_path / "out" / "depth" / "mine.txt").read_text() == "keep"
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("keep")
    assert "no demo" in refused(capsys, "demo", "--out", tmp_path / "demo")


def test_no_cuda_is_said(capsys: pytest.CaptureFixture[str], sequence: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    arguments = ("track", sequence, "--weights", weights(tmp_path), "--out", tmp_path / "out", "--device", "cuda")
    assert "--device cpu" in refused(capsys, *arguments)
