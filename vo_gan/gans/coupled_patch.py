"""A PatchGAN for pairs of images, coupled as in CoupledGAN (Liu and Tuzel 2016, arXiv:1606.07536).

Two discriminators, one for each image of a pair: their first layers are private, since the two domains look different,
and their last are shared, since what makes an image real is the same for both.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import Norm, initialise_normal
from vo_gan.gans.discriminator import Discriminator
from vo_gan.gans.patch_discriminator import patch_stages, require_patch

PADDING = 1


class CoupledPatchDiscriminator(Discriminator):
    """Judges both images of a pair, each on its own, and returns what every layer sees, for feature matching.

    Args:
        in_channels: channels of one image.
        width: channels after the first layer; they double from layer to layer up to eight times that.
        layers: strided layers, after which there are two more.
        private: how many of the first layers each of the two discriminators has to itself.
        norm: normalisation between; none in the first layer. Not `batch` where there is a gradient penalty.

    Raises:
        ValueError: not one private layer and one shared.
    """

    def __init__(
        self, in_channels: int = 3, width: int = 64, layers: int = 3, private: int = 1, norm: Norm = "instance"
    ) -> None:
        super().__init__()
        if not 1 <= private <= layers + 1:
            raise ValueError(f"of {layers + 2} layers at least one is private and one shared, so not {private} private")
        self.strided, self.norm = layers, norm

        def stages() -> list[nn.Module]:
            every = patch_stages(in_channels, width, layers, norm, PADDING, widest=8 * width)
            return [nn.Sequential(*stage) for stage in every]

        first, second = stages(), stages()
        self.first = nn.ModuleList(first[:private])
        self.second = nn.ModuleList(second[:private])
        self.shared = nn.ModuleList(first[private:])
        initialise_normal(self)

    def layers_of(self, domain: int) -> list[nn.Module]:
        """All layers, first to last, of the discriminator of the first (0) or the second (1) image."""
        return [*(self.first, self.second)[domain], *self.shared]

    def forward(self, pair: Float[Tensor, "b 2 c h w"]) -> list[Float[Tensor, "2*b _ _ _"]]:
        """The features after every layer, the last of which are the logits, one per patch: those of all first images,
        then those of all second ones.

        Raises:
            VoGanError: the images are too small for a patch.
        """
        images = list(pair.unbind(1))
        require_patch(images[0], self.strided, self.norm, PADDING)
        features = []
        for layers in zip(self.first, self.second, strict=True):
            images = [layer(image) for layer, image in zip(layers, images, strict=True)]
            features.append(torch.cat(images))
        for layer in self.shared:
            features.append(layer(features[-1]))
        return features

    def verdicts(self, output: list[Tensor]) -> list[Tensor]:
        """The logits, large meaning real."""
        return [output[-1]]
