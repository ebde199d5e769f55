"""Published generators as vo_gan checkpoints.

pytorch-CycleGAN-and-pix2pix (Zhu, Isola et al.) saves `latest_net_G.pth` or, for the two ways, `..._G_A.pth` and
`..._G_B.pth`; StarGAN (Choi et al.) saves `200000-G.pth`. Their parameters come in the order of vo_gan's networks, and
width, depth and normalisation are read off them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from vo_gan.engine import save_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.gans.data import DataShape
from vo_gan.gans.networks import build_network
from vo_gan.gans.run import configure
from vo_gan.progress import say
from vo_gan.published import read_weights

Kind = Literal["cyclegan", "pix2pix", "stargan"]
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
RESNET_OTHERS = 6
"""Convolutions of a residual generator outside its blocks."""
SIZE = {"cyclegan": 256, "pix2pix": 256, "stargan": 128}


def import_gan(kind: Kind, files: Sequence[Path], out: Path, classes: Sequence[str] = ()) -> Any:
    """Make a checkpoint of published generator weights; returns its configuration.

    Args:
        kind: whose weights they are.
        files: the generator; for CycleGAN, if wanted, also the one of the way back.
        out: the checkpoint folder.
        classes: names of StarGAN's domains, in their order; numbers if none are given.

    Raises:
        VoGanError: a file is missing, holds code, or no such generator.
    """
    if not 1 <= len(files) <= (2 if kind == "cyclegan" else 1):
        raise VoGanError(
            f"{len(files)} files are given: a {kind} has one generator" + ", or two" * (kind == "cyclegan")
        )
    made = [_generator(kind, path) for path in files]
    names = ("to_second", "to_first") if kind == "cyclegan" else ("generator",)
    arguments = dict(made[0][0])
    if len({tuple(sorted(given.items())) for given, _ in made}) > 1:
        raise VoGanError(f"{files[0]} and {files[1]} are generators of different sizes: give the two of one training")
    size = [SIZE[kind], SIZE[kind]]
    wanted = arguments.pop("out_channels")
    given = arguments.pop("in_channels") - (domains := arguments.pop("domains", 0))
    if classes and len(classes) != domains:
        raise VoGanError(f"{len(classes)} classes are named, but {files[0]} has {domains}")
    labels = list(classes) or [str(number) for number in range(domains)]
    shape = DataShape([given, *size], [] if domains else [wanted, *size], labels)
    config = configure(
        kind, None, [part for key, value in arguments.items() for part in (f"--model.{key}", f"{value}")]
    )
    config = dataclasses.replace(config, shape=shape)
    networks = {name: network for name, (_, network) in zip(names, made, strict=False)}
    save_checkpoint(out, networks, dataclasses.asdict(config))
    return config


def _generator(kind: Kind, path: Path) -> tuple[dict[str, Any], nn.Module]:
    """The settings that the weights speak of, and the network with these weights."""
    weights = {key: value for key, value in read_weights(path).items() if isinstance(value, Tensor)}
    convolutions = [value for value in weights.values() if value.dim() == 4]
    scales = [key for key, value in weights.items() if value.dim() == 1 and key.endswith(".weight")]
    try:
        match kind:
            case "pix2pix":
                arguments = _unet(convolutions, "batch" if scales else "instance")
                network = build_network("unet_generator", **arguments)
            case "cyclegan":
                arguments = _resnet(convolutions, "batch" if scales else "instance")
                network = build_network("resnet_generator", **arguments)
            case "stargan":
                arguments = _stargan(convolutions)
                given = {key: arguments[key] for key in ("width", "domains", "blocks")}
                network = build_network("stargan_generator", channels=arguments["out_channels"], **given)
        _fill(network, path, weights)
    except (IndexError, ValueError, RuntimeError) as error:
        raise VoGanError(f"{path} is no {kind} generator: {' '.join(str(error).split())[:200]}") from error
    return arguments, network


def _unet(convolutions: Sequence[Tensor], norm: str) -> dict[str, Any]:
    if not convolutions or convolutions[0].shape[2:] != (4, 4):
        raise ValueError("its first convolution is not 4x4, as that of the U-Net is")
    width, given = convolutions[0].shape[:2]
    wanted = convolutions[-1].shape[1]
    return {
        "in_channels": given,
        "out_channels": wanted,
        "downs": len(convolutions) // 2,
        "width": width,
        "norm": norm,
    }


def _resnet(convolutions: Sequence[Tensor], norm: str) -> dict[str, Any]:
    if not convolutions or convolutions[0].shape[2:] != (7, 7):
        raise ValueError("its first convolution is not 7x7, as that of the residual generator is")
    width, given = convolutions[0].shape[:2]
    blocks = (len(convolutions) - RESNET_OTHERS) // 2
    return {
        "in_channels": given,
        "out_channels": convolutions[-1].shape[0],
        "blocks": blocks,
        "width": width,
        "norm": norm,
    }


def _stargan(convolutions: Sequence[Tensor]) -> dict[str, Any]:
    found = _resnet(convolutions, "")
    del found["norm"]
    domains = found["in_channels"] - found["out_channels"]
    if domains < 1:
        raise ValueError("its first convolution is given no domain beside the image")
    return found | {"domains": domains}


def _fill(network: nn.Module, path: Path, weights: dict[str, Tensor]) -> None:
    """Set the network's tensors, each kind in its order; statistics that the network does not keep are dropped."""
    own = network.state_dict()
    for ending in ("", *STATISTICS):
        given = _of_kind(weights, ending)
        wanted = _of_kind(own, ending)
        if ending and (not wanted or not given):
            if given:
                say(
                    f"{path}: dropped {len(given)} {ending} ({', '.join(list(given)[:2])}, ...): statistics of an "
                    "instance normalisation, which keeps none",
                )
            continue
        if [value.shape for value in given.values()] != [value.shape for value in wanted.values()]:
            raise ValueError(f"{len(given)} tensors {ending} do not fit the {len(wanted)} of the network")
        own |= dict(zip(wanted, given.values(), strict=True))
    network.load_state_dict(own)


def _of_kind(weights: dict[str, Tensor], ending: str) -> dict[str, Tensor]:
    """Parameters for no ending, else statistics with that ending."""
    if ending:
        return {key: value for key, value in weights.items() if key.endswith(ending)}
    return {key: value for key, value in weights.items() if not key.endswith(STATISTICS)}
