from __future__ import annotations

import numpy as np
import pytest
import torch

from vo_gan.models.semi_global import (
    CELL,
    FLAT,
    NEAR,
    OUTSIDE,
    OUTSIDE_FLAT,
    PATCH,
    disparity_costs,
    least_disparity,
    patch_similarities,
    semi_global_costs,
)


def shifted_pair(disparity: int, width: int = 64, height: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise, seen `disparity` pixels further left by the right camera."""
    wide = torch.rand(1, 3, height, width + disparity, generator=torch.Generator().manual_seed(0))
    return wide[..., :width], wide[..., disparity:]


def test_similarities_are_those_of_patches() -> None:
    left, right = shifted_pair(6)
    found, patterns = patch_similarities(left, right)
    assert patterns.shape == (1, 8, 16)
    assert found.shape == (1, 8, 16, 64)
    views = [view[0].double().mean(0).numpy() for view in (left, right)]
    row, cell, column = 3, 7, 21
    top, before = CELL * row - 2, 2

    def described(view: np.ndarray, first: int) -> np.ndarray:
        patch = view[top : top + PATCH, first - before : first - before + PATCH].ravel()
        patch = patch - patch.mean()
        return patch / np.sqrt((patch**2).sum() + (PATCH * FLAT) ** 2)

    expected = described(views[0], CELL * cell) @ described(views[1], column)
    assert float(found[0, row, cell, column]) == pytest.approx(expected, abs=1e-5)


def test_brightness_and_contrast_do_not_matter() -> None:
    left, right = shifted_pair(6)
    torch.testing.assert_close(
        patch_similarities(left, right)[0], patch_similarities(left, 0.6 * right + 0.2)[0], rtol=0, atol=0.02
    )


def test_what_is_flat_is_like_nothing() -> None:
    left, right = shifted_pair(6)
    similarities, patterns = patch_similarities(torch.full_like(left, 0.5), right)
    assert similarities.abs().max() < 1e-3
    assert patterns.abs().max() < 1e-3
    costs = disparity_costs(similarities, patterns)
    inside = torch.ones(16, 16).tril().bool()
    assert costs[..., inside].max() < NEAR
    assert (costs.diff(dim=-1)[..., inside[:, 1:]] > 0).all()
    assert (costs[..., ~inside] >= OUTSIDE_FLAT).all()


@pytest.mark.parametrize("disparity", [4, 7, 12])
def test_costs_of_a_disparity_are_those_of_the_best_column_around_it(disparity: int) -> None:
    similarities, patterns = (each[0, 4] for each in patch_similarities(*shifted_pair(disparity)))
    costs = disparity_costs(similarities[None, None], patterns[None, None])[0, 0]
    cell = 9
    reachable = float(patterns[cell])
    assert 0.9 < reachable < 1.0
    for cells in range(16):
        columns = [CELL * (cell - cells) + offset for offset in (-2, -1, 0, 1, 2)]
        if cells > cell:
            expected = OUTSIDE * reachable + OUTSIDE_FLAT
        else:
            best = max(float(similarities[cell, column]) for column in columns if 0 <= column < 64)
            expected = max(reachable - max(best, 0.0), 0.0)
        assert float(costs[cell, cells]) == pytest.approx(expected + NEAR * cells / 16, abs=1e-5), cells


def brute_force(costs: np.ndarray, small: float, large: float) -> np.ndarray:
    """Hirschmüller's recursion, pixel by pixel and disparity by disparity."""
    height, width, count = costs.shape
    total = np.zeros_like(costs)
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        path = np.zeros_like(costs)
        for row in range(height)[:: -1 if down < 0 else 1]:
            for column in range(width)[:: -1 if across < 0 else 1]:
                from_row, from_column = row - down, column - across
                if not (0 <= from_row < height and 0 <= from_column < width):
                    path[row, column] = costs[row, column]
                    continue
                before = path[from_row, from_column]
                for disparity in range(count):
                    steps = [before[disparity], before.min() + large]
                    steps += [before[other] + small for other in (disparity - 1, disparity + 1) if 0 <= other < count]
                    path[row, column, disparity] = costs[row, column, disparity] + min(steps) - before.min()
        total += path
    return total


def test_costs_add_up_as_by_brute_force() -> None:
    costs = np.random.default_rng(0).uniform(size=(5, 6, 7))
    found = semi_global_costs(torch.from_numpy(costs)[None], 0.1, 0.3)[0]
    np.testing.assert_allclose(found.numpy(), brute_force(costs, 0.1, 0.3), atol=1e-12)


def test_pixels_without_a_pattern_take_the_disparity_of_their_neighbours() -> None:
    costs = torch.full((1, 5, 9, 6), 0.5)
    costs[:, :, [0, 1, 2, 6, 7, 8], 3] = 0.0
    assert (semi_global_costs(costs).argmin(-1) == 3).all()


def test_the_least_cost_lies_between_whole_disparities() -> None:
    disparities = torch.arange(8.0)
    costs = torch.stack([(disparities - least) ** 2 for least in (2.3, 5.6, 0.0, 7.0)]).reshape(1, 2, 2, 8)
    torch.testing.assert_close(least_disparity(costs).flatten(), torch.tensor([2.3, 5.6, 0.0, 7.0]))


def test_costs_all_alike_are_no_reason_to_leave_whole_disparities() -> None:
    assert torch.isfinite(least_disparity(torch.ones(1, 2, 2, 5))).all()


@pytest.mark.parametrize("disparity", [4, 9, 14])
def test_a_shift_is_found_without_any_training(disparity: int) -> None:
    costs = semi_global_costs(disparity_costs(*patch_similarities(*shifted_pair(disparity))))
    found = CELL * least_disparity(costs)[0, 0]
    assert (found[1:-1, disparity // CELL + 2 : -1] - disparity).abs().max() < 1.5
