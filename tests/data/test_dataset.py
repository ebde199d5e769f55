from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vo_gan.data import RangedDrive, SnippetDataset, open_drive
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


def test_snippets_stay_within_their_drive(make_sequence: Make) -> None:
    drives = [open_drive(make_sequence("00", frames=6)), open_drive(make_sequence("01", frames=5))]
    dataset = SnippetDataset(drives, frames=3, size=(48, 20), stride=2)
    located = [dataset.locate(item) for item in range(len(dataset))]
    assert located == [(0, [0, 2, 4]), (0, [1, 3, 5]), (1, [0, 2, 4])]
    with pytest.raises(IndexError):
        dataset.locate(3)


def test_a_batch_holds_the_frames_and_their_camera(make_sequence: Make, make_frames: Make) -> None:
    stereo, mono = open_drive(make_sequence(frames=6, right=4)), open_drive(make_frames(frames=4))
    dataset = SnippetDataset([stereo, mono], frames=3, size=(48, 20))
    batch = dataset.batch([2, 5]).to("cpu")
    assert batch.images.shape == (2, 3, 3, 20, 48)
    for column in range(3):
        expected = torch.from_numpy(stereo.read(2 + column, (48, 20))).permute(2, 0, 1) / 255.0
        assert torch.equal(batch.images[0, column], expected)
    assert batch.has_right.tolist() == [[True, True, False], [False, False, False]]
    expected = torch.from_numpy(stereo.read(3, (48, 20), "right")).permute(2, 0, 1) / 255.0
    assert torch.equal(batch.right[0, 1], expected)
    assert batch.right[0, 2].count_nonzero() == 0
    assert batch.right[1].count_nonzero() == 0
    assert torch.allclose(batch.intrinsics[0], torch.from_numpy(stereo.intrinsics((48, 20))).float())
    assert batch.right_from_left[0, 0, 3] == pytest.approx(-0.53)
    assert torch.equal(batch.right_from_left[1], torch.eye(4))
    assert batch.names == (stereo.frame_name(2), mono.frame_name(1))


def test_mono_reads_no_right_view(make_sequence: Make) -> None:
    drive = open_drive(make_sequence())
    packed = SnippetDataset([drive], 3, (48, 20), stereo=False).batch([0])
    assert packed.right is None
    snippet = packed.to("cpu")
    assert not snippet.has_right.any()
    assert snippet.right.shape == snippet.images.shape
    assert torch.equal(snippet.right_from_left[0], torch.eye(4))


def test_short_drives_and_unknown_cameras_are_refused(make_sequence: Make, make_frames: Make) -> None:
    one = open_drive(make_sequence(frames=1, right=0))
    with pytest.raises(VoGanError, match=r"000000\.png.*has 1 frame\(s\)"):
        SnippetDataset([one], 3, (48, 20))
    with pytest.raises(VoGanError, match="has 4 frame"):
        SnippetDataset([RangedDrive(open_drive(make_sequence()), 0, 4)], 3, (48, 20), stride=2)
    folder = make_frames()
    (folder / "intrinsics.txt").unlink()
    with pytest.raises(VoGanError, match="intrinsics are not known"):
        SnippetDataset([open_drive(folder)], 3, (48, 20))


def test_no_drives_make_an_empty_set() -> None:
    assert len(SnippetDataset([], 3, (48, 20))) == 0


@pytest.mark.real
def test_real_batch_is_in_colour_the_right_way_round(real_data: Path) -> None:
    drive = open_drive(real_data / "kitti_raw" / "2011_09_26" / "2011_09_26_drive_0001_sync")
    batch = SnippetDataset([drive], 3, (416, 128)).batch([5]).to("cpu")
    sky = batch.images[0, 0, :, :20, 200:230].mean(dim=(1, 2))
    bricks = batch.images[0, 0, :, 62:68, 360:390].mean(dim=(1, 2))
    assert np.all(sky.numpy() > 0.6)
    assert bricks[0] > 1.15 * bricks[2]  # the brick wall is redder than blue
