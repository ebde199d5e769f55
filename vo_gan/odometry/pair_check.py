"""Whether two images are a rectified pair, and the left one the left one."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

from vo_gan.errors import VoGanError
from vo_gan.odometry.sgbm import SHARE_OF_WIDTH, sgbm_disparity

WIDTH = 320
"""Pixels that images are shrunk to: enough to tell, in some milliseconds."""
LEAST_FOUND = 0.5
"""Share of the left view's pixels that must be found in the right one. Of 79 pairs of KITTI, Middlebury and rendered
towns it was 0.89 to 1.0, of the same pairs swapped 0.31 to 0.71, of strangers 0.12 to 0.60."""
SWAPPED_FOUND = 0.6
"""Share of the pixels that are found at least a pixel further left from which on that is the true order; of the pairs
above it was 0.78 to 0.99 and, swapped, 0.12 to 0.37."""


def check_pair(
    left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h2 w2 3"], names: tuple[str, str], otherwise: str
) -> None:
    """Refuse what is no rectified pair, or one in the wrong order, by matching the images both ways.

    Args:
        left: RGB.
        right: RGB.
        names: of both, for the message.
        otherwise: what who knows better can do about views that seem to have little in common.

    Raises:
        VoGanError: sizes differ, both are one image, views are swapped, or they have little in common; says what to do.
    """
    if left.shape != right.shape:
        raise VoGanError(
            f"{names[0]} has {left.shape[1]}x{left.shape[0]} pixels and {names[1]} {right.shape[1]}x{right.shape[0]}: "
            "the views of a rectified pair have one size; rectify them together"
        )
    if np.array_equal(left, right):
        raise VoGanError(f"{names[0]} and {names[1]} are the same image: give the left and the right view")
    if left.shape[1] > WIDTH:
        size = (WIDTH, max(1, round(left.shape[0] * WIDTH / left.shape[1])))
        left, right = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (left, right))
    found, moved = found_shares(left, right)
    found_swapped, moved_swapped = found_shares(right, left)
    if moved_swapped > SWAPPED_FOUND and moved_swapped > 2.0 * moved:
        raise VoGanError(
            f"{names[0]} and {names[1]} are swapped: {100 * moved_swapped:.0f} % of the pixels of the first are found "
            f"further right in the second, {100 * moved:.0f} % further left, as in a right and a left view; give them "
            "in the other order"
        )
    if max(found, found_swapped) < LEAST_FOUND:
        raise VoGanError(
            f"{names[0]} and {names[1]} are no rectified pair: only {100 * found:.0f} % of the pixels of the first are "
            f"found in the same row of the second; rectify them, give the two views of one moment, or {otherwise}"
        )


def found_shares(left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h w 3"]) -> tuple[float, float]:
    """Share of the left view's pixels that SGBM finds in the right view, and of those found at least a pixel further
    left; without the left border, where nothing is looked for."""
    disparities = 16 * max(1, int(np.ceil(SHARE_OF_WIDTH * left.shape[1] / 16)))
    disparity = sgbm_disparity(left, right, disparities)[:, disparities:]
    if not disparity.size:
        return 1.0, 0.0
    return float((disparity >= 0.0).mean()), float((disparity >= 1.0).mean())
