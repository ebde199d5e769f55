from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vo_gan.data import RangedDrive, open_drives
from vo_gan.data.drive_pairs import PairDataset, PairLoader, PairSampling
from vo_gan.data.made_pairs import MadePairs, recorded_depth
from vo_gan.data.mixed_pairs import MixedPairs
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.errors import VoGanError
from vo_gan.geometry import sample_right

SIZE = (96, 48)


@pytest.fixture(scope="module")
def dataset(tiny_world: Path) -> PairDataset:
    return PairDataset(open_drives(tiny_world), SIZE, PairSampling())


def unexplained(pairs: StereoPairs, disparity: torch.Tensor) -> float:
    """Median error of the left view as the right one shows it."""
    sampled, inside = sample_right(pairs.right, disparity)
    error = (sampled - pairs.left).abs().mean(1, keepdim=True)
    return float(error[pairs.mask & inside].median())


def test_the_disparity_explains_the_pair_however_it_is_cut(dataset: PairDataset) -> None:
    random = np.random.default_rng(0)
    for _ in range(4):
        pairs = dataset.batch([0, 7, 13, 20], random)
        assert pairs.left.shape == (4, 3, 48, 96)
        error = unexplained(pairs, pairs.disparity)
        assert error < 0.03
        assert error < 0.5 * unexplained(pairs, pairs.disparity + 3.0)
        assert error < 0.5 * unexplained(pairs, (pairs.disparity - 3.0).clamp(min=0.0))


def test_whole_pairs_are_resized(dataset: PairDataset) -> None:
    pairs = dataset.batch([3])
    drive = dataset.drives[0]
    assert unexplained(pairs, pairs.disparity) < 0.03
    depth = drive.read_depth(3)
    assert depth is not None
    assert drive.baseline is not None
    true = drive.intrinsics(SIZE)[0, 0] * drive.baseline / depth[depth > 0]
    found = pairs.disparity[pairs.mask].numpy()
    np.testing.assert_allclose([found.min(), found.max()], [true.min(), true.max()], rtol=0.05)


def test_cutting_makes_disparities_larger_than_any_recorded(dataset: PairDataset) -> None:
    whole = max(float(dataset.batch([item]).disparity.max()) for item in range(0, len(dataset), 4))
    random = np.random.default_rng(0)
    cut = max(float(dataset.batch([item], random).disparity.max()) for item in range(0, len(dataset), 2))
    assert cut > 1.3 * whole


def test_a_shifted_right_view_adds_to_every_disparity(tiny_world: Path) -> None:
    sampling = PairSampling(zoom=1.5, stretch=0.0, shifted=1.0, shift=0.3)
    shifted = PairDataset(open_drives(tiny_world), SIZE, sampling, missing_is_far=True)
    least = [float(shifted.batch([item], np.random.default_rng(item)).disparity.min()) for item in range(8)]
    assert max(least) > 3.0
    pairs = shifted.batch(list(range(8)), np.random.default_rng(1))
    assert unexplained(pairs, pairs.disparity) < 0.03


def test_the_sky_is_far_or_unknown(tiny_world: Path) -> None:
    drives = open_drives(tiny_world)
    unknown = PairDataset(drives, SIZE, PairSampling()).batch([0])
    far = PairDataset(drives, SIZE, PairSampling(), missing_is_far=True).batch([0])
    assert not unknown.mask.all()
    assert far.mask.all()
    assert (far.disparity[~unknown.mask] == 0).all()


def same(one: StereoPairs, other: StereoPairs) -> bool:
    return torch.equal(one.left, other.left) and torch.equal(one.disparity, other.disparity)


def test_a_batch_follows_from_its_number_alone(dataset: PairDataset) -> None:
    loader = PairLoader(dataset, 4, 0, seed=3, training=True)
    assert len(loader) == 6
    first = list(loader)
    assert all(same(*both) for both in zip(first, loader, strict=True))
    loader.set_position(0, 4)
    later = list(loader)
    assert len(later) == 2
    assert same(later[0], first[4])
    loader.set_position(1, 0)
    assert not same(next(iter(loader)), first[0])
    assert not same(next(iter(PairLoader(dataset, 4, 0, seed=4, training=True))), first[0])
    assert not torch.equal(first[0].left, next(iter(PairLoader(dataset, 4, 0, seed=3, training=False))).left)


def test_workers_give_the_same_batches(dataset: PairDataset) -> None:
    pairs = zip(PairLoader(dataset, 8, 0, 0, True), PairLoader(dataset, 8, 1, 0, True), strict=True)
    assert all(same(*both) for both in pairs)


def test_mixed_pairs_can_be_entered_anywhere(dataset: PairDataset) -> None:
    def supply() -> MixedPairs:
        made = MadePairs(dataset.drives, recorded_depth, SIZE, 4, seed=0)
        return MixedPairs(PairLoader(dataset, 4, 0, 0, True), made, 0.4)

    mixed = supply()
    assert len(mixed) == 10
    mixed.set_position(1, 0)
    whole = list(mixed)
    assert len(whole) == 10
    entered = supply()
    entered.set_position(1, 7)
    assert all(same(*both) for both in zip(whole[7:], entered, strict=True))
    recorded = list(PairLoader(dataset, 4, 0, 0, True))
    mixed.set_position(0, 0)
    assert sum(any(same(batch, each) for each in recorded) for batch in mixed) == 6
    with pytest.raises(VoGanError, match="share"):
        MixedPairs(PairLoader(dataset, 4, 0, 0, True), mixed.made, 1.0)


@pytest.mark.parametrize("wrong", [{"zoom": 0.5}, {"stretch": -0.1}, {"shifted": 2.0}, {"shift": -0.1}])
def test_sampling_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(VoGanError, match="expected zoom >= 1"):
        PairDataset([], SIZE, PairSampling(**wrong))


def test_drives_without_what_is_needed_are_named(tiny_world: Path, tmp_path: Path) -> None:
    (drive, _) = open_drives(tiny_world)
    drive.baseline = None
    with pytest.raises(VoGanError, match="no right views"):
        PairDataset([drive], SIZE, PairSampling())
    (drive, _) = open_drives(tiny_world)
    blind = RangedDrive(drive, 0, 4)
    blind.read_depth = lambda _: None  # type: ignore[method-assign]
    with pytest.raises(VoGanError, match=r"no depth to learn disparity from.*photometric"):
        PairDataset([blind], SIZE, PairSampling())
    pairs = PairDataset([blind], SIZE, PairSampling(), depth_needed=False).batch([0, 1])
    assert not pairs.mask.any()
    (drive.folder / "image_3" / "000002.png").rename(tmp_path / "kept.png")
    try:
        with pytest.raises(VoGanError, match=r"000002\.png"):
            list(PairLoader(PairDataset([drive], SIZE, PairSampling()), 4, 0, 0, True))
    finally:
        (tmp_path / "kept.png").rename(drive.folder / "image_3" / "000002.png")
