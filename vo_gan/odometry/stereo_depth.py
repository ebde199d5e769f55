"""Depth of a drive's frames from matching both views."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from vo_gan.data import Drive
from vo_gan.errors import VoGanError
from vo_gan.odometry.disparity import DisparityMap, Matcher
from vo_gan.odometry.pair_check import check_pair

WIDEST = 640
"""Columns of the widest pair that is matched; wider frames are shrunk to it."""


class StereoDepth:
    """The depth of every frame of a stereo drive, in metres. Holes of the matcher are filled from the background.

    Args:
        drive: with right views of all frames.
        matcher: finds the disparity.
        size: (width, height) of the depth maps; None takes the size that pairs are matched at.

    Raises:
        VoGanError: a frame has no right view, the drive has no intrinsics, or the views are swapped.
    """

    def __init__(self, drive: Drive, matcher: Matcher, size: tuple[int, int] | None = None) -> None:
        self.drive = drive
        self.matcher = matcher
        missing = next((index for index in range(len(drive)) if not drive.has_right(index)), None)
        if drive.baseline is None or missing is not None:
            where = drive.frame_name(missing or 0)
            remedy = f"choose frames that have one: --frames 0:{missing}" if missing else "let networks say the depth"
            raise VoGanError(f"{where}: has no right view, which depth from stereo needs; {remedy}")
        share = min(1.0, WIDEST / drive.size[0])
        self.matched_size = (round(drive.size[0] * share), round(drive.size[1] * share))
        self.size = size or self.matched_size
        self._fx = float(drive.intrinsics(self.matched_size)[0, 0])
        self._baseline = drive.baseline
        views = drive.read(0, self.matched_size), drive.read(0, self.matched_size, "right")
        names = drive.frame_name(0), drive.frame_name(0, "right")
        check_pair(views[0], views[1], names, "begin with another frame: --frames 1:")

    def __call__(self, index: int) -> Float32[np.ndarray, "h w"]:
        """Depth of a frame at `size`.

        Raises:
            VoGanError: a view cannot be read.
        """
        left, right = self.drive.read(index, self.matched_size), self.drive.read(index, self.matched_size, "right")
        disparity = self.matcher.disparity(left, right).filled().disparity
        if self.size != self.matched_size:
            shrinks = self.size[0] <= self.matched_size[0]
            disparity = cv2.resize(disparity, self.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return DisparityMap(disparity).depth(self._fx, self._baseline)
