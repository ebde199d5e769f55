"""Band-limited patterns in surface coordinates.

Every pattern takes the size of a pixel's footprint on the surface and returns its own average over that footprint, in
closed form or by leaving out what is finer than a pixel. So a surface has texture at every distance and flickers at
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Shaped

TILE = 512
"""Texels along the side of the noise tile."""
TEXELS_PER_WAVE = 6.0
"""Dominant wavelength of the noise tile in texels: long enough for bilinear interpolation."""
PIXEL_BLUR = 6.0
"""2 pi^2 sigma^2: a wave of f cycles per pixel keeps exp(-PIXEL_BLUR f^2) of its height (a Gaussian of 0.55 pixels)."""
_ROW = 2048


class Octave(NamedTuple):
    """One band of noise: wavelengths along u and v in metres, and its height (one standard deviation)."""

    wave_u: float
    wave_v: float
    height: float


def octaves(longest: float, shortest: float, height: float, gain: float = 1.0) -> tuple[Octave, ...]:
    """Isotropic octaves from the longest wavelength down, each half as long and `gain` times as high."""
    bands = []
    wave = longest
    while wave >= shortest:
        bands.append(Octave(wave, wave, height))
        wave, height = wave / 2.03, height * gain
    return tuple(bands)


class Noise:
    """Smooth random numbers over the plane, from one seamless tile of band-passed noise."""

    def __init__(self, seed: Sequence[int]) -> None:
        rng = np.random.default_rng(list(seed))
        frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
        band = np.exp(-(((frequency * TEXELS_PER_WAVE - 1.0) / 0.35) ** 2))
        tile = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((TILE, TILE))) * band, s=(TILE, TILE))
        tile = np.clip(tile / tile.std(), -2.5, 2.5).astype(np.float32)
        self._tile = np.ascontiguousarray(np.pad(tile, ((0, 2), (0, 2)), mode="wrap"))

    def sample(self, u: Float32[np.ndarray, " k"], v: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
        """Noise of wavelength 1 and a standard deviation of about 0.9 at (u, v)."""
        count = len(u)
        if count == 0:
            return np.zeros(0, np.float32)
        rows = -(-count // _ROW)
        coordinates = np.zeros((2, rows * _ROW), np.float32)
        for line, value in zip(coordinates, (u, v), strict=True):
            cycles = value * np.float32(TEXELS_PER_WAVE / TILE)
            line[:count] = (cycles - np.floor(cycles)) * np.float32(TILE)
        grid = coordinates.reshape(2, rows, _ROW)
        return cv2.remap(self._tile, grid[0], grid[1], cv2.INTER_LINEAR).reshape(-1)[:count]

    def bands(
        self,
        u: Float32[np.ndarray, " k"],
        v: Float32[np.ndarray, " k"],
        width_u: Float32[np.ndarray, " k"],
        width_v: Float32[np.ndarray, " k"],
        bands: Sequence[Octave],
    ) -> Float32[np.ndarray, " k"]:
        """Sum of octaves at (u, v), each as high as a pixel of `width_u` by `width_v` metres still shows it."""
        total = np.zeros(len(u), np.float32)
        square_u, square_v = width_u * width_u, width_v * width_v
        for number, (wave_u, wave_v, height) in enumerate(bands):
            shown = np.exp(
                square_u * np.float32(-PIXEL_BLUR / wave_u**2) + square_v * np.float32(-PIXEL_BLUR / wave_v**2)
            )
            seen = np.flatnonzero(shown > 0.03)
            if len(seen) == 0:
                continue
            shift = np.float32(number * 17.31 + 3.7)
            value = self.sample(
                u[seen] * np.float32(1 / wave_u) + shift, v[seen] * np.float32(1 / wave_v) + shift * np.float32(1.7)
            )
            total[seen] += value * shown[seen] * np.float32(height)
        return total


def stripes(
    x: Shaped[np.ndarray, " k"],
    period: Shaped[np.ndarray, " k"] | float,
    start: Shaped[np.ndarray, " k"] | float,
    stop: Shaped[np.ndarray, " k"] | float,
    width: Shaped[np.ndarray, " k"],
) -> Shaped[np.ndarray, " k"]:
    """Share of [x - width/2, x + width/2] that lies in the stripes start <= x mod period < stop."""
    span = stop - start
    half = 0.5 * width
    low, high = (x - half) / period, (x + half) / period
    low_whole, high_whole = np.floor(low), np.floor(high)
    low_part = np.clip((low - low_whole) * period - start, 0, span)
    high_part = np.clip((high - high_whole) * period - start, 0, span)
    return ((high_whole - low_whole) * span + high_part - low_part) / width


def bar(
    x: Shaped[np.ndarray, " k"],
    start: Shaped[np.ndarray, " k"] | float,
    stop: Shaped[np.ndarray, " k"] | float,
    width: Shaped[np.ndarray, " k"],
) -> Shaped[np.ndarray, " k"]:
    """Share of [x - width/2, x + width/2] that lies in [start, stop]."""
    half = 0.5 * width
    return np.clip(np.minimum(x + half, stop) - np.maximum(x - half, start), 0, None) / width


def cell_random(
    i: Float32[np.ndarray, " k"], j: Float32[np.ndarray, " k"], seed: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, " k"]:
    """A random number in [0, 1) for every cell (i, j) of whole numbers: an integer hash (murmur's finaliser)."""
    mixed = i.astype(np.int32).astype(np.uint32) * np.uint32(0x9E3779B1)
    mixed ^= j.astype(np.int32).astype(np.uint32) * np.uint32(0x85EBCA77)
    mixed ^= (seed * np.float32(65536.0)).astype(np.uint32) * np.uint32(0xC2B2AE3D)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(8)).astype(np.float32) * np.float32(1 / 16777216.0)


def seen_share(width: Shaped[np.ndarray, " k"], cell: Shaped[np.ndarray, " k"] | float) -> Shaped[np.ndarray, " k"]:
    """How much of the difference between neighbouring cells a pixel of `width` still shows: 1 near, 0 far."""
    return np.clip(1.5 - 1.5 * width / cell, 0, 1)
