"""What the training loop trains: networks, optimisers and a step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vo_gan.engine.averages import AVERAGE
from vo_gan.engine.checkpoint import tensors_of
from vo_gan.errors import VoGanError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

NORM_MEMORY = 0.98
"""Share of the running mean of gradient norms that stays at every update: a memory of some fifty updates."""
NORMS_KNOWN = 50
"""Updates after which that mean is one to compare with."""

LARGE = 65_536
"""Values of a parameter from which on its gradient is worth not keeping."""


class NonFiniteError(ArithmeticError):
    """A loss or gradient is NaN, infinite or out of all proportion. It is raised before any weight has been touched by
    it."""


class HalfMovedError(ArithmeticError):
    """A gradient is NaN or infinite after some weights have moved already."""


class Learner(ABC):
    """Networks, the optimisers that train them, and what one step on one batch does.

    Attributes:
        networks: by name; their parameters are what a checkpoint's `model.safetensors` holds.
        optimisers: by name; no parameter is in two of them.
        clip_norm: gradients of one optimiser are scaled down to at most this norm; infinite for never.
        explosion: a gradient this many times as long as its running mean is refused; 0 for never. Training sets it.
        larger_is_better: validation figures whose largest value is the best; of all others it is the smallest.
        keeps_pictures: whether the pictures of a validation are also written as files.
        whole_gradients: whether a gradient is complete before any weight moves, as clipping, watching for explosions
            and skipping a step need it. Where not, and no setting needs it, every weight moves as soon as its own part
            is there: the same steps, without the memory of a gradient.
    """

    networks: dict[str, Any]
    optimisers: dict[str, Optimizer]
    clip_norm: float = 10.0
    explosion: float = 0.0
    larger_is_better: frozenset[str] = frozenset()
    keeps_pictures: bool = False
    whole_gradients: bool = True

    _part, _parts = 0, 1

    @abstractmethod
    def step(self, batch: Any, step: int) -> dict[str, Tensor]:
        """Train on one batch, step number `step`, and return the losses by name. Calls `update` for each optimiser."""

    @abstractmethod
    def validate(self, batch: Any) -> dict[str, Tensor]:
        """Figures of one batch, by name, see `larger_is_better`; nothing is trained."""

    @abstractmethod
    def pictures(self, batch: Any) -> dict[str, Tensor]:
        """RGB images `[3, h, w]` in [0, 1], by name, of what the networks make of one batch."""

    def place(self, fabric: Fabric, channels_last: bool) -> None:
        """Hand the networks and optimisers to `fabric`, which puts them on its device in its precision."""
        self._fabric = fabric
        self._norms: dict[str, tuple[int, float]] = {}
        self._updated: set[str] = set()
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        for name, network in self.networks.items():
            self.networks[name] = fabric.setup_module(network.to(memory_format=memory_format))
        for name, optimiser in self.optimisers.items():
            self.optimisers[name] = fabric.setup_optimizers(optimiser)  # type: ignore[assignment]

    @property
    def rank(self) -> int:
        """Number of this process among those that train together."""
        return self._fabric.global_rank

    def autocast(self) -> AbstractContextManager[None]:
        """The precision that networks run in, for those parts of them that are called one by one."""
        return self._fabric.autocast()

    def begin(self, part: int, parts: int) -> None:
        """Say that the next `step` sees part number `part` of `parts` of one large batch: gradients are added up, and
        the optimisers move at the last."""
        self._part, self._parts = part, parts
        self._updated.clear()

    def update(self, optimiser: str, loss: Tensor) -> None:
        """One step of the named optimiser down the gradient of `loss`.

        Several processes average their gradients first. Of a batch in parts, the parts before the last only add theirs.

        Raises:
            NonFiniteError: the loss or its gradient is not finite, or exploded; the weights are as before. All
                processes raise it if one does.
            HalfMovedError: the gradient is not finite, and `whole_gradients` is off; the weights are spoiled.
        """
        together = self._fabric.world_size > 1
        finite: Any = torch.isfinite(loss.detach())
        if together:
            finite = self._fabric.all_reduce(finite.float(), reduce_op="mean") == 1
        if not finite:
            raise NonFiniteError(f"the {optimiser}'s loss is {loss.item()}")
        if self._parts > 1 and optimiser in self._updated:
            raise VoGanError(
                f"the {optimiser} is updated several times in one step, which cannot be done in parts: "
                "set training.accumulate to 1"
            )
        self._updated.add(optimiser)
        chosen = self.optimisers[optimiser]
        if self._part == 0:
            chosen.zero_grad(set_to_none=True)
        clipped = math.isfinite(self.clip_norm) or self.explosion > 0
        if self.whole_gradients or clipped or together or self._parts > 1:
            self._fabric.backward(loss / self._parts if self._parts > 1 else loss)
            if self._part < self._parts - 1:
                return
            self._move(optimiser)
        else:
            with _moved_at_once(chosen, f"the {optimiser}'s loss"):
                self._fabric.backward(loss)
        self.stepped(optimiser)

    def stepped(self, optimiser: str) -> None:  # noqa: B027
        """What is to be done after an optimiser has moved its weights."""

    def drop_gradients(self) -> None:
        """Forget the gradients of a step that failed."""
        for optimiser in self.optimisers.values():
            optimiser.zero_grad(set_to_none=True)

    def set_mode(self, training: bool) -> None:
        """Put all networks into training or evaluation mode; averages are for evaluation only."""
        for name, network in self.networks.items():
            network.train(training and not name.endswith(AVERAGE))

    def plain_networks(self) -> dict[str, nn.Module]:
        """The networks without what fabric wrapped around them."""
        return {name: getattr(network, "module", network) for name, network in self.networks.items()}

    def extra_state(self) -> dict[str, Any]:
        """What an exact resume needs beside weights, optimisers and random state: tensors and plain values. Every
        process keeps its own."""
        return {}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Go on from `extra_state`."""

    def norms_state(self) -> dict[str, list[float]]:
        """The running means of gradient norms, as a checkpoint holds them."""
        return {name: [float(count), mean] for name, (count, mean) in self._norms.items()}

    def load_norms(self, state: Mapping[str, list[float]]) -> None:
        """Go on from `norms_state`."""
        self._norms = {name: (int(count), mean) for name, (count, mean) in state.items()}

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Set all weights from a checkpoint's tensors."""
        for name, network in self.plain_networks().items():
            network.load_state_dict(tensors_of(tensors, name))

    def _move(self, optimiser: str) -> None:
        """Let an optimiser step down the gradient that was gathered."""
        chosen = self.optimisers[optimiser]
        parameters = [parameter for group in chosen.param_groups for parameter in group["params"]]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if self._fabric.world_size > 1:
            self._average(gradients)
        norm = nn.utils.get_total_norm(gradients)
        if not torch.isfinite(norm):
            raise NonFiniteError(f"the gradient of the {optimiser}'s loss is {norm.item()}")
        if self.explosion:
            self._refuse_explosion(optimiser, norm.item())
        if math.isfinite(self.clip_norm):
            nn.utils.clip_grads_with_norm_(parameters, self.clip_norm, norm)
        chosen.step()
        # Now, not before the next backward: the next forward needs the memory.
        chosen.zero_grad(set_to_none=True)

    def _average(self, gradients: list[Tensor]) -> None:
        """Replace gradients by their mean over all processes: all of them in one message."""
        lengths = [gradient.numel() for gradient in gradients]
        flat: Any = self._fabric.all_reduce(torch.cat([each.flatten() for each in gradients]), reduce_op="mean")
        for gradient, mean in zip(gradients, flat.split(lengths), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def _refuse_explosion(self, optimiser: str, norm: float) -> None:
        count, mean = self._norms.get(optimiser, (0, norm))
        if count >= NORMS_KNOWN and norm > self.explosion * mean:
            raise NonFiniteError(
                f"the gradient of the {optimiser}'s loss is {norm:.3g} long, {norm / mean:.0f} times its running mean"
            )
        self._norms[optimiser] = (count + 1, NORM_MEMORY * mean + (1 - NORM_MEMORY) * norm)


@contextmanager
def _moved_at_once(optimiser: Any, of: str) -> Iterator[None]:
    """Each of an optimiser's large parameters takes its step as soon as a backward pass has its gradient complete, and
    drops the gradient; the small ones, which hold little memory, take it together at the end.

    An optimiser's step passes over parameters that have no gradient: those that are not to move yet are hidden by
    keeping theirs elsewhere.
    """
    stepping = getattr(optimiser, "optimizer", optimiser)
    waiting: list[tuple[nn.Parameter, Tensor]] = []

    def arrived(parameter: nn.Parameter) -> None:
        gradient, parameter.grad = parameter.grad, None
        length = torch.linalg.vector_norm(gradient)
        if not torch.isfinite(length):
            raise HalfMovedError(f"the gradient of {of} is {length.item()}")
        if parameter.numel() < LARGE:
            waiting.append((parameter, gradient))  # type: ignore[arg-type]
            return
        parameter.grad = gradient
        stepping.step()
        parameter.grad = None

    hooks = [
        parameter.register_post_accumulate_grad_hook(arrived)
        for group in optimiser.param_groups
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    try:
        yield
        for parameter, gradient in waiting:
            parameter.grad = gradient
        stepping.step()
        stepping.zero_grad(set_to_none=True)
    finally:
        for hook in hooks:
            hook.remove()
