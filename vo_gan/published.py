"""Published weights as vo_gan checkpoints.

Monodepth2 (Godard et al. 2019) saves four files, told apart by what is in them: a depth encoder and decoder, a pose
encoder and decoder. vo_gan's resnet depth generator and pairwise pose net are these networks layer for layer.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.engine import save_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.models.depth import SCALES
from vo_gan.recipes import GanvoConfig

STEREO_UNIT = 5.4
"""Monodepth2's stereo-trained networks count the baseline as 0.1; KITTI's is 0.54 m."""
POSE_SCALE = 0.01
"""Its pose net multiplies its last layer by this."""

Weights = dict[str, Any]


def import_monodepth2(files: Sequence[Path], out: Path) -> Config:
    """Make a checkpoint from Monodepth2's encoder.pth and depth.pth and, if given, pose_encoder.pth and pose.pth.

    The order of the files does not matter. Weights trained with stereo give metric depth and motion.

    Raises:
        VoGanError: a file is missing, no such weights, of a network that vo_gan does not have, or holds code.
    """
    parts: dict[str, tuple[Path, Weights]] = {}
    for path in files:
        weights = read_weights(path)
        part = _part(path, weights)
        if part in parts:
            raise VoGanError(f"{path} and {parts[part][0]} are both a {part}: give each part once")
        parts[part] = (path, weights)
    for needed, file in (("depth encoder", "encoder.pth"), ("depth decoder", "depth.pth")):
        if needed not in parts:
            raise VoGanError(f"the {needed} is missing: give Monodepth2's {file} too")
    if ("pose encoder" in parts) != ("pose decoder" in parts):
        raise VoGanError("a pose net is two files: give both pose_encoder.pth and pose.pth, or neither")

    path, encoder = parts["depth encoder"]
    stereo, width, height = (encoder.get(key) for key in ("use_stereo", "width", "height"))
    if width is None or height is None:
        raise VoGanError(
            f"{path} does not say the image size it was trained at: expected Monodepth2's keys width and height"
        )
    unit = STEREO_UNIT if stereo else 1.0
    config = Config(
        name="monodepth2",
        scale="metric" if stereo else "relative",
        data=DataConfig(width=int(width), height=int(height)),
        ganvo=GanvoConfig(
            depth=DepthConfig(nearest=0.1, farthest=100.0, unit=unit),
            pose=PoseConfig(net="pairwise", memory=1, rotation_scale=POSE_SCALE, translation_scale=POSE_SCALE * unit),
        ),
    )
    networks: dict[str, nn.Module] = {"depth": build_depth_generator(config.ganvo.depth, (int(width), int(height)))}
    _fill(networks["depth"], path, _encoder_weights(encoder) | _depth_decoder_weights(*parts["depth decoder"]))
    if "pose encoder" in parts:
        networks["pose"] = build_pose_net(config.ganvo.pose)
        path, encoder = parts["pose encoder"]
        decoder = {key: value for key, value in parts["pose decoder"][1].items() if key.startswith("net.")}
        _fill(networks["pose"], path, _encoder_weights(encoder) | _pose_decoder_weights(decoder))
    save_checkpoint(out, networks, to_plain(config))
    return config


def read_weights(path: Path) -> Weights:
    """The tensors and numbers of a .pth file. A file with anything else in it, such as code, is refused unread.

    Raises:
        VoGanError: the file is missing, damaged, or holds more than weights.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise VoGanError(f"{path} does not exist") from error
    except pickle.UnpicklingError as error:
        raise VoGanError(
            f"{path} is refused: it is damaged or holds more than weights (loading it could run code). Get the file "
            "from its publisher again, or save its state_dict alone"
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise VoGanError(f"{path} cannot be read as PyTorch weights: {error}") from error
    if not isinstance(weights, Mapping) or not all(isinstance(key, str) for key in weights):
        raise VoGanError(f"{path} holds no state_dict: expected names with tensors")
    return dict(weights)


def _part(path: Path, weights: Weights) -> str:
    first = weights.get("encoder.conv1.weight")
    if isinstance(first, Tensor):
        if any(".conv3." in key for key in weights) or any(key.startswith("encoder.layer1.2.") for key in weights):
            raise VoGanError(
                f"{path} is a deeper encoder than ResNet-18, the one that vo_gan has: import ResNet-18 weights"
            )
        match first.shape[1]:
            case 3:
                return "depth encoder"
            case 6:
                return "pose encoder"
    if any(key.startswith("decoder.") for key in weights):
        return "depth decoder"
    if any(key.startswith("net.") for key in weights):
        return "pose decoder"
    raise VoGanError(f"{path} is none of Monodepth2's encoder.pth, depth.pth, pose_encoder.pth and pose.pth")


def _encoder_weights(weights: Weights) -> dict[str, Tensor]:
    return {
        key: value for key, value in weights.items() if key.startswith("encoder.") and not key.startswith("encoder.fc.")
    }


def _depth_decoder_weights(path: Path, weights: Weights) -> dict[str, Tensor]:
    """Monodepth2 lists ten blocks, two a level from the coarsest, then an output for each scale it was trained with."""
    renamed = {}
    for key, value in weights.items():
        _, number, rest = key.split(".", 2)
        index = int(number)
        if index < 10:
            block = "reduce" if index % 2 == 0 else "merge"
            renamed[f"{block}.{index // 2}.conv.{rest.removeprefix('conv.conv.')}"] = value
        else:
            renamed[f"heads.{index - 10}.conv.{rest.removeprefix('conv.')}"] = value
    missing = [scale for scale in range(SCALES) if f"heads.{scale}.conv.weight" not in renamed]
    if missing:
        raise VoGanError(
            f"{path} has no output for scale {missing[0]}: expected a decoder trained with all four scales"
        )
    return renamed


def _pose_decoder_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Four convolutions in a list; vo_gan's sequence has activations between them."""
    return {f"net.{2 * int(key.split('.')[1])}.{key.split('.')[2]}": value for key, value in weights.items()}


def _fill(network: nn.Module, path: Path, weights: Mapping[str, Tensor]) -> None:
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise VoGanError(
            f"{path} and its companion do not fit Monodepth2's networks: {' '.join(str(error).split())[:300]}"
        ) from error
