"""What GANs that turn images into images have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vo_gan.errors import VoGanError
from vo_gan.gans.data.batches import DataShape
from vo_gan.gans.figures import kid, psnr, ssim
from vo_gan.gans.inference import Noise, Stats, at_test_time
from vo_gan.gans.perceptual import Vgg
from vo_gan.gans.pictures import as_rgb, grid
from vo_gan.gans.variants.variant import Variant

PICTURED = 6


class TranslationVariant(Variant):
    """Makes an image from an image.

    Attributes:
        divisor: sides of images must divide by it.
        smallest: side of an image.
    """

    divisor: int
    smallest: int

    def wishes(self) -> list[str]:
        """What may be asked for; empty where there is only one translation."""
        return []

    def direction(self, wanted: str) -> tuple[str, tuple[Tensor, ...]]:
        """The generator's name and what it is given beside the image.

        Raises:
            VoGanError: there is no such wish.
        """
        if wanted:
            raise VoGanError(f"a {self.variant} translates in one way only: leave out --to")
        return self.generators[0], ()

    def translate(
        self,
        images: Tensor,
        wanted: str = "",
        stats: Stats | None = None,
        noise: Noise | None = None,
        seed: int = 0,
    ) -> Tensor:
        """The images' translations, in [-1, 1].

        Args:
            images: `[b, c, h, w]` in [-1, 1], of sides that `divisor` divides.
            wanted: one of `wishes`.
            stats: see `vo_gan.gans.inference`.
            noise: see `vo_gan.gans.inference`.
            seed: of the noise.
        """
        name, conditions = self.direction(wanted)
        conditions = tuple(part.expand(len(images), -1) for part in conditions)
        with torch.random.fork_rng(), torch.no_grad(), at_test_time(self.for_use(name), stats, noise) as generator:
            torch.manual_seed(seed)
            return generator(images, *conditions)

    def validate(self, batch: Any) -> dict[str, Tensor]:
        """PSNR and SSIM where the truth is known, KID to the wanted domain where there are enough images."""
        made = self.translate(batch.first)
        figures: dict[str, Tensor] = {}
        if batch.aligned:
            figures |= {"psnr": psnr(made, batch.second), "ssim": ssim(made, batch.second)}
        if len(made) > 1:
            figures["kid"] = kid(self.judge.features(batch.second), self.judge.features(made))
        return figures

    def pictures(self, batch: Any) -> dict[str, Tensor]:
        """Rows of given, made, and wanted (or any other of its domain)."""
        first, second = batch.first[:PICTURED], batch.second[:PICTURED]
        return {"translations": grid(rows(first, self.translate(first), second), columns=3)}


def rows(*columns: Tensor) -> Tensor:
    """Batches of images of one size as one batch, in RGB, one of each in turn."""
    coloured = [2 * as_rgb(column) - 1 for column in columns]
    return torch.stack(coloured, dim=1).flatten(0, 1)


def require_images(shape: DataShape) -> None:
    """Refuse data that are no pairs of images."""
    if len(shape.first) != 3 or len(shape.second) != 3:
        raise VoGanError("this variant needs pairs of images")


def features_from(weights: str, tap: str | Sequence[str], width: int) -> Vgg:
    """VGG19 up to a layer, of published weights or, where none are given, random."""
    taps = [tap] if isinstance(tap, str) else list(tap)
    return Vgg(19, taps, Path(weights) if weights else None, width=width)


class Content(nn.Module):
    """Features of images in [-1, 1] of one or three channels."""

    def __init__(self, features: Vgg) -> None:
        super().__init__()
        self.features = features

    def forward(self, image: Tensor) -> list[Tensor]:
        """The feature maps."""
        return self.features(image if image.shape[1] == 3 else image[:, :1].expand(-1, 3, -1, -1))


def placed(module: nn.Module, like: Tensor) -> Any:
    """The module on the device of a tensor."""
    return module.to(like.device)
