"""The look of people: clothes, hair and skin."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from vo_gan.world.materials.surface import Look, Surface, blend
from vo_gan.world.textures import bar, stripes


class Weave(IntEnum):
    """What `cloth` is: the first parameter of its style."""

    PLAIN = 0
    STRIPED = 1
    CHECKED = 2
    HAIR = 3
    LEATHER = 4


_FOLDS = np.array([0.08, 0.10, 0.015, 0.02], np.float32)
_STRANDS = np.array([0.16, 0.06, 0.0, 0.0], np.float32)
_LEATHER = np.array([0.05, 0.05, 0.0, 0.0], np.float32)
_BROW, _LIPS, _BLUSH = (
    np.array([0.24, 0.18, 0.15], np.float32),
    np.array([0.58, 0.30, 0.28], np.float32),
    np.array([0.72, 0.40, 0.34], np.float32),
)


def cloth(at: Surface) -> Look:
    """Clothes with folds, stripes or checks; also hair and shoes (u across or along the body, v height).

    Style: colour, second colour (of the pattern), seed; 0: `Weave`, 1: period of the pattern in metres.
    """
    kind = at.parameter(0)[:, None]
    contrast = np.where(kind == Weave.HAIR, _STRANDS, np.where(kind == Weave.LEATHER, _LEATHER, _FOLDS))
    shade = 1 + (at.fine * contrast).sum(axis=1)
    period = np.maximum(at.parameter(1), np.float32(0.01))
    rows = stripes(at.v, period, 0.0, 0.4 * period, at.width_v)
    columns = stripes(at.u, period, 0.0, 0.4 * period, at.width_u)
    share = rows * (kind[:, 0] == Weave.STRIPED) + np.float32(0.5) * (rows + columns) * (kind[:, 0] == Weave.CHECKED)
    albedo = blend(at.colour, at.second, np.float32(0.85) * share) * shade[:, None]
    return Look(np.clip(albedo, np.float32(0.06), np.float32(0.9)))


def skin(at: Surface) -> Look:
    """Skin, with the features of a face (u across, v height).

    Style: colour, second colour (of the hair, for the brows), seed; 0: height of the eyes above the ground in metres,
    negative on arms and legs.
    """
    shade = 1 + np.float32(0.03) * at.fine[:, 0] + np.float32(0.03) * at.fine[:, 1]
    eyes = at.parameter(0)
    x, up = np.abs(at.u), at.v - eyes
    brow = bar(x, 0.016, 0.052, at.width_u) * bar(up, 0.018, 0.026, at.width_v)
    eye = bar(x, 0.020, 0.046, at.width_u) * bar(up, -0.010, 0.008, at.width_v)
    nose = bar(at.u, -0.016, 0.016, at.width_u) * bar(up, -0.052, -0.040, at.width_v)
    lips = bar(at.u, -0.026, 0.026, at.width_u) * bar(up, -0.082, -0.066, at.width_v)
    cheeks = bar(x, 0.030, 0.065, at.width_u) * bar(up, -0.060, -0.020, at.width_v)
    face = (eyes > 0).astype(np.float32)
    albedo = blend(at.colour * shade[:, None], _BLUSH, np.float32(0.25) * face * cheeks)
    albedo = blend(albedo, _BROW, face * np.clip(brow + eye, 0, 1) * np.float32(0.8))
    albedo = blend(albedo, _LIPS, face * np.clip(lips + np.float32(0.4) * nose, 0, 1) * np.float32(0.7))
    return Look(np.clip(albedo, np.float32(0.06), np.float32(0.9)))
