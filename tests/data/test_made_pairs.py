"""The supply of made pairs: its order, its entry points, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vo_gan.data import Drive, Share, open_drive
from vo_gan.data.made_pairs import MadePairs, depth_files, predicted_depth, recorded_depth
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.engine.trainer import Batches
from vo_gan.errors import VoGanError

Make = Callable[..., Path]
SIZE = (48, 20)


def ramp(_drive: Drive, index: int) -> np.ndarray:
    """Nearer below, a little nearer in every frame."""
    rows = np.linspace(40 - index, 4, 10, dtype=np.float32)[:, None]
    return np.broadcast_to(rows, (10, 24)).copy()


@pytest.fixture
def drives(make_frames: Make) -> list[Drive]:
    return [open_drive(make_frames(frames=7, name="a")), open_drive(make_frames(frames=6, name="b"))]


def supply(drives: Sequence[Drive], workers: int = 0, seed: int = 3, share: Share | None = None) -> MadePairs:
    return MadePairs(drives, ramp, SIZE, 3, seed, workers=workers, share=share or Share())


def same(first: StereoPairs, second: StereoPairs) -> bool:
    tensors = ("left", "right", "disparity", "mask")
    return first.names == second.names and all(
        torch.equal(getattr(first, name), getattr(second, name)) for name in tensors
    )


def test_gives_pairs_of_the_size_asked_for(drives: list[Drive]) -> None:
    pairs = supply(drives)
    assert isinstance(pairs, Batches)
    epoch = list(pairs)
    assert len(epoch) == len(pairs) == 4
    for batch in epoch:
        assert batch.left.shape == batch.right.shape == (3, 3, 20, 48)
        assert batch.disparity.shape == batch.mask.shape == (3, 1, 20, 48)
        assert 0 <= batch.right.min() < batch.right.max() <= 1
        peaks = batch.disparity.amax(dim=(1, 2, 3)) * 608 / 48
        assert (peaks > 40).all()
        assert (peaks <= 192.001).all()
        # Full up to the right border: nothing but what is hidden or outside on the left is not seen.
        assert batch.mask[..., -12:].float().mean() > 0.9
    names = [name for batch in epoch for name in batch.names]
    assert len(set(names)) == 12
    assert {Path(name).parent.name for name in names} == {"a", "b"}


@pytest.mark.parametrize("workers", [0, 2])
def test_enters_an_epoch_in_the_middle(drives: list[Drive], workers: int) -> None:
    pairs = supply(drives)
    epochs = []
    for epoch in range(2):
        pairs.set_position(epoch, 0)
        epochs.append(list(pairs))
    assert [batch.names for batch in epochs[0]] != [batch.names for batch in epochs[1]]
    resumed = supply(drives, workers)
    resumed.set_position(0, 1)
    next(iter(resumed))  # left in the middle, as by an interruption
    resumed.set_position(1, 2)
    rest = list(resumed)
    assert len(rest) == 2
    assert all(same(first, second) for first, second in zip(rest, epochs[1][2:], strict=True))
    assert all(same(first, second) for first, second in zip(resumed, epochs[1], strict=True))


def test_a_pair_follows_from_seed_epoch_and_frame(drives: list[Drive]) -> None:
    pairs = supply(drives)
    together, alone = pairs.batch([4, 9], 2), pairs.batch([9], 2)
    torch.testing.assert_close(together.right[1], alone.right[0])
    assert not torch.equal(alone.disparity, pairs.batch([9], 3).disparity)
    assert not torch.equal(alone.disparity, supply(drives, seed=4).batch([9], 2).disparity)


def test_processes_share_a_batch(drives: list[Drive]) -> None:
    shares = [supply(drives, share=Share(process, 2)) for process in range(2)]
    assert shares[0].processes == 2
    seen = [name for pairs in shares for batch in pairs for name in batch.names]
    assert len(seen) == len(set(seen)) == 12


def test_depth_from_a_drive_a_function_and_files(make_sequence: Make, drives: list[Drive], tmp_path: Path) -> None:
    sequence = make_sequence()
    (sequence / "depth_2").mkdir()
    for index in range(6):
        sky_and_road = np.repeat(np.linspace(-20, 40, 40).clip(0).astype(np.uint16)[:, None] * 256, 96, axis=1)
        cv2.imwrite(str(sequence / "depth_2" / f"{index:06d}.png"), sky_and_road)
    drive = open_drive(sequence)
    assert recorded_depth(drive, 3)[[0, -1], 5].tolist() == [0.0, 40.0]
    batch = next(iter(MadePairs([drive], recorded_depth, (96, 40), 2, seed=0)))
    assert (batch.disparity[:, :, 0] == 0).all()
    assert batch.mask.float().mean() > 0.3
    predicted = predicted_depth(lambda frame: frame[..., 0].astype(np.float32) + 1)
    assert np.array_equal(predicted(drives[0], 2), drives[0].read(2)[..., 0].astype(np.float32) + 1)
    for folder, metres in ((tmp_path / "depth", 5), (tmp_path / "depth" / "b", 9)):
        folder.mkdir()
        cv2.imwrite(str(folder / "000001.png"), np.full((4, 6), metres * 256, np.uint16))
    read = depth_files(tmp_path / "depth")
    assert (read(drives[0], 1) == 5).all()
    assert (read(drives[1], 1) == 9).all()
    with pytest.raises(VoGanError, match=r"000002\.png"):
        read(drives[0], 2)


@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_wrong_with_a_frame_is_named(drives: list[Drive], workers: int) -> None:
    with pytest.raises(VoGanError, match=r"000\d.png: has depth for 0% of its pixels"):
        list(MadePairs(drives, recorded_depth, SIZE, 2, 0, workers=workers))
    nothing = predicted_depth(lambda frame: np.zeros(frame.shape[:2], np.float32))
    with pytest.raises(VoGanError, match=r"000\d.png: its depth is unknown everywhere"):
        list(MadePairs(drives, nothing, SIZE, 2, 0, workers=workers))
    broken = Path(drives[0].frame_name(4))
    broken.write_bytes(broken.read_bytes()[:90])
    with pytest.raises(VoGanError, match=str(broken)):
        list(supply(drives, workers))


def test_impossible_numbers_are_refused(drives: list[Drive], make_frames: Make) -> None:
    single = open_drive(make_frames(frames=1, name="single"))
    for arguments in ([], [single]):
        with pytest.raises(VoGanError, match="at least 2 frames"):
            MadePairs(arguments, ramp, SIZE, 2, 0)
    with pytest.raises(VoGanError, match="at least"):
        MadePairs(drives, ramp, SIZE, 0, 0)
    with pytest.raises(VoGanError, match="workers"):
        MadePairs(drives, ramp, SIZE, 2, 0, workers=-1)
