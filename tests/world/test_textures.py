"""Band-limited patterns: their averages are exact and nothing finer than a pixel is left."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.textures import Noise, bar, cell_random, octaves, stripes


@pytest.mark.parametrize("width", [0.02, 0.5, 3.7])
def test_stripes_and_bar_are_box_averages(width: float) -> None:
    fine = np.linspace(-0.5, 0.5, 20001) * width
    for x in (-3.1, 0.0, 0.33, 7.45):
        inside = (x + fine) % 1.3
        expected = ((inside >= 0.2) & (inside < 0.9)).mean()
        assert stripes(np.array([x]), 1.3, 0.2, 0.9, np.array([width]))[0] == pytest.approx(expected, abs=2e-3)
        expected = ((x + fine >= 0.2) & (x + fine < 0.9)).mean()
        assert bar(np.array([x]), 0.2, 0.9, np.array([width]))[0] == pytest.approx(expected, abs=2e-3)


def test_noise_leaves_out_what_is_finer_than_a_pixel() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0, 100, (2, 5000)).astype(np.float32)
    noise, spectrum = Noise([1]), octaves(2.0, 0.1, 1.0)

    def height(width: float) -> float:
        size = np.full(5000, width, np.float32)
        return float(noise.bands(u, v, size, size, spectrum).std())

    assert height(0.001) == pytest.approx(0.9 * np.sqrt(len(spectrum)), rel=0.1)
    assert 0.5 < height(0.3) < 0.8 * height(0.001)
    assert height(5.0) == 0.0


def test_noise_is_seamless_and_of_known_height() -> None:
    noise = Noise([3])
    u = np.linspace(0, 200, 4000, dtype=np.float32)
    value = noise.sample(u, np.full(4000, 0.25, np.float32))
    assert np.abs(np.diff(value)).max() < 0.8
    rng = np.random.default_rng(0)
    many = noise.sample(*rng.uniform(-500, 500, (2, 20000)).astype(np.float32))
    assert many.std() == pytest.approx(0.9, abs=0.05)
    assert many.mean() == pytest.approx(0.0, abs=0.1)


def test_cells_are_independent_and_even() -> None:
    i, j = (x.ravel().astype(np.float32) for x in np.meshgrid(np.arange(-50, 50), np.arange(100)))
    value = cell_random(i, j, np.full(10000, 0.3, np.float32)).reshape(100, 100)
    assert value.min() >= 0.0
    assert value.max() < 1.0
    assert value.mean() == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(value[:, 1:].ravel(), value[:, :-1].ravel())[0, 1]) < 0.04
    assert abs(np.corrcoef(value[1:].ravel(), value[:-1].ravel())[0, 1]) < 0.04
