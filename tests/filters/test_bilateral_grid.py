"""The bilateral grid against loops in float64, and against the filter that it approximates."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from vo_gan.filters import bilateral_grid_filter, blur, slice_grid, splat
from vo_gan.filters.bilateral_grid import AROUND, BLUR_VARIANCE

HEIGHT, WIDTH = 9, 13
SIGMAS = {"sigma_space": 4.0, "sigma_guide": 0.25}


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tent(distance: float) -> float:
    return max(0.0, 1.0 - abs(distance))


def cell_of(pixel: tuple[int, int], level: float, cells: tuple[int, int, int]) -> tuple[float, float, float]:
    layers, rows, columns = cells
    return (
        level * (layers - 1),
        (pixel[0] + 0.5) * (rows - 1) / HEIGHT,
        (pixel[1] + 0.5) * (columns - 1) / WIDTH,
    )


def test_splat_blur_and_slice_are_what_loops_compute() -> None:
    values, guide, confidence = (
        random(1, 2, HEIGHT, WIDTH),
        random(1, 1, HEIGHT, WIDTH, seed=1),
        random(1, 1, HEIGHT, WIDTH, seed=2),
    )
    grid = splat(values, guide, confidence=confidence, **SIGMAS)
    cells = tuple(grid.weights.shape[2:])
    assert cells == (5, 3, 4)
    places = list(itertools.product(*map(range, cells)))
    pixels = list(itertools.product(range(HEIGHT), range(WIDTH)))

    # Channels: two of values times weight, and the weight itself.
    stacked = torch.cat((values * confidence, confidence), dim=1)[0]
    splatted = torch.zeros(3, *cells, dtype=torch.float64)
    for (row, column), place in itertools.product(pixels, places):
        at = cell_of((row, column), float(guide[0, 0, row, column]), cells)
        share = math.prod(tent(a - b) for a, b in zip(at, place, strict=True))
        splatted[(slice(None), *place)] += share * stacked[:, row, column]
    torch.testing.assert_close(torch.cat((grid.sums, grid.weights), dim=1)[0], splatted)

    blurred = torch.zeros_like(splatted)
    for target, place in itertools.product(places, places):
        distance = sum((a - b) ** 2 for a, b in zip(target, place, strict=True))
        blurred[(slice(None), *target)] += math.exp(-distance / 2 / BLUR_VARIANCE) * splatted[(slice(None), *place)]
    grid = blur(grid)
    torch.testing.assert_close(torch.cat((grid.sums, grid.weights), dim=1)[0], blurred)

    blurred = blurred + AROUND * blurred.mean(dim=1, keepdim=True)
    sliced = torch.zeros_like(stacked)
    for (row, column), place in itertools.product(pixels, places):
        at = cell_of((row, column), float(guide[0, 0, row, column]), cells)
        share = math.prod(tent(a - b) for a, b in zip(at, place, strict=True))
        sliced[:, row, column] += share * blurred[(slice(None), *place)]
    expected = sliced[:2] / sliced[2:]
    torch.testing.assert_close(slice_grid(grid, guide)[0], expected)
    torch.testing.assert_close(bilateral_grid_filter(values, guide, confidence=confidence, **SIGMAS)[0], expected)


def test_is_about_the_joint_bilateral_filter() -> None:
    """In the middle of an image, the mean over all pixels weighted by two Gaussians."""
    height, width, sigma, sigma_guide = 40, 60, 6.0, 0.1
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    guide = (0.5 + 0.3 * torch.sin(column / 9.0) * torch.cos(row / 7.0)).double()
    values = random(1, 1, height, width)
    filtered = bilateral_grid_filter(values, guide[None, None], sigma_space=sigma, sigma_guide=sigma_guide)
    for y, x in ((20, 30), (17, 41), (25, 22)):
        space = ((row - y) ** 2 + (column - x) ** 2) / (2 * sigma**2)
        weights = torch.exp(-space - (guide - guide[y, x]) ** 2 / (2 * sigma_guide**2))
        exact = float((weights * values[0, 0]).sum() / weights.sum())
        assert float(filtered[0, 0, y, x]) == pytest.approx(exact, abs=0.015)


def test_edges_of_the_guide_stay_sharp() -> None:
    guide = torch.full((1, 1, 32, 48), 0.2)
    guide[..., 24:] = 0.8
    truth = torch.where(guide > 0.5, 30.0, 5.0)
    noisy = truth + 4 * (random(1, 1, 32, 48).float() - 0.5)
    filtered = bilateral_grid_filter(noisy, guide, sigma_space=8.0, sigma_guide=0.1)
    assert (filtered - truth).abs().max() < 0.8
    assert (filtered - truth).abs().mean() < 0.25 * (noisy - truth).abs().mean()


def test_a_constant_stays_and_what_has_no_confidence_does_not_count() -> None:
    guide = random(2, 1, HEIGHT, WIDTH).float()
    constant = torch.full((2, 1, HEIGHT, WIDTH), 7.0)
    torch.testing.assert_close(bilateral_grid_filter(constant, guide, **SIGMAS), constant)
    confidence = (random(2, 1, HEIGHT, WIDTH, seed=3) > 0.4).float()
    spoilt = torch.where(confidence > 0, constant, torch.tensor(1e4))
    torch.testing.assert_close(bilateral_grid_filter(spoilt, guide, confidence=confidence, **SIGMAS), constant)


def test_a_small_image_goes_in_and_a_large_one_comes_out() -> None:
    large = torch.full((1, 1, 64, 96), 0.1)
    large[..., 41:] = 0.9
    small = torch.nn.functional.interpolate(large, scale_factor=0.25, mode="area")
    disparity = torch.where(small > 0.5, 20.0, 4.0)
    grid = blur(splat(disparity, small, sigma_space=3.0, sigma_guide=0.1))
    sliced = slice_grid(grid, large)
    assert sliced.shape == large.shape
    assert (sliced - torch.where(large > 0.5, 20.0, 4.0)).abs().max() < 0.5


def test_a_brightness_that_was_splatted_nowhere_takes_what_is_around() -> None:
    grid = blur(splat(torch.full((1, 1, 8, 8), 3.0), torch.zeros(1, 1, 8, 8), sigma_space=2.0, sigma_guide=0.02))
    sliced = slice_grid(grid, torch.ones(1, 1, 8, 8))
    torch.testing.assert_close(sliced, torch.full((1, 1, 8, 8), 3.0), atol=1e-3, rtol=0)


def test_gradients() -> None:
    values, guide, confidence = (random(1, 1, 5, 6, seed=seed).requires_grad_() for seed in range(3))

    def filtered(values: torch.Tensor, guide: torch.Tensor, confidence: torch.Tensor) -> torch.Tensor:
        return bilateral_grid_filter(values, guide, sigma_space=2.0, sigma_guide=0.3, confidence=confidence)

    assert torch.autograd.gradcheck(filtered, (values, guide, confidence))


def test_impossible_deviations_are_refused() -> None:
    for sigmas in ({"sigma_space": 0.0, "sigma_guide": 0.1}, {"sigma_space": 3.0, "sigma_guide": -1.0}):
        with pytest.raises(ValueError, match="must be positive"):
            splat(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4), **sigmas)
