"""From a checkpoint folder to networks that predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from vo_gan.config import Config, config_from
from vo_gan.engine import AVERAGE, Checkpoint, load_checkpoint, tensors_of
from vo_gan.errors import VoGanError
from vo_gan.models import CoupledViews, PredictiveStack, StereoMatcher, build_depth_generator, build_pose_net
from vo_gan.odometry import LearnedMatcher, Matcher, Networks, PairNetworks, SgbmMatcher
from vo_gan.shipped import find_weights

SGBM = "sgbm"
"""Names OpenCV's semi-global matching where a folder with a network could stand."""


def load_networks(folder: Path) -> Networks:
    """The depth generator, pose net and, of SGANVO, stack of a checkpoint (or of a run folder's best), built as it
    says, on the CPU; their moving averages where there are any.

    Raises:
        VoGanError: there is no whole checkpoint, its recipe trains other networks, or its weights do not fit those that
            it describes.
    """
    checkpoint, config = open_checkpoint(folder)
    if config.recipe not in ("ganvo", "sganvo"):
        raise VoGanError(
            f"{checkpoint.folder} holds networks of the recipe {config.recipe}, which estimate no motion: expected "
            "weights of ganvo or sganvo"
        )
    size = (config.data.width, config.data.height)
    recipe = config.sganvo if config.recipe == "sganvo" else config.ganvo
    stack = PredictiveStack(config.sganvo.stack) if config.recipe == "sganvo" else None
    context = stack.context_channels if stack is not None else 0
    depth = build_depth_generator(recipe.depth, size, context)
    pose = build_pose_net(recipe.pose, context) if any(key.startswith("pose.") for key in checkpoint.tensors) else None
    for name, network in (("depth", depth), ("pose", pose), ("stack", stack)):
        if network is not None:
            _load(network, name, checkpoint)
    return Networks(depth=depth, pose=pose, size=size, scale=config.scale, stack=stack)


def load_pair_networks(folder: Path) -> PairNetworks:
    """The view synthesiser of a checkpoint of the recipe `coupled` (or of a run folder's best), on the CPU.

    Raises:
        VoGanError: there is no whole checkpoint, its recipe is another, it does not know its cameras, or its weights do
            not fit the network that it describes.
    """
    checkpoint, config = open_checkpoint(folder)
    if config.recipe != "coupled":
        raise VoGanError(
            f"{checkpoint.folder} holds networks of the recipe {config.recipe}: expected weights of coupled, which "
            "synthesise views"
        )
    if not config.coupled.rig.known:
        raise VoGanError(
            f"{checkpoint.folder / 'config.yaml'}: coupled.rig does not say which cameras were trained with: expected "
            "their focal length (share of the width) and baseline (metres), which training writes there"
        )
    views = CoupledViews(config.coupled.views)
    _load(views, "views", checkpoint)
    return PairNetworks(views=views, size=(config.data.width, config.data.height), rig=config.coupled.rig)


def load_matcher(folder: Path) -> StereoMatcher:
    """The matcher of a checkpoint of the recipe `stereo` (or of a run folder's best), on the CPU.

    Raises:
        VoGanError: there is no whole checkpoint, its recipe is another, or its weights do not fit the network that it
            describes.
    """
    checkpoint, config = open_checkpoint(folder)
    if config.recipe != "stereo":
        raise VoGanError(
            f"{checkpoint.folder} holds networks of the recipe {config.recipe}: expected weights of stereo, which "
            "match pairs; or match without a network, by sgbm"
        )
    matcher = StereoMatcher(config.stereo.matcher)
    _load(matcher, "matcher", checkpoint)
    return matcher


def choose_matcher(name: str, *, device: torch.device | str = "cpu", confidence: bool = True) -> Matcher:
    """The matcher that a command names.

    Args:
        name: `sgbm` for OpenCV's, else the folder of `load_matcher`.
        device: where a network runs.
        confidence: also match from right to left.

    Raises:
        VoGanError: see `load_matcher`.
    """
    if name == SGBM:
        return SgbmMatcher(confidence=confidence)
    return LearnedMatcher(load_matcher(Path(name)), device=device, confidence=confidence)


def open_checkpoint(folder: Path) -> tuple[Checkpoint, Config]:
    """A checkpoint, a run folder's best, or last where there is no best, or shipped weights by name; and its
    configuration.

    Raises:
        VoGanError: there is no whole checkpoint, or its configuration is none.
    """
    folder = find_weights(folder)
    if not (folder / "model.safetensors").exists() and (folder / "checkpoints").is_dir():
        best, last = folder / "checkpoints" / "best", folder / "checkpoints" / "last"
        folder = best if best.exists() else last
    checkpoint = load_checkpoint(folder)
    return checkpoint, config_from(checkpoint.config, str(folder / "config.yaml"))


def start_from(networks: Mapping[str, nn.Module], folder: Path) -> list[str]:
    """Give networks that are to be trained the weights of a checkpoint, those that it has; both a network and its
    moving average begin with the checkpoint's average where there is one.

    Returns:
        The names of those that it has.

    Raises:
        VoGanError: there is no whole checkpoint, it has none of the networks, or they are of another architecture.
    """
    checkpoint, _ = open_checkpoint(folder)
    found = []
    for name, network in networks.items():
        plain = name.removesuffix(AVERAGE)
        if tensors_of(checkpoint.tensors, plain):
            _set_weights(network, plain, checkpoint)
            found.append(name)
    if not found:
        raise VoGanError(f"{checkpoint.folder} holds none of the networks {', '.join(networks)}")
    return found


def _load(network: nn.Module, name: str, checkpoint: Checkpoint) -> None:
    """Set a network's weights for use."""
    _set_weights(network, name, checkpoint)
    network.eval().requires_grad_(False)


def _set_weights(network: nn.Module, name: str, checkpoint: Checkpoint) -> None:
    """Set a network's weights, those of its moving average where there is one."""
    tensors = tensors_of(checkpoint.tensors, name + AVERAGE) or tensors_of(checkpoint.tensors, name)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reasons = " ".join(str(error).split())[:400]
        raise VoGanError(
            f"{checkpoint.folder}: the weights are of another architecture than its config.yaml: {reasons}"
        ) from error
