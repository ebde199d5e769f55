"""Batches of stereo pairs from two supplies in turn: of drives with true disparity, and made from single images."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from contextlib import closing
from math import floor

from vo_gan.data.drive_pairs import PairDataset, PairLoader
from vo_gan.data.made_pairs import MadePairs
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.errors import VoGanError


class MixedPairs:
    """Iterates over one epoch, in which every pair of the drives comes once, with made pairs evenly in between.

    Which batch comes when follows from its number alone, so that training can enter at any of them. An iteration begins
    where `set_position` said, a later one with the first batch of the same epoch.

    Args:
        recorded: pairs of drives.
        made: pairs made from single images.
        share: of the batches that are made, in (0, 1).

    Raises:
        VoGanError: an impossible share.
    """

    def __init__(self, recorded: PairLoader, made: MadePairs, share: float) -> None:
        if not 0 < share < 1:
            raise VoGanError(f"{share:g} of the batches from made pairs: expected a share above 0 and below 1")
        self.recorded = recorded
        self.made = made
        self.share = share
        self._epoch = 0
        self._skip = 0

    @property
    def dataset(self) -> PairDataset:
        """The pairs of the drives."""
        return self.recorded.dataset

    @property
    def processes(self) -> int:
        """How many processes train together."""
        return self.recorded.processes

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return max(round(len(self.recorded) / (1.0 - self.share)), 1)

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Let the next iteration begin in `epoch`, after its first `batches_done` batches."""
        self._epoch = epoch
        self._skip = batches_done

    def __iter__(self) -> Iterator[StereoPairs]:
        """Yield the batches of the epoch.

        Raises:
            VoGanError: a frame cannot be read; it is named.
        """
        first = self._epoch * len(self) + self._skip
        last = (self._epoch + 1) * len(self)
        self._skip = 0
        made_before = floor(first * self.share)
        with (
            closing(_endless(self.recorded, first - made_before)) as recorded,
            closing(_endless(self.made, made_before)) as made,
        ):
            for number in range(first, last):
                is_made = floor((number + 1) * self.share) > floor(number * self.share)
                yield next(made if is_made else recorded)


def _endless(supply: PairLoader | MadePairs, done: int) -> Generator[StereoPairs]:
    """Epoch after epoch of a supply, after its first `done` batches."""
    epoch, skip = divmod(done, len(supply))
    for number in itertools.count(epoch):
        supply.set_position(number, skip)
        skip = 0
        yield from supply
