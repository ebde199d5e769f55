"""OpenCV's semi-global block matching (Hirschmüller 2008) as a matcher: what every learned one is compared with."""

from __future__ import annotations

import math

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from vo_gan.odometry.disparity import SMALLEST, DisparityMap, agreement

BLOCK = 5
SHARE_OF_WIDTH = 0.2
"""Disparities looked for, as a share of the image's width, unless told how many."""


def sgbm_disparity(
    left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h w 3"], max_disparity: int
) -> Float32[np.ndarray, "h w"]:
    """Disparity of the left image of a rectified pair, with the settings that OpenCV's documentation suggests.

    Args:
        left: RGB.
        right: RGB.
        max_disparity: disparities looked for, in pixels; a multiple of 16. As many columns on the left have none.

    Returns:
        Pixels; below 0 = unknown.
    """
    matcher = cv2.StereoSGBM.create(
        minDisparity=0,
        numDisparities=max_disparity,
        blockSize=BLOCK,
        P1=8 * BLOCK**2,
        P2=32 * BLOCK**2,
        disp12MaxDiff=1,
        uniquenessRatio=10,
        speckleWindowSize=100,
        speckleRange=2,
        mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
    )
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (left, right)]
    return matcher.compute(grey[0], grey[1]).astype(np.float32) / 16.0


class SgbmMatcher:
    """SGBM behind the interface of all matchers. Its disparities have holes: see `DisparityMap.filled`.

    Both images are continued to the left before they are matched, so that the left border has disparities too.

    Args:
        max_disparity: disparities looked for, in pixels, rounded up to a multiple of 16; None takes a fifth of the
            width.
        confidence: also match from right to left, which takes as long again.
    """

    def __init__(self, max_disparity: int | None = None, *, confidence: bool = True) -> None:
        self.max_disparity = max_disparity
        self.confidence = confidence

    def disparity(self, left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h w 3"]) -> DisparityMap:
        """See `Matcher`."""
        found = self._match(left, right)
        if not self.confidence:
            return DisparityMap(found)
        mirrored = self._match(right[:, ::-1], left[:, ::-1])[:, ::-1]
        return DisparityMap(found, agreement(found, mirrored))

    def _match(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        wanted = self.max_disparity or SHARE_OF_WIDTH * left.shape[1]
        disparities = 16 * max(1, math.ceil(wanted / 16))
        wide = [cv2.copyMakeBorder(image, 0, 0, disparities, 0, cv2.BORDER_REPLICATE) for image in (left, right)]
        found = sgbm_disparity(wide[0], wide[1], disparities)[:, disparities:]
        # What would be seen left of the right image was matched with what continues it there.
        visible = (found >= 0) & (found <= np.arange(left.shape[1]))
        return np.where(visible, np.maximum(found, np.float32(SMALLEST)), np.float32(0.0))
