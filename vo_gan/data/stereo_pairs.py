"""The typed batch that stereo matchers train on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class StereoPairs:
    """A batch of rectified pairs with the disparity of the left view.

    What the left image shows at column x, the right image shows at column x - disparity of the same row.

    Attributes:
        left: RGB in [0, 1].
        right: RGB in [0, 1].
        disparity: pixels of these images, >= 0; where `mask` is False it may be anything finite.
        mask: where `disparity` is known; whether also of what the right image does not show is up to the source.
        names: for messages, where every pair comes from.
    """

    left: Float[Tensor, "b 3 h w"]
    right: Float[Tensor, "b 3 h w"]
    disparity: Float[Tensor, "b 1 h w"]
    mask: Bool[Tensor, "b 1 h w"]
    names: tuple[str, ...]

    @property
    def image_count(self) -> int:
        """Pairs in the batch; the rate of a training counts left images."""
        return self.left.shape[0]

    def to(self, device: torch.device | str) -> StereoPairs:
        """The same batch on `device`."""
        return replace(
            self,
            left=self.left.to(device, non_blocking=True),
            right=self.right.to(device, non_blocking=True),
            disparity=self.disparity.to(device, non_blocking=True),
            mask=self.mask.to(device, non_blocking=True),
        )
