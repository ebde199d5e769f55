"""The sky at infinity: air, sun, clouds and stars as a function of the direction of view.

Nothing in it is finer than a pixel: noise and stars are widened or left out as the pixel's footprint asks.
"""

from __future__ import annotations

from statistics import NormalDist

import cv2
import numpy as np
from jaxtyping import Float32

from vo_gan.world.weather import Weather

AIR_HEIGHT = 100.0
"""Metres of the layer of haze or fog that one looks through to see the sky; gone in it is what is gone in fog."""
SUN_RADIUS = 0.0075
"""Radians: somewhat more than the real 0.0047, for the eye expects the sun as a camera sees it."""
SUN_RADIANCE = 60.0
"""Radiance of the sun's disc by the light that falls from it. (Really 1 / solid angle = 15,000: all is saturated.)"""

_TILE = 256
_TEXELS_PER_WAVE = 5.0
_PIXEL_BLUR = 2.2
"""2 pi^2 sigma^2: a wave of f cycles a pixel keeps exp(-_PIXEL_BLUR f^2) of its height (a Gaussian of 0.33 pixels)."""
_ROW = 1024
"""Width of the 2-D maps handed to cv2.remap, whose sides must be under 32,767."""

_FLATTEN = 0.26
"""Added to the height of a direction: keeps the cloud layer from being infinitely far at the horizon."""
_OCTAVES = ((1.9, 1.0), (0.83, 0.55), (0.37, 0.34), (0.16, 0.2))
"""Wavelength, in heights of the cloud layer, and standard deviation of each octave of the clouds."""
_SOFTNESS = 0.22
"""How gradual clouds' edges are, in standard deviations of the noise."""
_WIND = 0.008
"""Speed of the clouds in heights of the layer a second."""

_STAR_CELLS = 36
_STAR_SIGMA = 0.6
"""Standard deviation of a star's image in pixels."""


class Sky:
    """The sky of a town; the same directions always see the same clouds and stars."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._tile = _noise_tile(rng)
        self._start = rng.uniform(0.0, 100.0, 2).astype(np.float32)
        angle = rng.uniform(0.0, 2 * np.pi)
        self._wind = (_WIND * np.array([np.sin(angle), np.cos(angle)])).astype(np.float32)
        self._stars = rng.uniform(0.0, 1.0, (3, _STAR_CELLS * _STAR_CELLS)).astype(np.float32)

    def radiance(
        self, weather: Weather, direction: Float32[np.ndarray, "k 3"], footprint: float, time: float
    ) -> Float32[np.ndarray, "k 3"]:
        """Linear RGB radiance seen along directions.

        Args:
            weather: light and air.
            direction: rays in town coordinates (y down), of any length but zero.
            footprint: radians that a pixel spans.
            time: seconds; the wind drives the clouds.

        Returns:
            Radiance on the scale of `Weather`; far above 1 in the sun.
        """
        count = len(direction)
        if count == 0:
            return np.zeros((0, 3), np.float32)
        x, y, z = (np.ascontiguousarray(axis) for axis in direction.T)
        scale = 1.0 / np.sqrt(x * x + y * y + z * z)
        x, y, z = x * scale, y * scale, z * scale
        up = np.maximum(-y, np.float32(0.0))

        to_sun = weather.towards_sun
        chord_square = (x - to_sun[0]) ** 2 + (y - to_sun[1]) ** 2 + (z - to_sun[2]) ** 2
        cover, bright = self._clouds(weather, x, z, up, footprint, time)
        seen = np.exp(np.float32(-AIR_HEIGHT / weather.visibility) / (up + np.float32(1e-3)))
        near = np.exp(chord_square * np.float32(-1 / 0.10))
        wide = np.exp(chord_square * np.float32(-1 / 0.9))
        open_sky = seen * (1.0 - cover)
        disc = open_sky * (1.0 - cover) * _disc(chord_square, footprint)
        stars = self._star_light(weather, x, z, up, footprint, open_sky)

        height = (up * np.float32(1.6)) / (up + np.float32(0.6))
        glow = np.float32(0.22) * wide + np.float32(0.45) * near * seen
        covered = seen * cover
        colour = np.empty((count, 3), np.float32)
        for channel in range(3):
            sun, horizon, zenith, cloud = (
                np.float32(light[channel]) for light in (weather.sun, weather.horizon, weather.zenith, weather.cloud)
            )
            air = horizon + height * (zenith - horizon)
            lit = cloud * bright + near * np.float32(0.5) * sun * (1.0 - cover)
            colour[:, channel] = (
                horizon
                + open_sky * (air - horizon)
                + covered * (lit - horizon)
                + sun * (glow * (1.0 - np.float32(0.7) * cover) + np.float32(SUN_RADIANCE) * disc)
                + stars
            )
        return colour

    def _clouds(
        self,
        weather: Weather,
        x: Float32[np.ndarray, " k"],
        z: Float32[np.ndarray, " k"],
        up: Float32[np.ndarray, " k"],
        footprint: float,
        time: float,
    ) -> tuple[Float32[np.ndarray, " k"], Float32[np.ndarray, " k"]]:
        """Share of each pixel that clouds cover, and how bright they are there by `weather.cloud`.

        Clouds are where noise n exceeds a threshold t. An octave of wavelength w of which a pixel shows the share s
        adds a variance (1 - s^2) within the pixel; the covered share is Phi((n - t) / sqrt(softness^2 + variance)).
        A pixel spans footprint * away^2 of the layer in the direction of view and footprint * away across it; what
        counts is the mean of their squares.
        """
        away = 1.0 / (up + np.float32(_FLATTEN))
        drift = self._start + self._wind * np.float32(time)
        u, v = x * away + drift[0], z * away + drift[1]
        away_square = away * away
        square = np.float32(0.5 * footprint**2) * (away_square * away_square + away_square)
        density = np.zeros_like(up)
        lost = np.full_like(up, _SOFTNESS**2)
        relief = np.zeros_like(up)
        step = weather.towards_sun[[0, 2]] / (1.0 + abs(float(weather.towards_sun[1])))
        for number, (wave, height) in enumerate(_OCTAVES):
            shown = np.exp(square * np.float32(-_PIXEL_BLUR / wave**2))
            shift = np.float32(7.3 * number)
            noise = self._sample(u * np.float32(1 / wave) + shift, v * np.float32(1 / wave) + shift)
            density += noise * shown * np.float32(height)
            lost += (1.0 - shown * shown) * np.float32(height**2)
            if number in (1, 2):
                ahead = self._sample(
                    u * np.float32(1 / wave) + (shift + np.float32(0.22) * step[0]),
                    v * np.float32(1 / wave) + (shift + np.float32(0.22) * step[1]),
                )
                relief += (noise - ahead) * shown * np.float32(height)
        spread = float(np.sqrt(sum(height**2 for _, height in _OCTAVES) + _SOFTNESS**2))
        threshold = np.float32(
            NormalDist().inv_cdf(float(np.clip(1.0 - weather.cloud_cover, 5e-3, 1.0 - 5e-3))) * spread
        )
        over = density - threshold
        cover = 1.0 / (1.0 + np.exp(np.float32(-1.702) * over / np.sqrt(lost)))
        thick = over / (1.0 + np.abs(over))
        bright = 1.0 - np.float32(0.26) * thick + np.float32(0.22) * relief
        return cover, np.clip(bright, np.float32(0.55), np.float32(1.35))

    def _sample(self, u: Float32[np.ndarray, " k"], v: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
        """Periodic noise of wavelength 1 and standard deviation 1 at (u, v)."""
        count = len(u)
        rows = -(-count // _ROW)
        maps = np.zeros((2, rows * _ROW), np.float32)
        for line, value in zip(maps, (u, v), strict=True):
            cycles = value * np.float32(_TEXELS_PER_WAVE / _TILE)
            line[:count] = (cycles - np.floor(cycles)) * np.float32(_TILE)
        grid = maps.reshape(2, rows, _ROW)
        return cv2.remap(self._tile, grid[0], grid[1], cv2.INTER_LINEAR).reshape(-1)[:count]

    def _star_light(
        self,
        weather: Weather,
        x: Float32[np.ndarray, " k"],
        z: Float32[np.ndarray, " k"],
        up: Float32[np.ndarray, " k"],
        footprint: float,
        open_sky: Float32[np.ndarray, " k"],
    ) -> Float32[np.ndarray, " k"]:
        """Light of the stars where the sky is dark enough to see them.

        Stars lie in the cells of a grid on the stereographic projection (x, z) / (1 + up), which keeps angles: an
        angle is a length on it by (1 + up). A star's light does not depend on the size of the pixels.
        """
        dark = float(np.clip(1.0 - 25.0 * weather.zenith.mean(), 0.0, 1.0))
        if dark == 0.0:
            return np.zeros_like(up)
        scale = np.float32(_STAR_CELLS / 2) / (1.0 + up)
        u, v = x * scale + np.float32(_STAR_CELLS / 2), z * scale + np.float32(_STAR_CELLS / 2)
        column, row = (np.clip(np.floor(value), 0, _STAR_CELLS - 1) for value in (u, v))
        cell = (row * _STAR_CELLS + column).astype(np.int32)
        offset_u, offset_v, rank = (numbers[cell] for numbers in self._stars)
        away = np.float32(0.15) + np.float32(0.7) * offset_u, np.float32(0.15) + np.float32(0.7) * offset_v
        square = ((u - column - away[0]) ** 2 + (v - row - away[1]) ** 2) / (scale * scale)
        sigma = np.float32(_STAR_SIGMA * footprint)
        flux = np.float32(dark * 1.6e-6 / footprint**2) * rank**6
        return flux * open_sky * np.exp(square / (np.float32(-2.0) * sigma * sigma))


def _disc(chord_square: Float32[np.ndarray, " k"], footprint: float) -> Float32[np.ndarray, " k"]:
    """Share of each pixel that the sun's disc fills, given the squared length of the chord to its centre."""
    radius = max(SUN_RADIUS, footprint)
    share = np.float32(0.5) + (np.float32(radius) - np.sqrt(chord_square)) * np.float32(1 / footprint)
    return np.clip(share, 0, 1) * np.float32((SUN_RADIUS / radius) ** 2)


def _noise_tile(rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """A seamless tile of band-passed noise, padded by what bilinear interpolation reads beyond its edge."""
    frequency = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None, :])
    band = np.exp(-(((frequency * _TEXELS_PER_WAVE - 1.0) / 0.35) ** 2))
    tile = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((_TILE, _TILE))) * band, s=(_TILE, _TILE))
    tile = np.clip(tile / tile.std(), -2.5, 2.5).astype(np.float32)
    return np.ascontiguousarray(np.pad(tile, ((0, 2), (0, 2)), mode="wrap"))
