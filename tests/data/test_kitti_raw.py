from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vo_gan.data.kitti_raw import KittiRawDrive, oxts_to_poses
from vo_gan.data.tables import read_poses
from vo_gan.errors import VoGanError
from vo_gan.geometry import from_first

Make = Callable[..., Path]


def test_reads_colour_stereo(make_raw_drive: Make) -> None:
    drive = KittiRawDrive(make_raw_drive())
    assert (drive.name, len(drive), drive.size) == ("2011_09_26_drive_0007_sync", 5, (96, 40))
    assert drive.baseline == pytest.approx(0.53)
    assert np.allclose(drive.times, 1e-6 * np.arange(5), atol=1e-12)
    assert drive.read(2, (48, 20), "right").shape == (20, 48, 3)


def test_falls_to_grey_and_mono(make_raw_drive: Make) -> None:
    drive = KittiRawDrive(make_raw_drive(cameras=(0,)))
    assert drive.left_camera == 0
    assert drive.baseline is None


def test_poses_go_ahead_in_camera_axes(make_raw_drive: Make) -> None:
    poses = KittiRawDrive(make_raw_drive()).world_from_camera
    assert poses is not None
    assert np.allclose(poses[:, :3, :3], np.eye(3), atol=1e-6)
    assert np.allclose(poses[:, :3, 3], 10 * np.arange(5)[:, None] * [0, 0, 1], atol=1e-3)


def test_attitude_axes() -> None:
    oxts = np.array([[49.0, 8.4, 100.0, 0.0, 0.0, 0.0], [49.0, 8.4, 101.0, 0.3, 0.2, 0.1]])
    first, second = oxts_to_poses(oxts)
    assert np.allclose(first[:3, :3], np.eye(3))
    roll, pitch, yaw = 0.3, 0.2, 0.1
    assert second[2, 0] == pytest.approx(-np.sin(pitch))
    assert np.arctan2(second[2, 1], second[2, 2]) == pytest.approx(roll)
    assert np.arctan2(second[1, 0], second[0, 0]) == pytest.approx(yaw)
    assert (second - first)[2, 3] == pytest.approx(1.0)


def test_without_oxts(make_raw_drive: Make) -> None:
    folder = make_raw_drive()
    shutil.rmtree(folder / "oxts")
    assert KittiRawDrive(folder).world_from_camera is None


def test_a_missing_oxts_record_is_named(make_raw_drive: Make) -> None:
    folder = make_raw_drive()
    (folder / "oxts" / "data" / "0000000003.txt").unlink()
    with pytest.warns(UserWarning, match=r"0000000003\.txt: no such file"):
        assert KittiRawDrive(folder).world_from_camera is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P_rect_02", "Q_rect_02", "no line `P_rect_02:`"),
        ("R_rect_00: 1", "R_rect_00: nan", "not finite"),
        ("S_rect_02: 9.6", "S_rect_02: 8.6", "is for frames of 86x40"),
    ],
)
def test_broken_calibration_is_named(make_raw_drive: Make, old: str, new: str, message: str) -> None:
    folder = make_raw_drive()
    path = folder.parent / "calib_cam_to_cam.txt"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(VoGanError, match=rf"calib_cam_to_cam\.txt.*{message}"):
        KittiRawDrive(folder)


def test_missing_calibration_is_named(make_raw_drive: Make) -> None:
    folder = make_raw_drive()
    (folder.parent / "calib_cam_to_cam.txt").unlink()
    with pytest.raises(VoGanError, match=r"calib_cam_to_cam\.txt: no such file"):
        KittiRawDrive(folder)


@pytest.mark.parametrize(("row", "message"), [("yesterday", "is no time"), ("2011-09-26 13:02:20.0", "does not come")])
def test_broken_timestamps_are_named(make_raw_drive: Make, row: str, message: str) -> None:
    folder = make_raw_drive()
    path = folder / "image_02" / "timestamps.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], row, *lines[3:]]))
    with pytest.raises(VoGanError, match=rf"timestamps\.txt, row 3.*{message}"):
        KittiRawDrive(folder)


def test_velodyne(make_raw_drive: Make) -> None:
    folder = make_raw_drive()
    (folder / "velodyne_points" / "data").mkdir(parents=True)
    np.array([[5, 0, 0, 0.3], [9, 0, 0, 0.3]], np.float32).tofile(
        folder / "velodyne_points" / "data" / "0000000001.bin"
    )
    drive = KittiRawDrive(folder)
    assert drive.read_depth(0) is None
    depth = drive.read_depth(1)
    assert depth is not None
    assert sorted(depth[depth > 0]) == pytest.approx([5.003])  # both in one pixel: the nearer is kept


@pytest.mark.real
def test_real_oxts_poses_agree_with_the_reference(real_data: Path) -> None:
    folder = real_data / "kitti_raw" / "2011_09_26" / "2011_09_26_drive_0001_sync"
    drive = KittiRawDrive(folder)
    assert drive.world_from_camera is not None
    camera_from_camera0 = np.eye(4)
    projection = drive.calibration.projection
    camera_from_camera0[:3, 3] = np.linalg.solve(projection[:, :3], projection[:, 3])
    found = from_first(drive.world_from_camera @ camera_from_camera0)
    reference = from_first(read_poses(folder / "poses_cam0_reference.txt"))
    assert np.abs(found[:, :3, 3] - reference[:, :3, 3]).max() < 0.01
    assert np.abs(found[:, :3, :3] - reference[:, :3, :3]).max() < 1e-5
