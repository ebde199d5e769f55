"""Data sets of image files: plain or labelled, pairs, two unpaired domains, sharp ones to be blurred, captioned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vo_gan.errors import VoGanError
from vo_gan.gans.data.batches import Captioned, Data, DataShape, Pairs, Samples
from vo_gan.gans.data.images import Framing, Image, read_depth, read_image, stored_bits
from vo_gan.gans.data.words import word_numbers
from vo_gan.gans.motion_blur import blur, motion_kernel


def stack(images: Sequence[Image]) -> Tensor:
    """Images of one size as a batch."""
    return torch.from_numpy(np.stack(images))


def names_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """The paths as text."""
    return tuple(str(path) for path in paths)


class ImageFiles(Data):
    """Images with class numbers.

    Args:
        paths: of the images.
        labels: their class numbers; None where there are no classes.
        framing: see `Framing`.
        classes: names of the classes.
    """

    def __init__(
        self, paths: Sequence[Path], framing: Framing, labels: Sequence[int] | None = None, classes: Sequence[str] = ()
    ) -> None:
        self.paths, self.framing = list(paths), framing
        self.labels = [0] * len(paths) if labels is None else list(labels)
        bits = stored_bits(self.paths[0])
        self.channels = len(read_image(self.paths[0]))
        self.shape = DataShape([self.channels, framing.height, framing.width], [], list(classes), [bits, bits])

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Samples:
        """The items, framed."""
        paths = [self.paths[item] for item in items]
        images = [self.framing([read_image(path, self.channels)], generator)[0] for path in paths]
        return Samples(names_of(paths), stack(images), torch.tensor([self.labels[item] for item in items]))


class PairFiles(Data):
    """Aligned pairs: two files, or, where both are one file, its left and right half.

    Args:
        pairs: of files.
        framing: see `Framing`; both of a pair are cropped and mirrored alike.
        depth: whether the second are depth images.
    """

    def __init__(self, pairs: Sequence[tuple[Path, Path]], framing: Framing, depth: bool = False) -> None:
        self.pairs, self.framing, self.depth = list(pairs), framing, depth
        first, second = self._read(0)
        bits = [stored_bits(self.pairs[0][0]), stored_bits(self.pairs[0][1])]
        size = [framing.height, framing.width]
        self.shape = DataShape([len(first), *size], [len(second), *size], [], bits)

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Pairs:
        """The items, framed."""
        framed = [self.framing(list(self._read(item)), generator, (True, not self.depth)) for item in items]
        names = names_of([self.pairs[item][0] for item in items])
        return Pairs(names, stack([a for a, _ in framed]), stack([b for _, b in framed]), True)

    def _read(self, item: int) -> tuple[Image, Image]:
        first, second = self.pairs[item]
        if first == second:
            both = read_image(first)
            half = both.shape[2] // 2
            return both[:, :, :half], both[:, :, half : 2 * half]
        return read_image(first), read_depth(second) if self.depth else read_image(second)


class TwoDomains(Data):
    """Images of two domains: of the second any, or for validation, where names agree, the one of the same name.

    Args:
        first: images of the first domain.
        second: images of the second domain.
        framing: see `Framing`.
        aligned: whether they correspond, one by one.
    """

    def __init__(self, first: Sequence[Path], second: Sequence[Path], framing: Framing, aligned: bool) -> None:
        if aligned and len(first) != len(second):
            raise ValueError(f"{len(first)} and {len(second)} images cannot be aligned")
        self.first, self.second, self.framing, self.aligned = list(first), list(second), framing, aligned
        self.channels = [len(read_image(self.first[0])), len(read_image(self.second[0]))]
        size = [framing.height, framing.width]
        bits = [stored_bits(self.first[0]), stored_bits(self.second[0])]
        self.shape = DataShape([self.channels[0], *size], [self.channels[1], *size], [], bits)

    def __len__(self) -> int:
        return len(self.first)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Pairs:
        """The items of the first domain, with images of the second."""
        others = list(items) if self.aligned else generator.integers(0, len(self.second), len(items)).tolist()
        pairs = []
        for item, other in zip(items, others, strict=True):
            images = [
                read_image(self.first[item], self.channels[0]),
                read_image(self.second[other], self.channels[1]),
            ]
            if self.aligned:
                pairs.append(self.framing(images, generator))
            else:
                pairs.append([self.framing([image], generator)[0] for image in images])
        names = names_of([self.first[item] for item in items])
        return Pairs(names, stack([a for a, _ in pairs]), stack([b for _, b in pairs]), self.aligned)


class BlurredFiles(Data):
    """Sharp images, each blurred on the fly by a random kernel: pairs (blurred, sharp).

    Args:
        paths: of the sharp images.
        framing: see `Framing`.
        kernel: side of the blur kernels, pixels.
        length: of the camera's trajectory, pixels.
    """

    def __init__(self, paths: Sequence[Path], framing: Framing, kernel: int = 64, length: float = 60.0) -> None:
        self.paths, self.framing, self.kernel, self.length = list(paths), framing, kernel, length
        self.channels = len(read_image(self.paths[0]))
        shape = [self.channels, framing.height, framing.width]
        bits = stored_bits(self.paths[0])
        self.shape = DataShape(shape, shape, [], [bits, bits])

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Pairs:
        """The items, framed after they were blurred, so that no border is made up where there is none."""
        pairs = []
        for item in items:
            sharp = self.framing.resized(read_image(self.paths[item], self.channels))
            chance = torch.Generator().manual_seed(int(generator.integers(2**62)))
            kernel = motion_kernel(chance, self.kernel, length=self.length)
            blurred = blur(torch.from_numpy(sharp)[None], kernel)[0].clamp(-1, 1).numpy()
            pairs.append(self.framing([blurred, sharp], generator))
        names = names_of([self.paths[item] for item in items])
        return Pairs(names, stack([a for a, _ in pairs]), stack([b for _, b in pairs]), True)


class CaptionedFiles(Data):
    """Images with captions; a wrong caption is one of another class.

    Args:
        rows: image, caption and class.
        framing: see `Framing`; mirroring would make "left" wrong, so it is off.
    """

    def __init__(self, rows: Sequence[tuple[Path, str, str]], framing: Framing) -> None:
        self.rows, self.framing = list(rows), framing
        self.channels = len(read_image(self.rows[0][0]))
        bits = stored_bits(self.rows[0][0])
        self.shape = DataShape([self.channels, framing.height, framing.width], [], [], [bits, bits])

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Captioned:
        """The items, framed."""
        rows = [self.rows[item] for item in items]
        images = [self.framing([read_image(path, self.channels)], generator)[0] for path, _, _ in rows]
        captions = tuple(caption for _, caption, _ in rows)
        wrong = [self._wrong(caption, group, generator) for _, caption, group in rows]
        names = names_of([path for path, _, _ in rows])
        return Captioned(names, stack(images), word_numbers(captions), word_numbers(wrong), captions)

    def _wrong(self, caption: str, group: str, generator: np.random.Generator) -> str:
        for item in generator.permutation(len(self.rows)).tolist():
            _, other, other_group = self.rows[item]
            if other_group != group and other != caption:
                return other
        raise VoGanError(f"no caption of another class differs from {caption!r}: no caption would ever be wrong")
