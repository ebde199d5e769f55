"""From a moment of a drive to a stereo frame with its ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Shaped, UInt8

from vo_gan.world import effects, truth
from vo_gan.world.drive import lay_streets, plan_drive
from vo_gan.world.options import WorldOptions
from vo_gan.world.renderer import Placed, Renderer, Stage
from vo_gan.world.roads.traffic import Track, make_traffic
from vo_gan.world.roads.vehicle import FRAME_SECONDS
from vo_gan.world.sky import Sky
from vo_gan.world.textures import Noise
from vo_gan.world.town import build_town, car_model, person_model
from vo_gan.world.weather import Weather, WeatherPlan

SHUTTER_SECONDS = 0.014
"""Time that the shutter is open by day; twice that in the dark."""
BLUR_POSES = 5
"""Moments that a picture with motion blur is averaged from: odd, so that the middle one is the frame's own."""
NOISE_AMOUNT = 0.8
GLARE_STRENGTH = 1.2
_TOWN, _SKY, _WEATHER, _TRAFFIC, _EXPOSURE, _RAIN, _NOISE = range(10, 17)
"""Streams of chance of a sequence, apart from those of its drive."""


@dataclass(frozen=True)
class StereoFrame:
    """A frame of a drive.

    Attributes:
        left, right: RGB images.
        truth: ground truth of the left view as images, by name: "depth" and those of EXTRAS that were asked for.
    """

    left: UInt8[np.ndarray, "h w 3"]
    right: UInt8[np.ndarray, "h w 3"]
    truth: Mapping[str, Shaped[np.ndarray, " ..."]]


class Recorder:
    """Records the frames of one sequence, in any order."""

    def __init__(self, seed: int, sequence: int, frames: int, size: tuple[int, int], options: WorldOptions) -> None:
        """Build the town and set off.

        Args:
            seed: of the world.
            sequence: number of the drive.
            frames: length of the drive.
            size: (width, height) of the images in pixels.
            options: what makes it hard, and what to record.
        """

        def chance(stream: int) -> np.random.Generator:
            return np.random.default_rng([seed, sequence, stream])

        self._options, self._camera = options, options.camera(size)
        self._drive = plan_drive(seed, sequence, frames)
        self._renderer = Renderer(
            _stage(seed, sequence, options.traffic), self._camera, Sky(chance(_SKY)), Noise(seed), options.shadows
        )
        self._weather = WeatherPlan(chance(_WEATHER), options.weather)
        self._exposure = effects.ExposureControl(chance(_EXPOSURE))
        self._rain = effects.Rain(chance(_RAIN))
        self._noise_seed = [seed, sequence, _NOISE]
        self._traffic: list[tuple[Track, float, float]] = []
        if options.traffic:
            drive = self._drive
            traffic = make_traffic(
                chance(_TRAFFIC), drive.network, drive.legs, drive.lane, drive.motion, drive.duration
            )
            self._traffic = [(track, *track.span()) for track in traffic]

    def record(self, index: int) -> StereoFrame:
        """The frame at `index`."""
        time = FRAME_SECONDS * index
        weather = self._weather.at(time)
        shutter = SHUTTER_SECONDS * (1.0 + float(np.clip(weather.gain - 1.5, 0.0, 1.0)))
        moments = [time]
        if self._options.motion_blur:
            moments = list(effects.motion_blur_times(time, shutter, BLUR_POSES))
        shots = []
        for number, moment in enumerate(moments):
            tracks, movers = self._movers(moment)
            middle = number == len(moments) // 2
            shift = 0.0 if middle else (number + 0.5) / len(moments) - 0.5
            shots.append(
                self._renderer.render(
                    self._pose(moment), weather, moment, movers, (shift, -shift), antialias=len(moments) == 1
                )
            )
            if middle:
                here, present, placed = shots[-1], tracks, movers
        radiance = here.radiance if len(shots) == 1 else np.stack([shot.radiance for shot in shots]).mean(axis=0)
        recorded: dict[str, Shaped[np.ndarray, " ..."]] = {"depth": truth.depth_image(here)}
        for extra in self._options.written:
            match extra:
                case "disparity":
                    recorded[extra] = truth.disparity_image(here, self._camera)
                case "flow":
                    later = time + FRAME_SECONDS
                    after = [track.poses(np.array([later]))[0] for track in present]
                    poses = self._pose(time), self._pose(later)
                    recorded[extra] = truth.flow_image(here, self._camera, poses, (placed, after))
                case "normals":
                    recorded[extra] = truth.normals_image(here)
                case "semantic":
                    recorded[extra] = truth.semantic_image(here)
                case "moving":
                    recorded[extra] = truth.moving_image(here)
        left, right = self._develop(index, radiance, weather, shutter, placed)
        return StereoFrame(left, right, recorded)

    def _pose(self, time: float) -> Float[np.ndarray, "4 4"]:
        return self._drive.motion.poses(np.array([time]))[0]

    def _movers(self, time: float) -> tuple[list[Track], list[Placed]]:
        """The tracks that are there at a time, and what is to be seen of each."""
        tracks, movers = [], []
        for track, begin, end in self._traffic:
            if not begin <= time <= end:
                continue
            pose = track.poses(np.array([time]))[0]
            if np.isfinite(pose).all():
                tracks.append(track)
                movers.append(Placed(_model(track, time), pose))
        return tracks, movers

    def _develop(
        self,
        index: int,
        radiance: Float32[np.ndarray, "2 h w 3"],
        weather: Weather,
        shutter: float,
        movers: list[Placed],
    ) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"]]:
        """What the camera makes of the light that reaches it."""
        time = FRAME_SECONDS * index
        gain = weather.gain * (self._exposure.gain(time) if self._options.exposure else 1.0)
        pictures = []
        for side, light in enumerate(radiance):
            if weather.rain > 0:
                poses = self._drive.motion.poses(np.array([time - 0.5 * shutter, time + 0.5 * shutter]))
                camera = self._camera
                light = self._rain.draw(light, poses, time, shutter, camera.intrinsics, camera.baseline, side, weather)
            if self._options.glare:
                pixel, share = self._renderer.sun_in_view(self._pose(time), weather, side, movers)
                light = effects.add_glare(light, weather, pixel, share, GLARE_STRENGTH)
            if self._options.noise:
                rng = np.random.default_rng([*self._noise_seed, index, side])
                light = effects.add_noise(light, rng, gain, NOISE_AMOUNT)
            pictures.append(effects.develop(light, gain))
        return pictures[0], pictures[1]


@lru_cache(maxsize=1)
def _stage(seed: int, sequence: int, models: bool) -> Stage:
    """The town of a sequence, with models of what moves or without; the last one is kept."""
    rng = np.random.default_rng([seed, sequence, _TOWN])
    return Stage(build_town(rng, lay_streets(seed, sequence), models))


def _model(track: Track, time: float) -> int:
    """Which of the town's models shows a track at a time."""
    if track.kind == "car":
        return car_model(track.model)
    before, now = track.phase(np.array([time - 0.5 * FRAME_SECONDS, time]))
    return person_model(track.model, None if now == before else float(now))
