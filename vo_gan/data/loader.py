"""Batches in an order that depends on nothing but seed and epoch, read by worker processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from vo_gan.data.dataset import PackedSnippet, SnippetDataset
from vo_gan.errors import VoGanError

PREFETCHED_BATCHES = 4
"""Batches that a worker reads ahead."""


class SnippetLoader:
    """Iterates over one epoch of batches; see `make_loader`.

    An iteration begins where `set_position` said, a later one with the first batch of the same epoch. So a loader
    that is never told a position gives the same batches every time.
    """

    def __init__(self, dataset: SnippetDataset, batch_size: int, workers: int, seed: int, shuffle: bool) -> None:
        if batch_size < 1 or workers < 0:
            raise VoGanError(f"batch size {batch_size} and {workers} workers: expected at least 1 and 0")
        self.dataset = dataset
        self._order = _Order(len(dataset), batch_size, seed, shuffle)
        self._loader: DataLoader[PackedSnippet | VoGanError] = DataLoader(
            _Batches(dataset),
            sampler=self._order,
            batch_size=None,  # an item of `_Batches` is a whole batch already
            num_workers=workers,
            worker_init_fn=_start_worker,
            persistent_workers=workers > 0,
            prefetch_factor=PREFETCHED_BATCHES if workers > 0 else None,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator().manual_seed(seed),  # else every iteration draws from the global one
        )

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return len(self._order)

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Let the next iteration begin in `epoch`, after its first `batches_done` batches, without reading those."""
        self._order.epoch = epoch
        self._order.skip = batches_done

    def __iter__(self) -> Iterator[PackedSnippet]:
        """Yield the batches of the epoch.

        Raises:
            VoGanError: a frame cannot be read; it is named, whichever process met it.
        """
        for batch in self._loader:
            if isinstance(batch, VoGanError):
                # A new one: raising `batch` would tie it and this frame into a cycle, and a loader that is left to the
                # cycle collector waits five seconds for each of its workers.
                raise VoGanError(str(batch))
            yield batch


def make_loader(dataset: SnippetDataset, batch_size: int, workers: int, seed: int, shuffle: bool) -> SnippetLoader:
    """A loader of `PackedSnippet`s; `batch.to(device)` makes a `Snippet` of one.

    Which snippets make up batch k of epoch e follows from (seed, e, k) alone, whatever the number of workers. An
    incomplete batch at the end of an epoch is left out, unless it is the only one.

    Args:
        dataset: the snippets.
        batch_size: snippets of a batch.
        workers: processes that read; 0 reads in this one.
        seed: of the order.
        shuffle: whether to shuffle, anew in every epoch; else snippets come in order.

    Raises:
        VoGanError: an impossible batch size or number of workers.
    """
    return SnippetLoader(dataset, batch_size, workers, seed, shuffle)


class _Order:
    """The sampler: batches of snippet indices from a position on."""

    def __init__(self, items: int, batch_size: int, seed: int, shuffle: bool) -> None:
        self.items = items
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0
        self.skip = 0

    def __len__(self) -> int:
        return max(self.items // self.batch_size, min(self.items, 1))

    def __iter__(self) -> Iterator[list[int]]:
        skip, self.skip = self.skip, 0
        order = np.arange(self.items)
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.items)
        for number in range(skip, len(self)):
            yield order[number * self.batch_size : (number + 1) * self.batch_size].tolist()


class _Batches(Dataset[PackedSnippet | VoGanError]):
    """Batches as items. An error is handed over as a value: a loader would wrap a raised one in its traceback."""

    def __init__(self, dataset: SnippetDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, items: Sequence[int]) -> PackedSnippet | VoGanError:
        try:
            return self.dataset.batch(items)
        except VoGanError as error:
            return error


def _start_worker(_: int) -> None:
    """One thread per process. Reading draws no random numbers, but a source written later may: NumPy is seeded too.

    A signal that goes to the whole group (Ctrl-C, a cluster's SIGTERM) is for the main process to act on: a worker that
    died of it would take the last batch before the checkpoint with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(0)
    np.random.seed(torch.initial_seed() % 2**32)  # noqa: NPY002
