"""The sky: a function of the direction, with nothing in it that is finer than a pixel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vo_gan.world.sky import Sky
from vo_gan.world.weather import Weather, WeatherKind, make_weather

BLACK = np.zeros(3, np.float32)
WHITE = np.ones(3, np.float32)


def made(kind: WeatherKind, seed: int = 0) -> Weather:
    return make_weather(kind, np.random.default_rng(seed))


def only(weather: Weather, **light: Any) -> Weather:
    """Weather without light but what is named, and with perfectly clear air."""
    lights: dict[str, Any] = dict.fromkeys(("sun", "horizon", "zenith", "cloud"), BLACK)
    return replace(weather, **{**lights, "visibility": 1e9, **light})


def view(step: float, columns: int, rows: int, lowest: float = 0.1, shift: float = 0.0) -> np.ndarray:
    """Rays of a camera that looks along z, `step` radians a pixel, from `lowest` upwards."""
    x, y = np.meshgrid(np.arange(columns) - 0.5 * (columns - 1) + shift, np.arange(rows) + 0.5 + shift)
    return np.stack([x * step, -lowest - y * step, np.ones_like(x)], axis=-1).reshape(-1, 3).astype(np.float32)


def hemisphere(count: int) -> np.ndarray:
    rng = np.random.default_rng(9)
    direction = rng.normal(size=(count, 3))
    direction[:, 1] = -np.abs(direction[:, 1])
    return direction.astype(np.float32)


def test_sky_is_a_function_of_direction_alone() -> None:
    sky, weather, rays = Sky(np.random.default_rng(1)), made(WeatherKind.CLEAR), view(0.004, 60, 30)
    radiance = sky.radiance(weather, rays, 0.004, 2.0)
    assert radiance.dtype == np.float32
    assert np.isfinite(radiance).all()
    np.testing.assert_allclose(sky.radiance(weather, rays * np.float32(3.0), 0.004, 2.0), radiance, atol=2e-3)
    np.testing.assert_array_equal(Sky(np.random.default_rng(1)).radiance(weather, rays, 0.004, 2.0), radiance)
    part = sky.radiance(weather, rays[500:900], 0.004, 2.0)
    np.testing.assert_allclose(part, radiance[500:900], atol=1e-5)
    assert np.abs(Sky(np.random.default_rng(2)).radiance(weather, rays, 0.004, 2.0) - radiance).max() > 0.05
    assert sky.radiance(weather, rays[:0], 0.004, 2.0).shape == (0, 3)


def test_sun_saturates_and_clouds_hide_it() -> None:
    sky = Sky(np.random.default_rng(0))
    clear = replace(made(WeatherKind.CLEAR), cloud_cover=0.0)
    sun, other = clear.towards_sun, np.array([-clear.towards_sun[0], clear.towards_sun[1], -clear.towards_sun[2]])
    at_sun, away = sky.radiance(clear, np.stack([sun, other]).astype(np.float32), 0.004, 0.0)
    assert at_sun.min() > 10.0
    assert away.max() < 1.0
    covered = made(WeatherKind.OVERCAST)
    assert sky.radiance(covered, covered.towards_sun[None], 0.004, 0.0).max() < 1.5


def test_light_of_the_sun_does_not_depend_on_the_pixels() -> None:
    sky = Sky(np.random.default_rng(0))
    weather = only(made(WeatherKind.CLEAR), sun=WHITE, cloud_cover=0.0)
    weather = replace(weather, towards_sun=(np.array([0.0, -0.3, 1.0]) / np.hypot(0.3, 1.0)).astype(np.float32))
    light = []
    for step in (0.002, 0.004, 0.016):
        rays = view(step, round(0.128 / step), round(0.128 / step), lowest=0.236)
        excess = sky.radiance(weather, rays, step, 0.0)[:, 0] - 0.67
        light.append(excess.sum() * step**2)
    np.testing.assert_allclose(light, light[0], rtol=0.15)


def test_sky_meets_the_haze_at_the_horizon() -> None:
    rays = np.array([[1.0, 0.0, 0.2], [0.3, 0.0, -1.0], [0.0, 0.1, 1.0]], np.float32)
    for kind in WeatherKind:
        weather = replace(made(kind), sun=BLACK)
        radiance = Sky(np.random.default_rng(0)).radiance(weather, rays, 0.004, 0.0)
        np.testing.assert_allclose(radiance, np.tile(weather.horizon, (3, 1)), atol=1e-3)


def test_fog_is_even_and_an_overcast_sky_is_not() -> None:
    rays = view(0.004, 200, 50)
    spread = {
        kind: Sky(np.random.default_rng(3))
        .radiance(made(kind), rays, 0.004, 0.0)
        .reshape(50, 200, 3)
        .std(axis=1)
        .mean()
        for kind in WeatherKind
    }
    assert spread[WeatherKind.FOG] < 0.004
    assert spread[WeatherKind.OVERCAST] > 0.008
    assert spread[WeatherKind.CLEAR] > 0.02


@pytest.mark.parametrize("cover", [0.15, 0.5, 0.85])
def test_clouds_cover_the_share_that_the_weather_says(cover: float) -> None:
    weather = only(made(WeatherKind.CLEAR), cloud=WHITE, cloud_cover=cover)
    radiance = [Sky(np.random.default_rng(s)).radiance(weather, hemisphere(3000), 0.004, 0.0) for s in range(8)]
    assert (np.concatenate(radiance)[:, 0] > 0.5).mean() == pytest.approx(cover, abs=0.1)


def test_a_coarse_pixel_is_the_mean_of_fine_ones() -> None:
    sky, weather = Sky(np.random.default_rng(4)), only(made(WeatherKind.CLEAR), cloud=WHITE, cloud_cover=0.5)
    columns, rows, step, parts = 48, 16, 0.03, 8
    coarse = sky.radiance(weather, view(step, columns, rows), step, 0.0)[:, 0].reshape(rows, columns)
    fine = sky.radiance(weather, view(step / parts, columns * parts, rows * parts), step / parts, 0.0)[:, 0]
    mean = fine.reshape(rows, parts, columns, parts).mean(axis=(1, 3))
    centres = fine.reshape(rows, parts, columns, parts)[:, parts // 2, :, parts // 2]
    error, unfiltered = (np.sqrt(np.mean((picture - mean) ** 2)) for picture in (coarse, centres))
    assert error < 0.15 * mean.std()
    assert error < 0.75 * unfiltered


def test_wind_drives_the_clouds() -> None:
    sky, weather, rays = Sky(np.random.default_rng(4)), made(WeatherKind.CLEAR), view(0.004, 100, 50)
    first, soon, late = (sky.radiance(weather, rays, 0.004, time) for time in (0.0, 0.1, 30.0))
    assert 0.0 < np.abs(soon - first).mean() < 0.1 * np.abs(late - first).mean()


def test_stars_shine_at_night_and_do_not_shimmer() -> None:
    sky, weather = Sky(np.random.default_rng(6)), only(made(WeatherKind.NIGHT), cloud_cover=0.0)
    step = 0.004

    def shown(size: float, shift: float = 0.0) -> np.ndarray:
        rays = view(size, round(1.2 / size), round(0.6 / size), shift=shift)
        return sky.radiance(weather, rays, size, 0.0)[:, 0]

    stars = shown(step)
    assert stars.max() * weather.gain > 0.1
    assert 0.0 < (stars > 0.01).mean() < 0.02
    assert shown(step, shift=0.5).mean() == pytest.approx(stars.mean(), rel=0.05)
    assert shown(step / 2).mean() == pytest.approx(stars.mean(), rel=0.1)
    day = only(made(WeatherKind.CLEAR), zenith=np.full(3, 0.3, np.float32), cloud_cover=0.0)
    assert sky.radiance(day, view(step, 300, 150), step, 0.0).reshape(150, 300, 3).std(axis=1).max() < 0.02
