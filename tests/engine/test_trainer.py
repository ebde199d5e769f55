"""The loop, with a learner small enough to know its answers: one weight pulled towards the batch's value."""

from __future__ import annotations

import csv
import math
import os
import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vo_gan.engine import Learner, Trainer, TrainingConfig, load_checkpoint
from vo_gan.engine import learner as learner_module
from vo_gan.errors import VoGanError


@dataclass(frozen=True)
class Batch:
    value: Tensor
    names: tuple[str, ...]

    def to(self, device: object) -> Batch:
        return Batch(self.value.to(device), self.names)


class Batches:
    """Ten batches an epoch, in an order that depends on the epoch."""

    def __init__(
        self, poison: int | None = None, poison_all_of_epoch: int | None = None, spike: int | None = None
    ) -> None:
        self.poison, self.poison_all_of_epoch, self.spike = poison, poison_all_of_epoch, spike
        self.epoch, self.done = 0, 0

    def set_position(self, epoch: int, batches_done: int) -> None:
        self.epoch, self.done = epoch, batches_done

    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self.epoch).permutation(10)[self.done :]
        for place, number in enumerate(order, start=self.done):
            poisoned = (number == self.poison and self.epoch == 1) or self.epoch == self.poison_all_of_epoch
            value = float("nan") if poisoned else float(number)
            value *= 1e6 if 10 * self.epoch + place == self.spike else 1.0
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
        return [row for row in csv.reader(file) if not row[1].startswith("speed/")]


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


def test_a_nan_loss_is_skipped_and_counted(tmp_path: Path) -> None:
    trainer = Trainer(Pull(), CONFIG, tmp_path, {})
    trainer.fit(Batches(poison=4), [])
    assert trainer.step == 25
    assert trainer.skipped == 1
    assert all(torch.isfinite(p).all() for n in trainer.learner.plain_networks().values() for p in n.parameters())
    counts = [float(row[2]) for row in rows(tmp_path) if row[1] == "train/skipped"]
    assert (counts[0], counts[-1]) == (0, 1)


def test_too_many_in_a_row_stop_with_the_last_good_state(tmp_path: Path) -> None:
    config = replace(CONFIG, skips=2)
    trainer = Trainer(Pull(), config, tmp_path, {})
    with pytest.raises(VoGanError, match=r"step 13, after 3 steps in a row.*nan.*frame-\d.*checkpoints/last"):
        trainer.fit(Batches(poison_all_of_epoch=1), [])
    last = load_checkpoint(tmp_path / "checkpoints" / "last")
    assert last.state()["step"] == 12
    assert all(torch.isfinite(value).all() for value in last.tensors.values())


class Normalised(Pull):
    """A forward pass of NaN poisons running statistics even where no weight is touched."""

    def __init__(self) -> None:
        super().__init__()
        self.networks = {"net": nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))}
        self.optimisers = {"net": torch.optim.Adam(self.networks["net"].parameters(), 0.05)}

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        value = torch.stack((batch.value, batch.value + 1))
        loss = (self.networks["net"](value) - 3).square().mean()
        self.update("net", loss)
        return {"net": loss}


def test_running_statistics_survive_a_skipped_step(tmp_path: Path) -> None:
    trainer = Trainer(Normalised(), CONFIG, tmp_path, {})
    trainer.fit(Batches(poison=4), [])
    assert trainer.skipped == 1
    assert torch.isfinite(trainer.learner.plain_networks()["net"][0].running_mean).all()


def test_an_exploding_gradient_is_skipped(tmp_path: Path) -> None:
    trainer = Trainer(Pull(), replace(CONFIG, steps=80, explosion=1e3), tmp_path, {})
    trainer.fit(Batches(spike=70), [])
    assert trainer.skipped == 1
    unwatched = Trainer(Pull(), replace(CONFIG, steps=80), tmp_path / "unwatched", {})
    unwatched.fit(Batches(spike=70), [])
    assert unwatched.skipped == 0


class Square(Pull):
    """Of 0, the loss is finite and its gradient is not."""

    whole_gradients = False
    clip_norm = math.inf

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        loss = (0 * self.networks["net"](batch.value)).sqrt().sum()
        self.update("net", loss)
        return {"net": loss}


@pytest.mark.parametrize("large", [1, 2])
def test_moving_at_once_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """Without clipping, weights that move as soon as their gradients are there move as all together do."""
    monkeypatch.setattr(learner_module, "LARGE", large)
    learners = []
    for whole in (True, False):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        learner = Pull()
        learner.clip_norm, learner.whole_gradients = math.inf, whole
        Trainer(learner, CONFIG, tmp_path / str(whole), {}).fit(Batches(), [])
        learners.append(learner.plain_networks())
    assert rows(tmp_path / "True") == rows(tmp_path / "False")
    for name, network in learners[0].items():
        assert torch.equal(network.weight, learners[1][name].weight)
    assert all(p.grad is None for network in learners[1].values() for p in network.parameters())


def test_a_nan_gradient_of_weights_that_move_at_once_stops(tmp_path: Path) -> None:
    trainer = Trainer(Square(), CONFIG, tmp_path, {})
    with pytest.raises(VoGanError, match=r"step 1: the gradient of the net's loss is nan, .*frame-\d.*--resume"):
        trainer.fit(Batches(), [])
    assert not (tmp_path / "checkpoints").exists()


class Mean(Learner):
    """Draws nothing at random, so that batches can be compared in parts and in processes."""

    clip_norm = 1.0

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks = {"net": nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))}
        self.optimisers = {"net": torch.optim.Adam(self.networks["net"].parameters(), 0.05)}

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        loss = (self.networks["net"](batch.value[:, None]) - batch.value.sin()[:, None]).square().mean()
        self.update("net", loss)
        return {"net": loss}

    def validate(self, batch: Batch) -> dict[str, Tensor]:
        return {"reconstruction": self.networks["net"](batch.value[:, None]).mean()}

    def pictures(self, batch: Batch) -> dict[str, Tensor]:  # noqa: ARG002
        return {}


class Numbers(Batches):
    """Twelve numbers an epoch, in batches of `size`."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __len__(self) -> int:
        return 12 // self.size

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self.epoch).permutation(12).astype(np.float32)
        for number in range(self.done, len(self)):
            part = order[number * self.size : (number + 1) * self.size]
            yield Batch(torch.from_numpy(part), tuple(map(str, part)))


def test_accumulated_batches_are_one_large_batch(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=9, checkpoint_every=4)
    whole = Trainer(Mean(), config, tmp_path / "whole", {})
    whole.fit(Numbers(6), [])
    parts = Trainer(Mean(), replace(config, accumulate=3), tmp_path / "parts", {})
    parts.fit(Numbers(2), [])
    for one, other in zip(parameters(whole), parameters(parts), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_resuming_accumulated_batches_is_exact(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=9, accumulate=3, schedule="constant")
    whole = Trainer(Mean(), config, tmp_path / "whole", {})
    whole.fit(Numbers(2), [])
    Trainer(Mean(), replace(config, steps=5), tmp_path / "parts", {}).fit(Numbers(2), [])
    resumed = Trainer(Mean(), config, tmp_path / "parts", {})
    resumed.resume()
    resumed.fit(Numbers(2), [])
    assert all(torch.equal(*pair) for pair in zip(parameters(whole), parameters(resumed), strict=True))


def parameters(trainer: Trainer) -> list[Tensor]:
    return [p.detach() for network in trainer.learner.plain_networks().values() for p in network.parameters()]


class Twice(Mean):
    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:
        super().step(batch, step)
        return super().step(batch, step)


def test_parts_do_not_go_with_several_updates_in_a_step(tmp_path: Path) -> None:
    Trainer(Twice(), replace(CONFIG, steps=2), tmp_path / "whole", {}).fit(Numbers(2), [])
    with pytest.raises(VoGanError, match=r"training\.accumulate to 1"):
        Trainer(Twice(), replace(CONFIG, steps=2, accumulate=2), tmp_path / "parts", {}).fit(Numbers(2), [])


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
    assert best["processes"][0]["extra"]["count"] == 5 * (1 + figures.index(max(figures)))
    resumed = Trainer(Counting(), CONFIG, tmp_path, {})
    resumed.resume()
    assert resumed.learner.count == 25  # type: ignore[attr-defined]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir())[0] == "value_0000005.png"
    assert cv2.imread(str(tmp_path / "pictures" / "value_0000005.png")).shape == (2, 2, 3)


def test_an_unknown_best_figure_is_named(tmp_path: Path) -> None:
    config = TrainingConfig(steps=2, device="cpu", best="ate")
    with pytest.raises(VoGanError, match=r"'ate'.*reconstruction"):
        trained(tmp_path, config=config)
