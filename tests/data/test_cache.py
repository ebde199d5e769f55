from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from vo_gan.data import Drive, RangedDrive, open_drive
from vo_gan.data.cache import cached
from vo_gan.errors import VoGanError

Make = Callable[..., Path]
SIZE = (24, 10)


def same(one: Drive, other: Drive) -> None:
    for index in range(len(one)):
        assert one.has_right(index) == other.has_right(index)
        for side in ("left", "right") if one.has_right(index) else ("left",):
            for size in (SIZE, (12, 6)):
                assert np.array_equal(one.read(index, size, side), other.read(index, size, side))  # type: ignore[arg-type]
    assert np.array_equal(one.intrinsics(SIZE), other.intrinsics(SIZE))


@pytest.mark.parametrize("cache", ["memory", "disk", "off"])
def test_a_cached_drive_is_the_same_drive(
    make_sequence: Make, tmp_path: Path, cache: Literal["memory", "disk", "off"]
) -> None:
    drive = RangedDrive(open_drive(make_sequence()), 1, 5)
    (kept,) = cached([drive], SIZE, cache, tmp_path / "cache")
    same(kept, drive)


def test_kept_frames_are_not_decoded_again(make_frames: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = open_drive(make_frames(frames=5))
    (first,) = cached([drive], SIZE, "disk", tmp_path / "cache")
    expected = [first.read(index, SIZE).copy() for index in range(5)]
    again = open_drive(tmp_path / "frames")

    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(type(again), "read", refuse)
    (second,) = cached([again], SIZE, "disk", tmp_path / "cache")
    assert all(np.array_equal(second.read(index, SIZE), expected[index]) for index in range(5))


def test_a_frame_that_changed_and_a_file_cut_short_are_decoded_again(make_frames: Make, tmp_path: Path) -> None:
    folder = make_frames(frames=4)
    drive = open_drive(folder)
    cached([drive], SIZE, "disk", tmp_path / "cache")
    frames = sorted(folder.glob("*.png"))
    frames[0].write_bytes(frames[1].read_bytes())
    (kept,) = cached([drive], SIZE, "disk", tmp_path / "cache")
    assert np.array_equal(kept.read(0, SIZE), kept.read(1, SIZE))
    packed = sorted((tmp_path / "cache").iterdir())
    assert len(packed) == 2
    for path in packed:
        path.write_bytes(path.read_bytes()[:100])
    (kept,) = cached([drive], SIZE, "disk", tmp_path / "cache")
    same(kept, drive)


def test_nothing_half_decoded_stays(make_frames: Make, tmp_path: Path) -> None:
    folder = make_frames(frames=4)
    drive = open_drive(folder)
    broken = sorted(folder.glob("*.png"))[2]
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(VoGanError, match=broken.name):
        cached([drive], SIZE, "disk", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_disk_needs_a_folder(make_frames: Make) -> None:
    with pytest.raises(VoGanError, match=r"data\.cache_folder is not set"):
        cached([open_drive(make_frames())], SIZE, "disk", Path(""))
