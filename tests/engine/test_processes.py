"""Several processes that train together, on one CPU."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vo_gan.engine import Learner, Trainer, TrainingConfig, launch, load_checkpoint
from vo_gan.errors import VoGanError

CONFIG = TrainingConfig(steps=12, device="cpu", schedule="constant", log_every=1, validate_every=4, checkpoint_every=5)


@dataclass(frozen=True)
class Batch:
    value: Tensor
    names: tuple[str, ...]

    def to(self, device: object) -> Batch:
        return Batch(self.value.to(device), self.names)


class Numbers:
    """Twelve numbers an epoch; this process's part of batches of 4."""

    def __init__(self, process: int = 0, processes: int = 1, poison: int | None = None) -> None:
        self.process, self.processes, self.poison = process, processes, poison
        self.epoch, self.done = 0, 0

    def set_position(self, epoch: int, batches_done: int) -> None:
        self.epoch, self.done = epoch, batches_done

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self.epoch).permutation(12).astype(np.float32)
        if self.poison is not None and self.epoch == 1:
            order[order == self.poison] = np.nan
        for number in range(self.done, 3):
            part = np.array_split(order[4 * number : 4 * number + 4], self.processes)[self.process]
            yield Batch(torch.from_numpy(part), tuple(map(str, part)))


class Duel(Learner):
    """Two networks that take turns, as a generator and a discriminator do: what DistributedDataParallel cannot take."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks = {name: nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1)) for name in ("one", "other")}
        self.optimisers = {name: torch.optim.Adam(net.parameters(), 0.05) for name, net in self.networks.items()}
        self.seen: list[float] = []

    def step(self, batch: Batch, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        self.seen.append(float(batch.value.sum()))
        made = self.networks["one"](batch.value[:, None])
        self.networks["other"].requires_grad_(False)
        one = (self.networks["other"](made) - 1).square().mean()
        self.networks["other"].requires_grad_(True)
        self.update("one", one)
        other = (self.networks["other"](made.detach()) + batch.value[:, None] / 10).square().mean()
        self.update("other", other)
        return {"one": one, "other": other}

    def validate(self, batch: Batch) -> dict[str, Tensor]:
        return {"reconstruction": self.networks["one"](batch.value[:, None]).square().mean()}

    def pictures(self, batch: Batch) -> dict[str, Tensor]:  # noqa: ARG002
        return {}

    def extra_state(self) -> dict[str, Any]:
        return {"seen": list(self.seen)}

    def load_extra_state(self, state: Any) -> None:
        self.seen = list(state["seen"])


def train_as_one_of(processes: int, process: int, out: Path) -> None:
    """All that the tests look at, one after the other, for starting a process takes seconds."""
    torch.set_num_threads(1)
    fabric = launch("cpu", "fp32", devices=processes)
    for run, steps, poison in (("whole", [12], None), ("parts", [7, 12], None), ("poisoned", [12], 5)):
        for number, until in enumerate(steps):
            config = replace(CONFIG, steps=until, devices=processes)
            trainer = Trainer(Duel(), config, out / run, {}, fabric)
            if number:
                trainer.resume()
            trainer.fit(Numbers(process, processes, poison), [next(iter(Numbers(process, processes)))])


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two processes, started as a launcher starts them."""
    out = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = str(Path(__file__).parents[2])
    common = {"NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
    started = [
        subprocess.Popen(
            [sys.executable, __file__, str(process), str(out)],
            env=os.environ | common | {"LOCAL_RANK": str(process), "PYTHONPATH": root},
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(2)
    ]
    for process in started:
        try:
            errors = process.communicate(timeout=400)[1]
        except subprocess.TimeoutExpired:
            for other in started:
                other.kill()
            raise
        assert process.returncode == 0, errors
    return out


def rows(run: Path) -> dict[tuple[str, str], float]:
    with (run / "metrics.csv").open() as file:
        found = [row for row in csv.reader(file) if not row[1].startswith("speed/")][1:]
    return {(step, name): float(value) for step, name, value in found}


def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path, together: Path) -> None:
    Trainer(Duel(), CONFIG, tmp_path, {}).fit(Numbers(), [next(iter(Numbers()))])
    expected, found = rows(tmp_path), rows(together / "whole")
    assert found.keys() == expected.keys()
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-4, abs=1e-6)
    one, two = (load_checkpoint(run / "checkpoints" / "last") for run in (tmp_path, together / "whole"))
    for name, tensor in one.tensors.items():
        torch.testing.assert_close(two.tensors[name], tensor, rtol=1e-4, atol=1e-6)
    assert len(two.state()["processes"]) == 2


def test_two_processes_resume_exactly_each_with_its_own_state(tmp_path: Path, together: Path) -> None:
    whole, parts = (load_checkpoint(together / name / "checkpoints" / "last") for name in ("whole", "parts"))
    for name, tensor in whole.tensors.items():
        assert torch.equal(parts.tensors[name], tensor)
    seen = [[each["extra"]["seen"] for each in known.state()["processes"]] for known in (whole, parts)]
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1]
    shutil.copytree(together / "whole", tmp_path / "run")
    with pytest.raises(VoGanError, match=r"trained by 2 process\(es\), this run has 1"):
        Trainer(Duel(), CONFIG, tmp_path / "run", {}).resume()


def test_what_one_process_must_skip_all_skip(together: Path) -> None:
    assert rows(together / "poisoned")["12", "train/skipped"] == 1
    tensors = load_checkpoint(together / "poisoned" / "checkpoints" / "last").tensors
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_data_for_one_process_are_not_trained_on_by_two(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match=r"go to 2 process\(es\), not to 1"):
        Trainer(Duel(), CONFIG, tmp_path, {}).fit(Numbers(0, 2), [])


if __name__ == "__main__":
    train_as_one_of(2, int(sys.argv[1]), Path(sys.argv[2]))
