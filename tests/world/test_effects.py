"""What a real camera adds: known answers for development, statistics for noise, properties for glare and rain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vo_gan.world.effects import ExposureControl, Rain, add_glare, add_noise, develop, motion_blur_times
from vo_gan.world.weather import Weather, WeatherKind, make_weather

WIDTH, HEIGHT = 208, 64
INTRINSICS = (120.0, 120.0, 103.5, 31.5)
Draw = Callable[..., np.ndarray]


def made(kind: WeatherKind) -> Weather:
    return make_weather(kind, np.random.default_rng(0))


def grey(value: float, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.full((height, width, 3), value, np.float32)


def test_develop_known_answers() -> None:
    def tone(value: float, gain: float = 1.0) -> int:
        return int(develop(grey(value, 1, 1), gain)[0, 0, 0])

    assert [tone(value) for value in (-0.1, 0.0, 0.04, 0.25, 0.64)] == [0, 0, 51, 128, 204]
    assert tone(0.0625, gain=4.0) == tone(0.25)
    assert tone(1.0) == round(255 * 0.9625)
    assert [tone(value) for value in (1.3225, 50.0)] == [255, 255]


def test_develop_has_no_kink() -> None:
    ramp = np.repeat(np.linspace(0, 1.3, 4000, dtype=np.float32)[None, :, None] ** 2, 3, axis=2)
    steps = np.diff(develop(ramp, 1.0)[0, :, 0].astype(int))
    assert steps.min() >= 0
    assert steps.max() <= 1


def test_motion_blur_times_are_centred() -> None:
    np.testing.assert_allclose(motion_blur_times(1.0, 0.1, 2), [0.975, 1.025])
    np.testing.assert_allclose(motion_blur_times(3.0, 0.1, 1), [3.0])
    assert motion_blur_times(2.0, 0.02, 5).mean() == pytest.approx(2.0)


def test_exposure_hunts_within_bounds() -> None:
    times = np.arange(0.0, 600.0, 0.1)
    control = ExposureControl(np.random.default_rng(2))
    gain = np.array([control.gain(float(time)) for time in times])
    assert 0.7 <= gain.min() < 0.9
    assert 1.1 < gain.max() <= 1.4
    change = np.abs(np.diff(np.log(gain)))
    assert np.median(change) < 0.012
    jumps = times[1:][change > 0.025]
    assert 20 < len(jumps) < 110
    assert np.diff(jumps).std() > 2.0
    assert (jumps % 6.0).std() > 1.0
    again = ExposureControl(np.random.default_rng(2))
    np.testing.assert_array_equal([again.gain(float(time)) for time in times[::-50]], gain[::-50])
    assert ExposureControl(np.random.default_rng(3)).gain(0.0) != gain[0]


def test_noise_is_the_same_in_every_tone_and_grows_with_the_gain() -> None:
    def deviation(tone: float, gain: float) -> float:
        noisy = add_noise(grey(tone**2 / gain), np.random.default_rng(1), gain, 1.0)
        assert noisy.dtype == np.float32
        return float(develop(noisy, gain).astype(float).std())

    assert deviation(0.3, 1.0) == pytest.approx(2.5, rel=0.15)
    assert deviation(0.8, 1.0) == pytest.approx(deviation(0.4, 1.0), rel=0.1)
    assert deviation(0.5, 3.0) == pytest.approx(np.sqrt(3.0) * deviation(0.5, 1.0), rel=0.1)


def test_noise_has_no_mean_and_is_seeded() -> None:
    picture = grey(0.3)
    noisy = add_noise(picture, np.random.default_rng([1, 2, 0]), 1.0, 1.0)
    assert noisy.mean() == pytest.approx(0.3, abs=3e-4)
    np.testing.assert_array_equal(noisy, add_noise(picture, np.random.default_rng([1, 2, 0]), 1.0, 1.0))
    other = add_noise(picture, np.random.default_rng([1, 2, 1]), 1.0, 1.0)
    assert abs(np.corrcoef((noisy - picture).ravel(), (other - picture).ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(add_noise(picture, np.random.default_rng(0), 1.0, 0.0), picture)


def test_glare_leaves_a_picture_without_saturation_alone() -> None:
    weather, picture = made(WeatherKind.CLEAR), grey(0.5)
    np.testing.assert_array_equal(add_glare(picture, weather, None, 0.0, 1.0), picture)
    np.testing.assert_array_equal(add_glare(picture, weather, (20.0, 10.0), 1.0, 0.0), picture)
    far_outside = add_glare(picture, weather, (-3.0 * WIDTH, 0.0), 1.0, 1.0)
    np.testing.assert_allclose(far_outside, picture, atol=1e-4)


def test_lamps_bloom() -> None:
    picture = grey(0.0)
    picture[30:34, 100:104] = 5.0
    bloom = add_glare(picture, made(WeatherKind.NIGHT), None, 0.0, 1.0)[32, :, 1] - picture[32, :, 1]
    assert (np.diff(bloom[106:180]) <= 1e-6).all()
    assert bloom[106] > 5.0 * bloom[130] > 0.0
    twice = add_glare(picture, made(WeatherKind.NIGHT), None, 0.0, 2.0)[32, :, 1] - picture[32, :, 1]
    np.testing.assert_allclose(twice, 2.0 * bloom, rtol=1e-4, atol=1e-6)


def test_a_hidden_sun_throws_no_veil_and_lamps_bloom_all_the_same() -> None:
    weather, picture = made(WeatherKind.NIGHT), grey(0.0)
    picture[30:34, 100:104] = 5.0
    without = add_glare(picture, weather, None, 0.0, 1.0)
    assert (without[32, 110] > 0).all()
    np.testing.assert_array_equal(add_glare(picture, weather, (30.0, 20.0), 0.0, 1.0), without)
    half, whole = (add_glare(picture, weather, (30.0, 20.0), share, 1.0) - without for share in (0.5, 1.0))
    assert whole.max() > 0
    np.testing.assert_allclose(whole, 2.0 * half, rtol=1e-3, atol=1e-5)


def test_sun_throws_a_veil_that_fades_with_distance() -> None:
    weather, picture = made(WeatherKind.DUSK), grey(0.05)
    veil = add_glare(picture, weather, (30.0, 20.0), 1.0, 1.0) - picture
    assert (veil > 0).all()
    y, x = np.unravel_index(veil[..., 0].argmax(), (HEIGHT, WIDTH))
    assert np.hypot(x - 30, y - 20) < 4
    assert veil[20, 30, 0] > 3.0 * veil[20, 120, 0]
    assert veil[20, 30, 0] > 1.5 * veil[20, 30, 2]
    beside = add_glare(picture, weather, (-20.0, 20.0), 1.0, 1.0) - picture
    assert 0.0 < beside.mean() < veil.mean()


@pytest.fixture
def draw() -> Draw:
    """Draws the rain of one town on grey as seen from poses of a camera."""
    rain, weather = Rain(np.random.default_rng(5)), replace(made(WeatherKind.RAIN), rain=1.0)

    def drawn(
        start: np.ndarray,
        stop: np.ndarray,
        time: float = 2.0,
        exposure: float = 0.02,
        side: int = 0,
        amount: float = 1.0,
    ) -> np.ndarray:
        poses = np.tile(np.eye(4), (2, 1, 1))
        poses[0, :3, 3], poses[1, :3, 3] = start, stop
        weather_now = replace(weather, rain=amount)
        return rain.draw(grey(0.1), poses, time, exposure, INTRINSICS, 0.54, side, weather_now) - np.float32(0.1)

    return drawn


STAND = np.array([5.0, -1.65, 9.0])


def test_rain_brightens_a_small_part_of_the_picture(draw: Draw) -> None:
    light = draw(STAND, STAND)
    assert light.dtype == np.float32
    assert light.min() >= 0.0
    assert 0.02 < (light[..., 0] > 0.01).mean() < 0.4
    np.testing.assert_array_equal(draw(STAND, STAND), light)
    assert draw(STAND, STAND, amount=0.3).sum() < 0.6 * light.sum()
    assert not draw(STAND, STAND, amount=0.0).any()


def test_both_eyes_see_the_same_drops(draw: Draw) -> None:
    right_eye = draw(STAND, STAND, side=1)
    shift = np.array([0.54, 0.0, 0.0])
    moved = draw(STAND + shift, STAND + shift)
    assert np.corrcoef(right_eye.ravel(), moved.ravel())[0, 1] > 0.9
    assert np.corrcoef(right_eye.ravel(), draw(STAND, STAND).ravel())[0, 1] < 0.5


def test_drops_fall_and_streaks_follow_the_exposure(draw: Draw) -> None:
    dots, streaks = draw(STAND, STAND, exposure=1e-4)[..., 0], draw(STAND, STAND, exposure=0.03)[..., 0]
    assert (streaks > 0.01).sum() > 1.5 * (dots > 0.01).sum()

    def change(light: np.ndarray, axis: int) -> float:
        return float(np.abs(np.diff(light, axis=axis)).mean())

    assert change(streaks, 1) > 2.0 * change(streaks, 0)
    later = draw(STAND, STAND, time=2.004, exposure=1e-4)[..., 0]
    matches = [(dots[: HEIGHT - 8] * np.roll(later, -rows, axis=0)[: HEIGHT - 8]).sum() for rows in range(-3, 4)]
    assert 3 <= int(np.argmax(matches)) <= 6
    assert matches[4] > matches[2]


def test_driving_slants_the_streaks(draw: Draw) -> None:
    """Sideways as fast as the drops fall: streaks lie at about 45 degrees."""
    move = np.array([7.5 * 0.015, 0.0, 0.0])
    light = draw(STAND - move, STAND + move, exposure=0.03)[..., 0]
    down_left = np.abs(light[1:, :-1] - light[:-1, 1:]).mean()
    down_right = np.abs(light[1:, 1:] - light[:-1, :-1]).mean()
    assert down_left < 0.7 * down_right
