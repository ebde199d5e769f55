from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data import RangedDrive, find_drives, open_drive, open_drives
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


@pytest.fixture
def everything(make_sequence: Make, make_raw_drive: Make, make_frames: Make, tmp_path: Path) -> Path:
    """KITTI odometry 00 and 01, a raw drive, a folder of frames, and stereo pairs that are no drive."""
    make_sequence("00")
    make_sequence("01", right=0)
    make_raw_drive()
    make_frames()
    for camera in (2, 3):
        (tmp_path / "pairs" / f"image_{camera}").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "pairs" / f"image_{camera}" / "000000.png"), np.zeros((8, 8), np.uint8))
    return tmp_path


def test_all_drives_are_found_from_every_level(everything: Path) -> None:
    names = ["00", "01", "2011_09_26_drive_0007_sync"]
    assert [drive.name for drive in open_drives(everything)] == names
    assert [drive.name for drive in open_drives(everything / "kitti")] == names[:2]
    assert [drive.name for drive in open_drives(everything / "kitti" / "sequences")] == names[:2]
    assert [drive.name for drive in open_drives(everything / "kitti" / "sequences" / "01")] == ["01"]
    assert [drive.name for drive in open_drives(everything / "raw")] == names[2:]
    assert [drive.name for drive in open_drives(everything / "raw" / "2011_09_26")] == names[2:]
    assert [drive.kind for drive in open_drives(everything / "frames")] == ["frames"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("kitti/sequences/00", "kitti_odometry"), ("frames", "frames"), ("kitti/sequences/00/image_2", "frames")],
)
def test_kinds(everything: Path, path: str, kind: str) -> None:
    assert open_drive(everything / path).kind == kind


def test_selections(everything: Path) -> None:
    drives = open_drives(everything / "kitti", ["01", "00[1:5]", "sequences/00[2:]", "00[:3]"])
    assert [(drive.name, len(drive)) for drive in drives] == [("01", 6), ("00[1:5]", 4), ("00[2:6]", 4), ("00[0:3]", 3)]
    assert [drive.name for drive in open_drives(everything, ["00", "raw", "frames[2:4]"])] == [
        "00",
        "2011_09_26_drive_0007_sync",
        "frames[2:4]",
    ]
    assert [len(drive) for drive in open_drives(everything / "kitti" / "sequences" / "00", ["[0:2]"])] == [2]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("07", "no such drive.*sequences/00"),
        ("00[2:9]", "has 6 frames"),
        ("00[3:3]", "not empty"),
        ("00[-2:3]", "no such drive"),
        ("../raw", "without"),
        ("/etc", "below"),
        ("sequences[0:2]", "needs one"),
    ],
)
def test_bad_selections_are_refused(everything: Path, selection: str, message: str) -> None:
    with pytest.raises(VoGanError, match=message):
        open_drives(everything / "kitti", [selection])


def test_a_range_is_the_same_frames(make_sequence: Make) -> None:
    whole = open_drive(make_sequence())
    part = RangedDrive(whole, 2, 6)
    assert np.array_equal(part.read(1), whole.read(3))
    assert [part.has_right(index) for index in range(4)] == [True, True, False, False]
    assert part.frame_name(0) == whole.frame_name(2)
    assert part.times.tolist() == whole.times[2:6].tolist()
    assert part.world_from_camera is not None
    assert whole.world_from_camera is not None
    assert np.allclose(part.world_from_camera[0], np.eye(4))
    motion = np.linalg.inv(whole.world_from_camera[2]) @ whole.world_from_camera[4]
    assert np.allclose(part.world_from_camera[2], motion)
    with pytest.raises(VoGanError, match="frames 0 to 3"):
        part.read(4)


def test_links_find_the_files_beside_the_link(make_sequence: Make, tmp_path: Path) -> None:
    stored = tmp_path / "store"
    make_sequence().rename(stored)
    (tmp_path / "kitti" / "sequences" / "00").symlink_to(stored)
    drive = open_drives(tmp_path / "kitti")[0]
    assert drive.name == "00"
    assert drive.world_from_camera is not None


def test_nothing_there_is_said(tmp_path: Path, make_frames: Make) -> None:
    for opener in (open_drive, open_drives):
        with pytest.raises(VoGanError, match="no such"):
            opener(tmp_path / "missing")
    make_frames(name="images")
    for opener in (open_drive, open_drives):
        with pytest.raises(VoGanError, match=r"no drive there.*frames in images: open that folder"):
            opener(tmp_path)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(VoGanError, match="is no video"):
        open_drive(tmp_path / "notes.txt")


def test_several_drives_are_not_one(everything: Path) -> None:
    with pytest.raises(VoGanError, match="holds 3 drives"):
        open_drive(everything)


def test_intrinsics_for_a_calibrated_drive_are_refused(make_sequence: Make) -> None:
    with pytest.raises(VoGanError, match="calibration of its own"):
        open_drive(make_sequence(), (80.0, 80.0, 47.5, 19.5))


def test_sequence_without_calibration_is_found_and_named(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "calib.txt").unlink()
    with pytest.raises(VoGanError, match=r"calib\.txt: no such file"):
        open_drives(folder.parents[1])


@pytest.mark.real
def test_real_root(real_data: Path) -> None:
    assert [path.name for path in find_drives(real_data)] == ["00", "2011_09_26_drive_0001_sync"]
    loop = open_drive(real_data / "malaga_07" / "images")
    assert (len(loop), loop.size) == (2121, (400, 300))
    assert loop.intrinsics()[0, 0] == pytest.approx(310.592140)
