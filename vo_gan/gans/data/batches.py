"""Typed batches, and data sets as endless supplies of them that can be entered at any batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vo_gan.errors import VoGanError

Moved = TypeVar("Moved", bound="Batch")
PREFETCHED_BATCHES = 4
"""Batches that are read ahead."""


@dataclass(frozen=True)
class DataShape:
    """What networks have to know of a data set. A checkpoint keeps it.

    Attributes:
        first: shape of a sample, or of the first of a pair: (channels, height, width), or (values,) for vectors.
        second: shape of the second of a pair; empty where there are no pairs.
        classes: names of the classes; empty where there are none.
        bits: of the integers that images are stored in, 8 or 16: of the first, then of the second of a pair.
    """

    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    bits: list[int] = field(default_factory=lambda: [8, 8])


@dataclass(frozen=True)
class Batch:
    """What all batches have.

    Attributes:
        names: of the samples, for messages.
    """

    names: tuple[str, ...]

    def to(self: Moved, device: torch.device | str) -> Moved:
        """The same batch on `device`."""
        moved = {
            entry.name: getattr(self, entry.name).to(device, non_blocking=True)
            for entry in fields(self)
            if isinstance(getattr(self, entry.name), Tensor)
        }
        return replace(self, **moved)


@dataclass(frozen=True)
class Samples(Batch):
    """Images in [-1, 1], or vectors, and their class numbers (0 throughout where there are no classes)."""

    images: Float[Tensor, " b *shape"]
    labels: Int[Tensor, " b"]


@dataclass(frozen=True)
class Pairs(Batch):
    """Images of two domains, in [-1, 1].

    Attributes:
        aligned: whether first and second show the same; else each is any image of its domain.
    """

    first: Float[Tensor, "b c h w"]
    second: Float[Tensor, "b c2 h2 w2"]
    aligned: bool


@dataclass(frozen=True)
class Captioned(Batch):
    """Images in [-1, 1] with words as numbers, 0 filling up.

    Attributes:
        words: the image's caption.
        wrong: a caption that is not true of the image.
        captions: the caption as text.
    """

    images: Float[Tensor, "b c h w"]
    words: Int[Tensor, "b n"]
    wrong: Int[Tensor, "b n"]
    captions: tuple[str, ...]


class Data(ABC):
    """A data set: a batch of it follows from the items asked for and a random generator alone."""

    shape: DataShape

    @abstractmethod
    def __len__(self) -> int:
        """Number of items of an epoch."""

    @abstractmethod
    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Batch:
        """The items as a batch; `generator` is for whatever is drawn at random."""


class DataBatches:
    """Batches of a data set; the k-th of an epoch follows from (seed, epoch, k) alone, whatever the workers.

    An incomplete batch at the end of an epoch is left out, unless it is the only one. An iteration begins where
    `set_position` said, a later one with the first batch of the same epoch.

    Args:
        data: the data set.
        batch_size: items of a batch.
        seed: of order and augmentation.
        shuffle: whether to shuffle, anew in every epoch; else items come in order.
        workers: threads that read ahead; 0 reads when a batch is asked for.

    Raises:
        VoGanError: an impossible batch size or number of workers.
    """

    def __init__(self, data: Data, batch_size: int, seed: int = 0, shuffle: bool = True, workers: int = 0) -> None:
        if batch_size < 1 or workers < 0:
            raise VoGanError(f"batch size {batch_size} and {workers} workers: expected at least 1 and 0")
        self.data, self.batch_size, self.seed, self.shuffle, self.workers = data, batch_size, seed, shuffle, workers
        self._epoch, self._skip = 0, 0

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Let the next iteration begin in `epoch`, after its first `batches_done` batches, without reading those."""
        self._epoch, self._skip = epoch, batches_done

    def __len__(self) -> int:
        return max(len(self.data) // self.batch_size, 1)

    def __iter__(self) -> Iterator[Batch]:
        skip, self._skip = self._skip, 0
        epoch = self._epoch
        order = np.arange(len(self.data))
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.data))
        numbers = range(skip, len(self))

        def read(number: int) -> Batch:
            items = order[number * self.batch_size : (number + 1) * self.batch_size].tolist()
            return self.data.batch(items, np.random.default_rng((self.seed, epoch, number)))

        if not self.workers:
            yield from map(read, numbers)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                for number in numbers:
                    waiting.append(pool.submit(read, number))
                    if len(waiting) > PREFETCHED_BATCHES:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
