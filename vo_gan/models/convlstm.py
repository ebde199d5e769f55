"""The convolutional LSTM (Shi et al. 2015, arXiv:1506.04214), without its peephole connections."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConvLstmCell(nn.Module):
    """An LSTM whose states are maps and whose products are convolutions.

    Its forget gates begin open (bias 1; Jozefowicz et al. 2015), so that an untrained cell remembers.

    Args:
        in_channels: of the input.
        channels: of both states.
        kernel: side of the convolution, odd.
    """

    def __init__(self, in_channels: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Conv2d(in_channels + channels, 4 * channels, kernel, padding=kernel // 2)
        assert self.gates.bias is not None
        with torch.no_grad():
            self.gates.bias.zero_()
            self.gates.bias[channels : 2 * channels].fill_(1.0)

    def forward(
        self, seen: Float[Tensor, "b i h w"], hidden: Float[Tensor, "b c h w"], cell: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]]:
        """The next hidden state and cell, both float32 also under autocast: rounding would add up over a drive."""
        gates = self.gates(torch.cat((seen, hidden.to(seen.dtype)), dim=1)).float()
        take, keep, show, content = gates.chunk(4, dim=1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(content)
        return torch.sigmoid(show) * torch.tanh(cell), cell
