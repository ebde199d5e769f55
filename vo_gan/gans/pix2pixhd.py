"""pix2pixHD (Wang et al. 2018, arXiv:1711.11585): coarse-to-fine generator, multi-scale discriminators."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import Norm, ResidualBlock, Upsample, initialise_normal, require_multiple
from vo_gan.gans.discriminator import Discriminator
from vo_gan.gans.inference import Inference
from vo_gan.gans.patch_discriminator import patch_stages, require_patch
from vo_gan.gans.resnet import ResnetGenerator, decoder, encoder, to_image


def _halving() -> nn.Module:
    """Half the size; a border pixel is the mean of the pixels that exist."""
    return nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)


class GlobalGenerator(ResnetGenerator):
    """The coarse half, G1: CycleGAN's residual generator with four downsamplings.

    Args:
        in_channels: channels of the label map (and edges) given.
        out_channels: channels of the image made, in [-1, 1].
        width: channels after the first layer.
        downs: number of downsamplings; sides must divide by `2**downs`.
        blocks: number of residual blocks.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int = 64,
        downs: int = 4,
        blocks: int = 9,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__(in_channels, out_channels, width, blocks, downs, norm="instance", upsample=upsample)


class Enhancer(nn.Module):
    """Halves an image by convolution, adds the features of the part below and doubles the sum.

    Args:
        in_channels: channels of the image given.
        width: channels at full size.
        blocks: residual blocks at half size.
        upsample: `deconv` or `resize`.
        out_channels: of the image that the last enhancer ends in; None for one that ends in features.
    """

    def __init__(self, in_channels: int, width: int, blocks: int, upsample: Upsample, out_channels: int | None) -> None:
        super().__init__()
        self.down = nn.Sequential(*encoder(in_channels, width, 1, "instance"))
        self.up = nn.Sequential(
            *(ResidualBlock(2 * width, "instance") for _ in range(blocks)),
            *decoder(width, 1, "instance", upsample),
            *(to_image(width, out_channels) if out_channels else []),
        )

    def forward(
        self, image: Float[Tensor, "b in_channels h w"], below: Float[Tensor, "b c h2 w2"]
    ) -> Float[Tensor, "b out_channels h w"]:
        """Features, or the image, at full size."""
        return self.up(self.down(image) + below)


class LocalEnhancer(nn.Module):
    """G2 around G1: the global part works at half size, the enhancer adds what full size shows.

    Args:
        in_channels: channels of the label map (and edges) given.
        out_channels: channels of the image made, in [-1, 1].
        width: channels of the outermost enhancer; the global part has `width * 2**enhancers`.
        global_downs: downsamplings of the global part; sides must divide by `2**(global_downs + enhancers)`.
        global_blocks: residual blocks of the global part.
        enhancers: how many times the size is doubled.
        local_blocks: residual blocks of each enhancer.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    inference = Inference(stats="instance", noise="on")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int = 32,
        global_downs: int = 4,
        global_blocks: int = 9,
        enhancers: int = 1,
        local_blocks: int = 3,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__()
        if enhancers < 1:
            raise ValueError(f"a local enhancer network has at least one enhancer, not {enhancers}")
        self.divisor = 2 ** (global_downs + enhancers)
        coarse = GlobalGenerator(in_channels, out_channels, width * 2**enhancers, global_downs, global_blocks, upsample)
        self.global_part = coarse.layers[:-2]  # without `to_image`
        self.enhancers = nn.ModuleList(
            Enhancer(in_channels, width * 2**level, local_blocks, upsample, None if level else out_channels)
            for level in reversed(range(enhancers))
        )
        self.halve = _halving()
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b in_channels h w"]) -> Float[Tensor, "b out_channels h w"]:
        """The image's translation, in [-1, 1]."""
        require_multiple(image, self.divisor, smallest=2 * self.divisor)
        sizes = [image]
        for _ in self.enhancers:
            sizes.append(self.halve(sizes[-1]))
        x = self.global_part(sizes.pop())
        for enhancer in self.enhancers:
            x = enhancer(sizes.pop(), x)
        return x


class PatchFeatures(nn.Module):
    """A PatchGAN that returns what every layer sees.

    Its convolutions pad by 2, and their width grows up to 512 whatever the first is.
    """

    def __init__(self, in_channels: int, width: int, layers: int, norm: Norm) -> None:
        super().__init__()
        self.strided, self.norm, self.padding = layers, norm, 2
        stages = patch_stages(in_channels, width, layers, norm, self.padding, widest=512)
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The features after every layer, the last of which are the logits."""
        require_patch(image, self.strided, self.norm, self.padding)
        features = []
        x = image
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class MultiscaleDiscriminator(Discriminator):
    """PatchGANs on the image, its half, its quarter: each returns all its features, for feature matching.

    Args:
        in_channels: channels of the image judged (and of what it is conditioned on, concatenated).
        width: channels after the first layer of each.
        layers: strided layers of each.
        scales: number of discriminators; 2, or 3 for 2048x1024.
        norm: normalisation between; `none` for a gradient penalty.
    """

    def __init__(
        self, in_channels: int, width: int = 64, layers: int = 3, scales: int = 2, norm: Norm = "instance"
    ) -> None:
        super().__init__()
        if scales < 1:
            raise ValueError(f"a multi-scale discriminator has at least one scale, not {scales}")
        # Coarsest first; the finest image goes to the last.
        self.scales = nn.ModuleList(PatchFeatures(in_channels, width, layers, norm) for _ in range(scales))
        self.halve = _halving()
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[list[Float[Tensor, "b _ _ _"]]]:
        """For each scale, finest first, the features after every layer, the last of which are its logits."""
        pyramid = [image]
        for _ in self.scales[1:]:
            pyramid.append(self.halve(pyramid[-1]))
        return [scale(smaller) for scale, smaller in zip(reversed(self.scales), pyramid, strict=True)]

    def verdicts(self, output: list[list[Tensor]]) -> list[Tensor]:
        """The logits of each scale, finest first."""
        return [features[-1] for features in output]
