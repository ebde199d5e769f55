"""In which order snippets make up batches: functions of seed, epoch and position alone."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vo_gan.data.dataset import SnippetDataset
from vo_gan.errors import VoGanError


@dataclass(frozen=True)
class Share:
    """Which of several processes that train together this one is.

    Attributes:
        process: its number, from 0 on.
        processes: how many there are.
    """

    process: int = 0
    processes: int = 1


ALONE = Share()
"""The only process."""


@dataclass(frozen=True)
class Request:
    """One batch to be read.

    Attributes:
        items: snippets.
        runs: numbers of the runs that they are cut from, where they follow runs.
        starts: which of them begin one.
    """

    items: list[int]
    runs: list[int] | None = None
    starts: list[bool] | None = None


class Order(ABC):
    """A sampler of batches that can be entered at any of them.

    Attributes:
        share: this process's part of each batch.
        epoch: the epoch that the next iteration goes through.
        skip: how many of its batches that iteration leaves out; a later one leaves out none.
    """

    def __init__(self, batch_size: int, seed: int, shuffle: bool, share: Share) -> None:
        if batch_size < 1:
            raise VoGanError(f"batch size {batch_size}: expected at least 1")
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.share = share
        self.epoch = 0
        self.skip = 0

    @property
    def together(self) -> int:
        """Snippets of all processes' batches."""
        return self.batch_size * self.share.processes

    @abstractmethod
    def __len__(self) -> int:
        """Batches of an epoch."""

    @abstractmethod
    def __iter__(self) -> Iterator[Request]:
        """The batches of `epoch` after the first `skip`."""

    def _own(self, places: int) -> slice:
        """This process's part of a batch of all processes."""
        size = min(self.batch_size, places)
        return slice(self.share.process * size, (self.share.process + 1) * size)


class ShuffledOrder(Order):
    """Every snippet for itself.

    Args:
        items: number of snippets.
    """

    def __init__(self, items: int, batch_size: int, seed: int, shuffle: bool, share: Share) -> None:
        super().__init__(batch_size, seed, shuffle, share)
        self.items = items

    def __len__(self) -> int:
        return max(self.items // self.together, min(self.items, 1))

    def __iter__(self) -> Iterator[Request]:
        skip, self.skip = self.skip, 0
        order = np.arange(self.items)
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.items)
        for number in range(skip, len(self)):
            batch = order[number * self.together : (number + 1) * self.together]
            yield Request(batch[self._own(len(batch))].tolist())


@dataclass(frozen=True)
class _Run:
    """Snippets `first`, `first + step`, ... of one drive."""

    number: int
    first: int
    snippets: int


class RunOrder(Order):
    """Each place in the batch follows a run of frames; see `make_run_loader`."""

    def __init__(
        self, dataset: SnippetDataset, batch_size: int, seed: int, shuffle: bool, share: Share, run_frames: int
    ) -> None:
        super().__init__(batch_size, seed, shuffle, share)
        if dataset.frames < 3:
            raise VoGanError(f"runs need snippets of at least 3 frames, not {dataset.frames}: raise data.frames")
        if run_frames and run_frames < dataset.frames:
            raise VoGanError(
                f"runs of {run_frames} frames are shorter than snippets of {dataset.frames}: raise data.run"
            )
        self.dataset = dataset
        # From one snippet of a run to the next, in frames of the drive.
        self.advance = (dataset.frames - 2) * dataset.stride
        self.longest = (run_frames - 2) // (dataset.frames - 2) if run_frames else 0

    def __len__(self) -> int:
        snippets = sum(1 + (starts - 1) // self.advance for starts in self._starts())
        return max(snippets // self.together, min(snippets, 1))

    def __iter__(self) -> Iterator[Request]:
        skip, self.skip = self.skip, 0
        first = self.epoch * len(self) + skip
        last = (self.epoch + 1) * len(self)
        supply = self._runs()
        # When each place is free again, and what it follows until then: (batch, place, run, first batch of the run).
        free = [(0, place) for place in range(self.together)]
        following: dict[int, tuple[_Run, int]] = {}
        for number in range(first, last):
            while free[0][0] <= number:
                begin, place = heapq.heappop(free)
                run = next(supply)
                following[place] = (run, begin)
                heapq.heappush(free, (begin + run.snippets, place))
            requested = [following[place] for place in range(self.together)][self._own(self.together)]
            yield Request(
                items=[run.first + (number - begin) * self.advance for run, begin in requested],
                runs=[run.number for run, _ in requested],
                starts=[number == begin for _, begin in requested],
            )

    def _starts(self) -> list[int]:
        return [self.dataset.starts(drive) for drive in range(len(self.dataset.drives))]

    def _runs(self) -> Iterator[_Run]:
        """All runs of all epochs."""
        number = 0
        epoch = 0
        while True:
            random = np.random.default_rng((self.seed, epoch))
            runs: list[tuple[int, int]] = []
            for drive, starts in enumerate(self._starts()):
                offset = int(random.integers(min(self.advance, starts))) if self.shuffle else 0
                left = 1 + (starts - 1 - offset) // self.advance
                while left:
                    snippets = min(left, self.longest) if self.longest else left
                    runs.append((self.dataset.item(drive, offset), snippets))
                    offset += snippets * self.advance
                    left -= snippets
            for index in random.permutation(len(runs)) if self.shuffle else range(len(runs)):
                first, snippets = runs[index]
                yield _Run(number, first, snippets)
                number += 1
            epoch += 1
