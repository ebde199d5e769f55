"""Band-limited patterns in surface coordinates.

Every pattern takes the size of a pixel's footprint on the surface and returns its own average over that footprint: the
noise from a rip map, edges in closed form. So a surface has texture at every distance and flickers at none.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from jaxtyping import Float32, Shaped, UInt8

TILE = 1024
"""Texels along the side of the noise tile, which repeats without a seam."""
CHANNELS = 4
"""Grain, blotches, ridges and clumps."""
LEVELS = 11
"""Footprints of 1, 2, 4 ... 1024 texels along each axis are kept, averaged, in the rip map."""
PIXEL_BLUR = 6.0
"""2 pi^2 sigma^2: a wave of f cycles per pixel keeps exp(-PIXEL_BLUR f^2) of its height (a Gaussian of 0.55 pixels)."""
FINE_TEXEL, COARSE_TEXEL = 0.0125, 0.157
"""Metres of a texel where the tile makes fine and coarse texture: it repeats after 12.8 and 161 m."""
_STEPS = 40.0
"""Steps of the 8-bit rip map in one standard deviation of the noise."""
_ROW = 1024
_SIZES = np.array([TILE >> max(level - 1, 0) for level in range(LEVELS)], np.float32)
_STARTS = np.array([0, *np.cumsum(_SIZES + 1)[:-1]], np.float32)
"""Texels of each level and where it starts in the rip map: two texels to a footprint, and one more that repeats the
first, for the interpolation."""


class Noise:
    """Four kinds of noise over the plane, averaged over rectangles of any size.

    A rip map is a mip map with a level for every pair of footprints along u and v (McReynolds and Blythe, "Advanced
    Graphics Programming Using OpenGL", 2005, section 14.5), so that what is seen at a grazing angle loses the detail
    along the line of sight and keeps that across it. Between levels the noise is interpolated.
    """

    def __init__(self, seed: int) -> None:
        self._map = _rip_map(seed)

    def sample(
        self,
        u: Float32[np.ndarray, " k"],
        v: Float32[np.ndarray, " k"],
        width_u: Float32[np.ndarray, " k"],
        width_v: Float32[np.ndarray, " k"],
    ) -> Float32[np.ndarray, "k 4"]:
        """Noise at (u, v), averaged over `width_u` by `width_v`; everything in texels.

        Zero mean; a standard deviation of 1 where the footprint is a texel or less.
        """
        count = len(u)
        rows = -(-max(count, 1) // _ROW)
        axes = []
        for coordinate, width in ((u, width_u), (v, width_v)):
            exact = np.log2(np.clip(width, np.float32(1), np.float32(TILE - 1)))
            level = exact.astype(np.int32)
            share = exact - level
            cycles = coordinate * np.float32(1 / TILE)
            cycles -= np.floor(cycles)
            near = _padded(_STARTS[level] + cycles * _SIZES[level], rows)
            far = _padded(_STARTS[level + 1] + cycles * _SIZES[level + 1], rows)
            axes.append(((near, 1 - share), (far, share)))
        total = np.zeros((count, CHANNELS), np.float32)
        for x, share_u in axes[0]:
            for y, share_v in axes[1]:
                value = cv2.remap(self._map, x, y, cv2.INTER_LINEAR).reshape(-1, CHANNELS)[:count]
                total += (share_u * share_v)[:, None] * value
        total -= np.float32(128.0)
        total *= np.float32(1 / _STEPS)
        return total


def _padded(values: Float32[np.ndarray, " k"], rows: int) -> Float32[np.ndarray, "rows _"]:
    """Values in rows of a picture, as OpenCV wants them: no side of 32,768 or more."""
    grid = np.zeros(rows * _ROW, np.float32)
    grid[: len(values)] = values
    return grid.reshape(rows, _ROW)


@lru_cache(maxsize=2)
def _rip_map(seed: int) -> UInt8[np.ndarray, "h w 4"]:
    """All levels of the tile in one picture: level (i, j) at column `_STARTS[i]` and row `_STARTS[j]`, 8 bits."""
    size = int(_STARTS[-1] + _SIZES[-1]) + 1
    picture = np.empty((size, size, CHANNELS), np.uint8)
    tile = _tile(np.random.default_rng(seed))
    spectrum = scipy.fft.rfft2(tile, axes=(0, 1))
    rows, columns = scipy.fft.fftfreq(TILE), scipy.fft.rfftfreq(TILE)
    for i in range(LEVELS):
        wide = int(_SIZES[i])
        kept = spectrum[:, : wide // 2 + 1] * _blur(columns[: wide // 2 + 1], i)[None, :, None]
        for j in range(LEVELS):
            high = int(_SIZES[j])
            middle = np.concatenate([kept[: high // 2], kept[TILE - high // 2 :]])
            lines = np.concatenate([rows[: high // 2], rows[TILE - high // 2 :]])
            level = scipy.fft.irfft2(middle * _blur(lines, j)[:, None, None], s=(high, wide), axes=(0, 1))
            level *= high * wide / TILE**2
            coded = np.clip(128.0 + _STEPS * level + 0.5, 0, 255).astype(np.uint8)
            x, y = int(_STARTS[i]), int(_STARTS[j])
            picture[y : y + high + 1, x : x + wide + 1] = np.pad(coded, ((0, 1), (0, 1), (0, 0)), mode="wrap")
    return picture


def _blur(frequency: Shaped[np.ndarray, " n"], level: int) -> Float32[np.ndarray, " n"]:
    """What a footprint of 2^level texels leaves of waves of some cycles per texel."""
    return np.exp(-PIXEL_BLUR * (frequency * 2.0**level) ** 2).astype(np.float32)


def _tile(rng: np.random.Generator) -> Float32[np.ndarray, "1024 1024 4"]:
    """Grain, blotches, ridges and clumps, seamless, each with zero mean and a standard deviation of 1.

    Grain has the same contrast in every octave from 2 to 480 texels, blotches have more the longer the wave is. Ridges
    are thin branching lines, at about 3 on them and -0.3 beside. Clumps are cells of some 20 and 80 texels, bright in
    the middle and dark where they meet, some lighter than others.
    """
    grain = _spectral(rng, 1.0, 2.0, 480.0)
    blotches = _spectral(rng, 1.7, 6.0, 700.0)
    ridges = np.zeros((TILE, TILE))
    for longest, width in ((420.0, 0.035), (130.0, 0.06)):
        winding = _spectral(rng, 1.2, longest / 9, longest)
        ridges += np.exp(-((winding / width) ** 2)) * (_spectral(rng, 1.5, 100.0, 700.0) > 0.1)
    clumps = _cells(rng, 2600) + 0.8 * _cells(rng, 170)
    channels = [(channel - channel.mean()) / channel.std() for channel in (grain, blotches, ridges, clumps)]
    return np.stack(channels, axis=2).astype(np.float32)


def _spectral(rng: np.random.Generator, slope: float, shortest: float, longest: float) -> Shaped[np.ndarray, "h w"]:
    """Gaussian noise of wavelengths between two bounds (texels), amplitude falling as frequency^-slope; deviation 1."""
    white = scipy.fft.rfft2(rng.standard_normal((TILE, TILE), dtype=np.float32))
    frequency = np.hypot(scipy.fft.fftfreq(TILE)[:, None], scipy.fft.rfftfreq(TILE)[None, :]).astype(np.float32)
    inside = (frequency >= 1 / longest) & (frequency <= 1 / shortest)
    shaped = scipy.fft.irfft2(np.where(inside, white / np.maximum(frequency, 1e-6) ** slope, 0), s=(TILE, TILE))
    return shaped / shaped.std()


def _cells(rng: np.random.Generator, count: int) -> Shaped[np.ndarray, "h w"]:
    """Cells around random points (Worley, SIGGRAPH 1996): height falls from each point, cells differ; deviation 1."""
    margin = TILE // 4
    points = rng.integers(0, TILE, (count, 2))
    away = np.full((TILE, TILE), 255, np.uint8)
    away[points[:, 1], points[:, 0]] = 0
    away = np.pad(away, margin, mode="wrap")
    tone = np.pad(rng.random((TILE, TILE)), margin, mode="wrap")
    distance, label = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    tones = np.zeros(label.max() + 1)
    tones[label[away == 0]] = tone[away == 0]
    height = 1.0 - distance / distance.mean() + 1.3 * tones[label]
    inner = height[margin:-margin, margin:-margin]
    return (inner - inner.mean()) / inner.std()


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
