"""What all discriminators have in common: which of their outputs are verdicts, and verdicts as probabilities."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Discriminator(nn.Module):
    """A network whose output holds logits of being real.

    Those that put out more than one tensor of such logits say in `verdicts` where they are.
    """

    def verdicts(self, output: Any) -> list[Tensor]:
        """The real-or-fake logits in what `forward` returned, large meaning real."""
        return [output]


class Probabilities(nn.Module):
    """A discriminator that answers with probabilities of being real instead of logits.

    For looking at, not for training: objectives take logits.

    Args:
        discriminator: any network of this library that judges.
    """

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, *inputs: Tensor) -> Tensor | list[Tensor]:
        """Probabilities of being real: one tensor, or one for each scale of a multi-scale discriminator."""
        verdicts = self.discriminator.verdicts(self.discriminator(*inputs))
        probabilities = [torch.sigmoid(verdict) for verdict in verdicts]
        return probabilities[0] if len(probabilities) == 1 else probabilities
