"""A pool of earlier generated images for the discriminator (Shrivastava et al. 2017, arXiv:1612.07828; CycleGAN)."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


class ReplayPool:
    """Up to `capacity` generated images: it fills first, then each image is swapped for an older one half the time.

    Args:
        capacity: number of images kept; 0 hands every image straight back.
        seed: of its choices.
    """

    def __init__(self, capacity: int = 50, seed: int = 0) -> None:
        self.capacity = capacity
        self._images: list[Tensor] = []
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self._images)

    def exchange(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """As many images for the discriminator as were given: new ones, or older ones in whose place they are kept."""
        if self.capacity == 0:
            return images.detach()
        return torch.stack([self._exchange(image) for image in images.detach()])

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed training needs to go on with the same images and choices."""
        return {"images": list(self._images), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self._images = list(state["images"])
        self._generator.set_state(state["generator"])

    def _exchange(self, image: Tensor) -> Tensor:
        if len(self._images) < self.capacity:
            self._images.append(image.clone())
            return image
        if torch.rand((), generator=self._generator) < 0.5:
            return image
        place = int(torch.randint(self.capacity, (), generator=self._generator))
        older, self._images[place] = self._images[place], image.clone()
        return older.to(image.device)
