"""A trajectory from above, drawn small enough for a training's log."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SIDE = 192
MARGIN = 12


def draw_path(positions: Float[Tensor, "n 3"]) -> Float[Tensor, "3 side side"]:
    """Positions of a camera (x right, y down, z forward) seen from above, ahead being up, the start a dot.

    Returns:
        A white RGB picture in [0, 1] with the path in blue, at the largest scale at which all of it can be seen.
    """
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    ground = positions[:, [0, 2]].double().numpy() * [1.0, -1.0]
    low, high = ground.min(axis=0), ground.max(axis=0)
    scale = (SIDE - 2 * MARGIN) / max(float((high - low).max()), 1e-6)
    points = np.rint((ground - 0.5 * (low + high)) * scale + 0.5 * SIDE).astype(np.int32)
    cv2.polylines(picture, [points[:, None]], False, (31, 78, 160), 2, cv2.LINE_AA)
    cv2.circle(picture, (int(points[0, 0]), int(points[0, 1])), 4, (31, 78, 160), -1, cv2.LINE_AA)
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255.0
