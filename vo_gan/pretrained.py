"""From a checkpoint folder to networks that predict."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from vo_gan.config import config_from
from vo_gan.engine import AVERAGE, Checkpoint, load_checkpoint, tensors_of
from vo_gan.errors import VoGanError
from vo_gan.models import PredictiveStack, build_depth_generator, build_pose_net
from vo_gan.odometry import Networks


def load_networks(folder: Path) -> Networks:
    """The depth generator, pose net and, of SGANVO, stack of a checkpoint (or of a run folder's best), built as it
    says, on the CPU; their moving averages where there are any.

    Raises:
        VoGanError: there is no whole checkpoint, or its weights do not fit the networks that it describes.
    """
    if not (folder / "model.safetensors").exists() and (folder / "checkpoints").is_dir():
        best, last = folder / "checkpoints" / "best", folder / "checkpoints" / "last"
        folder = best if best.exists() else last
    checkpoint = load_checkpoint(folder)
    config = config_from(checkpoint.config, str(folder / "config.yaml"))
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


def _load(network: nn.Module, name: str, checkpoint: Checkpoint) -> None:
    """Set a network's weights, those of its moving average where there is one."""
    tensors = tensors_of(checkpoint.tensors, name + AVERAGE) or tensors_of(checkpoint.tensors, name)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reasons = " ".join(str(error).split())[:400]
        raise VoGanError(
            f"{checkpoint.folder}: the weights are of another architecture than its config.yaml: {reasons}"
        ) from error
    network.eval().requires_grad_(False)
