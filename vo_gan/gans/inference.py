"""What normalisation and dropout do at test time: the most asked-about point of image translation, as two arguments.

Training mode and evaluation mode are not enough: pix2pix normalises by the tested image itself and keeps its dropout,
StarGAN and DeblurGAN keep running statistics that were never meant to be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

Stats = Literal["batch", "instance", "running"]
Noise = Literal["on", "off"]
_Norm = _BatchNorm | _InstanceNorm


@dataclass(frozen=True)
class Inference:
    """How a network is meant to be tested.

    Attributes:
        stats: `batch` normalises by the batch tested (a layer of instance normalisation by each sample), `instance`
            by each sample alone whatever the layer, `running` by the statistics gathered in training, where a layer
            has any.
        noise: whether dropout stays on.
    """

    stats: Stats = "running"
    noise: Noise = "off"


def default_inference(network: nn.Module) -> Inference:
    """How the network's paper tests it: running statistics without noise where it says nothing."""
    return getattr(network, "inference", Inference())


@contextmanager
def at_test_time(
    network: nn.Module, stats: Stats | None = None, noise: Noise | bool | None = None
) -> Iterator[nn.Module]:
    """The network as it is to be tested; afterwards it is exactly as before, running statistics included.

    Args:
        stats: see `Inference`; None is the paper's way.
        noise: see `Inference` (YAML reads `on` and `off` as booleans, so those do too); None is the paper's way.

    Raises:
        ValueError: an unknown value, or statistics that a layer of this network does not have.
    """
    default = default_inference(network)
    stats = default.stats if stats is None else stats
    if isinstance(noise, bool):
        noise = "on" if noise else "off"
    noise = default.noise if noise is None else noise
    if stats not in ("batch", "instance", "running"):
        raise ValueError(f"unknown stats {stats!r}: known are batch, instance and running")
    if noise not in ("on", "off"):
        raise ValueError(f"unknown noise {noise!r}: known are on and off")

    training = {module: module.training for module in network.modules()}
    replaced: list[nn.Module] = []
    try:
        network.eval()
        for module in network.modules():
            if isinstance(module, _DropoutNd):
                module.train(noise == "on")
            elif isinstance(module, _Norm) and stats != "running":
                module.forward = partial(_normaliser(module, stats), module)  # type: ignore[method-assign]
                replaced.append(module)
        yield network
    finally:
        for module in replaced:
            del module.forward
        for module, mode in training.items():
            module.training = mode


def _normaliser(module: _Norm, stats: Stats) -> Callable[[_Norm, Tensor], Tensor]:
    """What the layer does with the statistics of its input; running statistics are neither read nor written."""
    if isinstance(module, _BatchNorm) and stats == "batch":
        return _by_batch
    if isinstance(module, nn.BatchNorm1d):
        raise ValueError("a vector has no statistics of its own: test this network with stats='batch' or 'running'")
    return _by_instance


def _by_batch(module: _Norm, x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, module.weight, module.bias, training=True, eps=module.eps)


def _by_instance(module: _Norm, x: Tensor) -> Tensor:
    return F.instance_norm(x, weight=module.weight, bias=module.bias, use_input_stats=True, eps=module.eps)
