"""Band-limited patterns: their averages are exact and nothing finer than a pixel is left."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.textures import TILE, Noise, bar, cell_random, stripes


@pytest.mark.parametrize("width", [0.02, 0.5, 3.7])
def test_stripes_and_bar_are_box_averages(width: float) -> None:
    fine = np.linspace(-0.5, 0.5, 20001) * width
    for x in (-3.1, 0.0, 0.33, 7.45):
        inside = (x + fine) % 1.3
        expected = ((inside >= 0.2) & (inside < 0.9)).mean()
        assert stripes(np.array([x]), 1.3, 0.2, 0.9, np.array([width]))[0] == pytest.approx(expected, abs=2e-3)
        expected = ((x + fine >= 0.2) & (x + fine < 0.9)).mean()
        assert bar(np.array([x]), 0.2, 0.9, np.array([width]))[0] == pytest.approx(expected, abs=2e-3)


@pytest.fixture(scope="module")
def noise() -> Noise:
    return Noise(4)


def sample(noise: Noise, u: np.ndarray, v: np.ndarray, width_u: float, width_v: float) -> np.ndarray:
    """Noise with the same footprint everywhere."""
    size = np.ones(len(u), np.float32)
    return noise.sample(
        u.astype(np.float32), v.astype(np.float32), size * np.float32(width_u), size * np.float32(width_v)
    )


def test_noise_has_no_mean_and_a_deviation_of_one(noise: Noise) -> None:
    u, v = np.random.default_rng(0).uniform(-3000, 3000, (2, 40000))
    value = sample(noise, u, v, 1, 1)
    np.testing.assert_allclose(value.mean(axis=0), 0.0, atol=0.05)
    assert (value.std(axis=0) > 0.6).all()
    assert (value.std(axis=0) < 1.2).all()


def test_noise_repeats_without_a_seam(noise: Noise) -> None:
    across = np.linspace(TILE - 40, TILE + 40, 641)
    along = np.full(641, 17.3)
    for u, v in ((across, along), (along, across)):
        value = sample(noise, u, v, 2, 2)
        steps = np.abs(np.diff(value, axis=0))
        assert steps[300:341].max() <= 1.5 * max(steps[:300].max(), steps[341:].max()) + 0.02
        np.testing.assert_allclose(sample(noise, u + TILE, v - 3 * TILE, 2, 2), value, atol=2e-2)


@pytest.mark.parametrize(("width_u", "width_v"), [(4, 4), (16, 2), (2, 32), (11, 5)])
def test_noise_is_averaged_over_the_footprint(noise: Noise, width_u: int, width_v: int) -> None:
    u, v = np.random.default_rng(1).uniform(0, TILE, (2, 300))
    tap = np.linspace(-1.6, 1.6, 25)
    weight = np.exp(-0.5 * (tap / 0.55) ** 2)
    weight /= weight.sum()
    expected = np.zeros((300, 4))
    for shift_u, share_u in zip(tap * width_u, weight, strict=True):
        for shift_v, share_v in zip(tap * width_v, weight, strict=True):
            expected += share_u * share_v * sample(noise, u + shift_u, v + shift_v, 1, 1)
    value = sample(noise, u, v, width_u, width_v)
    for channel in range(4):
        error = (value - expected)[:, channel].std()
        assert error < 0.2 * expected[:, channel].std() + 0.03


def test_noise_changes_smoothly_with_the_footprint(noise: Noise) -> None:
    widths = np.geomspace(0.5, 700, 2000).astype(np.float32)
    place = np.full(2000, 101.7, np.float32)
    value = noise.sample(place, place, widths, widths)
    assert np.abs(np.diff(value, axis=0)).max() < 0.06
    np.testing.assert_allclose(value[-1], 0.0, atol=0.08)


def test_cells_are_independent_and_even() -> None:
    i, j = (x.ravel().astype(np.float32) for x in np.meshgrid(np.arange(-50, 50), np.arange(100)))
    value = cell_random(i, j, np.full(10000, 0.3, np.float32)).reshape(100, 100)
    assert value.min() >= 0.0
    assert value.max() < 1.0
    assert value.mean() == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(value[:, 1:].ravel(), value[:, :-1].ravel())[0, 1]) < 0.04
    assert abs(np.corrcoef(value[1:].ravel(), value[:-1].ravel())[0, 1]) < 0.04
