from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data.kitti_odometry import KittiOdometryDrive
from vo_gan.data.tables import read_poses
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


def replace_line(path: Path, key: str, line: str) -> None:
    lines = [old for old in path.read_text().splitlines() if not old.startswith(f"{key}:")]
    path.write_text("\n".join([*lines, line] if line else lines) + "\n")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize(("left_camera", "baseline"), [(0, 0.54), (2, 0.53)])
def test_reads_colour_and_grey_pairs(make_sequence: Make, suffix: str, left_camera: int, baseline: float) -> None:
    drive = KittiOdometryDrive(make_sequence(suffix=suffix, left_camera=left_camera))
    assert (drive.name, len(drive), drive.size) == ("00", 6, (96, 40))
    assert drive.baseline == pytest.approx(baseline, abs=1e-9)
    assert [drive.has_right(index) for index in range(6)] == [True] * 4 + [False] * 2
    assert drive.read(3, side="right").shape == (40, 96, 3)
    assert not np.array_equal(drive.read(3), drive.read(3, side="right"))
    assert np.allclose(drive.times, 0.1 * np.arange(6))


def test_colour_is_preferred_to_grey(make_sequence: Make) -> None:
    make_sequence(left_camera=0, frames=3)
    assert KittiOdometryDrive(make_sequence(frames=6)).left_camera == 2


def test_without_right_views_poses_or_times(make_sequence: Make) -> None:
    folder = make_sequence(right=0)
    (folder / "times.txt").unlink()
    shutil.rmtree(folder.parents[1] / "poses")
    drive = KittiOdometryDrive(folder)
    assert drive.baseline is None
    assert drive.world_from_camera is None
    assert np.allclose(drive.times, np.arange(6) / 10)
    with pytest.raises(VoGanError, match="no right view"):
        drive.read(0, side="right")


def test_intrinsics_follow_the_size(make_sequence: Make) -> None:
    drive = KittiOdometryDrive(make_sequence())
    assert drive.intrinsics()[0].tolist() == [80.0, 0.0, 47.5]
    half = drive.intrinsics((48, 10))
    assert half[0].tolist() == [40.0, 0.0, pytest.approx((47.5 + 0.5) / 2 - 0.5)]
    assert half[1].tolist() == [0.0, 20.0, pytest.approx((19.5 + 0.5) / 4 - 0.5)]


def test_poses_are_those_of_the_left_colour_camera(make_sequence: Make) -> None:
    folder = make_sequence()
    poses = KittiOdometryDrive(folder).world_from_camera
    assert poses is not None
    assert np.allclose(poses[0], np.eye(4))
    # In the frame of camera 0, camera 2's centre is at -t of P2 = K [I | t].
    truth = read_poses(folder.parents[1] / "poses" / "00.txt")
    centres = truth @ np.array([-0.06, 0.001, -0.004, 1.0])
    steps = np.linalg.norm(np.diff(centres[:, :3], axis=0), axis=1)
    assert np.allclose(np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1), steps, atol=1e-7)
    assert not np.allclose(np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1), steps, atol=1e-4)


def test_poses_beside_the_frames_come_first(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "poses.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n" * 6)
    assert np.allclose(KittiOdometryDrive(folder).world_from_camera, np.eye(4))


def test_too_few_poses_open_without_them(make_sequence: Make) -> None:
    folder = make_sequence()
    path = folder.parents[1] / "poses" / "00.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    with pytest.warns(UserWarning, match=r"00\.txt: has 3 rows for 6 frames"):
        assert KittiOdometryDrive(folder).world_from_camera is None


def test_too_many_poses_are_cut(make_sequence: Make) -> None:
    folder = make_sequence()
    path = folder.parents[1] / "poses" / "00.txt"
    path.write_text(path.read_text() * 2)
    with pytest.warns(UserWarning, match="has 12 rows for 6 frames"):
        drive = KittiOdometryDrive(folder)
    assert drive.world_from_camera is not None
    assert len(drive.world_from_camera) == 6


def test_nan_in_a_pose_opens_without_poses(make_sequence: Make) -> None:
    folder = make_sequence()
    path = folder.parents[1] / "poses" / "00.txt"
    path.write_text(path.read_text().replace("1.000000000e+00", "nan", 1))
    with pytest.warns(UserWarning, match=r"00\.txt, row 1.*not finite"):
        assert KittiOdometryDrive(folder).world_from_camera is None


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        ("P2", "", "no line `P2:`"),
        ("P3", "", "no line `P3:`"),
        ("P2", "P2: nan 0 47 0 0 80 19 0 0 0 1 0", "not finite"),
        ("P2", "P2: 80 0 47 0 0 80 19 0 0 0 1", "11 numbers, expected 12"),
        ("P2", "P2: -80 0 47 0 0 80 19 0 0 0 1 0", "fx = -80"),
        ("P2", "P2: 80,5 0 47 0 0 80 19 0 0 0 1 0", "80,5"),
        ("P2", "P2: 80 0 147 0 0 80 19 0 0 0 1 0", "outside the image of 96x40"),
        ("P3", "P3: 80 0 47.5 6 0 80 19.5 0 0 0 1 0.004", "baseline"),
    ],
)
def test_broken_calibration_is_named(make_sequence: Make, key: str, line: str, message: str) -> None:
    folder = make_sequence()
    replace_line(folder / "calib.txt", key, line)
    with pytest.raises(VoGanError, match=rf"calib\.txt.*{message}"):
        KittiOdometryDrive(folder)


def test_missing_calibration_is_named(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "calib.txt").unlink()
    with pytest.raises(VoGanError, match=r"calib\.txt: no such file"):
        KittiOdometryDrive(folder)


def test_backward_times_are_named(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "times.txt").write_text("0\n0.1\n0.3\n0.2\n0.4\n0.5\n")
    with pytest.raises(VoGanError, match=r"times\.txt, row 4"):
        KittiOdometryDrive(folder)


def test_frame_of_another_size_is_named_when_read(make_sequence: Make) -> None:
    folder = make_sequence()
    cv2.imwrite(str(folder / "image_2" / "000003.png"), np.zeros((40, 97, 3), np.uint8))
    drive = KittiOdometryDrive(folder)
    drive.read(2)
    with pytest.raises(VoGanError, match=r"000003\.png: is 97x40 pixels.*96x40"):
        drive.read(3, (48, 20))


def test_depth_image(make_sequence: Make) -> None:
    folder = make_sequence()
    depth = np.zeros((40, 96), np.uint16)
    depth[3, 5] = 2560
    (folder / "depth_2").mkdir()
    cv2.imwrite(str(folder / "depth_2" / "000001.png"), depth)
    drive = KittiOdometryDrive(folder)
    assert drive.read_depth(0) is None
    read = drive.read_depth(1)
    assert read is not None
    assert read[3, 5] == 10.0
    assert np.count_nonzero(read) == 1


@pytest.mark.parametrize(("name", "columns"), [("velodyne", 4), ("velodyne_xyz", 3)])
def test_lidar_is_projected_and_the_nearest_point_kept(make_sequence: Make, name: str, columns: int) -> None:
    folder = make_sequence()
    # LiDAR axes: x ahead, y left, z up. The last point is behind the camera, the one before beside the image.
    points = np.array([[8, 0, 0], [4, 0, 0], [16, 0, 0], [2, 50, 0], [-4, 0, 0]], np.float32)
    (folder / name).mkdir()
    np.pad(points, ((0, 0), (0, columns - 3))).tofile(folder / name / "000000.bin")
    depth = KittiOdometryDrive(folder).read_depth(0)
    assert depth is not None
    u = round((80 * 0.06 + 47.5 * 0.004 + 47.5 * 4) / 4.004)
    assert depth[19, u] == pytest.approx(4.004)
    assert set(np.round(depth[depth > 0], 3)) <= {np.float32(4.004), np.float32(8.004), np.float32(16.004)}


def test_cut_lidar_scan_is_named(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "velodyne").mkdir()
    (folder / "velodyne" / "000000.bin").write_bytes(b"\0" * 30)
    with pytest.raises(VoGanError, match=r"000000\.bin: has 30 bytes"):
        KittiOdometryDrive(folder).read_depth(0)


@pytest.mark.real
def test_real_lidar_agrees_with_stereo(real_data: Path) -> None:
    drive = KittiOdometryDrive(real_data / "kitti_odometry" / "sequences" / "00")
    assert (len(drive), sum(drive.has_right(index) for index in range(200)), drive.size) == (200, 100, (1241, 376))
    lidar = drive.read_depth(0)
    assert lidar is not None
    left, right = (cv2.cvtColor(drive.read(0, side=side), cv2.COLOR_RGB2GRAY) for side in ("left", "right"))
    matcher = cv2.StereoSGBM.create(0, 128, 5, 200, 800, disp12MaxDiff=1, uniquenessRatio=10)
    disparity = matcher.compute(left, right) / 16
    both = (lidar > 0) & (disparity > 0)
    assert drive.baseline is not None
    stereo = drive.intrinsics()[0, 0] * drive.baseline / disparity[both]
    assert np.median(lidar[both] / stereo) == pytest.approx(1.0, abs=0.01)
