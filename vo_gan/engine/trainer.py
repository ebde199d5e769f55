"""The training loop: steps, validation, checkpoints, logs, and going on exactly where a run stopped."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from vo_gan.device import Device, Precision, available_precision, choose_device
from vo_gan.engine.checkpoint import load_checkpoint, save_checkpoint
from vo_gan.engine.learner import Learner, NonFiniteError
from vo_gan.engine.logs import Logs
from vo_gan.engine.schedules import Schedule, rate_factor
from vo_gan.errors import VoGanError
from vo_gan.progress import progress


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how to train.

    Attributes:
        steps: optimiser steps in all.
        device: `auto` takes CUDA where there is one.
        precision: `fp32`, or `bf16`: networks under bfloat16 autocast, everything else in float32 (on a machine without
            bfloat16 instructions, fp32 all the same).
        channels_last: memory layout of the networks; faster convolutions, on CPU too.
        compile: compile the loss kernels (falls back, and says so, where there is no compiler).
        schedule: of the learning rates: `constant`; `drop`, multiplied by `decay` once, after a share `decay_at` of the
            steps; `repeat`, multiplied by `decay` after each such share; `linear`, after that share in a straight line
            to 0 at the last step.
        decay_at: see `schedule`.
        decay: see `schedule`.
        log_every: steps between two rows of losses.
        validate_every: steps between two validations.
        validation_batches: batches that a validation looks at.
        checkpoint_every: steps between two writes of `last`.
        best: the validation figure whose smallest (or largest, see `Learner.larger_is_better`) value makes `best`.
    """

    steps: int = 20_000
    device: Device = "auto"
    precision: Precision = "fp32"
    channels_last: bool = True
    compile: bool = False
    schedule: Schedule = "drop"
    decay_at: float = 0.75
    decay: float = 0.1
    log_every: int = 20
    validate_every: int = 500
    validation_batches: int = 20
    checkpoint_every: int = 500
    best: str = "reconstruction"


@runtime_checkable
class Batches(Protocol):
    """An endless supply in epochs whose order depends only on the epoch, so that training can enter at any batch."""

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Let the next iteration begin in `epoch`, after its first `batches_done` batches."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class Trainer:
    """Trains a learner in a run folder: `checkpoints/{last,best}`, `metrics.csv`, `tensorboard/`.

    Args:
        learner: what to train.
        config: how.
        run: the run folder.
        resolved: the whole configuration as plain values, kept in every checkpoint.
    """

    def __init__(self, learner: Learner, config: TrainingConfig, run: Path, resolved: Mapping[str, Any]) -> None:
        from lightning_fabric import Fabric

        self.learner = learner
        self.config = config
        self.run = run
        self.resolved = resolved
        self.step = 0
        self.best: float | None = None
        self._random: dict[str, Any] | None = None
        device = choose_device(config.device)
        precision = available_precision(config.precision, device)
        self.fabric = Fabric(
            accelerator=device.type,
            devices=1,
            precision="bf16-mixed" if precision == "bf16" else "32-true",
        )
        learner.place(self.fabric, config.channels_last)
        self._base_rates = {
            name: [group["lr"] for group in optimiser.param_groups] for name, optimiser in learner.optimisers.items()
        }

    def fit(self, batches: Batches, validation: Iterable[Any]) -> None:
        """Train until `config.steps`, from wherever the trainer stands.

        Raises:
            VoGanError: a loss became NaN or infinite; names the step, the frames and the last good checkpoint.
            KeyboardInterrupt: the run was interrupted (Ctrl-C or SIGTERM); `last` was written first.
        """
        epoch, done = divmod(self.step, len(batches))
        batches.set_position(epoch, done)
        remaining = range(self.step, self.config.steps)
        with Logs(self.run, self.step) as logs, _Interruption() as interruption:
            stream = self._stream(batches, epoch)
            if self._random is not None:
                # Last of all, for opening logs and batches draws random numbers too.
                _set_random(self._random)
            for step in progress(remaining, "train", unit="step"):
                losses = self._train(next(stream), step)
                self.step = step + 1
                last = self.step == self.config.steps
                if last or self.step % self.config.log_every == 0:
                    logs.scalars("train", self.step, losses | self._rates())
                if last or self.step % self.config.validate_every == 0:
                    self._validate(validation, logs)
                if last or interruption.requested or self.step % self.config.checkpoint_every == 0:
                    self._save("last")
                if interruption.requested:
                    raise KeyboardInterrupt(f"interrupted after step {self.step}; go on with --resume")

    def _set_rates(self, step: int) -> None:
        """Learning rates follow from the step and the configuration alone, so that a run may be resumed with another
        number of steps."""
        config = self.config
        factor = rate_factor(config.schedule, step, config.steps, config.decay_at, config.decay)
        for name, optimiser in self.learner.optimisers.items():
            for group, rate in zip(optimiser.param_groups, self._base_rates[name], strict=True):
                group["lr"] = factor * rate

    def resume(self) -> None:
        """Go to where the run's `last` checkpoint stands: weights, optimisers, random state, position."""
        checkpoint = load_checkpoint(self.run / "checkpoints" / "last")
        state = checkpoint.state()
        self.learner.load_weights(checkpoint.tensors)
        for name, optimiser in self.learner.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.learner.load_extra_state(state.get("extra", {}))
        self.step, self.best = state["step"], state["best"]
        self._random = state["random"]

    def _stream(self, batches: Batches, epoch: int) -> Iterator[Any]:
        yield from batches
        for later in itertools.count(epoch + 1):
            batches.set_position(later, 0)
            yield from batches

    def _train(self, batch: Any, step: int) -> dict[str, float]:
        batch = batch.to(self.fabric.device)
        self.learner.set_mode(training=True)
        self._set_rates(step)
        started = time.perf_counter()
        try:
            losses = self.learner.step(batch, step)
        except NonFiniteError as error:
            last = self.run / "checkpoints" / "last"
            kept = f"the last good state is in {last}" if last.exists() else "no checkpoint had been written yet"
            names = ", ".join(dict.fromkeys(batch.names))
            raise VoGanError(
                f"training stopped at step {step + 1}: {error}, in the batch of {names}. No weight "
                f"was touched by it; {kept}. Lower the learning rate, or look at those frames with `vo-gan data check`"
            ) from error
        if (step + 1) % self.config.log_every and step + 1 != self.config.steps:
            return {}
        return {name: loss.item() for name, loss in losses.items()} | {"seconds": time.perf_counter() - started}

    @torch.no_grad()
    def _validate(self, validation: Iterable[Any], logs: Logs) -> None:
        self.learner.set_mode(training=False)
        figures: dict[str, list[float]] = {}
        first: Any = None
        for batch in itertools.islice(validation, self.config.validation_batches):
            batch = batch.to(self.fabric.device)
            first = batch if first is None else first
            for name, figure in self.learner.validate(batch).items():
                figures.setdefault(name, []).append(float(figure))
        if first is None:
            return
        means = {name: float(np.mean(values)) for name, values in figures.items()}
        logs.scalars("validation", self.step, means)
        logs.pictures(self.step, self.learner.pictures(first), files=self.learner.keeps_pictures)
        if self.config.best not in means:
            raise VoGanError(f"training.best is {self.config.best!r}, but validation gives {', '.join(sorted(means))}")
        mean, before = means[self.config.best], self.best
        larger = self.config.best in self.learner.larger_is_better
        if before is None or (mean > before if larger else mean < before):
            self.best = mean
            self._save("best")

    def _rates(self) -> dict[str, float]:
        return {
            f"learning_rate/{name}": float(optimiser.param_groups[0]["lr"])
            for name, optimiser in self.learner.optimisers.items()
        }

    def _save(self, name: str) -> None:
        save_checkpoint(self.run / "checkpoints" / name, self.learner.plain_networks(), self.resolved, self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "best": self.best,
            "optimisers": {name: _plain(optimiser).state_dict() for name, optimiser in self.learner.optimisers.items()},
            "extra": self.learner.extra_state(),
            "random": _random_state(),
        }


class _Interruption:
    """Turns SIGINT and SIGTERM into a request to stop after the step at hand."""

    def __init__(self) -> None:
        self.requested = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> _Interruption:
        if threading.current_thread() is threading.main_thread():
            self._handlers = {
                number: signal.signal(number, self._request) for number in (signal.SIGINT, signal.SIGTERM)
            }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.requested = True


def _plain(optimiser: Any) -> torch.optim.Optimizer:
    return getattr(optimiser, "optimizer", optimiser)


def _random_state() -> dict[str, Any]:
    """All generators' states as tensors and plain values, which a checkpoint may hold without pickled code."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    version, numbers, spare = random.getstate()
    words = torch.from_numpy(np.asarray(keys, dtype=np.int64))
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(kind), words, int(position), int(has_gauss), float(gauss)],
        "python": [version, torch.tensor(numbers, dtype=torch.int64), spare],
    }


def _set_random(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, gauss))  # noqa: NPY002
    version, numbers, spare = state["python"]
    random.setstate((version, tuple(numbers.tolist()), spare))
