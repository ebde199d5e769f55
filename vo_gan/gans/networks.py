"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from vo_gan.gans.patch_discriminator import PatchDiscriminator

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "patch_discriminator": PatchDiscriminator,
}


def build_network(name: str, **arguments: Any) -> nn.Module:
    """The network called `name`, freshly initialised. Its arguments are those of its class.

    Raises:
        ValueError: there is no such network.
    """
    if name not in NETWORKS:
        raise ValueError(f"unknown network {name!r}: known are {', '.join(sorted(NETWORKS))}")
    return NETWORKS[name](**arguments)
