"""scikit-learn's real handwritten digits (1797 of 8x8, from UCI), and the same as outlines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import cv2
import numpy as np
import torch
from jaxtyping import Float32, Int
from torch import Tensor

from vo_gan.gans.data.batches import Data, DataShape, Pairs, Samples

OUTLINES_MARGIN = 1 / 7
"""Share of the size that is empty on every side of digits with outlines, as in MNIST: 4 of 28 pixels."""
HELD_OUT = 5
"""Every fifth digit is for validation alone."""
Part = Literal["training", "validation"]


@cache
def _all_digits() -> tuple[Float32[np.ndarray, "n 8 8"], Int[np.ndarray, " n"]]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images / 16.0).astype(np.float32), found.target.astype(np.int64)


def read_digits(
    part: Part, size: int = 8, margin: int = 0
) -> tuple[Float32[np.ndarray, "n size size"], Int[np.ndarray, " n"]]:
    """Images in [0, 1] at `size` pixels, of which `margin` on every side are empty, and what they show."""
    images, labels = _all_digits()
    held_out = np.arange(len(images)) % HELD_OUT == 0
    chosen = held_out if part == "validation" else ~held_out
    images, labels = images[chosen], labels[chosen]
    inner = size - 2 * margin
    if inner != images.shape[1]:
        images = np.stack([cv2.resize(image, (inner, inner), interpolation=cv2.INTER_CUBIC) for image in images])
    return np.pad(np.clip(images, 0, 1), ((0, 0), (margin, margin), (margin, margin))), labels


def outline(image: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """The edges of what is drawn: the difference between the dilated and the eroded image, at more contrast."""
    return (1.5 * cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))).clip(0, 1)


class Digits(Data):
    """Digits with their classes.

    Args:
        part: of the digits.
        size: in pixels.
    """

    def __init__(self, part: Part, size: int = 8) -> None:
        images, labels = read_digits(part, size)
        self.images = torch.from_numpy(2 * images - 1)[:, None]
        self.labels = torch.from_numpy(labels)
        self.shape = DataShape(first=[1, size, size], classes=[str(digit) for digit in range(10)])

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Samples:  # noqa: ARG002
        """The items."""
        return Samples(tuple(f"digit {item}" for item in items), self.images[items], self.labels[items])


class DigitOutlines(Data):
    """Digits and outlines of other digits: two domains, of which no pair is ever seen in training.

    As in the paper, each domain has half of the digits. In training every image is shifted at random within half of its
    margin, for there are only 718 of each.

    Args:
        part: of the digits; in `validation` digit and outline belong together.
        size: in pixels.
    """

    def __init__(self, part: Part, size: int = 28) -> None:
        margin = round(OUTLINES_MARGIN * size)
        images, _ = read_digits(part, size, margin)
        outlines = np.stack([outline(image) for image in images])
        self.aligned, self.shift = part == "validation", margin // 2
        digits = 2 * torch.from_numpy(images)[:, None] - 1
        edges = 2 * torch.from_numpy(outlines)[:, None] - 1
        half = len(digits) // 2
        self.first, self.second = (digits, edges) if self.aligned else (digits[:half], edges[half : 2 * half])
        self.shape = DataShape(first=[1, size, size], second=[1, size, size])

    def __len__(self) -> int:
        return len(self.first)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Pairs:
        """The items of the first domain; of the second the same, or others at random."""
        names = tuple(f"digit {item}" for item in items)
        if self.aligned:
            return Pairs(names, self.first[items], self.second[items], True)
        others = generator.integers(0, len(self.second), len(items)).tolist()
        first, second = (
            self._shifted(images[chosen], generator) for images, chosen in ((self.first, items), (self.second, others))
        )
        return Pairs(names, first, second, False)

    def _shifted(self, images: Tensor, generator: np.random.Generator) -> Tensor:
        shifts = generator.integers(-self.shift, self.shift + 1, (len(images), 2)).tolist()
        return torch.stack([image.roll(shift, (1, 2)) for image, shift in zip(images, shifts, strict=True)])
