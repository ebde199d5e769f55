"""Exponential moving averages of networks, for use instead of the networks themselves (Yazici et al., 1806.04498)."""

from __future__ import annotations

import copy

import torch
from torch import nn

from vo_gan.errors import VoGanError

AVERAGE = "_average"
"""Ends the name of a network that follows another one's exponential moving average."""


def require_decay(key: str, decay: float) -> None:
    """Refuse what is no share of an average.

    Args:
        key: what the configuration calls it.

    Raises:
        VoGanError: it is not in [0, 1).
    """
    if not 0 <= decay < 1:
        raise VoGanError(f"{key} is the share of the average that stays, in [0, 1), not {decay}")


def average_of(network: nn.Module) -> nn.Module:
    """A copy that can follow `network`; it is not trained itself."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move `average` a share `1 - decay` of the way to `network`; buffers are copied.

    Args:
        decay: share of the average that stays, in [0, 1).
    """
    for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
        ours.lerp_(theirs.detach(), 1 - decay)
    for kept, found in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(found)
