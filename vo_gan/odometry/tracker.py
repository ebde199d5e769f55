"""Tracking: frames in, poses and depth out, one at a time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, UInt8
from torch import Tensor

from vo_gan.device import Precision
from vo_gan.errors import VoGanError
from vo_gan.geometry import inverse_warp, invert_transform, refine_motion
from vo_gan.models import StackState
from vo_gan.odometry.predictor import DepthPredictor, Networks


@dataclass(frozen=True)
class TrackedFrame:
    """What tracking one frame gives.

    Attributes:
        index: 0 for the first frame.
        world_from_camera: pose; the first frame's is the identity.
        depth: z-depth in metres (up to a factor where the scale is relative) at the networks' image size.
    """

    index: int
    world_from_camera: Float64[np.ndarray, "4 4"]
    depth: Float32[np.ndarray, "h w"]


class Tracker:
    """Follows a camera through a sequence of any length in constant memory.

    Networks with a stack keep its state from frame to frame, as in training; those with a recurrent pose net keep its
    features of the last pairs.

        tracker = Tracker(load_networks(Path("weights")), intrinsics)
        for frame in frames:
            tracked = tracker.track(frame)

    Args:
        networks: depth generator and pose net.
        intrinsics: pinhole matrix in pixels of images of `networks.size`; refinement and networks with a stack need it.
        refine: correct every motion by aligning the frames photometrically through the depth (see
            `vo_gan.geometry.alignment`).
        precision: `fp32`, or `bf16`: networks under bfloat16 autocast, poses and refinement in full precision.
        device: where the networks run.

    Raises:
        VoGanError: the weights hold no pose net and refinement is off; or refinement is on, or the networks have a
            stack, without intrinsics.
    """

    def __init__(
        self,
        networks: Networks,
        intrinsics: Float[np.ndarray, "3 3"] | None = None,
        *,
        refine: bool = False,
        precision: Precision = "fp32",
        device: torch.device | str = "cpu",
    ) -> None:
        if networks.pose is None and not refine:
            raise VoGanError("these weights hold no pose net: track with --refine, which estimates motion from depth")
        if refine and intrinsics is None:
            raise VoGanError("refinement needs intrinsics: give --intrinsics fx,fy,cx,cy")
        if networks.stack is not None and intrinsics is None:
            raise VoGanError("these networks predict each frame, which needs intrinsics: give --intrinsics fx,fy,cx,cy")
        self.refine = refine
        self._predictor = DepthPredictor(networks, device=device, precision=precision)
        self._intrinsics = None if intrinsics is None else torch.tensor(intrinsics, dtype=torch.float32)[None]
        self._pose = None if networks.pose is None else self._predictor.place(networks.pose)
        memory = 1 if networks.pose is None else networks.pose.config.memory
        self._features: deque[Tensor] = deque(maxlen=memory)
        self._count = 0
        self._world_from_camera = np.eye(4)
        self._previous: Tensor | None = None
        self._previous_depth: Tensor | None = None
        self._motion = torch.eye(4)[None]
        self._state: StackState | None = None

    @torch.inference_mode()
    def track(
        self, frame: UInt8[np.ndarray, "h w 3"], depth_map: Float32[np.ndarray, "dh dw"] | None = None
    ) -> TrackedFrame:
        """Take in the next frame, RGB of any size, and say where its camera stands and how deep it sees.

        Args:
            frame: the frame.
            depth_map: its z-depth at `networks.size`, known everywhere, where something else than the networks says it.
        """
        image = self._predictor.prepare(frame)
        self._recall(image)
        if depth_map is None:
            depth = self._predictor.depth(image, self._state)
        else:
            depth = torch.from_numpy(depth_map)[None, None].to(image.device)
        if self._previous is not None and self._previous_depth is not None:
            self._motion = self._next_from_previous(self._previous, image)
            self._observe(self._previous, image, depth)
            if self.refine and self._intrinsics is not None:
                self._motion = refine_motion(
                    self._previous.cpu(), self._previous_depth.cpu(), image.cpu(), self._intrinsics, self._motion
                )
            step = invert_transform(self._motion.double())[0].cpu().numpy()
            self._world_from_camera = _orthonormal(self._world_from_camera @ step)
        self._previous, self._previous_depth = image, depth
        tracked = TrackedFrame(
            index=self._count,
            world_from_camera=self._world_from_camera.copy(),
            depth=depth[0, 0].float().cpu().numpy(),
        )
        self._count += 1
        return tracked

    def _recall(self, image: Tensor) -> None:
        """Top down: bring the stack's state to the frame that has come."""
        stack = self._predictor.stack
        if stack is None:
            return
        with self._predictor.autocast():
            self._state = stack.start(image) if self._state is None else stack.advance(self._state)

    def _next_from_previous(self, previous: Tensor, image: Tensor) -> Tensor:
        """The motion by the pose net, with the stack's memory or its own of the last pairs; without a pose net, the
        last motion again."""
        if self._pose is None:
            return self._motion
        context = None if self._state is None else self._state.context
        with self._predictor.autocast():
            self._features.append(self._pose.read(self._pose.look(torch.cat((previous, image), dim=1)), context))
        return self._pose.transforms(torch.stack(tuple(self._features), dim=1))[:, -1].cpu()

    def _observe(self, previous: Tensor, image: Tensor, depth: Tensor) -> None:
        """Bottom up: tell the stack how the frame differs from what the frame before and the estimates let expect. The
        motion is the pose net's, as in training, whatever refinement makes of it."""
        stack = self._predictor.stack
        if stack is None or self._state is None or self._intrinsics is None:
            return
        motion = invert_transform(self._motion).to(image.device)
        predicted = inverse_warp(previous, depth, motion, self._intrinsics.to(image.device))
        with self._predictor.autocast():
            self._state, _ = stack.observe(self._state, image, predicted.image, predicted.mask)


def _orthonormal(pose: np.ndarray) -> np.ndarray:
    """The pose with the rotation nearest to its upper left block, so that rounding does not add up over a drive."""
    u, _, v = np.linalg.svd(pose[:3, :3])
    pose[:3, :3] = u @ v
    return pose
