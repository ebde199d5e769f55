from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data import RangedDrive, open_drive, verify
from vo_gan.data.check import DriveReport, check
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


def only(reports: list[DriveReport]) -> DriveReport:
    assert len(reports) == 1
    return reports[0]


def has(lines: list[str], *parts: str) -> bool:
    return any(all(part in line for part in parts) for line in lines)


def test_whole_drives_have_no_problems(make_sequence: Make, make_raw_drive: Make, tmp_path: Path) -> None:
    make_sequence(frames=6, right=4)
    make_raw_drive()
    odometry, raw = check(tmp_path)
    assert (odometry.kind, odometry.frames, odometry.problems) == ("kitti_odometry", 6, [])
    assert has(odometry.facts, "6 of 96x40", "4 with a right view")
    assert has(odometry.facts, "fx 80.00", "baseline 0.53")
    assert has(odometry.facts, "poses: 6")
    assert has(odometry.notes, "right views of 4 of 6")
    assert (raw.kind, raw.frames, raw.problems) == ("kitti_raw", 5, [])
    assert has(raw.facts, "poses: 5, 40.0 m")


def test_everything_wrong_is_listed_at_once(make_sequence: Make) -> None:
    folder = make_sequence(frames=10, right=10)
    images = folder / "image_2"
    cut = images / "000001.png"
    cut.write_bytes(cut.read_bytes()[:-30])
    (images / "000003.png").write_bytes(b"")
    cv2.imwrite(str(images / "000004.png"), np.zeros((40, 90, 3), np.uint8))
    flipped = bytearray((folder / "image_3" / "000005.png").read_bytes())
    flipped[len(flipped) // 2] ^= 1
    (folder / "image_3" / "000005.png").write_bytes(bytes(flipped))
    (images / "000007.png").unlink()
    (folder / "calib.txt").write_text((folder / "calib.txt").read_text().replace("P3: 8", "P3: nan 8"))
    (folder / "times.txt").write_text("\n".join(str(value) for value in [0, 1, 2, 2, 4, 5, 6, 7, 8, 9]))
    poses = folder.parents[1] / "poses" / "00.txt"
    rows = poses.read_text().splitlines()
    poses.write_text("\n".join([*rows[:3], "2 " + rows[3].split(" ", 1)[1], *rows[4:]]))

    problems = only(check(folder.parents[1])).problems
    assert has(problems, "image_2/000001.png", "cut short")
    assert has(problems, "000003.png", "is empty")
    assert has(problems, "000004.png", "90x40")
    assert has(problems, "image_3/000005.png", "damaged")
    assert has(problems, "000006.png", "next frame is 000008.png")
    assert has(problems, "calib.txt", "P3", "not finite")
    assert has(problems, "times.txt, row 4")
    assert has(problems, "00.txt, row 4", "no rotation")
    assert len(problems) == 8


def test_fast_check_decodes_nothing_but_sees_a_cut_file(make_sequence: Make) -> None:
    folder = make_sequence(suffix=".jpg")
    path = folder / "image_2" / "000001.jpg"
    path.write_bytes(path.read_bytes()[:-2])
    assert has(only(check(folder, decode=False)).problems, "000001.jpg", "cut short")


@pytest.mark.parametrize("rows", [4, 9])
def test_number_of_poses(make_sequence: Make, rows: int) -> None:
    folder = make_sequence(frames=6)
    (folder / "poses.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n" * rows)
    assert has(only(check(folder)).problems, "poses.txt", f"has {rows} rows for 6 frames")


def test_missing_calibration_and_single_frames(make_sequence: Make, tmp_path: Path) -> None:
    (make_sequence("00") / "calib.txt").unlink()
    make_sequence("01", frames=1, right=0)
    first, second = check(tmp_path)
    assert has(first.problems, "calib.txt", "no such file")
    assert has(second.problems, "one frame only")


def test_missing_oxts_record(make_raw_drive: Make) -> None:
    folder = make_raw_drive()
    (folder / "oxts" / "data" / "0000000002.txt").unlink()
    assert has(only(check(folder)).problems, "0000000002.txt", "no such file")


def test_off_centre_camera_is_noted(make_sequence: Make) -> None:
    folder = make_sequence(right=0)
    (folder / "calib.txt").write_text("P2: 80 0 90 0 0 80 19.5 0 0 0 1 0\n")
    report = only(check(folder))
    assert report.problems == []
    assert has(report.notes, "far from the image centre")


def test_damaged_depth_is_listed(make_sequence: Make) -> None:
    folder = make_sequence()
    (folder / "depth_2").mkdir()
    cv2.imwrite(str(folder / "depth_2" / "000002.png"), np.zeros((40, 96), np.uint8))
    assert has(only(check(folder)).problems, "depth_2/000002.png", "expected a 16-bit grey PNG")


def test_frames_without_intrinsics_and_a_broken_video(make_frames: Make, tmp_path: Path) -> None:
    folder = make_frames()
    (folder / "intrinsics.txt").unlink()
    report = only(check(folder))
    assert report.problems == []
    assert has(report.notes, "--intrinsics")
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    assert has(only(check(tmp_path / "a.mp4")).problems, "a.mp4")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match="no such"):
        check(tmp_path / "missing")
    with pytest.raises(VoGanError, match="no drive there"):
        check(tmp_path)


def test_verify_accepts_whole_drives_and_names_what_is_not(make_sequence: Make, make_frames: Make) -> None:
    drives = [open_drive(make_sequence(frames=8, right=8)), open_drive(make_frames())]
    verify(drives)
    folder = Path(drives[0].frame_name(0)).parent
    cut = folder / "000003.png"
    cut.write_bytes(cut.read_bytes()[:-1])
    (folder.parent / "image_3" / "000005.png").unlink()
    with pytest.raises(VoGanError) as caught:
        verify(drives)
    assert "2 problem(s)" in str(caught.value)
    assert str(cut) in str(caught.value)
    assert "image_3/000005.png" in str(caught.value)
    verify([RangedDrive(drives[0], 0, 3)])
    verify([RangedDrive(RangedDrive(drives[0], 4, 8), 2, 4)])
    with pytest.raises(VoGanError, match="000003"):
        verify([RangedDrive(RangedDrive(drives[0], 1, 8), 2, 4)])


def test_verify_refuses_a_gap_in_the_numbers(make_sequence: Make) -> None:
    folder = make_sequence(frames=8, right=0)
    (folder / "image_2" / "000004.png").unlink()
    with pytest.warns(UserWarning, match="rows for 7 frames"):
        drive = open_drive(folder)
    with pytest.raises(VoGanError, match=r"000003\.png: the next frame is 000005\.png"):
        verify([drive])
    verify([RangedDrive(drive, 0, 4), RangedDrive(drive, 4, 7)])


@pytest.mark.real
def test_real_data_has_no_problems(real_data: Path) -> None:
    started = time.perf_counter()
    verify([open_drive(path) for path in (real_data / "malaga_07" / "images", *(r.path for r in check(real_data)))])
    reports = check(real_data)
    assert [(report.path.name, report.frames, report.problems) for report in reports] == [
        ("00", 200, []),
        ("2011_09_26_drive_0001_sync", 108, []),
    ]
    assert time.perf_counter() - started < 60
