from __future__ import annotations

import copy
import gc
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import torch

from vo_gan.data import PackedSnippet, SnippetDataset, make_loader, open_drive
from vo_gan.errors import VoGanError

Make = Callable[..., Path]


@pytest.fixture
def dataset(make_frames: Make) -> SnippetDataset:
    return SnippetDataset([open_drive(make_frames(frames=13))], 3, (24, 10))


def epochs(dataset: SnippetDataset, workers: int, count: int, seed: int = 5) -> list[list[PackedSnippet]]:
    loader = make_loader(dataset, 2, workers, seed, True)
    result = []
    for epoch in range(count):
        loader.set_position(epoch, 0)
        result.append([copy.deepcopy(batch) for batch in loader])
    return result


def names(batches: list[PackedSnippet]) -> list[tuple[str, ...]]:
    return [batch.names for batch in batches]


def test_an_epoch_is_a_permutation_without_the_incomplete_batch(dataset: SnippetDataset) -> None:
    first, second = epochs(dataset, 0, 2)
    assert len(dataset) == 11
    assert len(first) == len(make_loader(dataset, 2, 0, 5, True)) == 5
    assert len({name for batch in first for name in batch.names}) == 10
    assert names(first) != names(second)
    assert names(first) != names(epochs(dataset, 0, 1, seed=6)[0])


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(dataset: SnippetDataset, workers: int) -> None:
    torch.manual_seed(workers)  # the global generator has no say
    alone, together = epochs(dataset, 0, 2), epochs(dataset, workers, 2)
    for left, right in zip(chain(*alone), chain(*together), strict=True):
        assert left.names == right.names
        assert torch.equal(left.images, right.images)


@pytest.mark.parametrize("workers", [0, 2])
def test_enters_an_epoch_in_the_middle(dataset: SnippetDataset, workers: int) -> None:
    whole = epochs(dataset, 0, 2)
    loader = make_loader(dataset, 2, workers, 5, True)
    loader.set_position(0, 0)
    next(iter(loader))  # left in the middle, as by an interruption
    loader.set_position(1, 3)
    assert [batch.names for batch in loader] == names(whole[1])[3:]
    assert [batch.names for batch in loader] == names(whole[1])


def test_without_a_position_every_iteration_is_the_same(dataset: SnippetDataset) -> None:
    loader = make_loader(dataset, 4, 0, 1, True)
    assert [batch.names for batch in loader] == [batch.names for batch in loader]


def test_in_order_without_shuffling(dataset: SnippetDataset) -> None:
    first = [name for batch in make_loader(dataset, 3, 0, 0, False) for name in batch.names]
    assert first == sorted(first)


def test_the_only_batch_may_be_incomplete(dataset: SnippetDataset) -> None:
    loader = make_loader(dataset, 50, 0, 0, True)
    assert [len(batch.names) for batch in loader] == [11]
    assert len(loader) == 1
    assert list(make_loader(SnippetDataset([], 3, (24, 10)), 4, 0, 0, True)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_frame_is_named_by_whichever_process(make_frames: Make, workers: int) -> None:
    folder = make_frames(frames=6)
    dataset = SnippetDataset([open_drive(folder)], 3, (24, 10))
    (folder / "0004.png").write_bytes((folder / "0004.png").read_bytes()[:100])
    with pytest.raises(VoGanError) as caught:
        list(make_loader(dataset, 1, workers, 0, True))
    assert str(folder / "0004.png") in str(caught.value)
    assert "Traceback" not in str(caught.value)
    started = time.perf_counter()
    del caught
    gc.collect()
    assert time.perf_counter() - started < 4.0  # workers that are not told to stop are waited for, 5 s each


def test_impossible_numbers_are_refused(dataset: SnippetDataset) -> None:
    for batch_size, workers in ((0, 0), (2, -1)):
        with pytest.raises(VoGanError, match="expected at least"):
            make_loader(dataset, batch_size, workers, 0, True)
