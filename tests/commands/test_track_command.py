"""`vo-gan track` with a truth, live, quiet and with bad input, by networks that have learned nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vo_gan.cli import main
from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.engine import save_checkpoint
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.odometry.trajectory import Trajectory, read_trajectory, write_tum
from vo_gan.recipes import GanvoConfig

SIZE = (128, 64)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of small networks, fresh from their initialisation."""
    depth, pose = DepthConfig(width=8), PoseConfig(features="convolutions", width=4, hidden=8)
    config = Config(data=DataConfig(width=SIZE[0], height=SIZE[1]), ganvo=GanvoConfig(depth=depth, pose=pose))
    torch.manual_seed(0)
    networks = {"depth": build_depth_generator(depth, SIZE), "pose": build_pose_net(pose)}
    folder = tmp_path_factory.mktemp("weights")
    save_checkpoint(folder / "tiny", networks, to_plain(config))
    return folder / "tiny"


def track(source: Path, weights: Path, out: Path, *more: object) -> int:
    arguments = ["track", source, "--weights", weights, "--out", out, "--device", "cpu", "--no-refine", *more]
    return main([str(argument) for argument in arguments])


def test_a_truth_is_evaluated_and_reported(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, truth = tiny_world / "sequences" / "01", tiny_world / "poses" / "01.txt"
    assert track(source, weights, tmp_path, "--gt", truth) == 0
    shown = capsys.readouterr().out
    assert "Alignment sim3" in shown  # these networks know no scale
    assert "12 of 12 true frames" in shown
    figures = json.loads((tmp_path / "evaluation.json").read_text())
    assert (figures["alignment"], figures["resolution"], figures["track_scale"]) == ("sim3", "128x64", "relative")
    page = (tmp_path / "report.html").read_text()
    for text in ("reconstruction", "every image scaled by the ratio of medians", f"--gt {truth}", "Alignment sim3"):
        assert text in page, text


@pytest.mark.parametrize("clock", ["frame index", "time"])
def test_a_range_is_matched_with_its_own_frames(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: str
) -> None:
    """Frames 4 to 9 are compared with the true poses 4 to 9, by index (KITTI) and by time (TUM)."""
    source, truth = tiny_world / "sequences" / "01", tiny_world / "poses" / "01.txt"
    if clock == "time":
        times = np.loadtxt(source / "times.txt")
        poses = read_trajectory(truth).world_from_camera
        truth = tmp_path / "truth.txt"
        write_tum(truth, Trajectory(poses, times, np.arange(12)))
    assert track(source, weights, tmp_path / "t", "--frames", "4:10", "--gt", truth, "--align", "none") == 0
    assert f"6 of 12 true frames, matched by {clock}" in capsys.readouterr().out
    figures = json.loads((tmp_path / "t" / "evaluation.json").read_text())
    true = read_trajectory(truth).world_from_camera[4:10, :3, 3]
    estimate = read_trajectory(tmp_path / "t" / "trajectory_kitti.txt").world_from_camera[:, :3, 3]
    assert figures["ate_m"] == pytest.approx(np.sqrt(((true - estimate) ** 2).sum(axis=1).mean()), rel=1e-6)


def test_what_cannot_be_evaluated_is_said(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert track(tiny_world / "sequences" / "01" / "image_2", weights, tmp_path / "t") == 0
    assert "not evaluated: no true trajectory was given (--gt FILE)" in capsys.readouterr().out
    assert not (tmp_path / "t" / "report.html").exists()


def test_frames_without_intrinsics_are_evaluated_too(tiny_world: Path, weights: Path, tmp_path: Path) -> None:
    """Nothing can be reconstructed without intrinsics; the rest is there."""
    source, truth = tiny_world / "sequences" / "01" / "image_2", tiny_world / "poses" / "01.txt"
    assert track(source, weights, tmp_path, "--gt", truth) == 0
    page = (tmp_path / "report.html").read_text()
    assert "Error along the path" in page
    assert "without intrinsics" in page


def test_bad_truth_is_refused_before_tracking(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tiny_world / "sequences" / "01", tmp_path / "t"
    (tmp_path / "nan.txt").write_text(" ".join(["nan"] * 12) + "\n")
    for truth, message in ((tmp_path / "none.txt", "no such file"), (tmp_path / "nan.txt", "line 1")):
        assert track(source, weights, out, "--gt", truth) == 2
        assert message in capsys.readouterr().err
    assert track(source, weights, out, "--align", "se3") == 2
    assert "--gt FILE" in capsys.readouterr().err
    assert not out.exists()


def test_a_truth_of_another_clock_is_refused(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    poses = read_trajectory(tiny_world / "poses" / "01.txt").world_from_camera
    write_tum(tmp_path / "truth.txt", Trajectory(poses, 1e6 + np.arange(12.0), np.arange(12)))
    assert track(tiny_world / "sequences" / "01", weights, tmp_path / "t", "--gt", tmp_path / "truth.txt") == 2
    assert "both need the same clock" in capsys.readouterr().err
    assert (tmp_path / "t" / "track.json").exists()  # the track is whole all the same
    assert not (tmp_path / "t" / "evaluation.json").exists()


def test_an_older_evaluation_goes_with_its_track(tiny_world: Path, weights: Path, tmp_path: Path) -> None:
    source = tiny_world / "sequences" / "01"
    assert track(source, weights, tmp_path, "--frames", ":3", "--gt", tiny_world / "poses" / "01.txt") == 0
    assert track(source, weights, tmp_path, "--frames", ":3") == 0
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "evaluation.json").exists()


def test_live_leaves_a_picture(tiny_world: Path, weights: Path, tmp_path: Path) -> None:
    source = tiny_world / "sequences" / "01"
    assert track(source, weights, tmp_path / "t", "--live") == 0
    assert track(source, weights, tmp_path / "u", f"--live={tmp_path / 'mine.png'}") == 0
    for picture in (tmp_path / "t" / "live.png", tmp_path / "mine.png"):
        assert cv2.imread(str(picture)).std() > 20


def test_live_where_it_cannot_be(
    tiny_world: Path,
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tiny_world / "sequences" / "01"
    monkeypatch.delenv("DISPLAY", raising=False)
    assert track(source, weights, tmp_path / "t", "--live", "window") == 2
    assert "--live FILE.png" in capsys.readouterr().err
    assert track(source, weights, tmp_path / "t", f"--live={tmp_path / 'no' / 'folder.png'}") == 2
    assert "folder.png" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        track(source, weights, tmp_path / "t", "--live", "drive.mp4")


def test_quiet_before_and_after_the_command(
    tiny_world: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No progress; results and errors are shown. And the next command is not quiet any more."""
    source = str(tiny_world / "sequences" / "01")
    command = ["track", source, "--weights", str(weights), "--out", str(tmp_path), "--device", "cpu", "--no-refine"]
    for arguments in (["--quiet", *command], [*command, "--quiet"]):
        assert main(arguments) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        assert "tracked 12 frames" in shown.out
    assert main(["--quiet", "track", "nowhere", "--weights", str(weights), "--out", str(tmp_path)]) == 2
    assert "nowhere" in capsys.readouterr().err
