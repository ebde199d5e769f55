"""What matching a rectified pair gives, and what every matcher does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vo_gan.geometry import left_right_difference

ONE_PIXEL = 0.367
"""The confidence of a pixel on which the two views disagree by one pixel, exp(-1) rounded down."""

SMALLEST = 1.0 / 256.0
"""Pixels of disparity that what is infinitely far gets: the smallest that a 16-bit file tells from unknown."""


@dataclass(frozen=True)
class DisparityMap:
    """The disparity of a left view: what it shows at column x, the right view shows at column x - disparity.

    Attributes:
        disparity: pixels, > 0; 0 = unknown.
        confidence: `exp(-|difference|)`, the difference in pixels being that from the right view's own disparity: 1
            where both say the same, 0.37 where they are a pixel apart, 0 where there is nothing to compare with. None
            where the matcher was told not to look.
    """

    disparity: Float32[np.ndarray, "h w"]
    confidence: Float32[np.ndarray, "h w"] | None = None

    @property
    def density(self) -> float:
        """Share of the pixels whose disparity is known."""
        return float((self.disparity > 0).mean())

    def confident(self, least: float = ONE_PIXEL) -> DisparityMap:
        """Without the pixels of less than `least` confidence.

        Raises:
            ValueError: there is no confidence.
        """
        if self.confidence is None:
            raise ValueError("this matcher was told not to look at the right view: its disparities have no confidence")
        return replace(self, disparity=np.where(self.confidence >= least, self.disparity, np.float32(0.0)))

    def filled(self) -> DisparityMap:
        """With a disparity at every pixel, see `fill_background`."""
        return replace(self, disparity=fill_background(self.disparity))

    def depth(self, fx: float, baseline: float) -> Float32[np.ndarray, "h w"]:
        """Z-depth in metres, `fx * baseline / disparity`; 0 = unknown.

        Args:
            fx: focal length in pixels of these images.
            baseline: distance of the cameras in metres.
        """
        depth = np.zeros_like(self.disparity)
        np.divide(np.float32(fx * baseline), self.disparity, out=depth, where=self.disparity > 0)
        return depth


@runtime_checkable
class Matcher(Protocol):
    """Finds the disparity of the left view of a rectified pair."""

    def disparity(self, left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h w 3"]) -> DisparityMap:
        """Match two RGB images of one size, of any size."""


def agreement(
    left_disparity: Float32[np.ndarray, "h w"], right_disparity: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w"]:
    """The confidence of `DisparityMap`, from the disparities of both views; 0 where either is unknown."""
    both = [torch.from_numpy(np.ascontiguousarray(values))[None, None] for values in (left_disparity, right_disparity)]
    confidence = torch.exp(-left_right_difference(both[0], both[1]))[0, 0].numpy()
    return np.where(left_disparity > 0, confidence, np.float32(0.0))


def fill_background(disparity: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Unknown pixels (0) take the smaller one of the nearest known disparities to the left and right, the background;
    beyond the outermost, that one; rows without any, that of the row nearest above, else below.

    The interpolation of KITTI's stereo devkit (Geiger et al. 2012). All zero stays all zero.
    """
    before, after = _last_known(disparity), _last_known(disparity[:, ::-1])[:, ::-1]
    filled = np.where((before > 0) & (after > 0), np.minimum(before, after), np.maximum(before, after)).T
    above = _last_known(filled)
    return np.where(above > 0, above, _last_known(filled[:, ::-1])[:, ::-1]).T.copy()


def _last_known(values: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """In every row, the nearest value that is not 0 at or before each column; 0 where there is none."""
    columns = np.where(values > 0, np.arange(values.shape[1]), 0)
    return np.take_along_axis(values, np.maximum.accumulate(columns, axis=1), axis=1)
