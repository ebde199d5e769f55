"""Captions as numbers, without a vocabulary to be kept: a word's number is its checksum."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

BUCKETS = 8192
"""Numbers of words; 0 is no word."""
LONGEST = 24
"""Words of a caption that are looked at."""

_WORD = re.compile(r"[\w']+")


def split_words(caption: str) -> list[str]:
    """The words of a caption, in lower case."""
    return _WORD.findall(caption.lower())


def word_numbers(captions: Sequence[str]) -> Int[Tensor, "b 24"]:
    """The captions' words as numbers from 1 on, filled up with 0, the same on every machine."""
    rows = torch.zeros(len(captions), LONGEST, dtype=torch.int64)
    for row, caption in zip(rows, captions, strict=True):
        numbers = [1 + zlib.crc32(word.encode()) % (BUCKETS - 1) for word in split_words(caption)[:LONGEST]]
        row[: len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
    return rows
