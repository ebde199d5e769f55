"""A trained network as a matcher."""

from __future__ import annotations

import copy

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from vo_gan.device import Precision, available_precision
from vo_gan.models import StereoMatcher
from vo_gan.odometry.disparity import SMALLEST, DisparityMap, agreement


class LearnedMatcher:
    """A `StereoMatcher` behind the interface of all matchers. It gives every pixel a disparity.

    Args:
        network: the trained network.
        iterations: corrections; None takes as many as the network was made for.
        confidence: also match from right to left, which takes as long again.
        device: where the network runs.
        precision: `fp32`, or `bf16`: under bfloat16 autocast.
    """

    def __init__(
        self,
        network: StereoMatcher,
        *,
        iterations: int | None = None,
        confidence: bool = True,
        device: torch.device | str = "cpu",
        precision: Precision = "fp32",
    ) -> None:
        self.iterations = iterations
        self.confidence = confidence
        self.device = torch.device(device)
        self._precision = available_precision(precision, self.device)
        placed = copy.deepcopy(network).to(self.device).eval().requires_grad_(False)
        self._network = placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def disparity(self, left: UInt8[np.ndarray, "h w 3"], right: UInt8[np.ndarray, "h w 3"]) -> DisparityMap:
        """See `Matcher`."""
        views = [self._prepared(image) for image in (left, right)]
        found = self._match(views[0], views[1])
        if not self.confidence:
            return DisparityMap(found)
        mirrored = self._match(views[1].flip(-1), views[0].flip(-1))[:, ::-1]
        return DisparityMap(found, agreement(found, mirrored))

    def _match(self, left: Tensor, right: Tensor) -> np.ndarray:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._precision == "bf16"):
            disparity = self._network(left, right, self.iterations).disparities[-1]
        return disparity[0, 0].clamp(min=SMALLEST).cpu().numpy()

    def _prepared(self, image: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
        return torch.from_numpy(np.ascontiguousarray(image)).to(self.device).permute(2, 0, 1)[None].float() / 255.0
