"""Batches in an order that depends on nothing but seed and epoch, read by worker processes.

There are two orders. `make_loader` draws snippets one by one. `make_run_loader` lets every place in the batch follow a
run of frames, for networks that remember.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from vo_gan.data.dataset import PackedSnippet, SnippetDataset
from vo_gan.data.order import ALONE, Order, Request, RunOrder, Share, ShuffledOrder
from vo_gan.errors import VoGanError

PREFETCHED_BATCHES = 4
"""Batches that a worker reads ahead."""


Batch = TypeVar("Batch")


class BatchLoader(Generic[Batch]):
    """Iterates over one epoch of batches that worker processes read.

    An iteration begins where `set_position` said, a later one with the first batch of the same epoch. So a loader
    that is never told a position gives the same batches every time.

    Args:
        batches: whole batches as items; an error is handed over as a value, for a loader would wrap a raised one in its
            traceback.
        order: which of them come when.
        workers: processes that read; 0 reads in this one.
        seed: of what workers might draw.
        requests: the items asked of `batches`, where they are not those of `order` itself.

    Raises:
        VoGanError: an impossible number of workers.
    """

    def __init__(
        self,
        batches: Dataset[Batch | VoGanError],
        order: Order,
        workers: int,
        seed: int,
        requests: Iterable[Any] | None = None,
    ) -> None:
        if workers < 0:
            raise VoGanError(f"{workers} workers: expected at least 0")
        self.processes = order.share.processes
        self._order = order
        self._loader: DataLoader[Batch | VoGanError] = DataLoader(
            batches,
            sampler=order if requests is None else requests,
            batch_size=None,  # an item of `batches` is a whole batch already
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

    def __iter__(self) -> Iterator[Batch]:
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


class SnippetLoader(BatchLoader[PackedSnippet]):
    """Batches of snippets; see `make_loader` and `make_run_loader`."""

    def __init__(self, dataset: SnippetDataset, order: Order, workers: int, seed: int) -> None:
        super().__init__(_Batches(dataset), order, workers, seed)
        self.dataset = dataset


def make_loader(
    dataset: SnippetDataset, batch_size: int, workers: int, seed: int, shuffle: bool, share: Share = ALONE
) -> SnippetLoader:
    """A loader of `PackedSnippet`s; `batch.to(device)` makes a `Snippet` of one.

    Which snippets make up batch k of epoch e follows from (seed, e, k) alone, whatever the number of workers. An
    incomplete batch at the end of an epoch is left out, unless it is the only one.

    Args:
        dataset: the snippets.
        batch_size: snippets of a batch.
        workers: processes that read; 0 reads in this one.
        seed: of the order.
        shuffle: whether to shuffle, anew in every epoch; else snippets come in order.
        share: of several processes that train together, which this one is; batches of all of them are one large batch.

    Raises:
        VoGanError: an impossible batch size or number of workers.
    """
    return SnippetLoader(dataset, ShuffledOrder(len(dataset), batch_size, seed, shuffle, share), workers, seed)


def make_run_loader(
    dataset: SnippetDataset,
    batch_size: int,
    workers: int,
    seed: int,
    shuffle: bool,
    share: Share = ALONE,
    run_frames: int = 0,
) -> SnippetLoader:
    """A loader for networks that remember: each place in the batch follows a run of frames from batch to batch.

    A snippet's first two frames are the last two of the snippet before in its place, so that every frame but a run's
    first and last is once an inner one. `starts` says where a run begins. Shuffled, runs begin at a random frame of
    those before which no whole snippet fits, and come in an order of their own in every epoch; which snippets make up
    batch k of epoch e follows from (seed, e, k) alone. Runs do not end with an epoch: all places are always filled.

    Args:
        dataset: snippets of at least 3 frames.
        batch_size: places of a batch.
        workers: processes that read; 0 reads in this one.
        seed: of the order.
        shuffle: see above; else runs begin with their drive and come in order.
        share: see `make_loader`.
        run_frames: frames after which a run ends, for batches of more drives than they have places; 0: with its drive.

    Raises:
        VoGanError: an impossible batch size, number of workers or length of runs, or snippets of less than 3 frames.
    """
    return SnippetLoader(dataset, RunOrder(dataset, batch_size, seed, shuffle, share, run_frames), workers, seed)


class _Batches(Dataset[PackedSnippet | VoGanError]):
    """Batches as items; see `BatchLoader`."""

    def __init__(self, dataset: SnippetDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, request: Request) -> PackedSnippet | VoGanError:
        try:
            batch = self.dataset.batch(request.items)
            if request.runs is None or request.starts is None:
                return batch
            return replace(batch, runs=torch.tensor(request.runs), starts=torch.tensor(request.starts))
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
