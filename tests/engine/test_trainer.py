"""The loop, with a learner small enough to know its answers: one weight pulled towards the batch's value."""

from __future__ import annotations

import csv
import os
import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vo_gan.engine import Learner, Trainer, TrainingConfig, load_checkpoint
from vo_gan.errors import VoGanError


@dataclass(frozen=True)
class Batch:
    value: Tensor
    names: tuple[str, ...]

    def to(self, device: object) -> Batch:
        return Batch(self.value.to(device), self.names)


class Batches:
    """Ten batches an epoch, in an order that depends on the epoch."""

    def __init__(self, poison: int | None = None) -> None:
        self.poison = poison
        self.epoch, self.done = 0, 0

    def set_position(self, epoch: int, batches_done: int) -> None:
        self.epoch, self.done = epoch, batches_done

    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self.epoch).permutation(10)[self.done :]
        for number in order:
            value = float("nan") if number == self.poison and self.epoch == 1 else float(number)
            yield Batch(torch.tensor([value]), (f"frame-{number}",))


class Pull(Learner):
    """Uses every random generator, so that a resume that forgets one shows."""

    def __init__(self, stop_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.networks = {"net": nn.Linear(1, 1), "other": nn.Linear(1, 1)}
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), 0.05) for name, network in self.networks.items()
        }
        self.stop_at = stop_at

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:
        if step == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        noise = torch.rand(1) + float(np.random.rand()) + random.random()  # noqa: NPY002
        losses = {name: (self.networks[name](batch.value + noise) - 3).square().mean() for name in self.networks}
        for name, loss in losses.items():
            self.update(name, loss)
        return losses

    def validate(self, batch: Batch) -> dict[str, Tensor]:
        return {"reconstruction": (self.networks["net"](batch.value) - 3).abs().mean()}

    def pictures(self, batch: Batch) -> dict[str, Tensor]:
        return {"value": batch.value.expand(3, 2, 2) / 10}


CONFIG = TrainingConfig(steps=25, device="cpu", log_every=1, validate_every=5, checkpoint_every=8, validation_batches=2)


def trained(run: Path, *, resume: bool = False, stop_at: int | None = None, config: TrainingConfig = CONFIG) -> Trainer:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    trainer = Trainer(Pull(stop_at), config, run, {"name": "pull"})
    if resume:
        trainer.resume()
    trainer.fit(Batches(), [next(iter(Batches()))])
    return trainer


def rows(run: Path) -> list[list[str]]:
    with (run / "metrics.csv").open() as file:
        return [row for row in csv.reader(file) if not row[1].endswith("seconds")]


def test_leaves_checkpoints_metrics_and_events(tmp_path: Path) -> None:
    trained(tmp_path)
    assert load_checkpoint(tmp_path / "checkpoints" / "last").state()["step"] == 25
    best = load_checkpoint(tmp_path / "checkpoints" / "best").state()
    figures = [float(row[2]) for row in rows(tmp_path) if row[1] == "validation/reconstruction"]
    assert len(figures) == 5
    assert best["best"] == pytest.approx(min(figures))
    assert [row for row in rows(tmp_path) if row[1] == "train/net"][-1][0] == "25"
    rates = [float(row[2]) for row in rows(tmp_path) if row[1] == "train/learning_rate/net"]
    assert rates[0] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.005)
    assert list((tmp_path / "tensorboard").iterdir())


def test_resuming_is_exact(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        trained(tmp_path / "parts", stop_at=12)
    assert load_checkpoint(tmp_path / "parts" / "checkpoints" / "last").state()["step"] == 13
    resumed = trained(tmp_path / "parts", resume=True)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    for name, network in whole.learner.plain_networks().items():
        other = resumed.learner.plain_networks()[name]
        assert torch.equal(network.weight, other.weight)
        assert torch.equal(network.bias, other.bias)


def test_rows_after_the_checkpoint_are_dropped_on_resume(tmp_path: Path) -> None:
    trained(tmp_path)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("31,train/net,0.5\n32,train/n")
    trained(tmp_path, resume=True)
    assert max(int(row[0]) for row in rows(tmp_path)[1:]) == 25


def test_a_nan_loss_stops_before_any_weight_is_touched(tmp_path: Path) -> None:
    trainer = Trainer(Pull(), CONFIG, tmp_path, {})
    with pytest.raises(VoGanError, match=r"step \d+.*nan.*frame-4.*checkpoints/last"):
        trainer.fit(Batches(poison=4), [])
    assert all(torch.isfinite(p).all() for n in trainer.learner.plain_networks().values() for p in n.parameters())
    assert load_checkpoint(tmp_path / "checkpoints" / "last").state()["step"] == 8


class Counting(Pull):
    """Keeps a count beside its weights, wants a large figure, and its pictures as files."""

    larger_is_better = frozenset({"reconstruction"})
    keeps_pictures = True
    count = 0

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:
        self.count += 1
        return super().step(batch, step)

    def extra_state(self) -> dict[str, int]:
        return {"count": self.count}

    def load_extra_state(self, state: Mapping[str, int]) -> None:
        self.count = state["count"]


def test_extra_state_survives_and_larger_may_be_better(tmp_path: Path) -> None:
    trainer = Trainer(Counting(), CONFIG, tmp_path, {})
    trainer.fit(Batches(), [next(iter(Batches()))])
    figures = [float(row[2]) for row in rows(tmp_path) if row[1] == "validation/reconstruction"]
    best = load_checkpoint(tmp_path / "checkpoints" / "best").state()
    assert best["best"] == pytest.approx(max(figures))
    assert best["extra"]["count"] == 5 * (1 + figures.index(max(figures)))
    resumed = Trainer(Counting(), CONFIG, tmp_path, {})
    resumed.resume()
    assert resumed.learner.count == 25  # type: ignore[attr-defined]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir())[0] == "value_0000005.png"
    assert cv2.imread(str(tmp_path / "pictures" / "value_0000005.png")).shape == (2, 2, 3)


def test_an_unknown_best_figure_is_named(tmp_path: Path) -> None:
    config = TrainingConfig(steps=2, device="cpu", best="ate")
    with pytest.raises(VoGanError, match=r"'ate'.*reconstruction"):
        trained(tmp_path, config=config)
