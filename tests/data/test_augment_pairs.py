from __future__ import annotations

import torch

from vo_gan.data.augment_pairs import PairAugmentation, augment_pairs
from vo_gan.data.stereo_pairs import StereoPairs

NOTHING = PairAugmentation(asymmetric=0.0, gamma=0.0, noise=0.0, erased=0.0)


def pairs(count: int = 6) -> StereoPairs:
    torch.manual_seed(0)
    left = 0.25 + 0.5 * torch.rand(count, 3, 40, 60)
    disparity = torch.full((count, 1, 40, 60), 3.0)
    return StereoPairs(left, left.clone(), disparity, disparity > 0, ("noise",) * count)


def generators(count: int = 6, seed: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed + number) for number in range(count)]


def test_what_happens_to_a_pair_is_up_to_its_generator() -> None:
    batch = pairs()
    together = augment_pairs(batch, generators(), PairAugmentation())
    again = augment_pairs(batch, generators(), PairAugmentation())
    assert torch.equal(together.left, again.left)
    assert torch.equal(together.right, again.right)
    assert not torch.equal(together.left, augment_pairs(batch, generators(seed=50), PairAugmentation()).left)
    assert torch.equal(together.disparity, batch.disparity)
    assert together.left.min() >= 0
    assert together.right.max() <= 1


def test_views_change_alike_unless_told_otherwise() -> None:
    batch = pairs()
    alike = augment_pairs(batch, generators(), NOTHING)
    torch.testing.assert_close(alike.left, alike.right)
    changed = (alike.left - batch.left).abs().amax((1, 2, 3)) > 1e-3
    assert 0 < changed.sum() < 6
    unlike = augment_pairs(batch, generators(), PairAugmentation(asymmetric=1.0, gamma=0.0, noise=0.0, erased=0.0))
    assert ((unlike.left - unlike.right).abs().amax((1, 2, 3)) > 1e-3).all()


def test_noise_is_of_both_views_and_their_own() -> None:
    batch = pairs()
    noisy = augment_pairs(batch, generators(), PairAugmentation(asymmetric=0.0, gamma=0.0, noise=0.1, erased=0.0))
    plain = augment_pairs(batch, generators(), NOTHING)
    deviations = [(noisy.left - plain.left).std(), (noisy.right - plain.right).std()]
    assert all(0.01 < float(deviation) < 0.1 for deviation in deviations)
    assert not torch.equal(noisy.left, noisy.right)


def test_only_right_views_are_wiped() -> None:
    wiped = augment_pairs(pairs(), generators(), PairAugmentation(asymmetric=0.0, gamma=0.0, noise=0.0, erased=1.0))
    differing = (wiped.left != wiped.right).any(1).float().mean((1, 2))
    assert ((differing > 0.004) & (differing < 0.15)).all()
