"""Batches along runs of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from vo_gan.data import Share, SnippetDataset, SnippetLoader, make_run_loader, open_drive
from vo_gan.data.order import ALONE, Request, RunOrder
from vo_gan.errors import VoGanError

Make = Callable[..., Path]
FRAMES = (23, 9, 14)


@pytest.fixture
def dataset(make_frames: Make) -> SnippetDataset:
    drives = [open_drive(make_frames(name=f"drive{n}", frames=count)) for n, count in enumerate(FRAMES)]
    return SnippetDataset(drives, 4, (24, 10))


def order(
    dataset: SnippetDataset, batch: int = 2, *, shuffle: bool = True, share: Share = ALONE, run: int = 0
) -> RunOrder:
    return RunOrder(dataset, batch, 3, shuffle, share, run)


def requests(made: RunOrder, epochs: int) -> list[Request]:
    result = []
    for epoch in range(epochs):
        made.epoch = epoch
        result += list(made)
    return result


def columns(dataset: SnippetDataset, made: list[Request]) -> list[list[tuple[int, int, list[int], bool]]]:
    """For each place in the batch, what it follows: run, drive, frames, whether a run starts."""
    places = []
    for place in range(len(made[0].items)):
        column = []
        for request in made:
            assert request.runs is not None
            assert request.starts is not None
            drive, frames = dataset.locate(request.items[place])
            column.append((request.runs[place], drive, frames, request.starts[place]))
        places.append(column)
    return places


@pytest.mark.parametrize("run", [0, 8])
def test_each_place_follows_its_run(dataset: SnippetDataset, run: int) -> None:
    for column in columns(dataset, requests(order(dataset, run=run), 6)):
        assert column[0][3]
        for before, after in pairwise(column):
            if after[3]:
                assert after[0] != before[0]
            else:
                assert after[:2] == before[:2]
                assert after[2][:2] == before[2][-2:]


def test_runs_have_numbers_of_their_own_and_end_in_time(dataset: SnippetDataset) -> None:
    made = columns(dataset, requests(order(dataset, run=8), 8))
    lengths = Counter(entry[0] for column in made for entry in column)
    assert max(lengths.values()) == 3  # snippets of 4 frames, 2 further on each: 8 frames
    starts = [entry[0] for column in made for entry in column if entry[3]]
    assert len(starts) == len(set(starts))


def test_in_order_every_inner_frame_comes_once(dataset: SnippetDataset) -> None:
    made = order(dataset, 1, shuffle=False)
    inner = [(drive, frame) for _, drive, frames, _ in columns(dataset, list(made))[0] for frame in frames[1:-1]]
    assert len(inner) == len(set(inner))
    expected = {(drive, frame) for drive, count in enumerate(FRAMES) for frame in range(1, count - 1)}
    assert expected - set(inner) <= {(drive, count - 2) for drive, count in enumerate(FRAMES)}


def test_an_order_can_be_entered_anywhere(dataset: SnippetDataset) -> None:
    whole = requests(order(dataset), 5)
    made = order(dataset)
    length = len(made)
    for epoch, skip in ((0, 1), (1, 0), (3, length - 1), (4, 2)):
        made.epoch, made.skip = epoch, skip
        assert list(made) == whole[epoch * length + skip : (epoch + 1) * length]
    assert whole != requests(RunOrder(dataset, 2, 4, True, ALONE, 0), 5)


def test_processes_share_the_places_of_one_large_batch(dataset: SnippetDataset) -> None:
    whole = requests(order(dataset, 4), 3)
    parts = [requests(order(dataset, 2, share=Share(process, 2)), 3) for process in range(2)]
    for one, *shared in zip(whole, *parts, strict=True):
        assert one.items == [item for part in shared for item in part.items]
        assert one.runs == [run for part in shared for run in part.runs or []]


def test_shuffled_runs_begin_at_different_frames(dataset: SnippetDataset) -> None:
    entries = [entry for column in columns(dataset, requests(order(dataset), 12)) for entry in column]
    assert {frames[0] for _, drive, frames, starts in entries if starts and drive == 0} == {0, 1}


def test_batches_say_what_they_follow(dataset: SnippetDataset) -> None:
    made = make_run_loader(dataset, 2, 0, 3, True)
    assert isinstance(made, SnippetLoader)
    first, second, *_ = (batch.to("cpu") for batch in made)
    assert first.starts is not None
    assert first.runs is not None
    assert first.starts.tolist() == [True, True]
    assert second.starts is not None
    for row in range(2):
        if not second.starts[row]:
            assert (second.images[row, :2] == first.images[row, -2:]).all()


@pytest.mark.parametrize(("frames", "run", "message"), [(2, 0, "at least 3 frames"), (4, 3, "shorter than snippets")])
def test_impossible_runs_are_refused(make_frames: Make, frames: int, run: int, message: str) -> None:
    few = SnippetDataset([open_drive(make_frames(frames=9))], frames, (24, 10))
    with pytest.raises(VoGanError, match=message):
        make_run_loader(few, 1, 0, 0, True, run_frames=run)
