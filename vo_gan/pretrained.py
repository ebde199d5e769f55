"""From a checkpoint folder to networks that predict."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from vo_gan.config import config_from
from vo_gan.engine import load_checkpoint, tensors_of
from vo_gan.errors import VoGanError
from vo_gan.models import build_depth_generator, build_pose_net
from vo_gan.odometry import Networks


def load_networks(folder: Path) -> Networks:
    """The depth generator and pose net of a checkpoint (or of a run folder's best), built as it says, on the CPU.

    Raises:
        VoGanError: there is no whole checkpoint, or its weights do not fit the networks that it describes.
    """
    if not (folder / "model.safetensors").exists() and (folder / "checkpoints").is_dir():
        best, last = folder / "checkpoints" / "best", folder / "checkpoints" / "last"
        folder = best if best.exists() else last
    checkpoint = load_checkpoint(folder)
    config = config_from(checkpoint.config, str(folder / "config.yaml"))
    size = (config.data.width, config.data.height)
    networks: dict[str, nn.Module] = {"depth": build_depth_generator(config.ganvo.depth, size)}
    if any(key.startswith("pose.") for key in checkpoint.tensors):
        networks["pose"] = build_pose_net(config.ganvo.pose)
    for name, network in networks.items():
        try:
            network.load_state_dict(tensors_of(checkpoint.tensors, name))
        except RuntimeError as error:
            reasons = " ".join(str(error).split())[:400]
            raise VoGanError(
                f"{folder}: the weights are of another architecture than its config.yaml: {reasons}"
            ) from error
        network.eval().requires_grad_(False)
    return Networks(depth=networks["depth"], pose=networks.get("pose"), size=size, scale=config.scale)  # type: ignore[arg-type]
