"""Made pairs against known answers: shifts, a foreground, and what the disparity says about the views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vo_gan.data import open_drive
from vo_gan.data.made_pairs import MadePairs
from vo_gan.data.pair_maker import PLAIN, PairMakerConfig, in_colours_of, make_pairs
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.geometry import sample_right

WIDTH, HEIGHT = 64, 20
AT_64 = replace(PLAIN, reference_width=WIDTH)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def made(
    nearness: torch.Tensor,
    config: PairMakerConfig = AT_64,
    seeds: Sequence[int] | None = None,
    width: int | None = None,
    images: torch.Tensor | None = None,
) -> StereoPairs:
    count, _, height, columns = nearness.shape
    images = noise(count, 3, height, columns) if images is None else images
    others = noise(count, 3, height, columns, seed=1)
    names = tuple(str(index) for index in range(count))
    return make_pairs(images, nearness, others, generators(*(seeds or range(count))), config, names, width)


def street() -> torch.Tensor:
    """Inverse depth of a road, a wall and two poles before it, with sky above, `[2, 1, h, w]`."""
    row = torch.linspace(-0.6, 1, HEIGHT)[:, None]
    nearness = row.clamp(min=0).expand(HEIGHT, WIDTH).clone()
    nearness[5:10] = nearness[5:10].clamp(min=0.15)
    nearness[3:14, 30:38] = 0.5
    nearness[2:17, 50:53] = 0.8
    return torch.stack((nearness, nearness.flip(-1)))[:, None]


def test_a_constant_disparity_is_an_exact_shift_with_a_hole_of_that_width() -> None:
    config = replace(AT_64, least=9.0, most=9.0)
    pairs = made(torch.full((2, 1, HEIGHT, WIDTH), 0.3), config)
    assert torch.allclose(pairs.disparity, torch.tensor(9.0))
    torch.testing.assert_close(pairs.right[..., : WIDTH - 9], pairs.left[..., 9:], atol=1e-5, rtol=0)
    filler = in_colours_of(noise(2, 3, HEIGHT, WIDTH), noise(2, 3, HEIGHT, WIDTH, seed=1))
    torch.testing.assert_close(pairs.right[..., WIDTH - 9 :], filler[..., WIDTH - 9 :])
    assert pairs.mask[..., 9:].all()
    assert not pairs.mask[..., :9].any()


def test_wider_images_leave_no_hole_at_the_right_border() -> None:
    config = replace(AT_64, least=9.0, most=9.0)
    margin = config.margin(WIDTH)
    pairs = made(torch.ones(1, 1, HEIGHT, WIDTH + margin), config, width=WIDTH)
    assert pairs.left.shape == pairs.right.shape == (1, 3, HEIGHT, WIDTH)
    images = noise(1, 3, HEIGHT, WIDTH + margin)
    assert torch.equal(pairs.left, images[..., :WIDTH])
    torch.testing.assert_close(pairs.right, images[..., 9 : WIDTH + 9], atol=1e-5, rtol=0)


def test_the_foreground_wins() -> None:
    nearness = torch.full((1, 1, HEIGHT, WIDTH), 0.25)
    nearness[..., 4:16, 30:40] = 1.0
    pairs = made(nearness, replace(AT_64, least=12.0, most=12.0))
    image = noise(1, 3, HEIGHT, WIDTH)
    torch.testing.assert_close(pairs.right[..., 4:16, 18:28], image[..., 4:16, 30:40])
    torch.testing.assert_close(pairs.right[..., 4:16, :18], image[..., 4:16, 3:21])
    # Hidden: the 9 columns of the wall on whose places in the right view the foreground is.
    assert (~pairs.mask[0, 0, 8]).nonzero()[:, 0].tolist() == [0, 1, 2, *range(21, 30)]
    torch.testing.assert_close(pairs.right[..., 0:4, : WIDTH - 3], image[..., 0:4, 3:])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_disparity_is_the_one_that_explains_the_pair(seed: int) -> None:
    column, row = torch.arange(WIDTH) / 3.0, torch.arange(HEIGHT)[:, None] / 2.0
    smooth = torch.stack([0.5 + 0.3 * torch.sin(column + row + phase) for phase in (0.0, 1.0, 2.0)])
    pairs = made(street(), replace(AT_64, least=8.0, most=16.0), [seed, seed + 10], images=smooth.expand(2, 3, -1, -1))
    sampled, _ = sample_right(pairs.right, pairs.disparity)
    error = (sampled - pairs.left).abs().amax(dim=1, keepdim=True)
    assert 0.5 < pairs.mask.float().mean() < 0.95
    # The wave changes by 0.1 a pixel at most, and where a surface ends its last half pixel shows the last column.
    assert error[pairs.mask].max() < 0.06
    assert error[pairs.mask].mean() < 0.006
    wrong, _ = sample_right(pairs.right, (pairs.disparity - 1.5).clamp(min=0))
    assert (wrong - pairs.left).abs().amax(dim=1, keepdim=True)[pairs.mask].mean() > 4 * error[pairs.mask].mean()


def test_the_largest_disparity_is_drawn_and_grows_with_the_width() -> None:
    config = PairMakerConfig(snap=False)
    nearness = street()[:1].expand(64, -1, -1, -1)
    largest = made(nearness, config, range(64)).disparity.amax(dim=(1, 2, 3)) * 608 / WIDTH
    assert 50 <= largest.min() < 62
    assert 180 < largest.max() <= 192 + 1e-3
    assert 110 < largest.mean() < 132
    half = made(nearness[:8, ..., :32], config, range(8)).disparity.amax(dim=(1, 2, 3)) * 608 / 32
    torch.testing.assert_close(half, largest[:8])


def test_the_unit_of_nearness_does_not_matter_and_infinity_stays_where_it_is() -> None:
    pairs, scaled = made(street()), made(street() * 37)
    torch.testing.assert_close(pairs.disparity, scaled.disparity)
    sky = torch.zeros(1, 1, HEIGHT, WIDTH)
    torch.testing.assert_close(made(sky).right, made(sky).left)


def test_the_same_seed_makes_the_same_pair_in_any_batch() -> None:
    nearness, config = street(), PairMakerConfig(reference_width=WIDTH // 8)
    whole = made(nearness, config, [5, 6])
    again = made(nearness, config, [5, 6])
    other = made(nearness, config, [5, 7])
    assert torch.equal(whole.right, again.right)
    assert torch.equal(whole.right[0], other.right[0])
    assert not torch.equal(whole.right[1], other.right[1])
    images, others = noise(2, 3, HEIGHT, WIDTH), noise(2, 3, HEIGHT, WIDTH, seed=1)
    for index in range(2):
        one = slice(index, index + 1)
        alone = make_pairs(images[one], nearness[one], others[one], generators(5 + index), config, ("alone",))
        torch.testing.assert_close(alone.right[0], whole.right[index])
        assert torch.equal(alone.disparity[0], whole.disparity[index])
        assert torch.equal(alone.mask[0], whole.mask[index])


def test_only_the_right_view_is_worsened() -> None:
    nearness = torch.full((16, 1, HEIGHT, WIDTH), 1.0)
    sky = nearness * 0
    images = 0.3 + 0.4 * noise(16, 3, HEIGHT, WIDTH)

    def difference(**changes: float) -> torch.Tensor:
        pairs = made(sky, replace(AT_64, **changes), images=images)
        assert torch.equal(pairs.left, images)
        return pairs.right - pairs.left

    assert float(difference(noise=0.02).std()) == pytest.approx(0.02, rel=0.1)
    blurred = difference(blurred=0.5, blur=1.0).abs().amax(dim=(1, 2, 3))
    assert 3 <= int((blurred > 1e-3).sum()) <= 13
    brighter = difference(jitter=0.2).mean(dim=(1, 2, 3))
    assert brighter.min() < -0.02
    assert brighter.max() > 0.02
    assert 1e-4 < difference(hue=0.01).abs().max() < 0.05


def test_holes_show_the_other_image_in_these_colours() -> None:
    images, others = 0.4 + 0.2 * noise(2, 3, 30, 40), 0.1 + 0.3 * noise(2, 3, 30, 40, seed=1)
    filler = in_colours_of(images, others)
    for statistic in (torch.mean, torch.std):
        torch.testing.assert_close(statistic(filler, dim=(2, 3)), statistic(images, dim=(2, 3)), atol=0.004, rtol=0)
    assert float(torch.corrcoef(torch.stack((filler[0, 0].ravel(), others[0, 0].ravel())))[0, 1]) > 0.99
    flat = in_colours_of(images, torch.full_like(images, 0.9))
    torch.testing.assert_close(flat, images.mean(dim=(2, 3), keepdim=True).expand_as(flat))


def test_the_mask_can_hold_what_is_hidden() -> None:
    assert made(street(), replace(AT_64, occluded=True)).mask.all()
    assert not made(street(), AT_64).mask.all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_same_on_the_gpu_with_generators_on_the_cpu() -> None:
    config = PairMakerConfig(reference_width=WIDTH // 8)
    arguments = (noise(2, 3, HEIGHT, WIDTH), street(), noise(2, 3, HEIGHT, WIDTH, seed=1))
    here = make_pairs(*arguments, generators(0, 1), config, ("a", "b"))
    there = make_pairs(*(each.cuda() for each in arguments), generators(0, 1), config, ("a", "b"))
    torch.testing.assert_close(here.disparity, there.disparity.cpu())
    same = ((here.right - there.right.cpu()).abs() < 1e-3).all(dim=1).float().mean()
    assert same > 0.999  # a landing place may round to the other side


@pytest.mark.real
def test_real_frames(real_data: Path) -> None:
    drive = open_drive(real_data / "kitti_raw" / "2011_09_26" / "2011_09_26_drive_0001_sync")

    def depth(_drive: object, _index: int) -> np.ndarray:
        """A road below the horizon and a wall 30 m ahead."""
        below = np.arange(96, dtype=np.float32)[:, None] - 48
        return np.broadcast_to(np.minimum(60.0 / np.maximum(below, 1e-3), 30.0), (96, 320)).copy()

    pairs = next(iter(MadePairs([drive], depth, (640, 192), 2, seed=0, config=PLAIN)))
    sampled, _ = sample_right(pairs.right, pairs.disparity)
    error = (sampled - pairs.left).abs().mean(dim=1, keepdim=True)
    assert pairs.mask.float().mean() > 0.7
    assert error[pairs.mask].mean() < 0.03
    unmoved = (pairs.right - pairs.left).abs().mean(dim=1, keepdim=True)
    assert error[pairs.mask].mean() < 0.35 * unmoved[pairs.mask].mean()
