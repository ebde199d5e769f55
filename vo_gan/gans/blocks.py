"""Pieces that the networks of several variants share."""

from __future__ import annotations

from typing import Literal

from torch import nn

Norm = Literal["batch", "instance", "instance_tracked", "none"]


def norm_layer(norm: Norm, channels: int) -> list[nn.Module]:
    """The normalisation layer as a list to splice into a Sequential: empty for `none`.

    Instance normalisation has no learned scale, as in pix2pix and CycleGAN; `instance_tracked` keeps running
    statistics beside it.
    """
    match norm:
        case "batch":
            return [nn.BatchNorm2d(channels)]
        case "instance":
            return [nn.InstanceNorm2d(channels)]
        case "instance_tracked":
            return [nn.InstanceNorm2d(channels, track_running_stats=True)]
        case "none":
            return []
        case _:
            raise ValueError(f"unknown norm {norm!r}: known are batch, instance, instance_tracked and none")


def initialise_normal(module: nn.Module, deviation: float = 0.02) -> None:
    """DCGAN's initialisation (Radford et al. 2016): convolutions N(0, 0.02), batch norm scales N(1, 0.02), biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, deviation)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1.0, deviation)
            nn.init.zeros_(part.bias)
