"""What the training loop trains: networks, optimisers and a step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from vo_gan.engine.checkpoint import tensors_of

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class NonFiniteError(ArithmeticError):
    """A loss or gradient is NaN or infinite. It is raised before any weight has been touched by it."""


class Learner(ABC):
    """Networks, the optimisers that train them, and what one step on one batch does.

    Attributes:
        networks: by name; their parameters are what a checkpoint's `model.safetensors` holds.
        optimisers: by name; no parameter is in two of them.
        clip_norm: gradients of one optimiser are scaled down to at most this norm; infinite for never.
        larger_is_better: validation figures whose largest value is the best; of all others it is the smallest.
        keeps_pictures: whether the pictures of a validation are also written as files.
    """

    networks: dict[str, Any]
    optimisers: dict[str, Optimizer]
    clip_norm: float = 10.0
    larger_is_better: frozenset[str] = frozenset()
    keeps_pictures: bool = False

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
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        for name, network in self.networks.items():
            self.networks[name] = fabric.setup_module(network.to(memory_format=memory_format))
        for name, optimiser in self.optimisers.items():
            self.optimisers[name] = fabric.setup_optimizers(optimiser)  # type: ignore[assignment]

    def update(self, optimiser: str, loss: Tensor) -> Tensor:
        """One step of the named optimiser down the gradient of `loss`; returns the gradient's norm.

        Raises:
            NonFiniteError: the loss or its gradient is not finite; the weights are as before.
        """
        if not torch.isfinite(loss):
            raise NonFiniteError(f"the {optimiser}'s loss is {loss.item()}")
        chosen = self.optimisers[optimiser]
        chosen.zero_grad(set_to_none=True)
        self._fabric.backward(loss)
        parameters = [parameter for group in chosen.param_groups for parameter in group["params"]]
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if not torch.isfinite(norm):
            raise NonFiniteError(f"the gradient of the {optimiser}'s loss is {norm.item()}")
        if math.isfinite(self.clip_norm):
            nn.utils.clip_grads_with_norm_(parameters, self.clip_norm, norm)
        chosen.step()
        # Now, not before the next backward: the next forward needs the memory.
        chosen.zero_grad(set_to_none=True)
        return norm

    def set_mode(self, training: bool) -> None:
        """Put all networks into training or evaluation mode."""
        for network in self.networks.values():
            network.train(training)

    def plain_networks(self) -> dict[str, nn.Module]:
        """The networks without what fabric wrapped around them."""
        return {name: getattr(network, "module", network) for name, network in self.networks.items()}

    def extra_state(self) -> dict[str, Any]:
        """What an exact resume needs beside weights, optimisers and random state: tensors and plain values."""
        return {}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Go on from `extra_state`."""

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Set all weights from a checkpoint's tensors."""
        for name, network in self.plain_networks().items():
            network.load_state_dict(tensors_of(tensors, name))
