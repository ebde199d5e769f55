from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data.frame_files import numbering_gaps
from vo_gan.data.frames import FramesDrive
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


def test_frames_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("shot_10", "shot_9", "shot_100"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "._shot_1.png").write_bytes(b"left by a Mac")
    (tmp_path / "notes.md").write_text("no frame")
    drive = FramesDrive(tmp_path)
    assert [Path(drive.frame_name(index)).stem for index in range(3)] == ["shot_9", "shot_10", "shot_100"]


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("intrinsics.txt", "80 70 47.5 19.5"),
        ("K.txt", "80 0 47.5\n0 70 19.5\n0 0 1\n"),
        ("K_96x40.txt", "80,0,47.5\r\n0,70,19.5\r\n0,0,1\r\n"),
        ("cam.txt", "80 0 47.5 0 70 19.5 0 0 1"),
    ],
)
def test_intrinsics_file(make_frames: Make, beside: bool, name: str, text: str) -> None:
    folder = make_frames()
    (folder / "intrinsics.txt").unlink()
    ((folder.parent if beside else folder) / name).write_text(text)
    assert FramesDrive(folder).intrinsics().tolist() == [[80, 0, 47.5], [0, 70, 19.5], [0, 0, 1]]


def test_given_intrinsics_come_first(make_frames: Make) -> None:
    assert FramesDrive(make_frames(), (60.0, 60.0, 40.0, 20.0)).intrinsics()[0, 0] == 60.0


def test_unknown_intrinsics_are_asked_for(make_frames: Make) -> None:
    folder = make_frames()
    (folder / "intrinsics.txt").unlink()
    drive = FramesDrive(folder)
    with pytest.raises(VoGanError, match=r"--intrinsics fx,fy,cx,cy.*96x40"):
        drive.intrinsics()


@pytest.mark.parametrize(
    "values", [(80.0, 80.0, 120.0, 20.0), (0.0, 80.0, 47.0, 20.0), (80.0, float("nan"), 47.0, 20.0)]
)
def test_intrinsics_that_do_not_fit_are_refused(make_frames: Make, values: tuple[float, float, float, float]) -> None:
    with pytest.raises(VoGanError, match="intrinsics"):
        FramesDrive(make_frames(), values)


@pytest.mark.parametrize("text", ["80 80 47.5", "80 80 120 20", "80 5 47 0 80 20 0 0 1", "eighty"])
def test_broken_intrinsics_file_is_named(make_frames: Make, text: str) -> None:
    folder = make_frames()
    (folder / "intrinsics.txt").write_text(text)
    with pytest.raises(VoGanError, match=r"intrinsics\.txt"):
        FramesDrive(folder)


def test_two_intrinsics_files_are_refused(make_frames: Make) -> None:
    folder = make_frames()
    (folder / "K.txt").write_text("80 80 47.5 19.5")
    with pytest.raises(VoGanError, match=r"K\.txt, intrinsics\.txt"):
        FramesDrive(folder)


def test_times(make_frames: Make) -> None:
    folder = make_frames(frames=3)
    assert FramesDrive(folder).times.tolist() == [0.0, 0.1, 0.2]
    (folder / "times.txt").write_text("5\n5.04\n5.09\n")
    assert FramesDrive(folder).times.tolist() == [5.0, 5.04, 5.09]
    (folder / "times.txt").write_text("5\n5.04\n")
    with pytest.raises(VoGanError, match=r"times\.txt: has 2 rows for 3 frames"):
        FramesDrive(folder)


def test_no_frames_and_doubles_are_refused(tmp_path: Path, make_frames: Make) -> None:
    with pytest.raises(VoGanError, match="holds no frames"):
        FramesDrive(tmp_path)
    folder = make_frames()
    (folder / "0003.jpg").write_bytes((folder / "0003.png").read_bytes())
    with pytest.raises(VoGanError, match="there twice"):
        FramesDrive(folder)


def test_missing_and_out_of_range_frames_are_named(make_frames: Make) -> None:
    folder = make_frames(frames=4)
    drive = FramesDrive(folder)
    (folder / "0002.png").unlink()
    with pytest.raises(VoGanError, match=r"0002\.png: no such file"):
        drive.read(2)
    for index in (-1, 4):
        with pytest.raises(VoGanError, match="frames 0 to 3"):
            drive.read(index)


def test_numbering_gaps() -> None:
    def frames(numbers: list[int]) -> list[Path]:
        return [Path(f"{number:06d}.png") for number in numbers]

    assert numbering_gaps(frames([3, 4, 5]), strict=True) == []
    assert ["000004" in gap for gap in numbering_gaps(frames([3, 4, 6]), strict=True)] == [True]
    every_second = [2 * index for index in range(20)]
    assert numbering_gaps(frames(every_second), strict=False) == []
    assert len(numbering_gaps(frames([*every_second, 44]), strict=False)) == 1
    assert numbering_gaps(frames([17, 53, 88, 131]), strict=False) == []  # time stamps
