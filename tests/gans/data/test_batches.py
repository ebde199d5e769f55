from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.gans.data import Data, DataBatches, DataShape, Samples


class Numbers(Data):
    shape = DataShape(first=[1])

    def __len__(self) -> int:
        return 10

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Samples:
        if 99 in items:
            raise VoGanError("no such number")
        drawn = torch.from_numpy(generator.random((len(items), 1)))
        return Samples(tuple(map(str, items)), drawn, torch.tensor(items))


def taken(batches: DataBatches, count: int = 99) -> list[tuple[list[int], list[float]]]:
    return [(batch.labels.tolist(), batch.images.flatten().tolist()) for batch in islice(batches, count)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("workers", [0, 3])
def test_a_batch_follows_from_seed_epoch_and_number(workers: int) -> None:
    expected = taken(DataBatches(Numbers(), 3, seed=5))
    batches = DataBatches(Numbers(), 3, seed=5, workers=workers)
    assert taken(batches) == expected
    batches.set_position(0, 2)
    assert taken(batches) == expected[2:]
    assert taken(batches) == expected
    batches.set_position(1, 0)
    assert taken(batches) != expected
    assert taken(DataBatches(Numbers(), 3, seed=6)) != expected


def test_an_epoch_has_every_item_once_but_for_the_rest() -> None:
    batches = DataBatches(Numbers(), 3, seed=1)
    assert len(batches) == 3
    seen = [item for items, _ in taken(batches) for item in items]
    assert len(set(seen)) == 9
    assert [items for items, _ in taken(DataBatches(Numbers(), 20, shuffle=False))] == [list(range(10))]


def test_a_reader_left_early_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    plain = Numbers.batch

    def batch(self: Numbers, items: Sequence[int], generator: np.random.Generator) -> Samples:
        read.append(items)
        return plain(self, items, generator)

    monkeypatch.setattr(Numbers, "batch", batch)
    monkeypatch.setattr(Numbers, "__len__", lambda _: 1000)
    stream = iter(DataBatches(Numbers(), 2, workers=1))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert len(read) < 20


def test_impossible_sizes_are_refused() -> None:
    for batch_size, workers in ((0, 0), (1, -1)):
        with pytest.raises(VoGanError, match="expected at least"):
            DataBatches(Numbers(), batch_size, workers=workers)
