"""`vo-gan evaluate`, as a user calls it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.commands import evaluate
from vo_gan.errors import VoGanError
from vo_gan.odometry.trajectory import Trajectory, write_kitti, write_tum


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    return evaluate.run(parser.parse_args([str(argument) for argument in arguments]))


def circle(count: int = 301, radius: float = 50.0) -> Trajectory:
    angles = np.linspace(0.0, 2 * np.pi, count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(angles)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(angles), -np.sin(angles)
    poses[:, 0, 3], poses[:, 2, 3] = radius * (1 - np.cos(angles)), radius * np.sin(angles)
    return Trajectory(poses, 0.1 * np.arange(count), np.arange(count))


def scaled(trajectory: Trajectory, factor: float) -> Trajectory:
    poses = trajectory.world_from_camera.copy()
    poses[:, :3, 3] *= factor
    return Trajectory(poses, trajectory.times, trajectory.frames)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    truth, estimate = tmp_path / "truth.txt", tmp_path / "estimate.txt"
    write_kitti(truth, circle())
    write_kitti(estimate, scaled(circle(), 1.02))
    return truth, estimate


def test_trajectory_prints_figures_alignment_and_frames(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("trajectory", "--gt", files[0], "--est", files[1]) == 0
    output = capsys.readouterr()
    assert "301 of 301 frames, alignment se3" in output.out
    assert [line.split()[0] for line in output.out.splitlines()[1:]] == ["t_rel", "r_rel", "ATE", "RPE", "RPE"]
    assert output.err == ""


def test_trajectory_json_has_the_contract_keys(files: tuple[Path, Path], tmp_path: Path) -> None:
    call("trajectory", "--gt", files[0], "--est", files[1], "--align", "se3", "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["alignment"] == "se3"
    assert figures["frames"] == 301
    chords = np.sin(np.array([1.0, 2.0, 3.0])) * 2 * 50  # of arcs of 100, 200 and 300 m, 21, 11 and 2 times
    expected = np.average(2.0 * chords / [100, 200, 300], weights=[21, 11, 2])
    assert figures["t_rel_percent"] == pytest.approx(expected, rel=0.02)
    assert figures["ate_m"] == pytest.approx(1.0, rel=0.01)  # 2 % of the radius, from the centre
    assert figures["rpe_m"] == pytest.approx(0.02 * 2 * np.pi * 50 / 300, rel=1e-3)
    for key in ("r_rel_deg_per_100m", "rpe_deg"):
        assert figures[key] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("align", ["sim3", "scale"])
def test_fitted_scale_is_named(files: tuple[Path, Path], align: str, capsys: pytest.CaptureFixture[str]) -> None:
    call("trajectory", "--gt", files[0], "--est", files[1], "--align", align)
    assert f"alignment {align} (scale 0.9804)" in capsys.readouterr().out


def test_undefined_figures_are_null_with_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "short.txt"
    write_kitti(path, circle(30, 5.0))
    call("trajectory", "--gt", path, "--est", path, "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["t_rel_percent"] is None
    assert "the true path has 31.4 m" in figures["t_rel_percent_reason"]
    assert "t_rel      not defined: needs" in capsys.readouterr().out


def test_trajectory_with_gaps_and_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = circle()
    rows = np.flatnonzero(np.arange(301) % 7 != 3)
    assert whole.times is not None
    part = Trajectory(whole.world_from_camera[rows], whole.times[rows], whole.frames[rows])
    write_kitti(tmp_path / "truth.txt", whole)
    write_tum(tmp_path / "truth.tum", whole)
    write_kitti(tmp_path / "part.txt", part)
    write_tum(tmp_path / "part.tum", part)
    for suffix in ("txt", "tum"):
        files = (tmp_path / f"truth.{suffix}", "--est", tmp_path / f"part.{suffix}")
        call("trajectory", "--gt", *files, "--json", tmp_path / "f.json")
        figures = json.loads((tmp_path / "f.json").read_text())
        assert figures["frames"] == len(rows)
        assert figures["ate_m"] == pytest.approx(0.0, abs=1e-7)
    assert capsys.readouterr().out.count(f"{len(rows)} of 301 frames") == 2
    call("trajectory", "--gt", tmp_path / "part.tum", "--est", tmp_path / "truth.tum")
    assert "43 estimated poses have no true one" in capsys.readouterr().out


def test_trajectory_plot(files: tuple[Path, Path], tmp_path: Path) -> None:
    call("trajectory", "--gt", files[0], "--est", files[1], "--plot", tmp_path / "plot.png")
    assert min(np.asarray(cv2.imread(str(tmp_path / "plot.png"))).shape[:2]) > 400


def test_published_arithmetic(files: tuple[Path, Path], tmp_path: Path) -> None:
    call(
        *("trajectory", "--gt", files[0], "--est", files[1]),
        *("--arithmetic", "published", "--json", tmp_path / "f.json"),
    )
    assert json.loads((tmp_path / "f.json").read_text())["arithmetic"] == "published"


def test_bad_input_leaves_no_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    files[1].write_text(files[1].read_text() + "1 2 3\n")
    with pytest.raises(VoGanError, match=r"estimate.txt, line 302: has 3 columns"):
        call("trajectory", "--gt", files[0], "--est", files[1], "--json", tmp_path / "f.json")
    assert not (tmp_path / "f.json").exists()


def test_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    for name in ("gt", "est"):
        (tmp_path / name).mkdir()
    for index in range(3):
        depth = random.uniform(3.0, 30.0, (20, 60))
        cv2.imwrite(str(tmp_path / "gt" / f"{index:06d}.png"), np.rint(depth * 256).astype(np.uint16))
        np.save(tmp_path / "est" / f"{index:06d}.npy", (depth / 5.4).astype(np.float32))
    options = ("--gt", tmp_path / "gt", "--est", tmp_path / "est", "--json", tmp_path / "f.json")
    call("depth", *options, "--median-scale", "--crop", "garg")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["abs_rel"] < 1e-3
    assert figures["delta1"] == 1.0
    assert figures["scale_median"] == pytest.approx(5.4, rel=1e-3)
    assert {"sq_rel", "rmse", "rmse_log", "delta2", "delta3"} <= figures.keys()
    assert "3 images, up to 80 m, median scaling, crop garg" in capsys.readouterr().out
    call("depth", *options)
    assert json.loads((tmp_path / "f.json").read_text())["abs_rel"] == pytest.approx(1 - 1 / 5.4, rel=1e-3)


def test_stereo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "gt.npy", np.full((4, 4), 10.0, np.float32))
    np.save(tmp_path / "est.npy", np.full((4, 4), 12.5, np.float32))
    call("stereo", "--gt", tmp_path / "gt.npy", "--est", tmp_path / "est.npy", "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["epe_px"] == pytest.approx(2.5)
    assert [figures[f"bad{n}_percent"] for n in (1, 2, 3)] == [100.0, 100.0, 0.0]
    assert figures["d1_percent"] == 0.0
    assert "EPE            2.5000 px" in capsys.readouterr().out
