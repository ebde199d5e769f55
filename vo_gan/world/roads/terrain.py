"""Gentle hills under a town."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.roads.line import directions

SHORTEST_WAVE, LONGEST_WAVE = 120.0, 500.0
"""Metres from crest to crest."""
STEEPEST = 0.09
"""Bound of the slope where `steepness` is 1; over a town some 0.04 to 0.06 are met."""

_WAVES = 7


class Terrain:
    """Hills as a sum of plane waves, smooth enough that facets of 2 m are within 5 mm of them.

    A facet with a diagonal d leaves a surface of curvature c by at most c d^2 / 8, and c is at most
    2 pi STEEPEST / SHORTEST_WAVE.
    """

    def __init__(self, rng: np.random.Generator, steepness: float = 1.0) -> None:
        """Draw hills.

        Args:
            rng: source of all chance.
            steepness: factor of all heights: 0 is a plain, 1 ordinary hills.
        """
        length = np.exp(rng.uniform(np.log(SHORTEST_WAVE), np.log(LONGEST_WAVE), size=_WAVES))
        heading = np.pi * (np.arange(_WAVES) / _WAVES + rng.uniform(0.0, 1.0 / _WAVES, size=_WAVES))
        share = rng.uniform(0.5, 1.0, size=_WAVES)
        slope = steepness * STEEPEST * share / share.sum()
        self._wave = 2.0 * np.pi / length * directions(heading).T
        self._phase = rng.uniform(0.0, 2.0 * np.pi, size=_WAVES)
        self._amplitude = slope * length / (2.0 * np.pi)

    def height(self, plan: Float[np.ndarray, "*k 2"]) -> Float[np.ndarray, " *k"]:
        """Metres of the ground above the town's zero (the town's y is its negative) at (x, z)."""
        return np.sin(plan @ self._wave + self._phase) @ self._amplitude

    def gradient(self, plan: Float[np.ndarray, "*k 2"]) -> Float[np.ndarray, "*k 2"]:
        """Rise of the ground in metres per metre along x and along z at (x, z)."""
        return (np.cos(plan @ self._wave + self._phase) * self._amplitude) @ self._wave.T

    def stand(self, plan: Float[np.ndarray, "*k 2"], heading: Float[np.ndarray, " *k"]) -> Float[np.ndarray, "*k 4 4"]:
        """town_from_object of things that stand on the ground, tilted with it.

        Args:
            plan: (x, z) of their origins in metres.
            heading: where their z axes look in plan, in radians.

        Returns:
            Proper rigid transforms: x right along the ground, y down along its normal, z forward along the ground.
        """
        gradient, level = self.gradient(plan), directions(heading)
        rise = (gradient * level).sum(axis=-1)
        forward = np.stack([level[..., 0], -rise, level[..., 1]], axis=-1)
        forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
        down = np.stack([gradient[..., 0], np.ones_like(rise), gradient[..., 1]], axis=-1)
        down /= np.linalg.norm(down, axis=-1, keepdims=True)
        poses = np.zeros((*rise.shape, 4, 4))
        poses[..., :3, 0], poses[..., :3, 1], poses[..., :3, 2] = np.cross(down, forward), down, forward
        poses[..., 0, 3], poses[..., 1, 3], poses[..., 2, 3] = plan[..., 0], -self.height(plan), plan[..., 1]
        poses[..., 3, 3] = 1.0
        return poses
