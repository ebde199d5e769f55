from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vo_gan.data import SnippetDataset, open_drive, played
from vo_gan.errors import VoGanError
from vo_gan.geometry import relative_motions

Make = Callable[..., Path]


def test_twice_as_fast_is_every_other_frame(make_sequence: Make) -> None:
    whole = open_drive(make_sequence())
    (fast,) = played([whole], [2])
    assert len(fast) == (len(whole) + 1) // 2
    assert np.array_equal(fast.read(1), whole.read(2))
    assert fast.frame_name(1) == whole.frame_name(2)
    assert fast.times.tolist() == whole.times[::2].tolist()
    assert whole.world_from_camera is not None
    assert np.allclose(
        relative_motions(fast.world_from_camera)[0],
        np.linalg.inv(whole.world_from_camera[0]) @ whole.world_from_camera[2],
    )


def test_backwards_undoes_every_motion(make_sequence: Make) -> None:
    whole = open_drive(make_sequence())
    (back,) = played([whole], [-1])
    last = len(whole) - 1
    assert back.frame_name(0) == whole.frame_name(last)
    assert [back.has_right(index) for index in range(len(back))] == [
        whole.has_right(last - index) for index in range(len(back))
    ]
    assert np.all(np.diff(back.times) > 0)
    motions = relative_motions(whole.world_from_camera)[::-1]
    assert np.allclose(relative_motions(back.world_from_camera), np.linalg.inv(motions))


def test_snippets_of_all_speeds(make_sequence: Make) -> None:
    whole = open_drive(make_sequence())
    dataset = SnippetDataset(played([whole], [1, -1]), 3, (64, 32))
    assert len(dataset) == 2 * (len(whole) - 2)
    forwards, backwards = dataset.batch([0]), dataset.batch([len(dataset) - 1])
    assert np.array_equal(forwards.images.numpy(), backwards.images.flip(1).numpy())


@pytest.mark.parametrize("speeds", [[], [1, 0]])
def test_impossible_speeds(make_sequence: Make, speeds: list[int]) -> None:
    with pytest.raises(VoGanError, match=r"data\.speeds"):
        played([open_drive(make_sequence())], speeds)
