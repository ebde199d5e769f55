"""Augmentation of stereo pairs on their device: what two real cameras, unlike two rendered ones, disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.data.augment import JITTER_PROBABILITY, colour_change, recolour
from vo_gan.data.stereo_pairs import StereoPairs

RECTANGLES = 2
"""Wiped out at most in a right view."""
SMALLEST, LARGEST = 0.08, 0.25
"""Sides of a wiped rectangle as shares of the image's width and height."""


@dataclass(frozen=True)
class PairAugmentation:
    """How often and how strongly pairs are changed, after RAFT-Stereo (Lipson et al. 2021).

    Attributes:
        asymmetric: share of the pairs whose views get different colours; of the others half get new ones, both alike.
        gamma: of both views, drawn from [1 - x, 1 + x].
        noise: standard deviation of the noise of both views is drawn from [0, x].
        erased: share of the pairs with rectangles of the right view wiped out, as if something hid it there.
    """

    asymmetric: float = 0.3
    gamma: float = 0.2
    noise: float = 0.02
    erased: float = 0.3


def augment_pairs(pairs: StereoPairs, generators: Sequence[torch.Generator], config: PairAugmentation) -> StereoPairs:
    """Change the colours of a batch at random. Disparities stay.

    Args:
        pairs: the batch, on any device.
        generators: one for each pair, on the CPU: what happens to a pair is up to its own.
        config: how much.
    """
    draws = torch.stack([torch.rand(13, generator=own) for own in generators]).to(pairs.left.device)
    different = draws[:, 0] < config.asymmetric
    views = []
    for number, view in enumerate((pairs.left, pairs.right)):
        own = torch.where(different[:, None], draws[:, 5:9], draws[:, 1:5]) if number else draws[:, 1:5]
        matrix, offset = colour_change(view[:, None], own)
        unchanged = (~different & (draws[:, 9] >= JITTER_PROBABILITY))[:, None, None]
        matrix = torch.where(unchanged, torch.eye(3, device=view.device), matrix)
        offset = torch.where(unchanged, torch.zeros_like(offset), offset)
        views.append(recolour(view[:, None], matrix, offset)[:, 0])
    gamma = (1.0 + config.gamma * (2.0 * draws[:, 10] - 1.0))[:, None, None, None]
    level = (config.noise * draws[:, 11])[:, None, None, None]
    left, right = ((view**gamma + level * _noise(view, generators)).clamp(0.0, 1.0) for view in views)
    erased = [
        own if draw < config.erased else None for own, draw in zip(generators, draws[:, 12].tolist(), strict=True)
    ]
    return replace(pairs, left=left, right=_wiped(right, erased))


def _noise(like: Float[Tensor, "b c h w"], generators: Sequence[torch.Generator]) -> Float[Tensor, "b c h w"]:
    return torch.stack([torch.randn(like.shape[1:], generator=own) for own in generators]).to(like.device)


def _wiped(images: Float[Tensor, "b 3 h w"], generators: Sequence[torch.Generator | None]) -> Float[Tensor, "b 3 h w"]:
    """Images with one or two rectangles of their mean colour; those without a generator stay."""
    height, width = images.shape[-2:]
    wiped = images.clone()
    for image, own in zip(wiped, generators, strict=True):
        if own is None:
            continue
        mean = image.mean(dim=(1, 2), keepdim=True)
        draws = torch.rand(RECTANGLES, 5, generator=own).tolist()
        for number, (present, x, y, across, down) in enumerate(draws):
            if number and present < 0.5:
                continue
            sides = [
                round((SMALLEST + (LARGEST - SMALLEST) * draw) * side)
                for draw, side in ((across, width), (down, height))
            ]
            left, top = int(x * (width - sides[0] + 1)), int(y * (height - sides[1] + 1))
            image[:, top : top + sides[1], left : left + sides[0]] = mean
    return wiped
