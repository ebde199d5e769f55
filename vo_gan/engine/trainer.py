"""The training loop: steps, validation, checkpoints, logs, and going on exactly where a run stopped."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from vo_gan.device import Device, Precision
from vo_gan.engine.checkpoint import load_checkpoint, save_checkpoint
from vo_gan.engine.interruption import Interruption
from vo_gan.engine.learner import HalfMovedError, Learner, NonFiniteError
from vo_gan.engine.logs import Logs
from vo_gan.engine.pace import Pace
from vo_gan.engine.processes import anyone, gathered, launch, mean_of
from vo_gan.engine.random_state import random_state, set_random_state
from vo_gan.engine.schedules import Schedule, rate_factor
from vo_gan.errors import VoGanError
from vo_gan.progress import progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how to train.

    Attributes:
        steps: optimiser steps in all.
        device: `auto` takes CUDA where there is one.
        devices: devices of each machine to train on together, each with batches of its own: of two, the batch is twice
            as large.
        nodes: machines to train on together, started by `torchrun` or a cluster.
        precision: `fp32`, or `bf16`: networks under bfloat16 autocast, everything else in float32 (on a machine without
            bfloat16 instructions, fp32 all the same).
        channels_last: memory layout of the networks; faster convolutions, on CPU too.
        compile: compile the loss kernels (falls back, and says so, where there is no compiler).
        accumulate: batches whose gradients are added up for one step, for batches larger than memory allows.
        skips: steps in a row that may be skipped because a loss or gradient is NaN, infinite or exploded.
        explosion: how many times its running mean a gradient's norm must be to count as exploded; 0 for never.
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
    devices: int = 1
    nodes: int = 1
    precision: Precision = "fp32"
    channels_last: bool = True
    compile: bool = False
    accumulate: int = 1
    skips: int = 10
    explosion: float = 0.0
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
    """An endless supply in epochs whose order depends only on the epoch, so that training can enter at any batch.

    A supply that gives each of several processes its share says in an attribute `processes` how many they are.
    """

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
        fabric: where, if it was launched already.
    """

    def __init__(
        self,
        learner: Learner,
        config: TrainingConfig,
        run: Path,
        resolved: Mapping[str, Any],
        fabric: Fabric | None = None,
    ) -> None:
        self.learner = learner
        self.config = config
        self.run = run
        self.resolved = resolved
        self.step = 0
        self.best: float | None = None
        self.skipped = 0
        self._skipped_in_a_row = 0
        self._random: dict[str, Any] | None = None
        self.fabric = fabric or launch(config.device, config.precision, config.devices, config.nodes)
        learner.place(self.fabric, config.channels_last)
        learner.explosion = config.explosion
        self._base_rates = {
            name: [group["lr"] for group in optimiser.param_groups] for name, optimiser in learner.optimisers.items()
        }

    def fit(self, batches: Batches, validation: Iterable[Any]) -> None:
        """Train until `config.steps`, from wherever the trainer stands.

        Raises:
            VoGanError: too many losses in a row were NaN, infinite or exploded; names the step, the frames and the last
                good checkpoint. Or the batches are not shared among as many processes as there are.
            KeyboardInterrupt: the run was interrupted (Ctrl-C or SIGTERM); `last` was written first.
        """
        shares = getattr(batches, "processes", 1)
        if shares != self.fabric.world_size:
            raise VoGanError(
                f"these data go to {shares} process(es), not to {self.fabric.world_size}: lower training.devices"
            )
        epoch, done = divmod(self.step * self.config.accumulate, len(batches))
        batches.set_position(epoch, done)
        remaining: Iterable[int] = range(self.step, self.config.steps)
        first = self.fabric.is_global_zero
        with Logs(self.run, self.step) if first else nullcontext() as logs, Interruption() as interruption:
            stream = self._stream(batches, epoch)
            if self._random is not None:
                # Last of all, for opening logs and batches draws random numbers too.
                set_random_state(self._random)
            pace = Pace()
            for step in progress(remaining, "train", unit="step") if first else remaining:
                losses = self._train(stream, step, pace)
                self.step = step + 1
                last = self.step == self.config.steps
                if last or self.step % self.config.log_every == 0:
                    figures = mean_of(self.fabric, {name: loss.item() for name, loss in losses.items()})
                    if logs is not None:
                        logs.scalars("train", self.step, figures | self._rates())
                        logs.scalars("speed", self.step, pace.figures(self.fabric.world_size))
                if last or self.step % self.config.validate_every == 0:
                    self._validate(validation, logs)
                interrupted = anyone(self.fabric, interruption.requested)
                if last or interrupted or self.step % self.config.checkpoint_every == 0:
                    self._save("last")
                if interrupted:
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
        """Go to where the run's `last` checkpoint stands: weights, optimisers, random state, position.

        Raises:
            VoGanError: another number of processes trained it.
        """
        checkpoint = load_checkpoint(self.run / "checkpoints" / "last")
        state = checkpoint.state()
        if len(state["processes"]) != self.fabric.world_size:
            raise VoGanError(
                f"{checkpoint.folder} was trained by {len(state['processes'])} process(es), this run has "
                f"{self.fabric.world_size}: resume with the same training.devices and training.nodes"
            )
        self.learner.load_weights(checkpoint.tensors)
        for name, optimiser in self.learner.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.learner.load_norms(state["norms"])
        own = state["processes"][self.fabric.global_rank]
        self.learner.load_extra_state(own["extra"])
        self._random = own["random"]
        self.step, self.best = state["step"], state["best"]
        self.skipped, self._skipped_in_a_row = state["skipped"]

    def _stream(self, batches: Batches, epoch: int) -> Iterator[Any]:
        yield from batches
        for later in itertools.count(epoch + 1):
            batches.set_position(later, 0)
            yield from batches

    def _train(self, stream: Iterator[Any], step: int, pace: Pace) -> dict[str, Tensor]:
        """One step, of one batch or several; the losses of the last one. No losses where the step had to be skipped."""
        self.learner.set_mode(training=True)
        self._set_rates(step)
        parts = self.config.accumulate
        kept = [buffer.clone() for buffer in self._buffers()]
        losses: dict[str, Tensor] = {}
        for part in range(parts):
            pace.wait()
            batch = next(stream)
            pace.go(getattr(batch, "image_count", len(batch.names)))
            self.learner.begin(part, parts)
            try:
                losses = self.learner.step(batch.to(self.fabric.device), step * parts + part)
            except NonFiniteError as error:
                for buffer, before in zip(self._buffers(), kept, strict=True):
                    buffer.copy_(before)
                self.learner.drop_gradients()
                for _ in range(part + 1, parts):
                    next(stream)
                self._skip(step, error, batch.names)
                return {}
            except HalfMovedError as error:
                raise VoGanError(
                    f"training stopped at step {step + 1}: {error}, in the batch of "
                    f"{', '.join(dict.fromkeys(batch.names))}. Go on from {self.run / 'checkpoints' / 'last'} with "
                    "--resume and a lower learning rate"
                ) from error
        self._skipped_in_a_row = 0
        return losses

    def _buffers(self) -> list[Tensor]:
        """What a forward pass changes: the running statistics of normalisations."""
        return [buffer for network in self.learner.plain_networks().values() for buffer in network.buffers()]

    def _skip(self, step: int, error: NonFiniteError, names: tuple[str, ...]) -> None:
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row <= self.config.skips:
            return
        self._save("last")
        raise VoGanError(
            f"training stopped at step {step + 1}, after {self._skipped_in_a_row} steps in a row that had to be "
            f"skipped: {error}, in the batch of {', '.join(dict.fromkeys(names))}. No weight was touched by them; "
            f"the last good state is in {self.run / 'checkpoints' / 'last'}. Lower the learning rate, or look at those "
            "frames with `vo-gan data check`"
        ) from error

    @torch.no_grad()
    def _validate(self, validation: Iterable[Any], logs: Logs | None) -> None:
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
        means = mean_of(self.fabric, {name: float(np.mean(values)) for name, values in figures.items()})
        if logs is not None:
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
        rates = {
            f"learning_rate/{name}": float(optimiser.param_groups[0]["lr"])
            for name, optimiser in self.learner.optimisers.items()
        }
        return rates | {"skipped": float(self.skipped)}

    def _save(self, name: str) -> None:
        own = {"extra": self.learner.extra_state(), "random": random_state()}
        processes = gathered(self.fabric, own)
        if self.fabric.is_global_zero:
            state = self._state() | {"processes": processes}
            save_checkpoint(self.run / "checkpoints" / name, self.learner.plain_networks(), self.resolved, state)
        # None goes on, perhaps to read it, before it is written.
        self.fabric.barrier()

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "best": self.best,
            "skipped": [self.skipped, self._skipped_in_a_row],
            "norms": self.learner.norms_state(),
            "optimisers": {name: _plain(optimiser).state_dict() for name, optimiser in self.learner.optimisers.items()},
        }


def _plain(optimiser: Any) -> torch.optim.Optimizer:
    return getattr(optimiser, "optimizer", optimiser)
