"""`vo-gan stereo`, `vo-gan train` of the recipe stereo and `vo-gan track --stereo`, by their users' way in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vo_gan.cli import main
from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.data import open_drive
from vo_gan.engine import load_checkpoint, save_checkpoint
from vo_gan.evaluation.stereo import evaluate_stereo
from vo_gan.models import DepthConfig, MatcherConfig, PoseConfig, StereoMatcher, build_depth_generator, build_pose_net
from vo_gan.odometry.trajectory import read_trajectory
from vo_gan.recipes import GanvoConfig, StereoConfig

CONFIG = Path(__file__).parents[2] / "configs" / "stereo.yaml"
MATCHER = MatcherConfig(width=8, features=16, hidden=16, iterations=2)
SMALL_MATCHER = ("--stereo.matcher.width", 8, "--stereo.matcher.features", 16, "--stereo.matcher.hidden", 16)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a small matcher, fresh from its initialisation."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    config = Config(recipe="stereo", stereo=StereoConfig(matcher=MATCHER))
    save_checkpoint(folder, {"matcher": StereoMatcher(MATCHER)}, to_plain(config))
    return folder


@pytest.fixture
def pair(tiny_world: Path) -> tuple[Path, Path]:
    sequence = tiny_world / "sequences" / "00"
    return sequence / "image_2" / "000003.png", sequence / "image_3" / "000003.png"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert run(*arguments) == 2
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    return shown


def test_sgbm_disparity_and_depth_are_true(tiny_world: Path, pair: tuple[Path, Path], tmp_path: Path) -> None:
    drive = open_drive(tiny_world / "sequences" / "00")
    matrix = drive.intrinsics()
    camera = ",".join(str(matrix[row, column]) for row, column in ((0, 0), (1, 1), (0, 2), (1, 2)))
    options = ("--method", "sgbm", "--out", tmp_path, "--intrinsics", camera, "--baseline", drive.baseline)
    assert run("stereo", *pair, *options) == 0
    names = {"disparity.png", "disparity.npy", "color.png", "confidence.png", "depth.png", "depth.npy"}
    assert {path.name for path in tmp_path.iterdir()} == names
    disparity, depth = np.load(tmp_path / "disparity.npy"), np.load(tmp_path / "depth.npy")
    coded = cv2.imread(str(tmp_path / "disparity.png"), cv2.IMREAD_UNCHANGED)
    assert coded.dtype == np.uint16
    np.testing.assert_allclose(coded / 256.0, disparity, atol=1 / 512)
    true = drive.read_depth(3)
    assert true is not None
    known = (true > 0) & (depth > 0)
    assert np.median(np.abs(depth - true)[known] / true[known]) < 0.1


def test_the_network_matches_every_pixel(pair: tuple[Path, Path], weights: Path, tmp_path: Path) -> None:
    assert run("stereo", *pair, "--weights", weights, "--out", tmp_path, "--device", "cpu") == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "disparity.png",
        "disparity.npy",
        "color.png",
        "confidence.png",
    }
    assert (cv2.imread(str(tmp_path / "disparity.png"), cv2.IMREAD_UNCHANGED) > 0).all()
    options = ("--out", tmp_path / "sparse", "--min-confidence", "0.9", "--device", "cpu")
    assert run("stereo", *pair, "--weights", weights, *options) == 0
    sparse = np.load(tmp_path / "sparse" / "disparity.npy")
    assert (sparse == 0).any()
    np.testing.assert_array_equal(sparse[sparse > 0], np.load(tmp_path / "disparity.npy")[sparse > 0])


def test_folders_give_folders_that_can_be_evaluated(
    tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sequence = tiny_world / "sequences" / "00"
    shutil.copytree(sequence / "image_3", tmp_path / "right")
    for index in range(3, 12):
        (tmp_path / "right" / f"{index:06d}.png").unlink()
    drive = open_drive(sequence)
    (tmp_path / "truth").mkdir()
    for index in range(3):
        depth = drive.read_depth(index)
        assert depth is not None
        assert drive.baseline is not None
        scale = drive.intrinsics()[0, 0] * drive.baseline
        true = np.divide(scale, depth, out=np.zeros_like(depth), where=depth > 0)
        np.save(tmp_path / "truth" / f"{index:06d}.npy", true.astype(np.float32))
    out = tmp_path / "out"
    assert run("stereo", sequence / "image_2", tmp_path / "right", "--method", "sgbm", "--out", out) == 0
    assert "for 3 of the 12 images" in "".join(capsys.readouterr())
    assert {path.name for path in out.iterdir()} == {"disparity", "disparity_npy", "color", "confidence"}
    assert sorted(path.name for path in (out / "disparity").iterdir()) == [f"{index:06d}.png" for index in range(3)]
    report = tmp_path / "figures.json"
    assert run("evaluate", "stereo", "--gt", tmp_path / "truth", "--est", out / "disparity", "--json", report) == 0
    assert json.loads(report.read_text())["epe_px"] < 1.0


def test_bad_pairs_are_named(pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, right = pair
    out, by = tmp_path / "out", ("--method", "sgbm", "--out", tmp_path / "out")
    assert f"{right} and {left} are swapped" in refused(capsys, "stereo", right, left, *by)
    assert "the same image" in refused(capsys, "stereo", left, left, *by)
    assert "none.png: no such file" in refused(capsys, "stereo", left, tmp_path / "none.png", *by)
    assert "not one of each" in refused(capsys, "stereo", left, right.parent, *by)
    small = tmp_path / "small.png"
    cv2.imwrite(str(small), cv2.imread(str(right))[:32])
    assert "128x64 pixels and" in refused(capsys, "stereo", left, small, *by)
    assert "different sizes" in refused(capsys, "stereo", left, small, *by, "--no-check")
    broken = tmp_path / "broken.png"
    broken.write_bytes(right.read_bytes()[:-300])
    assert "broken.png" in refused(capsys, "stereo", left, broken, *by)
    (tmp_path / "others").mkdir()
    shutil.copy(right, tmp_path / "others" / "else.png")
    assert "no right frame has the name" in refused(capsys, "stereo", left.parent, tmp_path / "others", *by)
    assert not out.exists()
    assert run("stereo", right, left, "--no-check", *by) == 0


def test_bad_options_are_named(
    pair: tuple[Path, Path], weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "out")
    assert "has no network" in refused(capsys, "stereo", *pair, *out, "--method", "sgbm", "--weights", weights)
    assert "both --intrinsics" in refused(capsys, "stereo", *pair, *out, "--weights", weights, "--baseline", 0.5)
    camera = ("--intrinsics", "100,100,500,20", "--baseline", 0.5)
    assert "outside the image" in refused(capsys, "stereo", *pair, *out, "--weights", weights, *camera)
    assert "no checkpoint" in refused(capsys, "stereo", *pair, *out, "--weights", tmp_path)
    save_checkpoint(tmp_path / "ganvo", {"matcher": StereoMatcher(MATCHER)}, to_plain(Config()))
    assert "of the recipe ganvo" in refused(capsys, "stereo", *pair, *out, "--weights", tmp_path / "ganvo")
    other = to_plain(Config(recipe="stereo"))
    save_checkpoint(tmp_path / "other", {"matcher": StereoMatcher(MATCHER)}, other)
    assert "another architecture" in refused(capsys, "stereo", *pair, *out, "--weights", tmp_path / "other")
    assert not (tmp_path / "out").exists()


def train(root: Path, runs: Path, name: str, *more: object) -> int:
    return run(
        "train", "--config", CONFIG, "--data.root", root, "--runs", runs, "--name", name, "--device", "cpu",
        "--data.width", 96, "--data.height", 48, "--data.batch", 2, "--data.workers", 0, "--stereo.iterations", 2,
        "--training.validation_batches", 1, "--training.log_every", 1, *SMALL_MATCHER, *more,
    )  # fmt: skip


def test_training_resumes_exactly_and_its_weights_match(
    tiny_world: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    made = ("--stereo.made.share", 0.4)
    assert train(tiny_world, tmp_path, "whole", "--training.steps", 6, *made) == 0
    parts = ("--training.schedule", "constant", *made)
    assert train(tiny_world, tmp_path, "straight", "--training.steps", 6, *parts) == 0
    assert train(tiny_world, tmp_path, "parts", "--training.steps", 3, *parts) == 0
    assert train(tiny_world, tmp_path, "parts", "--training.steps", 6, "--resume", *parts) == 0
    straight, resumed = (load_checkpoint(tmp_path / name / "checkpoints" / "last") for name in ("straight", "parts"))
    assert all(torch.equal(value, resumed.tensors[key]) for key, value in straight.tensors.items())
    assert straight.config["scale"] == "metric"
    assert any(key.startswith("matcher_average.") for key in straight.tensors)
    assert run("stereo", *pair, "--weights", tmp_path / "whole", "--out", tmp_path / "out", "--device", "cpu") == 0


def test_mono_drives_are_refused(tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(tiny_world, tmp_path / "mono")
    for sequence in (tmp_path / "mono" / "sequences").iterdir():
        shutil.rmtree(sequence / "image_3")
    assert train(tmp_path / "mono", tmp_path / "runs", "x") == 2
    assert "right views" in capsys.readouterr().err
    shutil.copytree(tiny_world, tmp_path / "blind")
    for sequence in (tmp_path / "blind" / "sequences").iterdir():
        shutil.rmtree(sequence / "depth_2")
    assert train(tmp_path / "blind", tmp_path / "runs", "x") == 2
    assert "stereo.supervised" in capsys.readouterr().err


def test_a_stereo_drive_is_tracked_without_networks(tiny_world: Path, tmp_path: Path) -> None:
    source, truth = tiny_world / "sequences" / "01", tiny_world / "poses" / "01.txt"
    assert run("track", source, "--stereo", "sgbm", "--out", tmp_path, "--gt", truth, "--device", "cpu") == 0
    described = json.loads((tmp_path / "track.json").read_text())
    assert (described["scale"], described["depth"], described["weights"]) == ("metric", "stereo by sgbm", "none")
    assert described["size"] == [128, 64]
    figures = json.loads((tmp_path / "evaluation.json").read_text())
    true = read_trajectory(truth).world_from_camera[:, :3, 3]
    assert figures["alignment"] == "se3"
    assert figures["ate_m"] < 0.05 * np.linalg.norm(np.diff(true, axis=0), axis=1).sum()
    assert "depth from stereo by sgbm" in (tmp_path / "report.html").read_text()
    depth = cv2.imread(str(tmp_path / "depth" / "000005.png"), cv2.IMREAD_UNCHANGED)
    assert (depth > 0).all()
    drive = open_drive(source)
    true_depth = drive.read_depth(5)
    assert true_depth is not None
    assert drive.baseline is not None
    scale = np.float32(drive.intrinsics()[0, 0] * drive.baseline)
    disparities = [np.divide(scale, d, out=np.zeros_like(true_depth), where=d > 0) for d in (true_depth, depth / 256.0)]
    epe = evaluate_stereo([disparities[0]], [disparities[1].astype(np.float32)]).epe_px
    assert epe is not None
    assert epe < 1.0


def test_networks_and_a_matcher_share_the_work(tiny_world: Path, weights: Path, tmp_path: Path) -> None:
    size, depth, pose = (96, 64), DepthConfig(width=8), PoseConfig(features="convolutions", width=4, hidden=8)
    config = Config(
        scale="metric", data=DataConfig(width=size[0], height=size[1]), ganvo=GanvoConfig(depth=depth, pose=pose)
    )
    networks = {"depth": build_depth_generator(depth, size), "pose": build_pose_net(pose)}
    save_checkpoint(tmp_path / "ganvo", networks, to_plain(config))
    source, out = tiny_world / "sequences" / "01", tmp_path / "out"
    options = ("--weights", tmp_path / "ganvo", "--stereo", weights, "--out", out, "--device", "cpu")
    assert run("track", source, *options, "--frames", "0:3") == 0
    assert json.loads((out / "track.json").read_text())["size"] == [96, 64]
    assert cv2.imread(str(out / "depth" / "000000.png"), cv2.IMREAD_UNCHANGED).shape == (64, 96)


def test_stereo_tracks_that_cannot_be_are_refused(
    tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "out", "--device", "cpu")
    sequence = tiny_world / "sequences" / "01"
    assert "--stereo sgbm" in refused(capsys, "track", sequence, *out)
    assert "000000.png: has no right view" in refused(capsys, "track", sequence / "image_2", "--stereo", "sgbm", *out)
    copied = tmp_path / "kitti" / "sequences" / "01"
    shutil.copytree(sequence, copied)
    (copied / "image_3" / "000007.png").unlink()
    assert "--frames 0:7" in refused(capsys, "track", copied, "--stereo", "sgbm", *out)
    shutil.rmtree(copied / "image_3")
    (copied / "image_2").rename(copied / "image_3")
    shutil.copytree(sequence / "image_3", copied / "image_2")
    assert "swapped" in refused(capsys, "track", copied, "--stereo", "sgbm", *out)
    size, depth = (96, 64), DepthConfig(width=8)
    config = Config(data=DataConfig(width=size[0], height=size[1]), ganvo=GanvoConfig(depth=depth))
    save_checkpoint(tmp_path / "relative", {"depth": build_depth_generator(depth, size)}, to_plain(config))
    options = ("--weights", tmp_path / "relative", "--stereo", "sgbm", *out)
    assert "up to one factor" in refused(capsys, "track", sequence, *options)
    assert "no checkpoint" in refused(capsys, "track", sequence, "--stereo", tmp_path, *out)
    assert not (tmp_path / "out").exists()
