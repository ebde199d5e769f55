"""The report of a trajectory: what is in it, what is left out, and that its figures are true."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vo_gan.data import open_drive
from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment
from vo_gan.evaluation.report import Compared, write_trajectory_report
from vo_gan.evaluation.report.frames import reconstruct
from vo_gan.evaluation.report.path_errors import drift_blocks, path_errors
from vo_gan.evaluation.report.path_view import LEVELS, Paths, TurningView, draw_from_above
from vo_gan.evaluation.report.training import read_metrics, run_of, training_blocks
from vo_gan.evaluation.trajectory import align_trajectories, evaluate_aligned
from vo_gan.geometry import relative_motions
from vo_gan.odometry.trajectory import Trajectory

Parse = Callable[[Path], Any]


def write(path: Path, truth: Trajectory, estimate: Trajectory, align: Alignment = "se3", **options: Any) -> None:
    aligned = align_trajectories(truth, estimate, align)
    write_trajectory_report(
        path, aligned, evaluate_aligned(aligned), title="A drive", command="vo-gan x --y 'z <1>'", **options
    )


def test_a_trajectory_alone(
    tmp_path: Path, winding: Trajectory, make_path: Callable[..., Trajectory], parse: Parse
) -> None:
    path = tmp_path / "report.html"
    write(path, winding, make_path(400, 1.05))
    page = parse(path)
    for text in ("Alignment se3; 400 of 400 true frames", "Drift by length", "In 3D", "vo-gan x --y 'z <1>'", "numpy"):
        assert text in page.text, text
    for absent in ("Frames", "Depth", "Map", "Training"):
        assert absent not in page.text
    assert path.stat().st_size < 300_000


def test_errors_are_those_of_the_poses(make_path: Callable[..., Trajectory], winding: Trajectory) -> None:
    """An estimate that is shifted by 3 m and turned by 90 degrees about itself."""
    turned = winding.world_from_camera.copy()
    turned[:, 0, 3] += 3.0
    turned[:, :3, :3] = turned[:, :3, :3] @ np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    aligned = align_trajectories(winding, Trajectory(turned, winding.times, winding.frames), "none")
    errors = path_errors(aligned)
    assert errors is not None
    np.testing.assert_allclose(errors.translation, 3.0)
    np.testing.assert_allclose(errors.rotation, 90.0)
    np.testing.assert_allclose(errors.distance, np.hypot(1, 0.02) * np.arange(400), rtol=1e-6)
    assert path_errors(align_trajectories(winding, make_path(1), "se3")) is not None


def test_drift_needs_a_path_of_100_m(make_path: Callable[..., Trajectory]) -> None:
    long = drift_blocks(align_trajectories(make_path(400), make_path(400, 1.1), "se3"))
    (table,) = (block for block in long if hasattr(block, "rows"))
    assert [row[0] for row in table.rows] == ["100 m", "200 m", "300 m"]
    assert all(8.0 < row[1] < 12.0 for row in table.rows)  # 10 % too long
    assert len(long) == 5  # a pair of charts by length, one by speed, and the table
    assert drift_blocks(align_trajectories(make_path(60), make_path(60), "se3")) == []


def paths(truth: Trajectory, estimate: Trajectory) -> Paths:
    aligned = align_trajectories(truth, estimate, "none")
    positions = truth.world_from_camera[:, :3, 3]
    return Paths(positions, estimate.world_from_camera[:, :3, 3], positions, path_errors(aligned), {})


def test_colours_go_with_the_error(winding: Trajectory, make_path: Callable[..., Trajectory]) -> None:
    drawn = paths(winding, make_path(400, 1.02))
    levels = drawn.levels()
    assert levels[0] == 0
    assert levels.max() >= LEVELS // 2
    assert drawn.errors is not None
    assert drawn.errors.translation.max() <= drawn.largest_error() <= 2.5 * drawn.errors.translation.max()
    order = np.argsort(drawn.errors.translation)
    assert (np.diff(levels[order]) >= 0).all()


def test_the_view_from_above_is_at_one_scale(winding: Trajectory) -> None:
    svg = draw_from_above(paths(winding, winding), "t")
    (first,) = re.findall(r'class="truth" d="M([^"]*L[^"]*)"', svg)
    pixels = np.array([[float(value) for value in point.split()] for point in first.split("L")])
    ground = winding.world_from_camera[:, (0, 2), 3] * (1, -1)
    lengths = (np.linalg.norm(np.diff(points[::20], axis=0), axis=1) for points in (pixels, ground))
    ratio = np.divide(*lengths)
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.05)
    assert "m</text>" in svg  # the scale bar


def test_the_turning_view_gets_the_positions(winding: Trajectory) -> None:
    html = TurningView(paths(winding, winding), "c").html()
    (data,) = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    values = json.loads(data)
    np.testing.assert_allclose(values["truth"], winding.world_from_camera[:, :3, 3], atol=1e-3)
    assert len(values["levels"]) == len(values["estimate"]) == 400


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("align", ["none", "se3", "sim3", "scale"])
def test_paths_as_short_as_they_come(
    tmp_path: Path, make_path: Callable[..., Trajectory], parse: Parse, count: int, align: Alignment
) -> None:
    write(tmp_path / "r.html", make_path(count), make_path(count, 1.1), align)
    page = parse(tmp_path / "r.html")
    assert "nan" not in page.text.lower().split()
    if count == 1:
        assert "one pose alone cannot be compared" in page.text


def test_without_a_scale_no_error_is_shown(
    tmp_path: Path, winding: Trajectory, make_path: Callable[..., Trajectory], parse: Parse
) -> None:
    write(tmp_path / "r.html", winding, make_path(400, 0.0), "sim3")
    text = parse(tmp_path / "r.html").text
    assert "no scale fits" in text or "does not move" in text
    assert "Error along the path" not in text


def test_other_estimates_stand_beside_it(
    tmp_path: Path, winding: Trajectory, make_path: Callable[..., Trajectory], parse: Parse
) -> None:
    other = align_trajectories(winding, make_path(400, 1.0, 0.002), "se3")
    compared = Compared("a baseline", other, evaluate_aligned(other))
    write(tmp_path / "r.html", winding, winding, name="ours", others=[compared], note="Mind <this>.")
    text = parse(tmp_path / "r.html").text
    assert text.count("a baseline") == 2  # in the legend and in the table
    assert "ours" in text
    assert "Mind <this>." in text


def test_a_track_adds_frames_depth_map_and_training(true_track: Path, tmp_path: Path, parse: Parse) -> None:
    poses = open_drive(Path(json.loads((true_track / "track.json").read_text())["source"])).world_from_camera
    assert poses is not None
    truth = Trajectory(poses, None, np.arange(len(poses)))
    run = tmp_path / "run"
    run.mkdir()
    (run / "metrics.csv").write_text("step,name,value\n1,train/loss,0.5\n2,train/loss,0.25\n")
    (run / "config.yaml").write_text("a: 1\nb: 2\nc: 3\nd: <4>\n")
    cv2.imwrite(str(true_track / "map.png"), np.full((90, 160, 3), 80, np.uint8))
    write(tmp_path / "r.html", truth, truth, track=true_track)
    page = parse(tmp_path / "r.html")
    for text in ("reconstruction", "mask", "Relative error of depth", "128x64", "The map", "loss, training", "d: <4>"):
        assert text in page.text, text
    assert len(page.named("img")) == 4 * 4 + 1
    assert all(image["alt"] for image in page.named("img"))
    assert abs(float(re.findall(r"Relative error of depth: median ([+-]\S+),", page.text)[0])) < 0.01


def test_a_map_of_an_older_track_is_left_out(true_track: Path, winding: Trajectory, tmp_path: Path) -> None:
    import os

    cv2.imwrite(str(true_track / "map.png"), np.zeros((90, 160, 3), np.uint8))
    os.utime(true_track / "map.png", (0, 0))
    write(tmp_path / "r.html", winding, winding, track=true_track)
    assert "The map" not in (tmp_path / "r.html").read_text()


def test_a_drive_that_is_gone_is_said(true_track: Path, winding: Trajectory, tmp_path: Path, parse: Parse) -> None:
    described = json.loads((true_track / "track.json").read_text()) | {"source": str(tmp_path / "gone")}
    (true_track / "track.json").write_text(json.dumps(described))
    write(tmp_path / "r.html", winding, winding, track=true_track)
    assert "Left out: the drive that was tracked" in parse(tmp_path / "r.html").text


def test_a_folder_that_is_no_track_is_refused(true_track: Path, winding: Trajectory, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VoGanError, match=r"track.json: cannot be read"):
        write(tmp_path / "r.html", winding, winding, track=tmp_path / "empty")
    shutil.rmtree(true_track / "depth")
    with pytest.raises(VoGanError, match="depth"):
        write(tmp_path / "r.html", winding, winding, track=true_track)
    assert not (tmp_path / "r.html").exists()


def test_true_depth_and_motion_rebuild_a_frame(tiny_world: Path) -> None:
    """And a wrong motion does not; what leaves the image is black and does not count."""
    drive = open_drive(tiny_world / "sequences" / "01")
    image, before, depth = drive.read(5), drive.read(4), drive.read_depth(5)
    assert depth is not None
    assert drive.world_from_camera is not None
    depth = np.where(depth > 0, depth, np.float32(200.0))
    motion = relative_motions(drive.world_from_camera)[4]
    made = reconstruct(image, before, depth, motion, drive.intrinsics())
    wrong = reconstruct(image, before, depth, np.linalg.inv(motion), drive.intrinsics())

    def difference(other: np.ndarray) -> float:
        seen = made.counted
        return float(np.abs(other[seen].astype(float) - image[seen]).mean())

    assert made.counted.mean() > 0.4
    assert difference(made.image) < 0.5 * min(difference(wrong.image), difference(before))
    away = motion.copy()
    away[0, 3] += 1000.0
    nothing = reconstruct(image, before, depth, away, drive.intrinsics())
    assert nothing.counted.mean() < 0.01


def test_curves_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(
        "step,name,value\n1,speed/images_per_second,9\n1,train/loss,2\n1,train/seconds,3\n2,train/loss,nan\n3,train/loss,1\n3,validation/loss,1.5\n"
    )
    curves = read_metrics(tmp_path / "metrics.csv")
    np.testing.assert_array_equal(curves["train/loss"], [[1, 3], [2, 1]])
    (chart,) = training_blocks(tmp_path)
    assert "training and validation" in chart.html()
    assert "last 1.5" in chart.html()
    assert run_of(tmp_path) == tmp_path
    assert run_of(tmp_path / "checkpoints" / "best") == tmp_path
    assert run_of(Path("/nowhere/at/all")) is None
    for text, message in (("a,b\n", "does not start with"), ("step,name,value\n1,x\n", "line 2")):
        (tmp_path / "metrics.csv").write_text(text)
        with pytest.raises(VoGanError, match=message):
            read_metrics(tmp_path / "metrics.csv")


def test_notes_of_the_matching_are_said(
    tmp_path: Path, winding: Trajectory, make_path: Callable[..., Trajectory], parse: Parse
) -> None:
    short = make_path(300)
    write(tmp_path / "r.html", winding, dataclasses.replace(short, frames=short.frames + 50, times=None))
    assert "300 of 400 true frames" in parse(tmp_path / "r.html").text
