"""Drives played faster or backwards: other motions past the same places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.data.drive import Drive, Side
from vo_gan.errors import VoGanError
from vo_gan.geometry import from_first


class PlayedDrive(Drive):
    """Every so many frames of another drive, forwards or backwards.

    Args:
        drive: as it was driven.
        speed: frames of it from one frame to the next; negative backwards.

    Raises:
        VoGanError: a speed of 0.
    """

    def __init__(self, drive: Drive, speed: int) -> None:
        if speed == 0:
            raise VoGanError("data.speeds holds a 0: a drive that does not move teaches nothing")
        self.whole = drive
        self.indices = np.arange(len(drive))[::speed]
        self.name = f"{drive.name} x {speed}"
        self.kind = drive.kind
        self.size = drive.size
        self.baseline = drive.baseline
        # Time goes on also where the drive goes back.
        self.times = drive.times[0] + np.abs(drive.times[self.indices] - drive.times[self.indices[0]])

    @property
    def world_from_camera(self) -> Float[np.ndarray, "n 4 4"] | None:  # type: ignore[override]
        """See `Drive`: poses of these frames, starting at the identity."""
        poses = self.whole.world_from_camera
        return None if poses is None else from_first(poses[self.indices])

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read`."""
        return self.whole.read(int(self.indices[index]), size, side)

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`."""
        return self.whole.intrinsics(size)

    def has_right(self, index: int) -> bool:
        """See `Drive.has_right`."""
        return self.whole.has_right(int(self.indices[index]))

    def frame_name(self, index: int, side: Side = "left") -> str:
        """See `Drive.frame_name`."""
        return self.whole.frame_name(int(self.indices[index]), side)

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """See `Drive.read_depth`."""
        return self.whole.read_depth(int(self.indices[index]))


def played(drives: Sequence[Drive], speeds: Sequence[int]) -> list[Drive]:
    """Every drive once at each speed.

    Raises:
        VoGanError: no speeds, or one of 0.
    """
    if not speeds:
        raise VoGanError("data.speeds is empty: [1] plays drives as they were driven")
    return [drive if speed == 1 else PlayedDrive(drive, speed) for speed in speeds for drive in drives]
