"""The look of plants: leaves and bark."""

from __future__ import annotations

import numpy as np

from vo_gan.world.materials.surface import Look, Surface
from vo_gan.world.textures import stripes

MEAN_LIGHT = np.float32(0.56)
"""Where leaves seen from far away lie between the style's second colour (0: gaps) and its first (1: leaves)."""
LEAF_CONTRAST = np.array([0.26, 0.05, 0.0, 0.24], np.float32), np.array([0.0, 0.07, 0.0, 0.08], np.float32)
"""What one deviation of each channel of the fine and of the coarse noise adds to that."""
_LIMITS = np.float32(-0.05), np.float32(1.25)
_GRAIN_CONTRAST = np.array([0.10, 0.06, -0.05, 0.05], np.float32)
_DAMP = np.array([-0.04, 0.03, -0.05], np.float32)


def foliage(at: Surface) -> Look:
    """Leaves: light lumps with dark gaps between them, from single leaves up to whole boughs.

    Style: colour of lit leaves, colour of the gaps, seed.
    """
    light = MEAN_LIGHT + at.fine @ LEAF_CONTRAST[0] + at.coarse @ LEAF_CONTRAST[1]
    np.clip(light, *_LIMITS, out=light)
    albedo = at.second + light[:, None] * (at.colour - at.second)
    hue = at.coarse[:, 0]
    hue = hue + at.fine[:, 1]
    albedo[:, 0] *= 1 + np.float32(0.03) * hue
    albedo[:, 2] *= 1 - np.float32(0.02) * hue
    return Look(np.clip(albedo, np.float32(0.03), np.float32(0.9)))


def bark(at: Surface) -> Look:
    """Bark of trunks and branches (u around, v up): furrows along the trunk, dark cracks, moss in the damp places.

    Style: colour, colour of furrows, seed; 0: period of the furrows around the trunk in metres, 0 for none (a birch).
    """
    period = np.maximum(at.parameter(0), np.float32(0.02))
    winding = at.u + np.float32(0.6) * period * (at.fine[:, 1] + np.float32(0.5) * at.fine[:, 0])
    furrows = stripes(winding, period, 0.0, np.float32(0.35) * period, at.width_u)
    depth = np.where(at.parameter(0) > 0, np.float32(0.42), np.float32(0.0)) * furrows
    depth = depth + np.float32(0.09) * at.fine[:, 2]
    shade = 1 + at.fine @ _GRAIN_CONTRAST
    albedo = at.colour + np.clip(depth, np.float32(-0.4), 1)[:, None] * (at.second - at.colour)
    albedo = albedo * shade[:, None] + (np.float32(0.2) * at.coarse[:, 1])[:, None] * _DAMP
    return Look(np.clip(albedo, np.float32(0.04), np.float32(0.9)))
