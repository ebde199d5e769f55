"""Weather: every kind is what its name says, a town's sun keeps its place, and changes are smooth."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.world.weather import ROLLING, Weather, WeatherKind, WeatherPlan, make_weather, mix

HIGH_SUN = (WeatherKind.CLEAR, WeatherKind.OVERCAST, WeatherKind.FOG, WeatherKind.RAIN)


def made(kind: WeatherKind, seed: int = 0) -> Weather:
    return make_weather(kind, np.random.default_rng(seed))


def numbers(weather: Weather) -> np.ndarray:
    return np.concatenate([np.atleast_1d(getattr(weather, field.name)) for field in fields(Weather)])


def height(weather: Weather) -> float:
    return float(np.degrees(np.arcsin(-weather.towards_sun[1])))


@pytest.mark.parametrize("kind", list(WeatherKind))
def test_weather_is_seeded_and_within_its_ranges(kind: WeatherKind) -> None:
    np.testing.assert_array_equal(numbers(made(kind, 3)), numbers(made(kind, 3)))
    assert np.abs(numbers(made(kind, 3)) - numbers(made(kind, 4))).max() > 0.01
    for seed in range(20):
        weather = made(kind, seed)
        assert np.linalg.norm(weather.towards_sun) == pytest.approx(1.0, abs=1e-6)
        low, high = (3.0, 9.0) if kind is WeatherKind.DUSK else (25.0, 60.0)
        assert low - 1e-3 <= height(weather) <= high + 1e-3
        for share in (weather.cloud_cover, weather.wetness, weather.rain, weather.lamps):
            assert 0.0 <= share <= 1.0
        assert numbers(weather)[3:].min() >= 0.0


def test_kinds_are_what_their_names_say() -> None:
    for seed in range(10):
        clear, overcast, fog, rain, dusk, night = (made(kind, seed) for kind in WeatherKind)
        white = [w.ambient.mean() - w.towards_sun[1] * w.sun.mean() for w in (clear, overcast, rain, dusk, night)]
        assert white == sorted(white, reverse=True)
        assert overcast.sun.max() < 0.1 < clear.sun.min()
        assert fog.visibility <= 70.0 < rain.visibility < clear.visibility
        assert [w.rain > 0 for w in (clear, overcast, fog, rain, dusk, night)] == [
            False,
            False,
            False,
            True,
            False,
            False,
        ]
        assert rain.wetness > 0.7
        assert clear.lamps == 0.0
        assert night.lamps == 1.0
        assert dusk.sun[0] > 1.5 * dusk.sun[2]
        assert night.gain > 2.0 * clear.gain


def test_sun_of_a_town_keeps_its_place() -> None:
    high = [made(kind, 5).towards_sun for kind in HIGH_SUN]
    high += [WeatherPlan(np.random.default_rng(5), "clear").at(0.0).towards_sun]
    for direction in high:
        np.testing.assert_array_equal(direction, high[0])
    dusk = made(WeatherKind.DUSK, 5).towards_sun
    assert np.arctan2(dusk[0], dusk[2]) == pytest.approx(np.arctan2(high[0][0], high[0][2]), abs=1e-5)

    rolling = WeatherPlan(np.random.default_rng(5), ROLLING)
    sunny = [w for w in (rolling.at(float(t)) for t in range(0, 300, 3)) if w.sun.mean() > 0.9]
    assert sunny
    for weather in sunny:
        np.testing.assert_allclose(weather.towards_sun, high[0], atol=0.02)


def test_mix_is_linear_in_light_and_extinction() -> None:
    one, two = made(WeatherKind.CLEAR), made(WeatherKind.FOG)
    half = mix(one, two, 0.25)
    np.testing.assert_array_equal(numbers(mix(one, two, 0.0)), numbers(one))
    np.testing.assert_array_equal(numbers(mix(one, two, 1.0)), numbers(two))
    np.testing.assert_allclose(half.horizon, 0.75 * one.horizon + 0.25 * two.horizon, rtol=1e-5)
    assert half.wetness == pytest.approx(0.75 * one.wetness + 0.25 * two.wetness)
    assert 1.0 / half.visibility == pytest.approx(0.75 / one.visibility + 0.25 / two.visibility)


def test_mixed_sun_follows_the_brighter_one() -> None:
    bright, faint = made(WeatherKind.CLEAR, 1), made(WeatherKind.OVERCAST, 2)
    middle = mix(bright, faint, 0.5)
    assert np.linalg.norm(middle.towards_sun) == pytest.approx(1.0, abs=1e-6)
    assert middle.towards_sun @ bright.towards_sun > 0.99
    opposite = replace(bright, towards_sun=-bright.towards_sun)
    np.testing.assert_allclose(mix(bright, opposite, 0.5).towards_sun, [0.0, -1.0, 0.0])


@pytest.mark.parametrize("kind", list(WeatherKind))
def test_fixed_plan_is_make_weather(kind: WeatherKind) -> None:
    plan = WeatherPlan(np.random.default_rng(8), kind.value)
    for time in (-0.1, 0.0, 55.5):
        np.testing.assert_array_equal(numbers(plan.at(time)), numbers(made(kind, 8)))


def test_rolling_weather_does_not_depend_on_what_was_asked_before() -> None:
    times = [float(t) for t in np.random.default_rng(0).permutation(200)]
    one, two = (WeatherPlan(np.random.default_rng(3), ROLLING) for _ in range(2))
    late_first = {time: numbers(one.at(time)) for time in times}
    for time in sorted(times):
        np.testing.assert_array_equal(numbers(two.at(time)), late_first[time])
    np.testing.assert_array_equal(numbers(one.at(-1.0)), numbers(one.at(0.0)))


@pytest.mark.parametrize("seed", range(4))
def test_rolling_weather_is_smooth_and_passes_through_many_kinds(seed: int) -> None:
    plan = WeatherPlan(np.random.default_rng(seed), ROLLING)
    weathers = [plan.at(0.1 * frame) for frame in range(2400)]
    light = np.array([[*w.sun, *w.ambient, *w.horizon, w.gain, w.lamps] for w in weathers])
    assert np.abs(np.diff(light, axis=0)).max() < 0.06
    sun = np.array([w.towards_sun * w.sun.mean() for w in weathers])
    assert np.linalg.norm(np.diff(sun, axis=0), axis=1).max() < 0.05
    steady = np.array([numbers(weathers[i]) for i in range(2399) if (light[i] == light[i + 1]).all()])
    assert 1000 < len(steady) < 2100
    assert len(np.unique(steady, axis=0)) >= 7


def test_rolling_weather_tours_all_kinds() -> None:
    plan = WeatherPlan(np.random.default_rng(1), ROLLING)
    weathers = [plan.at(float(second)) for second in range(400)]
    assert min(w.visibility for w in weathers) < 75.0
    assert max(w.rain for w in weathers) > 0.3
    assert max(w.gain for w in weathers) > 2.6
    assert max(w.sun.max() for w in weathers) > 1.0


def test_unknown_weather_is_refused() -> None:
    with pytest.raises(VoGanError, match=r"snow.*clear.*rolling"):
        WeatherPlan(np.random.default_rng(0), "snow")
