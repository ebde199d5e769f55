from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vo_gan.data import open_drive
from vo_gan.data.stereo_drives import common_rig, rig_of, with_right_views
from vo_gan.errors import VoGanError


def test_parts_with_right_views(make_sequence: Callable[..., Path]) -> None:
    some, every = open_drive(make_sequence("00", right=4)), open_drive(make_sequence("01", right=6))
    none = open_drive(make_sequence("02", right=0))
    parts = with_right_views([some, every, none])
    assert [part.name for part in parts] == ["00[0:4]", "01"]
    assert all(part.has_right(index) for part in parts for index in range(len(part)))
    every.right_frames = {index: path for index, path in every.right_frames.items() if index != 2}
    assert [part.name for part in with_right_views([every])] == ["01[0:2]", "01[3:6]"]


def test_the_rig_is_a_share_of_the_width_and_metres(make_sequence: Callable[..., Path]) -> None:
    drive = open_drive(make_sequence())
    rig = rig_of(drive)
    assert rig.focal == pytest.approx(80 / 96)
    assert rig.baseline == pytest.approx(0.53)
    assert common_rig([drive, drive]) == rig
    assert rig.known


def test_different_rigs_and_none_are_refused(make_sequence: Callable[..., Path]) -> None:
    first, second = open_drive(make_sequence("00")), open_drive(make_sequence("01"))
    second.baseline = 1.1 * first.baseline
    with pytest.raises(VoGanError, match="01 and 00 were taken by different rigs"):
        common_rig([first, second])
    second.baseline = 1.04 * first.baseline
    assert common_rig([first, second]).baseline == pytest.approx(1.02 * first.baseline)
    with pytest.raises(VoGanError, match="no drive has right views"):
        common_rig(with_right_views([open_drive(make_sequence("02", right=0))]))
