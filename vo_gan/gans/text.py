"""Captions as vectors, without files from elsewhere: an encoder that learns with the discriminator, and a fixed one."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vo_gan.gans.data.words import BUCKETS


class LearnedText(nn.Module):
    """Word vectors through a recurrent network in both directions.

    Args:
        size: length of the text vector.
        width: length of a word's vector.
    """

    def __init__(self, size: int = 1024, width: int = 64) -> None:
        super().__init__()
        if size % 2:
            raise ValueError(f"a text vector has two halves: {size} is not even")
        self.words = nn.Embedding(BUCKETS, width, padding_idx=0)
        self.reader = nn.GRU(width, size // 2, batch_first=True, bidirectional=True)

    def forward(self, words: Int[Tensor, "b n"]) -> Float[Tensor, "b size"]:
        """The mean of what is read at each word."""
        there = (words > 0).unsqueeze(2)
        read, _ = self.reader(self.words(words))
        return (read * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


class HashedText(nn.Module):
    """The sum of fixed random vectors, one for each word, pair and triple of words: order is in it, nothing is learned.

    Args:
        size: length of the text vector.
        seed: of the vectors.
    """

    table: Tensor

    def __init__(self, size: int = 1024, seed: int = 0) -> None:
        super().__init__()
        table = torch.randn(BUCKETS, size, generator=torch.Generator().manual_seed(seed))
        table[0] = 0
        self.register_buffer("table", table, persistent=False)

    def forward(self, words: Int[Tensor, "b n"]) -> Float[Tensor, "b size"]:
        """The sum, of length one in the mean over its values."""
        summed = torch.zeros(len(words), self.table.shape[1], device=words.device)
        number = torch.zeros_like(words)
        count = torch.zeros(len(words), 1, device=words.device)
        for length in range(3):
            later = words[:, length:]
            number = (number[:, : later.shape[1]] * 7919 + later) % (BUCKETS - 1) + 1
            number = torch.where(later > 0, number, 0)
            summed = summed + self.table[number].sum(dim=1)
            count = count + (number > 0).sum(dim=1, keepdim=True)
        return summed / count.clamp(min=1).sqrt()
