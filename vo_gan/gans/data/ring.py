"""Points of the plane around eight centres on a circle: the smallest data on which mode collapse shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.gans.data.batches import Data, DataShape, Samples

MODES = 8
RADIUS = 2.0
DEVIATION = 0.02
GOOD = 3 * DEVIATION
"""A point within this of a centre is a good sample of its mode (Srivastava et al. 2017, arXiv:1705.07761)."""
NEAR = 0.4
"""A point within this of a centre is near to it; half the distance between two centres is 0.77."""


def centres() -> Float[Tensor, "8 2"]:
    """The means of the eight Gaussians."""
    angles = torch.arange(MODES) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)


class Ring(Data):
    """Every batch is drawn anew.

    Args:
        points: of an epoch.
    """

    def __init__(self, points: int = 51_200) -> None:
        self.points = points
        self.shape = DataShape(first=[2])

    def __len__(self) -> int:
        return self.points

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Samples:
        """As many points as items are asked for."""
        labels = torch.from_numpy(generator.integers(0, MODES, len(items)))
        noise = torch.from_numpy(generator.normal(0.0, DEVIATION, (len(items), 2))).float()
        return Samples(("ring",) * len(items), centres()[labels] + noise, labels)


def ring_figures(points: Float[Tensor, "n 2"]) -> dict[str, Tensor]:
    """Modes lost, and samples lost between them.

    - `modes`: those with at least one good sample per hundred points.
    - `reached`: those with as many samples that are at least near; a generator that reaches all has not collapsed.
    - `quality`: share of good samples.
    """
    distance, mode = torch.cdist(points.float(), centres().to(points.device)).min(dim=1)
    least = max(len(points) / 100, 1)
    found = {}
    for name, farthest in (("modes", GOOD), ("reached", NEAR)):
        counts = torch.bincount(mode[distance < farthest], minlength=MODES)
        found[name] = (counts >= least).sum().float()
    return found | {"quality": (distance < GOOD).float().mean()}
