"""`vo-gan evaluate`, as a user calls it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.cli import main
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
    assert "matched by frame index, resolution unknown" in output.out
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


def test_snippets_and_curves(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--snippets", "exact", "sfmlearner", "--curves", "--json", tmp_path / "f.json")
    call("trajectory", "--gt", files[0], "--est", files[1], *options)
    figures = json.loads((tmp_path / "f.json").read_text())
    ratio = figures["snippet5_ate_exact_m"] / figures["snippet5_ate_sfmlearner_m"]
    assert ratio == pytest.approx(np.sqrt(5))
    assert [point["length_m"] for point in figures["drift_by_length"]] == [100.0, 200.0]  # of 300 m there are but 2
    assert [point["segments"] for point in figures["drift_by_length"]] == [21, 11]
    assert {point["speed_m_per_s"] for point in figures["drift_by_speed"]} == {10.0, 12.0}  # 10.3 m/s at 10 Hz
    output = capsys.readouterr().out
    assert "5-frame ATE (sfmlearner)" in output
    assert "mean of 297 snippets" in output
    assert "length (m)" in output
    assert "speed (m/s)" in output


def test_archive_and_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    from evo.tools.file_interface import load_res_file

    options = ("--evo", tmp_path / "e.zip", "--report", tmp_path / "r.html", "--json", tmp_path / "f.json")
    call("trajectory", "--gt", files[0], "--est", files[1], *options)
    figures = json.loads((tmp_path / "f.json").read_text())
    result = load_res_file(tmp_path / "e.zip", load_trajectories=True)
    assert result.stats["rmse"] == pytest.approx(figures["ate_m"])
    page = (tmp_path / "r.html").read_text()
    assert f"vo-gan evaluate trajectory --gt {files[0]} --est {files[1]} --align se3" in page


def test_track_folder_names_its_resolution(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track = tmp_path / "track"
    track.mkdir()
    (track / "track.json").write_text(json.dumps({"size": [416, 128], "selection": None}))
    write_kitti(track / "trajectory_kitti.txt", circle())
    write_tum(track / "trajectory_tum.txt", circle())
    for estimate in (track, track / "trajectory_kitti.txt"):
        call("trajectory", "--gt", files[0], "--est", estimate, "--json", tmp_path / "f.json")
        assert json.loads((tmp_path / "f.json").read_text())["resolution"] == "416x128"
    (track / "track.json").write_text(json.dumps({"size": [416, 128], "selection": [20, 40]}))
    part = circle()
    write_kitti(track / "trajectory_kitti.txt", Trajectory(part.world_from_camera[20:40], None, np.arange(20)))
    for estimate in (track, track / "trajectory_kitti.txt"):
        call("trajectory", "--gt", files[0], "--est", estimate, "--json", tmp_path / "f.json")
        figures = json.loads((tmp_path / "f.json").read_text())
        assert figures["frames"] == 20
        assert figures["ate_m"] == pytest.approx(0, abs=1e-6)
    write_tum(tmp_path / "truth.tum", circle())
    call("trajectory", "--gt", tmp_path / "truth.tum", "--est", track)
    assert "matched by time, resolution 416x128" in capsys.readouterr().out
    (track / "track.json").write_text("{}")
    with pytest.raises(VoGanError, match=r"track.json: is damaged"):
        call("trajectory", "--gt", files[0], "--est", track)
    (track / "track.json").unlink()
    with pytest.raises(VoGanError, match=r"track: is a folder without track.json"):
        call("trajectory", "--gt", files[0], "--est", track)


def test_another_clock(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A KITTI truth with the drive's times, an estimate of its middle by a clock that is 1000 s ahead."""
    (tmp_path / "times.txt").write_text("".join(f"{0.1 * index:e}\n" for index in range(301)))
    part = circle().take(np.arange(50, 250))
    assert part.times is not None
    write_tum(tmp_path / "part.tum", Trajectory(part.world_from_camera, part.times + 1000.0, part.frames))
    options = ("--gt", files[0], "--est", tmp_path / "part.tum")
    with pytest.raises(VoGanError, match="--gt-times FILE"):
        call("trajectory", *options)
    with pytest.raises(VoGanError, match="--time-offset SECONDS"):
        call("trajectory", *options, "--gt-times", tmp_path / "times.txt")
    options = (*options, "--gt-times", tmp_path / "times.txt", "--time-offset", -1000, "--json", tmp_path / "f.json")
    call("trajectory", *options)
    assert json.loads((tmp_path / "f.json").read_text())["ate_m"] == pytest.approx(0.0, abs=1e-6)
    output = capsys.readouterr().out
    assert "200 of 301 frames, alignment se3, matched by time" in output
    assert "note: 101 true poses have no estimated one" in output
    with pytest.raises(VoGanError, match="has no times to which 3 s could be added"):
        call("trajectory", "--gt", files[0], "--est", files[1], "--time-offset", 3)
    (tmp_path / "times.txt").write_text("0.0\n0.1\n")
    with pytest.raises(VoGanError, match=r"times.txt: has 2 times, but .*truth.txt goes up to frame 300"):
        call("trajectory", "--gt", files[0], "--est", files[1], "--gt-times", tmp_path / "times.txt")


def test_convert_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_kitti(tmp_path / "a.txt", circle())
    (tmp_path / "times.txt").write_text("".join(f"{0.1 * index:e}\n" for index in range(301)))
    call("convert", tmp_path / "a.txt", tmp_path / "b.tum", "--to", "tum", "--times", tmp_path / "times.txt")
    call("convert", tmp_path / "b.tum", tmp_path / "c.csv", "--to", "euroc")
    call("convert", tmp_path / "c.csv", tmp_path / "d.txt", "--to", "kitti")
    assert capsys.readouterr().out.splitlines()[-1] == f"{tmp_path / 'd.txt'}: 301 poses as kitti, without their times"
    np.testing.assert_allclose(np.loadtxt(tmp_path / "d.txt"), np.loadtxt(tmp_path / "a.txt"), atol=1e-9)
    with pytest.raises(VoGanError, match=r"a.txt: has no times, and euroc needs them; give them with --times FILE"):
        call("convert", tmp_path / "a.txt", tmp_path / "e.csv", "--to", "euroc")
    with pytest.raises(VoGanError, match=r"b.tum: has times of its own"):
        call("convert", tmp_path / "b.tum", tmp_path / "e.csv", "--to", "euroc", "--times", tmp_path / "times.txt")
    assert not (tmp_path / "e.csv").exists()


def test_compare(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    better = tmp_path / "other" / "estimate.txt"
    write_kitti(better, scaled(circle(), 1.005))
    options = ("--gt", files[0], "--json", tmp_path / "c.json", "--seed", 3)
    assert call("compare", files[1], better, *options) == 0
    result = json.loads((tmp_path / "c.json").read_text())
    assert (result["baseline"], result["seed"]) == (f"{tmp_path.name}/estimate", 3)
    difference = result["differences"]["other/estimate"]["ate_m"]
    assert difference["interval_low"] <= difference["difference"] <= difference["interval_high"] < -0.7
    output = capsys.readouterr().out
    assert "2 runs, differences to" in output
    assert "30 frames" in output
    call("trajectory", "--gt", files[0], "--est", files[1], "--json", tmp_path / "a.json")
    call("trajectory", "--gt", files[0], "--est", better, "--align", "sim3", "--json", tmp_path / "b.json")
    capsys.readouterr()
    assert call("compare", tmp_path / "a.json", tmp_path / "b.json") == 0
    assert "note: not the same alignment: a se3, b sim3" in capsys.readouterr().out
    with pytest.raises(VoGanError, match=r"estimate.txt: is no JSON result, and a trajectory needs the true one"):
        call("compare", files[1], tmp_path / "a.json")
    with pytest.raises(VoGanError, match="there is nothing to compare it with"):
        call("compare", tmp_path / "a.json")


def test_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, factor in (("gt", 1.0), ("est", 1.02)):
        (tmp_path / folder).mkdir()
        for name in ("00", "01", "02"):
            write_kitti(tmp_path / folder / f"{name}.txt", scaled(circle(), factor))
    options = ("--gt", tmp_path / "gt", "--est", tmp_path / "est", "--json", tmp_path / "b.json")
    assert call("batch", *options) == 0
    assert json.loads((tmp_path / "b.json").read_text())["mean"]["ate_m"] == pytest.approx(1.0, rel=0.01)
    (tmp_path / "est" / "01.txt").write_text("nothing\n")
    (tmp_path / "gt" / "07.txt").write_text("nothing\n")
    capsys.readouterr()
    assert call("batch", *options) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert "sequence 01 was left out" in output.err
    assert "01.txt, line 1: could not convert" in output.err
    assert [line.split()[0] for line in output.out.splitlines()[3:7]] == ["00", "02", "mean", "pooled"]
    assert "without a partner, and left out: 07" in output.out
    assert list(json.loads((tmp_path / "b.json").read_text())["failed"]) == ["01"]


def test_exit_codes_of_the_whole_program(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, estimate = map(str, files)
    assert main(["evaluate", "compare", "--gt", truth, estimate, truth]) == 0
    assert main(["evaluate", "convert", truth, str(tmp_path / "a.tum"), "--to", "tum"]) == 2
    assert main(["evaluate", "depth", "--gt", str(tmp_path), "--est", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.startswith("vo-gan: ") for line in errors] == [True, True]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "depth", "--gt", ".", "--est", ".", "--max-depth", "-1"])
    assert stopped.value.code == 2


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
    output = capsys.readouterr().out
    assert "3 images, up to 80 m, median scaling, crop garg, truth 60x20 (depth maps), estimate 60x20" in output
    call("depth", *options)
    assert json.loads((tmp_path / "f.json").read_text())["abs_rel"] == pytest.approx(1 - 1 / 5.4, rel=1e-3)
    call("depth", *options, "--median-scale", "--max-depth", 20, "--images", tmp_path / "i.csv")
    table = [line.split(",") for line in (tmp_path / "i.csv").read_text().splitlines()]
    assert table[0][:4] == ["image", "pixels", "scale", "abs_rel"]
    assert [row[0] for row in table[1:]] == ["000000.npy", "000001.npy", "000002.npy"]
    assert float(table[1][2]) == pytest.approx(5.4, rel=1e-3)
    assert 0 < int(table[1][1]) < 20 * 60
    with pytest.raises(VoGanError, match="only with --split"):
        call("depth", *options, "--lidar", "published")


def test_depth_of_a_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    date = tmp_path / "raw" / "2011_09_26"
    drive = date / "2011_09_26_drive_0002_sync"
    (drive / "velodyne_points" / "data").mkdir(parents=True)
    (date / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 0\n")
    (date / "calib_cam_to_cam.txt").write_text(
        "R_rect_00: 1 0 0 0 1 0 0 0 1\nS_rect_02: 60 20\nP_rect_02: 30 0 29.5 0 0 30 9.5 0 0 0 1 0\n"
    )
    wall = [[10.0, y, z, 0.1] for y in np.linspace(-9, 9, 50) for z in np.linspace(-3, 3, 20)]
    np.array(wall, np.float32).tofile(drive / "velodyne_points" / "data" / "0000000069.bin")
    (tmp_path / "split.txt").write_text("2011_09_26/2011_09_26_drive_0002_sync 0000000069 l\n")
    (tmp_path / "est").mkdir()
    np.save(tmp_path / "est" / "000000.npy", np.full((10, 30), 8.0, np.float32))
    options = ("--gt", tmp_path / "raw", "--est", tmp_path / "est", "--split", tmp_path / "split.txt")
    call("depth", *options, "--crop", "garg", "--json", tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text())["abs_rel"] == pytest.approx(0.2)
    assert "truth 60x20 (KITTI LiDAR, exact projection), estimate 30x10" in capsys.readouterr().out
    call("depth", *options, "--lidar", "published", "--json", tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text())["truth_source"] == "KITTI LiDAR, published projection"


def test_stereo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "gt.npy", np.full((4, 4), 10.0, np.float32))
    np.save(tmp_path / "est.npy", np.full((4, 4), 12.5, np.float32))
    call("stereo", "--gt", tmp_path / "gt.npy", "--est", tmp_path / "est.npy", "--json", tmp_path / "f.json")
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["epe_px"] == pytest.approx(2.5)
    assert [figures[f"bad{n}_percent"] for n in (1, 2, 3)] == [100.0, 100.0, 0.0]
    assert figures["d1_percent"] == 0.0
    assert "EPE            2.5000 px" in capsys.readouterr().out
