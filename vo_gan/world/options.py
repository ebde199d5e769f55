"""What a world is to have beside streets and a car that drives through them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from vo_gan.errors import VoGanError
from vo_gan.world.camera import KITTI_BASELINE, Camera, kitti_camera

WEATHERS = ("clear", "overcast", "fog", "rain", "dusk", "night", "rolling")
"""Kinds of weather; `rolling` passes from kind to kind during a drive."""
EXTRAS = ("disparity", "flow", "normals", "semantic", "moving")
"""Ground truth that is written on request."""


@dataclass(frozen=True)
class WorldOptions:
    """What makes real drives hard, each with a switch of its own; and what is written.

    The town and the car's motion do not depend on any of it: worlds of one seed show the same drives frame by frame.

    Attributes:
        traffic: cars and pedestrians that move.
        shadows: whether things keep the sun off others.
        exposure: automatic exposure that hunts.
        motion_blur: a shutter that is open for a while.
        noise: of the sensor.
        glare: veil, ghosts and bloom of what is too bright for the camera.
        weather: one of WEATHERS.
        extras: which of EXTRAS to write.
        intrinsics: fx, fy, cx, cy in pixels of the images; KITTI's, scaled, if None.
        baseline: metres between the cameras.
    """

    traffic: bool = False
    shadows: bool = False
    exposure: bool = False
    motion_blur: bool = False
    noise: bool = False
    glare: bool = False
    weather: str = "clear"
    extras: tuple[str, ...] = ()
    intrinsics: tuple[float, float, float, float] | None = None
    baseline: float = KITTI_BASELINE

    def __post_init__(self) -> None:
        """Refuse what there is not.

        Raises:
            VoGanError: unknown weather or extra, or a camera that cannot be.
        """
        if self.weather not in WEATHERS:
            raise VoGanError(f"There is no weather {self.weather!r}; choose one of {', '.join(WEATHERS)}.")
        for extra in self.extras:
            if extra not in EXTRAS:
                raise VoGanError(f"There is no ground truth {extra!r}; choose among {', '.join(EXTRAS)}.")
        if not 0.0 < self.baseline <= 5.0:
            raise VoGanError(f"The baseline must be between 0 and 5 metres, not {self.baseline:g}.")
        if self.intrinsics is not None and not (
            all(map(math.isfinite, self.intrinsics)) and min(self.intrinsics[:2]) > 0.0
        ):
            raise VoGanError(
                f"The intrinsics must be finite, with focal lengths above 0 pixels, not {self.intrinsics}."
            )

    def camera(self, size: tuple[int, int]) -> Camera:
        """The stereo camera for images of `size` = (width, height)."""
        if self.intrinsics is None:
            return kitti_camera(size, self.baseline)
        return Camera(size, self.intrinsics, self.baseline)

    @property
    def written(self) -> tuple[str, ...]:
        """The extras that are written: what is asked for, in the order of EXTRAS, and always a mask of what moves."""
        return tuple(extra for extra in EXTRAS if extra in self.extras or (extra == "moving" and self.traffic))

    def to_plain(self) -> dict[str, object]:
        """For a JSON file: lists for tuples."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


_EASY = WorldOptions(shadows=True)
_MEDIUM = replace(_EASY, traffic=True, exposure=True, noise=True)
DIFFICULTIES = {
    "off": WorldOptions(),
    "easy": _EASY,
    "medium": _MEDIUM,
    "hard": replace(_MEDIUM, motion_blur=True, glare=True, weather="rolling"),
}
"""Presets: nothing of it; shadows; also traffic, exposure and noise; everything."""


def preset(difficulty: str) -> WorldOptions:
    """The options of a difficulty.

    Raises:
        VoGanError: there is no such difficulty.
    """
    if difficulty not in DIFFICULTIES:
        raise VoGanError(f"There is no difficulty {difficulty!r}; choose one of {', '.join(DIFFICULTIES)}.")
    return DIFFICULTIES[difficulty]
