"""What light and air are like: the sun, the sky, fog, rain and the hour, and how they change.

All light is linear RGB on one scale: 1 makes white paper white in the picture that a camera of gain 1 develops.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from vo_gan.errors import VoGanError


class WeatherKind(StrEnum):
    """The kinds of weather and hour."""

    CLEAR = "clear"
    OVERCAST = "overcast"
    FOG = "fog"
    RAIN = "rain"
    DUSK = "dusk"
    NIGHT = "night"


ROLLING = "rolling"
"""What `WeatherPlan` takes instead of a kind for weather that changes during the drive."""


@dataclass(frozen=True)
class Weather:
    """Light and air at one moment.

    Attributes:
        towards_sun: unit vector in town coordinates (y down, so y < 0: above the horizon); at night towards the moon.
        sun: direct light on a surface that faces the sun, linear RGB.
        ambient: light of the whole sky on a horizontal surface, linear RGB.
        horizon, zenith: radiance of the cloudless sky low and high, linear RGB; distant surfaces fade to `horizon`.
        cloud_cover: share of the sky that clouds hide, 0..1.
        cloud: radiance of clouds, linear RGB.
        visibility: metres after which 63 % of a surface's colour has become the horizon's.
        wetness: 0..1, how wet the roads are.
        rain: 0..1, how hard it rains.
        lamps: 0..1, how much street lamps, windows and headlights are on.
        gain: the exposure that a camera would settle on, relative to a sunny day's.
    """

    towards_sun: Float32[np.ndarray, " 3"]
    sun: Float32[np.ndarray, " 3"]
    ambient: Float32[np.ndarray, " 3"]
    horizon: Float32[np.ndarray, " 3"]
    zenith: Float32[np.ndarray, " 3"]
    cloud_cover: float
    cloud: Float32[np.ndarray, " 3"]
    visibility: float
    wetness: float
    rain: float
    lamps: float
    gain: float


_Colour = tuple[float, float, float]


class _Range(NamedTuple):
    """The two ends between which a kind of weather varies.

    All colours vary together, so do all properties of the air; cloud cover and the sun's height vary on their own.
    """

    height: tuple[float, float]
    """Degrees of the sun, at night of the moon, above the horizon."""
    sun: tuple[_Colour, _Colour]
    ambient: tuple[_Colour, _Colour]
    horizon: tuple[_Colour, _Colour]
    zenith: tuple[_Colour, _Colour]
    cloud: tuple[_Colour, _Colour]
    cloud_cover: tuple[float, float]
    visibility: tuple[float, float]
    gain: tuple[float, float]
    wetness: tuple[float, float] = (0.0, 0.0)
    rain: tuple[float, float] = (0.0, 0.0)
    lamps: tuple[float, float] = (0.0, 0.0)


_DAY = (25.0, 60.0)
_KINDS = {
    WeatherKind.CLEAR: _Range(
        height=_DAY,
        sun=((1.05, 1.01, 0.95), (1.06, 0.96, 0.80)),
        ambient=((0.26, 0.31, 0.39), (0.31, 0.33, 0.37)),
        horizon=((0.55, 0.69, 0.86), (0.72, 0.76, 0.80)),
        zenith=((0.10, 0.24, 0.58), (0.17, 0.32, 0.60)),
        cloud=((0.92, 0.93, 0.95), (0.95, 0.92, 0.88)),
        cloud_cover=(0.12, 0.6),
        visibility=(1100.0, 750.0),
        gain=(1.1, 1.2),
    ),
    WeatherKind.OVERCAST: _Range(
        height=_DAY,
        sun=((0.07, 0.07, 0.065), (0.04, 0.04, 0.04)),
        ambient=((0.68, 0.70, 0.73), (0.54, 0.56, 0.60)),
        horizon=((0.66, 0.69, 0.73), (0.52, 0.55, 0.60)),
        zenith=((0.80, 0.83, 0.88), (0.62, 0.66, 0.72)),
        cloud=((0.80, 0.81, 0.84), (0.60, 0.62, 0.66)),
        cloud_cover=(0.92, 1.0),
        visibility=(700.0, 450.0),
        wetness=(0.0, 0.25),
        gain=(1.1, 1.3),
    ),
    WeatherKind.FOG: _Range(
        height=_DAY,
        sun=((0.08, 0.075, 0.07), (0.03, 0.03, 0.03)),
        ambient=((0.64, 0.65, 0.66), (0.52, 0.54, 0.57)),
        horizon=((0.66, 0.67, 0.68), (0.52, 0.54, 0.57)),
        zenith=((0.76, 0.77, 0.79), (0.60, 0.62, 0.66)),
        cloud=((0.74, 0.75, 0.76), (0.60, 0.62, 0.65)),
        cloud_cover=(0.7, 1.0),
        visibility=(70.0, 35.0),
        wetness=(0.2, 0.5),
        lamps=(0.0, 0.5),
        gain=(1.05, 1.2),
    ),
    WeatherKind.RAIN: _Range(
        height=_DAY,
        sun=((0.03, 0.03, 0.03), (0.01, 0.01, 0.01)),
        ambient=((0.46, 0.48, 0.51), (0.32, 0.34, 0.38)),
        horizon=((0.46, 0.49, 0.53), (0.33, 0.36, 0.40)),
        zenith=((0.48, 0.51, 0.56), (0.34, 0.37, 0.43)),
        cloud=((0.46, 0.48, 0.52), (0.30, 0.32, 0.36)),
        cloud_cover=(0.97, 1.0),
        visibility=(320.0, 190.0),
        wetness=(0.75, 1.0),
        rain=(0.4, 1.0),
        lamps=(0.2, 0.7),
        gain=(1.45, 1.8),
    ),
    WeatherKind.DUSK: _Range(
        height=(3.0, 9.0),
        sun=((0.60, 0.34, 0.16), (0.48, 0.23, 0.09)),
        ambient=((0.16, 0.17, 0.22), (0.12, 0.12, 0.18)),
        horizon=((0.30, 0.24, 0.22), (0.26, 0.18, 0.18)),
        zenith=((0.07, 0.11, 0.24), (0.05, 0.07, 0.18)),
        cloud=((0.30, 0.23, 0.25), (0.24, 0.16, 0.19)),
        cloud_cover=(0.1, 0.65),
        visibility=(800.0, 500.0),
        lamps=(0.4, 0.9),
        gain=(1.7, 2.2),
    ),
    WeatherKind.NIGHT: _Range(
        height=(30.0, 60.0),
        sun=((0.012, 0.015, 0.021), (0.020, 0.024, 0.032)),
        ambient=((0.024, 0.028, 0.039), (0.034, 0.037, 0.048)),
        horizon=((0.013, 0.016, 0.025), (0.030, 0.027, 0.030)),
        zenith=((0.004, 0.006, 0.015), (0.007, 0.009, 0.019)),
        cloud=((0.014, 0.015, 0.021), (0.028, 0.026, 0.029)),
        cloud_cover=(0.05, 0.6),
        visibility=(700.0, 350.0),
        wetness=(0.0, 0.4),
        lamps=(1.0, 1.0),
        gain=(2.7, 3.3),
    ),
}

_FOLLOWING = {
    WeatherKind.CLEAR: (WeatherKind.OVERCAST, WeatherKind.FOG),
    WeatherKind.OVERCAST: (WeatherKind.CLEAR, WeatherKind.FOG, WeatherKind.RAIN, WeatherKind.DUSK),
    WeatherKind.FOG: (WeatherKind.CLEAR, WeatherKind.OVERCAST),
    WeatherKind.RAIN: (WeatherKind.OVERCAST, WeatherKind.DUSK, WeatherKind.NIGHT),
    WeatherKind.DUSK: (WeatherKind.OVERCAST, WeatherKind.RAIN, WeatherKind.NIGHT),
    WeatherKind.NIGHT: (WeatherKind.DUSK, WeatherKind.RAIN),
}
"""What each kind may change to. A high sun never turns into a low one: its shadows would race over the street."""

_SEGMENT_SECONDS = (15.0, 30.0)
_TRANSITION_SECONDS = (5.0, 7.0)


class _Bodies(NamedTuple):
    """Where a town's sun and moon stand."""

    sun_azimuth: float
    """Radians from z towards x."""
    moon_azimuth: float
    height: float
    """0..1: how high within the range of the kind of weather."""


def _draw_bodies(rng: np.random.Generator) -> _Bodies:
    sun, moon, height = rng.uniform(0.0, 1.0, 3)
    return _Bodies(2 * np.pi * sun, 2 * np.pi * moon, height)


def make_weather(kind: WeatherKind, rng: np.random.Generator) -> Weather:
    """Weather of a kind, with the variety that there is within it.

    From the same state of `rng`, every kind that has a high sun has it in the same place.
    """
    return _make(kind, _draw_bodies(rng), rng)


def _make(kind: WeatherKind, bodies: _Bodies, rng: np.random.Generator) -> Weather:
    ends = _KINDS[kind]
    colours, cover, air = rng.uniform(0.0, 1.0, 3)
    azimuth = bodies.moon_azimuth if kind is WeatherKind.NIGHT else bodies.sun_azimuth
    height = np.radians(_between(ends.height, bodies.height))
    across = np.cos(height)
    return Weather(
        towards_sun=np.array([across * np.sin(azimuth), -np.sin(height), across * np.cos(azimuth)], np.float32),
        sun=_colour(ends.sun, colours),
        ambient=_colour(ends.ambient, colours),
        horizon=_colour(ends.horizon, colours),
        zenith=_colour(ends.zenith, colours),
        cloud_cover=_between(ends.cloud_cover, cover),
        cloud=_colour(ends.cloud, colours),
        visibility=_between(ends.visibility, air),
        wetness=_between(ends.wetness, air),
        rain=_between(ends.rain, air),
        lamps=_between(ends.lamps, colours),
        gain=_between(ends.gain, colours),
    )


def _between(ends: tuple[float, float], share: float) -> float:
    return float(ends[0] + share * (ends[1] - ends[0]))


def _colour(ends: tuple[_Colour, _Colour], share: float) -> Float32[np.ndarray, " 3"]:
    low, high = np.array(ends)
    return (low + share * (high - low)).astype(np.float32)


def mix(one: Weather, two: Weather, share: float) -> Weather:
    """Weather on its way from `one` (share 0) to `two` (share 1): linear in all light and in every share.

    What is linear in `visibility` is its inverse, the extinction of the air. The sun's direction is that of the sum
    of both suns' light, so that a sun that hardly shines does not pull the shadows of one that does.
    """
    if share <= 0.0:
        return one
    if share >= 1.0:
        return two
    mixed = {
        field.name: (1.0 - share) * getattr(one, field.name) + share * getattr(two, field.name)
        for field in fields(Weather)
    }
    colours = ("sun", "ambient", "horizon", "zenith", "cloud")
    mixed.update({name: mixed[name].astype(np.float32) for name in colours})
    mixed["visibility"] = 1.0 / ((1.0 - share) / one.visibility + share / two.visibility)
    mixed["towards_sun"] = _unit(
        (1.0 - share) * float(one.sun.mean()) * one.towards_sun + share * float(two.sun.mean()) * two.towards_sun
    )
    return Weather(**mixed)


def _unit(vector: Float[np.ndarray, " 3"]) -> Float32[np.ndarray, " 3"]:
    """A vector scaled to length 1; straight up where it has no length to scale."""
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        return np.array([0.0, -1.0, 0.0], np.float32)
    return (vector / length).astype(np.float32)


class _Segment(NamedTuple):
    """Steady weather from `start`, which begins to change at `change` and has become the next at `stop` (seconds)."""

    kind: WeatherKind
    weather: Weather
    start: float
    change: float
    stop: float


class WeatherPlan:
    """The weather of a drive, a function of time alone.

    The weather at a time does not depend on how long the drive is or what other times were asked for.
    """

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        """Plan a drive's weather.

        Args:
            rng: source of the variety; its later use by others does not disturb the plan.
            kind: a `WeatherKind` for weather that stays as `make_weather` makes it, or `ROLLING` for one that passes
                smoothly from kind to kind, 15 to 30 s each with 5 to 7 s of change.

        Raises:
            VoGanError: `kind` is none of these.
        """
        if kind != ROLLING and kind not in set(WeatherKind):
            raise VoGanError(f"There is no weather {kind!r}; choose one of {', '.join([*WeatherKind, ROLLING])}.")
        self._bodies = _draw_bodies(rng)
        self._steady = None if kind == ROLLING else _make(WeatherKind(kind), self._bodies, rng)
        self._rng = np.random.default_rng(rng.integers(2**63))
        self._segments: list[_Segment] = []

    def at(self, time: float) -> Weather:
        """The weather `time` seconds into the drive; before its start, the weather at the start."""
        if self._steady is not None:
            return self._steady
        while len(self._segments) < 2 or self._segments[-2].stop <= time:
            self._segments.append(self._next_segment())
        index = next(i for i, segment in enumerate(self._segments) if segment.stop > time)
        segment = self._segments[index]
        share = np.clip((time - segment.change) / (segment.stop - segment.change), 0.0, 1.0)
        smooth = float(share * share * (3.0 - 2.0 * share))
        return mix(segment.weather, self._segments[index + 1].weather, smooth)

    def _next_segment(self) -> _Segment:
        """The segment after the last: of a kind that may follow, one that was seen least."""
        seen = [segment.kind for segment in self._segments]
        choices = _FOLLOWING[seen[-1]] if seen else tuple(WeatherKind)
        least = min(seen.count(kind) for kind in choices)
        fresh = [kind for kind in choices if seen.count(kind) == least]
        kind = fresh[self._rng.integers(len(fresh))]
        start = self._segments[-1].stop if seen else 0.0
        stop = start + self._rng.uniform(*_SEGMENT_SECONDS)
        change = stop - self._rng.uniform(*_TRANSITION_SECONDS)
        return _Segment(kind, _make(kind, self._bodies, self._rng), start, change, stop)
