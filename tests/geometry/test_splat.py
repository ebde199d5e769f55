"""Forward splatting against known answers and a pixel by pixel z-buffer."""

from __future__ import annotations

import math

import pytest
import torch

from vo_gan.geometry import Splatted, sample_right, seen_by_right, splat_disparity, take_columns
from vo_gan.geometry.splat import DEPTH_STEPS, GAP

WIDTH = 48


def rows(*values: list[float]) -> torch.Tensor:
    return torch.tensor(values)[None, None]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def scene(seed: int, batch: int = 2, height: int = 6) -> torch.Tensor:
    """Slanted pieces of random disparity, up to 12 pixels, with steps between them."""
    generator = torch.Generator().manual_seed(seed)
    pieces = torch.randint(0, 5, (batch, 1, height, WIDTH), generator=generator).sort(dim=-1).values
    base, slant = (12 * noise(batch, 1, height, 5, seed=seed + 1), noise(batch, 1, height, 5, seed=seed + 2) - 0.5)
    ramp = slant.gather(-1, pieces) * torch.arange(WIDTH)
    return (base.gather(-1, pieces) + ramp - ramp.amin(dim=-1, keepdim=True)).clamp(0, 20)


def pixel_by_pixel(disparity: list[float]) -> tuple[list[float], list[float | None]]:
    """Disparity and left column of every pixel of one row of the right view; None for a hole."""
    width = len(disparity)
    nearest, shown = [-math.inf] * width, [None] * width
    joined = [x + 1 < width and 0 < 1 - (disparity[x + 1] - disparity[x]) <= 1 + GAP for x in range(width)]
    for x, own in enumerate(disparity):
        for target in range(width):
            beyond = target - (x - own)
            stretch = 1 - (disparity[x + 1] - own) if joined[x] else 0.5
            begins_earlier = -0.5 if x == 0 or not joined[x - 1] else 0.0
            if not begins_earlier <= beyond < stretch:
                continue
            share = max(beyond, 0.0) / stretch if joined[x] else 0.0
            depth = own + (share * (disparity[x + 1] - own) if joined[x] else 0.0)
            if round(depth * DEPTH_STEPS) >= round(nearest[target] * DEPTH_STEPS if shown[target] is not None else -1):
                nearest[target], shown[target] = depth, x + share
    return [0.0 if column is None else depth for depth, column in zip(nearest, shown, strict=True)], shown


@pytest.mark.parametrize("disparity", [0, 1, 7])
def test_a_constant_disparity_is_an_exact_shift_with_a_hole_of_that_width(disparity: int) -> None:
    image = noise(2, 3, 5, WIDTH)
    right = splat_disparity(torch.full((2, 1, 5, WIDTH), float(disparity)))
    kept = WIDTH - disparity
    assert right.mask[..., :kept].all()
    assert not right.mask[..., kept:].any()
    assert (right.disparity[..., :kept] == disparity).all()
    shifted = take_columns(image, right.columns)
    assert torch.equal(shifted[..., :kept], image[..., disparity:])


def test_a_fraction_of_a_pixel_is_kept() -> None:
    right = splat_disparity(torch.full((1, 1, 1, WIDTH), 5.25))
    assert right.mask[0, 0, 0].tolist() == [True] * (WIDTH - 6) + [True] + [False] * 5
    inner = right.columns[0, 0, 0, : WIDTH - 6]
    assert torch.equal(inner, torch.arange(WIDTH - 6) + 5.25)
    assert right.columns[0, 0, 0, WIDTH - 6] == WIDTH - 1  # the last half pixel of the surface


def test_the_foreground_wins() -> None:
    disparity = torch.full((1, 1, 3, WIDTH), 2.0)
    disparity[..., 20:30] = 8.0
    right = splat_disparity(disparity)
    row = right.disparity[0, 0, 1]
    assert row.tolist() == [2.0] * 12 + [8.0] * 10 + [0.0] * 6 + [2.0] * 18 + [0.0] * 2
    assert right.columns[0, 0, 1, 12:22].tolist() == list(range(20, 30))
    assert right.mask[0, 0, 1].tolist() == [True] * 22 + [False] * 6 + [True] * 18 + [False] * 2
    # Outside the right view are 2 columns; behind the foreground, as many as the disparities differ.
    assert seen_by_right(disparity, right)[0, 0, 1].logical_not().nonzero()[:, 0].tolist() == [0, 1, *range(14, 20)]


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_a_z_buffer_pixel_by_pixel(seed: int) -> None:
    disparity = scene(seed).double()
    right = splat_disparity(disparity)
    for sample in range(2):
        for row in range(6):
            depths, columns = pixel_by_pixel(disparity[sample, 0, row].tolist())
            assert right.mask[sample, 0, row].tolist() == [column is not None for column in columns]
            expected = torch.tensor([0.0 if column is None else column for column in columns], dtype=torch.float64)
            torch.testing.assert_close(right.columns[sample, 0, row], expected, atol=1e-9, rtol=0)
            expected = torch.tensor(depths, dtype=torch.float64)
            torch.testing.assert_close(right.disparity[sample, 0, row], expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("slope", [-2.9, -1.0, -0.3, 0.0, 0.5, 0.9])
def test_a_surface_has_no_cracks(slope: float) -> None:
    disparity = 60 + slope * torch.arange(20.0)
    padded = torch.full((1, 1, 1, 120), 0.0)
    padded[..., 70:90] = disparity
    right = splat_disparity(padded)
    first, last = math.ceil(70 - 60), math.floor(89 - float(disparity[-1]))
    assert right.mask[0, 0, 0, first : last + 1].all()
    shown = right.columns[0, 0, 0, first : last + 1]
    expected = 70 + torch.arange(last - first + 1) / (1 - slope)
    torch.testing.assert_close(shown, expected, atol=2e-4, rtol=0)


def test_where_a_pixel_is_seen_the_right_view_shows_it() -> None:
    disparity = scene(11, batch=3).double()
    column = torch.arange(WIDTH, dtype=torch.float64)
    image = (0.5 + 0.4 * torch.sin(column / 4)).expand(3, 1, 6, WIDTH)
    right = splat_disparity(disparity)
    seen = seen_by_right(disparity, right)
    sampled, inside = sample_right(take_columns(image, right.columns), disparity)
    assert 0.4 < seen.double().mean() < 0.95
    assert inside[seen].all()
    assert (sampled - image).abs()[seen].max() < 0.06
    hidden = inside & ~seen
    assert (sampled - image).abs()[hidden].mean() > 4 * (sampled - image).abs()[seen].mean()


def test_a_batch_is_its_samples_one_by_one() -> None:
    disparity = scene(3, batch=4)
    whole = splat_disparity(disparity)
    for index in range(4):
        alone = splat_disparity(disparity[index : index + 1])
        for name in ("disparity", "columns", "mask"):
            assert torch.equal(getattr(whole, name)[index], getattr(alone, name)[0])


def test_what_lands_outside_is_lost_and_one_column_is_enough() -> None:
    assert not splat_disparity(torch.full((1, 1, 2, 8), 30.0)).mask.any()
    assert splat_disparity(torch.zeros(1, 1, 2, 1)).mask.all()
    assert not splat_disparity(rows([float(20 + 9 * x) for x in range(8)])).mask.any()


def test_gradients_reach_the_image() -> None:
    right = splat_disparity(scene(5, 1, 2).double())
    image = noise(1, 2, 2, WIDTH).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda image: take_columns(image, right.columns)[..., :20], (image,))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_same_on_the_gpu() -> None:
    disparity = scene(2)
    here: Splatted = splat_disparity(disparity)
    there = splat_disparity(disparity.cuda())
    assert torch.equal(here.mask, there.mask.cpu())
    torch.testing.assert_close(here.columns, there.columns.cpu(), atol=1e-4, rtol=0)
