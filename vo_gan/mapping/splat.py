"""Painting points with NumPy and OpenCV alone, for machines without display, OpenGL or Vulkan."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, UInt8

WIDEST_REACH = 8
"""How far, in pixels, a hole is closed from its rim at most."""


def nearest_points(
    centres: Float[np.ndarray, "n 2"],
    distance: Float[np.ndarray, " n"],
    sides: Int32[np.ndarray, " n"],
    size: tuple[int, int],
) -> Int32[np.ndarray, "H W"]:
    """For every pixel of a picture the point that is in front there, -1 for none.

    Points are squares. They are put down from far to near, each as its rank in one pixel; the greatest rank within a
    square's reach of a pixel is then the nearest point that covers it.

    Args:
        centres: x and y in pixels.
        distance: of the points; the smaller is in front.
        sides: length of the squares' edges in pixels.
        size: (width, height) of the picture.
    """
    width, height = size
    order = np.argsort(-distance).astype(np.int32)
    sides = sides[order]
    widest = int(sides.max(initial=1))
    # A border as wide as the widest square lets those be painted that begin outside.
    corner = np.rint(centres[order] - (sides[:, None] - 1) / 2).astype(np.int64) + widest
    inside = (corner >= 0).all(axis=1) & (corner < np.array([width, height]) + widest).all(axis=1)
    covered = np.full((height + widest, width + widest), -1.0)
    for side in np.unique(sides[inside]):
        chosen = np.flatnonzero(inside & (sides == side))
        ranks = np.full(covered.shape, -1.0)
        # Of several values assigned to one place NumPy keeps the last.
        ranks[corner[chosen, 1], corner[chosen, 0]] = chosen
        # The greatest rank among the `side` pixels up and to the left.
        square = cv2.dilate(ranks, np.ones((side, side), np.uint8), anchor=(int(side) - 1, int(side) - 1))
        np.maximum(covered, square, out=covered)
    nearest = covered[widest:, widest:].astype(np.int64)
    return np.where(nearest >= 0, order[nearest], np.int32(-1)) if len(order) else nearest.astype(np.int32)


def brightened(colours: UInt8[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    """Colours with the whites at white and the shadows lifted a little, since streets are dark in most recordings."""
    white = max(float(np.percentile(colours, 98)), 1.0)
    levels = 245 * np.clip(np.arange(256) / white, 0, 1) ** 0.8
    return levels.astype(np.float32)[colours]


def fill_holes(
    canvas: Float32[np.ndarray, "H W 4"], painted: Bool[np.ndarray, "H W"], reach: int
) -> Bool[np.ndarray, "H W"]:
    """Paint gaps of up to twice `reach` pixels from their rims inwards, in place; returns what is painted now.

    Gaps are what a morphological closing adds, so the outline of what is painted stays as it is. `reach` counts up to
    `WIDEST_REACH`.
    """
    reach = min(reach, WIDEST_REACH)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = cv2.morphologyEx(painted.astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(bool)
    painted = painted.copy()
    for _ in range(reach):
        share = cv2.blur(painted.astype(np.float32), (3, 3))
        rim = closed & ~painted & (share > 0.5 / 9)
        canvas[rim] = cv2.blur(canvas, (3, 3))[rim] / share[rim, None]
        painted |= rim
    return painted


def shade_edges(
    depth: Float32[np.ndarray, "H W"], painted: Bool[np.ndarray, "H W"], reach: int
) -> Float32[np.ndarray, "H W"]:
    """Darkness of what lies behind its surroundings, so that edges show (eye-dome lighting; Boucheny 2009).

    Args:
        depth: in units of which a step of 0.6 is as dark as it gets.
        painted: where there is a depth.
        reach: distance of the pixels that are compared.

    Returns:
        factors for the colours, at most 1.
    """
    depth = np.where(painted, depth, depth[painted].max(initial=0))
    padded = cv2.copyMakeBorder(depth, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    height, width = depth.shape
    darkness = np.zeros_like(depth)
    for down in (0, reach, 2 * reach):
        for right in (0, reach, 2 * reach):
            darkness += np.clip(depth - padded[down : down + height, right : right + width], 0, 0.6)
    return np.exp(-0.35 * darkness)
