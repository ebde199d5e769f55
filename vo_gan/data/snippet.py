"""The typed batch that every recipe trains on."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class Snippet:
    """A batch of short runs of consecutive frames.

    Attributes:
        images: RGB in [0, 1] in temporal order.
        right: right views of the same instants; zeros where there is none.
        has_right: which of the right views exist.
        intrinsics: pinhole matrices in pixels of these images.
        right_from_left: takes points of the left camera to the right camera, metres (identity without stereo).
        names: for messages, the frame name of every sample's first frame.
        runs: where each sample goes on from the one in its place in the batch before (see `make_run_loader`), the
            number of the run of frames that they are cut from; None where samples have nothing to do with each other.
        starts: which samples begin a run instead of going on; None as above.
    """

    images: Float[Tensor, "b n 3 h w"]
    right: Float[Tensor, "b n 3 h w"]
    has_right: Bool[Tensor, "b n"]
    intrinsics: Float[Tensor, "b 3 3"]
    right_from_left: Float[Tensor, "b 4 4"]
    names: tuple[str, ...]
    runs: Int64[Tensor, " b"] | None = None
    starts: Bool[Tensor, " b"] | None = None

    @property
    def image_count(self) -> int:
        """Left images in the batch."""
        return self.images.shape[0] * self.images.shape[1]

    def to(self, device: torch.device | str) -> Snippet:
        """The same batch on `device`."""
        moved = {
            field.name: getattr(self, field.name).to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)
