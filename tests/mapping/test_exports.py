"""What a map is handed on as: COLMAP, the fly-through, the Rerun recording; and track folders from elsewhere."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vo_gan.cli import main
from vo_gan.data import open_drive
from vo_gan.errors import VoGanError
from vo_gan.mapping import fuse_track, read_track, write_track
from vo_gan.mapping.ply import PlyWriter, read_cloud


def test_points_fall_on_pixels_of_their_colour_through_the_written_cameras(corridor, tmp_path):
    out = tmp_path / "colmap"
    assert main(["map", str(corridor), "--out", str(tmp_path), "--colmap", str(out)]) == 0
    sparse = out / "sparse/0"
    _, model, width, height, *camera = (sparse / "cameras.txt").read_text().split()
    fx, fy, cx, cy = map(float, camera)
    assert (model, width, height) == ("PINHOLE", "160", "96")
    assert (cx, cy) == (80.5, 40.5)
    points = np.loadtxt(sparse / "points3D.txt")
    lines = (sparse / "images.txt").read_text().splitlines()
    assert len(lines) == 16
    assert not any(lines[1::2])
    hits = compared = 0
    for line in lines[::2]:
        _, *numbers, camera_id, name = line.split()
        w, x, y, z, *shift = map(float, numbers)
        image = cv2.imread(str(out / "images" / name))[..., ::-1].astype(int)
        seen = points[:, 1:4] @ Rotation.from_quat([x, y, z, w]).as_matrix().T + shift
        seen, colours = seen[seen[:, 2] > 2], points[seen[:, 2] > 2, 4:7]
        # COLMAP's pixel (i, j) reaches from i to i + 1.
        column, row = (fx * seen[:, 0] / seen[:, 2] + cx).astype(int), (fy * seen[:, 1] / seen[:, 2] + cy).astype(int)
        inside = (column >= 0) & (row >= 0) & (column < 160) & (row < 96)
        found = image[row[inside], column[inside]]
        hits += (found.argmax(axis=1) == colours[inside].argmax(axis=1)).sum()
        compared += inside.sum()
        assert camera_id == "1"
    assert compared > 5000
    assert hits > 0.95 * compared


def test_the_video_flies_through_the_corridor(corridor, tmp_path, capsys):
    assert main(["map", str(corridor), "--out", str(tmp_path), "--video", str(tmp_path / "flight.mp4")]) == 0
    assert "8 frames" in capsys.readouterr().out
    video = cv2.VideoCapture(str(tmp_path / "flight.mp4"))
    frames = [video.read()[1] for _ in range(8)]
    assert not video.read()[0]
    for frame in frames:
        assert frame.shape == (540, 960, 3)
        # Green on the left, red below, blue on the right, as the corridor is painted.
        assert frame[250, 250].argmax() == 1
        assert frame[450, 400].argmax() == 2
        assert frame[250, 710].argmax() == 0
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == ["flight.mp4"]


@pytest.mark.parametrize("name", ["flight.avi", "none/flight.mp4"])
def test_a_video_that_cannot_be_is_said_before_the_work(corridor, tmp_path, name, capsys):
    assert main(["map", str(corridor), "--out", str(tmp_path / "map"), "--video", str(tmp_path / name)]) == 2
    assert "video" in capsys.readouterr().err
    assert not (tmp_path / "map").exists()


def test_without_rerun_the_message_names_the_package(corridor, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert main(["map", str(corridor), "--out", str(tmp_path / "map"), "--rerun", str(tmp_path / "a.rrd")]) == 2
    assert "pip install rerun-sdk" in capsys.readouterr().err
    assert not (tmp_path / "map").exists()


def test_a_rerun_recording_is_written(corridor, tmp_path):
    pytest.importorskip("rerun", reason="rerun-sdk is not installed")
    assert main(["map", str(corridor), "--out", str(tmp_path), "--rerun", str(tmp_path / "a.rrd")]) == 0
    assert (tmp_path / "a.rrd").read_bytes()[:3] == b"RRF"


def test_a_track_folder_of_given_depth_and_poses_makes_the_same_map(corridor, tmp_path):
    track = read_track(corridor)
    depths = [track.read_depth(index) for index in range(8)]
    written = write_track(
        tmp_path / "written",
        track.source,
        depths,
        track.world_from_camera,
        first_frame=2,
        intrinsics=track.source_intrinsics,
    )
    assert len(written) == 8
    np.testing.assert_array_equal(written.read_depth(3), depths[3])
    np.testing.assert_allclose(written.intrinsics, track.intrinsics)
    maps = [fuse_track(folder, tmp_path / name) for folder, name in ((corridor, "a"), (written.folder, "b"))]
    np.testing.assert_allclose(read_cloud(maps[0].cloud)[0], read_cloud(maps[1].cloud)[0], atol=1e-4)


def test_depth_that_is_none_stays_none(corridor, tmp_path):
    source = read_track(corridor).source
    depth = np.array([[0.0, 5.0, np.nan], [np.inf, -1.0, 300.0]]).repeat(8, axis=0).repeat(8, axis=1)
    written = write_track(tmp_path / "t", source, [depth], np.eye(4)[None], intrinsics=(100.0, 100.0, 80.0, 40.0))
    expected = np.where(depth == 5.0, 5.0, 0.0)
    np.testing.assert_array_equal(written.read_depth(0), expected.astype(np.float32))


def test_depth_and_poses_that_do_not_fit_are_said(corridor, tmp_path):
    source, depth, poses = read_track(corridor).source, np.ones((12, 16)), np.tile(np.eye(4), (2, 1, 1))
    camera = (100.0, 100.0, 80.0, 40.0)
    broken = poses.copy()
    broken[1, 0, 3] = np.nan
    for depths, given, message in (
        ([depth], poses, "1 depth maps came for 2 poses"),
        ([depth] * 3, poses, "more depth maps came"),
        ([depth, depth.T], poses, "depth map 1 is"),
        ([depth] * 2, broken, "pose 1 is not finite"),
        ([depth] * 40, np.tile(np.eye(4), (40, 1, 1)), "10 frames, but there are 40 poses"),
    ):
        with pytest.raises(VoGanError, match=message):
            write_track(tmp_path / "t", source, depths, given, intrinsics=camera)
    assert not (tmp_path / "t/track.json").exists()
    (tmp_path / "mine/depth").mkdir(parents=True)
    with pytest.raises(VoGanError, match="no track left"):
        write_track(tmp_path / "mine", source, [depth] * 2, poses, intrinsics=camera)


def test_a_ply_file_appears_whole_or_not_at_all(tmp_path):
    points, colours = np.arange(12, dtype=np.float32).reshape(4, 3), np.arange(12, dtype=np.uint8).reshape(4, 3)
    path = tmp_path / "a.ply"

    def fail_half_way() -> None:
        with PlyWriter(path) as writer:
            writer.add_points(points, colours)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_half_way()
    assert not list(tmp_path.iterdir())
    with PlyWriter(path) as writer:
        writer.add_points(points[:1], colours[:1])
        writer.add_points(points[1:], colours[1:])
    for found, expected in zip(read_cloud(path), (points, colours), strict=True):
        np.testing.assert_array_equal(found, expected)
    path.write_bytes(b"ply\n")
    with pytest.raises(VoGanError, match="is not a cloud"):
        read_cloud(path)


def test_kitti_frames_with_stereo_depth_make_the_street(real_data, tmp_path):
    source = real_data / "kitti_odometry/sequences/00"
    drive = open_drive(source)
    assert drive.world_from_camera is not None
    assert drive.baseline is not None
    matcher = cv2.StereoSGBM.create(0, 128, 5, P1=200, P2=800, disp12MaxDiff=1, uniquenessRatio=10)
    depths = []
    for index in range(3):
        pair = [cv2.cvtColor(drive.read(index, side=side), cv2.COLOR_RGB2GRAY) for side in ("left", "right")]
        disparity = matcher.compute(*pair) / 16.0
        depths.append(np.where(disparity > 1, drive.intrinsics()[0, 0] * drive.baseline / np.maximum(disparity, 1), 0))
    write_track(tmp_path / "track", source, depths, drive.world_from_camera[:3])
    summary = fuse_track(tmp_path / "track", tmp_path / "map")
    points, _ = read_cloud(summary.cloud)
    # The camera is 1.65 m above a level road.
    road = points[(np.abs(points[:, 0]) < 2) & (points[:, 2] > 6) & (points[:, 2] < 15)]
    assert len(road) > 500
    assert abs(np.median(road[:, 1]) - 1.65) < 0.15
