"""What every source of frames gives: a drive, read frame by frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, UInt8

Side = Literal["left", "right"]


class Drive(ABC):
    """One recorded drive: frames in order, a camera, and what else the recording holds.

    A drive opens cheaply (it lists files and parses calibration, and decodes no frame but perhaps the first, for the
    size) and reads one frame at a time. Everything that a user can have got wrong raises `VoGanError`.

    Attributes:
        name: short name, such as `00` or `2011_09_26_drive_0001_sync`.
        kind: the source's name: `kitti_odometry`, `kitti_raw`, `frames` or `video`.
        size: native (width, height) of a frame in pixels.
        baseline: distance from the left to the right camera centre in metres, > 0; None where there is no right view.
        times: seconds, one per frame, float64 `[n]`.
        world_from_camera: true poses of the left camera, float64 `[n, 4, 4]` starting at the identity; None if unknown.
    """

    name: str
    kind: str
    size: tuple[int, int]
    baseline: float | None
    times: Float[np.ndarray, " n"]
    world_from_camera: Float[np.ndarray, "n 4 4"] | None

    @abstractmethod
    def __len__(self) -> int:
        """Number of (left) frames."""

    @abstractmethod
    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """Decode one frame as RGB, resized by area averaging to `size` = (width, height) if that is given."""

    @abstractmethod
    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """Pinhole matrix in pixels of a frame of `size` (native size if None), float64.

        Raises:
            VoGanError: the source has no calibration and none was given.
        """

    @abstractmethod
    def has_right(self, index: int) -> bool:
        """Whether frame `index` has a right view."""

    @abstractmethod
    def frame_name(self, index: int, side: Side = "left") -> str:
        """What to call frame `index` in a message: its path, or `video.mp4, frame 12`."""

    @abstractmethod
    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """Measured z-depth at native size in metres, 0 = unknown (a depth image or projected LiDAR); None if absent."""
