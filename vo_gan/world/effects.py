"""From linear radiance to the picture of a real camera: rain, glare, noise, exposure and development.

Apply them to each eye's picture in this order: `Rain.draw`, `add_glare`, `add_noise`, `develop`. Each can be left out.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.world.weather import Weather

SHOULDER = 0.85
"""Developed value (0..1) above which `develop` bends towards white."""
SHOT_NOISE = 0.02
"""Standard deviation of the shot noise of radiance 1 in `add_noise`: that of 2,500 photoelectrons."""
READ_NOISE = 0.0012
"""Standard deviation of the sensor's read noise, as radiance."""

_GLARE_SCALE = 4
"""Glare has no detail: it is computed in pictures this many times smaller."""
_BRIGHTEST = 12.0
"""Radiance, in developed white, beyond which the bloom of a lamp or of the sun grows no further."""
_GHOSTS = (
    (0.45, 0.035, (0.5, 1.0, 0.6)),
    (0.8, 0.06, (1.0, 0.7, 0.4)),
    (1.25, 0.11, (0.4, 0.7, 1.0)),
    (-0.35, 0.025, (1.0, 0.9, 0.5)),
)
"""Reflections in the lens: place on the line from the sun (-1) over the picture's centre (0), radius by width, tint."""


def develop(linear: Float32[np.ndarray, "h w 3"], gain: float) -> UInt8[np.ndarray, "h w 3"]:
    """Develop a picture: sqrt(gain * radiance), that is gamma 2.0, with a soft shoulder below white.

    Values v up to a = SHOULDER stay exact; above it v - (v - a)^2 / (4 (1 - a)) leads with the same slope to white,
    which is reached at v = 2 - a.

    Args:
        linear: radiance, RGB; what noise made negative becomes black.
        gain: exposure.
    """
    value = np.sqrt(np.maximum(linear, np.float32(0)) * np.float32(gain))
    np.minimum(value, np.float32(2.0 - SHOULDER), out=value)
    over = np.maximum(value - np.float32(SHOULDER), np.float32(0))
    value -= over * over * np.float32(0.25 / (1.0 - SHOULDER))
    return (value * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def motion_blur_times(time: float, exposure: float, count: int) -> Float[np.ndarray, " count"]:
    """The middles of `count` equal parts of an exposure of `exposure` seconds centred on `time`."""
    return time + exposure * ((np.arange(count) + 0.5) / count - 0.5)


class ExposureControl:
    """Automatic exposure that hunts: it drifts smoothly and now and then jumps a little. A function of time alone."""

    _DRIFT = ((23.0, 0.13), (9.7, 0.09), (4.1, 0.05))
    """Period in seconds and amplitude (natural logarithm) of each wave of the drift."""
    _STEP_SECONDS = 6.0
    _STEP = 0.06

    def __init__(self, rng: np.random.Generator) -> None:
        self._phases = rng.uniform(0.0, 2 * np.pi, len(self._DRIFT))
        self._seed = int(rng.integers(2**63))

    def gain(self, time: float) -> float:
        """The factor on the exposure at `time` seconds, in 0.7..1.4."""
        drift = sum(
            height * np.sin(2 * np.pi * time / period + phase)
            for (period, height), phase in zip(self._DRIFT, self._phases, strict=True)
        )
        slot = int(np.floor(time / self._STEP_SECONDS))
        moment, after = self._step(slot)
        level = after if time >= moment else self._step(slot - 1)[1]
        return float(np.exp(drift + level))

    def _step(self, slot: int) -> tuple[float, float]:
        """When the step of a slot of time happens, and the level (natural logarithm) that it leads to."""
        rng = np.random.default_rng([self._seed, slot % 2**32])
        share, level = rng.uniform(0.0, 1.0), rng.uniform(-1.0, 1.0)
        return (slot + share) * self._STEP_SECONDS, self._STEP * level


def add_noise(
    linear: Float32[np.ndarray, "h w 3"], rng: np.random.Generator, gain: float, amount: float
) -> Float32[np.ndarray, "h w 3"]:
    """Add the noise of a sensor: shot noise, whose variance is in proportion to the signal, and read noise.

    A higher gain means that less light was there to be measured: the noise of the same developed tone grows.
    `amount` 1 is about 2.5 grey levels of a developed picture at gain 1 in every tone, at gain 3 some 4.5.

    Args:
        linear: radiance, RGB.
        rng: seeded anew for every frame and eye.
        gain: exposure that the picture will be developed with.
        amount: factor on the standard deviation; 0 is no noise.
    """
    if amount == 0.0:
        return linear
    signal = np.clip(linear, np.float32(0), np.float32(4.0 / gain))
    deviation = np.sqrt(signal * np.float32(SHOT_NOISE**2) + np.float32(READ_NOISE**2))
    noise = rng.standard_normal(linear.shape, np.float32)
    noise *= deviation * np.float32(amount)
    noise += linear
    return noise


def add_glare(
    linear: Float32[np.ndarray, "h w 3"],
    weather: Weather,
    sun_pixel: tuple[float, float] | None,
    sun_share: float,
    strength: float,
) -> Float32[np.ndarray, "h w 3"]:
    """Add the light that a lens scatters: bloom around what exceeds white, and a veil and ghosts of the sun.

    Args:
        linear: radiance, RGB.
        weather: for the sun's light and the exposure that says what white is.
        sun_pixel: (x, y) where the sun stands, in the picture or beside it; None where it is behind the camera.
        sun_share: how much of the sun nothing hides, 0..1.
        strength: factor on all of it; 1 is a clean lens against the sun, 2 a dirty one.
    """
    height, width = linear.shape[:2]
    small_size = (max(width // _GLARE_SCALE, 1), max(height // _GLARE_SCALE, 1))
    white = np.float32(1.0 / weather.gain)
    over = np.clip(linear - white, np.float32(0), white * np.float32(_BRIGHTEST))
    small = cv2.resize(over, small_size, interpolation=cv2.INTER_AREA)
    radius = small_size[0] / 104.0
    light = np.float32(0.16 * strength) * cv2.GaussianBlur(small, (0, 0), 1.2 * radius)
    light += np.float32(0.14 * strength) * cv2.GaussianBlur(small, (0, 0), 5.0 * radius)
    if sun_pixel is not None and sun_share > 0:
        x = (sun_pixel[0] + 0.5) * small_size[0] / width - 0.5
        y = (sun_pixel[1] + 0.5) * small_size[1] / height - 0.5
        light += _sun_in_lens(small_size, x, y) * (weather.sun * np.float32(sun_share * strength))
    return linear + cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)


def _sun_in_lens(size: tuple[int, int], x: float, y: float) -> Float32[np.ndarray, "h w 3"]:
    """Veil around the sun at pixel (x, y), and its ghosts, for sunlight 1, in a picture of size (width, height)."""
    width, height = size
    columns = np.arange(width, dtype=np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None]
    centre_x, centre_y = 0.5 * (width - 1), 0.5 * (height - 1)
    outside_x, outside_y = max(-x, x - width + 1, 0.0), max(-y, y - height + 1, 0.0)
    shining = np.float32(np.exp(-((np.hypot(outside_x, outside_y) / (0.25 * width)) ** 2)))

    distance_square = ((columns - np.float32(x)) ** 2 + (rows - np.float32(y)) ** 2) * np.float32(1 / width**2)
    veil = np.float32(0.30) / (1.0 + distance_square * np.float32(1 / 0.09**2))
    light = np.repeat((veil + np.float32(0.05))[:, :, None], 3, axis=2)
    for place, share, tint in _GHOSTS:
        ghost_x, ghost_y = centre_x + place * (centre_x - x), centre_y + place * (centre_y - y)
        away = np.sqrt((columns - np.float32(ghost_x)) ** 2 + (rows - np.float32(ghost_y)) ** 2)
        disc = np.clip((np.float32(share * width) - away) * np.float32(0.7), 0, 1)
        light += (disc * np.float32(0.05))[:, :, None] * np.array(tint, np.float32)
    return light * shining


class Rain:
    """Falling drops, which a camera sees as streaks: the same drops in both eyes and in the next frame."""

    _DROPS = 4500
    _BOX = np.array([20.0, 7.0, 20.0])
    """Metres; the pattern of drops repeats with this period in x, y and z of the town."""
    _AHEAD = 7.0
    """Metres from the camera to the middle of the box of drops that is drawn."""
    _NEAREST, _FARTHEST = 0.7, 12.0
    _WIDTH = 0.005
    """Metres: width of a drop's image, which is wider than the drop by blur."""
    _OPACITY = 0.42
    """Of streaks one pixel wide; wider ones spread the same light over more pixels."""
    _LAYERS = 10
    _SHIFT = 4
    """Bits after the binary point of the ends of the lines that are drawn."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._start = rng.uniform(0.0, 1.0, (self._DROPS, 3)) * self._BOX
        wind = rng.uniform(-1.2, 1.2, 2)
        self._velocity = np.empty((self._DROPS, 3))
        self._velocity[:, [0, 2]] = wind + rng.normal(0.0, 0.25, (self._DROPS, 2))
        self._velocity[:, 1] = rng.uniform(6.0, 9.0, self._DROPS)

    def draw(
        self,
        linear: Float32[np.ndarray, "h w 3"],
        town_from_camera: Float[np.ndarray, "2 4 4"],
        time: float,
        exposure: float,
        intrinsics: tuple[float, float, float, float],
        baseline: float,
        side: int,
        weather: Weather,
    ) -> Float32[np.ndarray, "h w 3"]:
        """Draw the streaks of the drops that fall during an exposure.

        Args:
            linear: radiance, RGB.
            town_from_camera: poses of the left camera when the shutter opens and when it closes: the camera's own
                motion slants and lengthens the streaks.
            time: seconds, the middle of the exposure.
            exposure: seconds that the shutter is open.
            intrinsics: fx, fy, cx, cy in pixels.
            baseline: metres from the left to the right camera.
            side: 0 for the left eye, 1 for the right.
            weather: `weather.rain` says how many drops there are; none leave the picture as it is.
        """
        count = round(self._DROPS * weather.rain)
        if count == 0:
            return linear
        height, width = linear.shape[:2]
        ends = self._streaks(town_from_camera, time, exposure, count)
        ends[..., 0] -= side * baseline
        depth = ends[..., 2].min(axis=1)
        fx, fy, cx, cy = intrinsics
        pixel = ends[..., :2] / ends[..., 2:] * (fx, fy) + (cx, cy)
        inside = ((pixel.max(axis=1) > 0.0) & (pixel.min(axis=1) < (width, height))).all(axis=1)
        share = self._cover((height, width), pixel[inside], depth[inside], fx)[:, :, None]
        drop = np.float32(0.5) * (weather.horizon + weather.zenith) + np.float32(0.04 * weather.lamps)
        return linear + share * np.maximum(np.float32(1.25) * drop - linear, np.float32(0.3) * drop)

    def _streaks(
        self, town_from_camera: Float[np.ndarray, "2 4 4"], time: float, exposure: float, count: int
    ) -> Float[np.ndarray, "k 2 3"]:
        """Both ends, in the left camera's coordinates, of the first `count` drops' ways that lie before it."""
        eye = town_from_camera[:, :3, 3]
        middle = eye.mean(axis=0) + self._AHEAD * town_from_camera[:, :3, 2].mean(axis=0)
        middle[1] = eye[:, 1].mean()
        corner = middle - 0.5 * self._BOX
        velocity = self._velocity[:count]
        drop = corner + (self._start[:count] + velocity * time - corner) % self._BOX
        ends = [
            (drop + velocity * (sign * exposure) - pose[:3, 3]) @ pose[:3, :3]
            for sign, pose in zip((-0.5, 0.5), town_from_camera, strict=True)
        ]
        streaks = np.stack(ends, axis=1)
        depth = streaks[..., 2]
        return streaks[(depth.min(axis=1) > self._NEAREST) & (depth.max(axis=1) < self._FARTHEST)]

    def _cover(
        self, size: tuple[int, int], pixel: Float[np.ndarray, "k 2 2"], depth: Float[np.ndarray, " k"], focal: float
    ) -> Float32[np.ndarray, "h w"]:
        """How much of the light of each pixel of a picture of size (height, width) comes from streaks, 0..1.

        The streaks are drawn in layers from far to near; those of a layer are equally wide and opaque.
        """
        layer = np.zeros(size, np.uint8)
        points = np.round(pixel * 2**self._SHIFT).astype(np.int32)
        edges = np.geomspace(self._FARTHEST, self._NEAREST, self._LAYERS + 1)
        for far, near in pairwise(edges):
            some = points[(depth <= far) & (depth > near)]
            if len(some) == 0:
                continue
            distance = np.sqrt(far * near)
            width = focal * self._WIDTH / distance
            fading = 1.0 - (distance / self._FARTHEST) ** 2
            opacity = round(255 * self._OPACITY * min(width, 1.0 / width) * fading)
            thickness = max(round(width), 1)
            cv2.polylines(layer, list(some), False, opacity, thickness, cv2.LINE_AA, self._SHIFT)
        return cv2.GaussianBlur(layer, (3, 3), 0.6) * np.float32(1 / 255)
