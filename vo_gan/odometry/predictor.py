"""Depth of single frames by a trained generator."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from vo_gan.device import Precision, available_precision
from vo_gan.errors import VoGanError
from vo_gan.models import DepthGenerator, PoseNet, PredictiveStack, StackState

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Networks:
    """Trained networks and what they need to know of themselves.

    Attributes:
        depth: the depth generator; None where depth comes from elsewhere.
        pose: the pose net; None where the weights came without one.
        size: (width, height) of the images they were trained on.
        scale: `metric`, or `relative` where lengths are right only up to one factor.
        stack: what they remember with; None for networks that see each frame, or the last pairs, on their own.
    """

    depth: DepthGenerator | None
    pose: PoseNet | None
    size: tuple[int, int]
    scale: str
    stack: PredictiveStack | None = None


class DepthPredictor:
    """Frames in, depth out. To networks that remember, each frame is the first of a drive.

    Args:
        networks: of which the depth generator is used.
        device: where it runs.
        precision: `fp32`, or `bf16`: under bfloat16 autocast.
    """

    def __init__(
        self, networks: Networks, *, device: torch.device | str = "cpu", precision: Precision = "fp32"
    ) -> None:
        self.size = networks.size
        self.device = torch.device(device)
        self._precision = available_precision(precision, self.device)
        self._generator = None if networks.depth is None else self.place(networks.depth)
        self._stack = None if networks.stack is None else self.place(networks.stack)

    def place(self, network: Network) -> Network:
        """A copy of a network on the device, ready to predict, in the memory layout of the faster convolutions.

        Under bfloat16 the encoder's convolutions are converted here, once: autocast would do it again in every frame.
        """
        placed = copy.deepcopy(network).to(self.device).eval()
        encoder = getattr(placed, "encoder", None)
        if self._precision == "bf16" and isinstance(encoder, nn.Module):
            for module in encoder.modules():
                if isinstance(module, nn.Conv2d):
                    module.to(torch.bfloat16)
        return placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def autocast(self) -> torch.autocast:
        """The context in which networks run."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._precision == "bf16")

    def prepare(self, frame: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 _ _"]:
        """A frame, RGB of any size, as the networks take it."""
        width, height = self.size
        if frame.shape[:2] != (height, width):
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        image = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)
        return image.permute(2, 0, 1)[None].float() / 255.0

    def depth(self, image: Float[Tensor, "1 3 h w"], state: StackState | None = None) -> Float[Tensor, "1 1 h w"]:
        """Z-depth of a prepared frame: metres, or relative (see `Networks.scale`).

        Args:
            state: what the stack remembers, if there is one; None at a drive's first frame.

        Raises:
            VoGanError: there is no depth generator.
        """
        if self._generator is None:
            raise VoGanError("there is no depth generator: give the depth of every frame")
        if state is None:
            state = self.start(image)
        with self.autocast():
            activation = self._generator(image, None if state is None else state.context)[0]
        return self._generator.depth(activation)

    def start(self, image: Float[Tensor, "1 3 h w"]) -> StackState | None:
        """What the stack remembers at a drive's first frame; None where there is no stack."""
        if self._stack is None:
            return None
        with self.autocast():
            return self._stack.start(image)

    @property
    def stack(self) -> PredictiveStack | None:
        """The stack on its device; None where there is none."""
        return self._stack

    @torch.inference_mode()
    def __call__(self, frame: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "_ _"]:
        """Z-depth of a frame at the networks' size."""
        return self.depth(self.prepare(frame))[0, 0].float().cpu().numpy()
