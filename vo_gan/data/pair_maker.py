"""Stereo pairs made from single images: "stereo from mono" (Watson et al., ECCV 2020, arXiv:2008.01484).

Any image with any plausible depth is the left view of a pair whose true disparity is known, because the right view is
made by it: however wrong the depth is as a depth, the disparity is the one that explains the pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from kornia.filters import gaussian_blur2d
from torch import Tensor

from vo_gan.data.augment import BRIGHTNESS, HUE, colour_change, recolour
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.filters import snap_flying_pixels
from vo_gan.geometry import seen_by_right, splat_disparity, take_columns

BLUR_SIZE = (5, 5)
SHARPEST = 0.05
"""Standard deviation of a blur that changes nothing, in pixels."""

FLAT = 1e-2
"""Standard deviation of a colour channel below which it is stretched no further."""


@dataclass(frozen=True)
class PairMakerConfig:
    """What made pairs are like. The defaults are the paper's.

    Attributes:
        least: the largest disparity of a pair is drawn from [`least`, `most`], pixels at `reference_width`.
        most: see `least`.
        reference_width: in pixels; at another width, disparities are larger or smaller by as much.
        snap: let pixels between two surfaces belong to one of them (`vo_gan.filters.snap_flying_pixels`).
        occluded: the mask holds also what the right view does not show: hidden, or outside it. The disparity there is
            known all the same, and a matcher that is to guess it must have been told.
        noise: standard deviation of the noise of the right view.
        blurred: share of the right views that are blurred.
        blur: the standard deviation of the blur is drawn from [0, `blur`], pixels.
        jitter: brightness, contrast and saturation of the right view are multiplied by something from [1 - x, 1 + x].
        hue: of the right view is turned by something from [-x, x], in turns.
    """

    least: float = 50.0
    most: float = 192.0
    reference_width: int = 608
    snap: bool = True
    occluded: bool = False
    noise: float = 0.02
    blurred: float = 0.5
    blur: float = 1.0
    jitter: float = 0.2
    hue: float = 0.01

    def margin(self, width: int) -> int:
        """Columns that an image must have beyond `width` for the right view to be full up to its right border."""
        return int(self.most * width / self.reference_width) + 1


PLAIN = PairMakerConfig(noise=0.0, blurred=0.0, jitter=0.0, hue=0.0)
"""Right views as clean as the left ones."""


def make_pairs(
    images: Float[Tensor, "b 3 h w"],
    nearness: Float[Tensor, "b 1 h w"],
    others: Float[Tensor, "b 3 h w"],
    generators: Sequence[torch.Generator],
    config: PairMakerConfig,
    names: tuple[str, ...],
    width: int | None = None,
) -> StereoPairs:
    """Make the right view of each image.

    Nearness is scaled to a disparity, the image splatted by it, the nearer surface in front (see
    `vo_gan.geometry.splat`: to a fraction of a pixel, without cracks), and holes show another image in this one's
    colours. Then the right view alone gets noise, blur and other colours.

    Args:
        images: left views, RGB in [0, 1].
        nearness: inverse depth in any unit, >= 0; 0 is infinitely far.
        others: other images, which fill holes.
        generators: one for each image, from which all that is random comes: what becomes of an image is up to its own,
            whatever batch it is in. One on the CPU gives the same on every device.
        config: see there.
        names: of the images.
        width: columns of the pairs. The rest of the images, on the right, comes into the right views by disparity.
            None: all of them; then there is a hole at the right border.
    """
    width = images.shape[-1] if width is None else width
    height, device = images.shape[-2], images.device
    draws = [torch.rand(7, generator=own, device=own.device) for own in generators]
    noise = [torch.randn(3, height, width, generator=own, device=own.device) for own in generators]
    drawn = torch.stack([draw.to(device) for draw in draws])

    disparity = scaled_disparity(nearness, _between(config.least, config.most, drawn[:, 0]), width, config)
    right = splat_disparity(disparity)
    seen = torch.ones_like(right.mask) if config.occluded else seen_by_right(disparity, right)
    shown = take_columns(images, right.columns)[..., :width]
    filled = torch.where(right.mask[..., :width], shown, in_colours_of(images[..., :width], others[..., :width]))
    noisy = filled + config.noise * torch.stack([own.to(device) for own in noise])
    return StereoPairs(
        left=images[..., :width],
        right=_worsened(noisy, drawn[:, 1:], config),
        disparity=disparity[..., :width],
        mask=seen[..., :width],
        names=names,
    )


def scaled_disparity(
    nearness: Float[Tensor, "b 1 h w"], largest: Float[Tensor, " b"], width: int, config: PairMakerConfig
) -> Float[Tensor, "b 1 h w"]:
    """Disparity in pixels whose greatest value is `largest` at `config.reference_width`, as much more or less at
    `width`; of steps instead of ramps where the configuration says so."""
    peak = nearness.amax(dim=(1, 2, 3))
    scale = largest * (width / config.reference_width) / torch.where(peak > 0, peak, 1)
    disparity = nearness * scale[:, None, None, None]
    return snap_flying_pixels(disparity) if config.snap else disparity


def in_colours_of(images: Float[Tensor, "b 3 h w"], others: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """`others` with mean and standard deviation of each channel as in `images` (Reinhard et al. 2001, in RGB)."""
    mean, deviation = _statistics(images)
    other_mean, other_deviation = _statistics(others)
    stretch = deviation / other_deviation.clamp(min=FLAT)
    return (others * stretch + (mean - other_mean * stretch)).clamp_(0.0, 1.0)


def _statistics(images: Float[Tensor, "b 3 h w"]) -> tuple[Float[Tensor, "b 3 1 1"], Float[Tensor, "b 3 1 1"]]:
    """Mean and standard deviation of each channel; from sums of squares, which `torch.var_mean` is slower than."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    return mean, (images.square().mean(dim=(2, 3), keepdim=True) - mean.square()).clamp(min=0).sqrt()


def _worsened(
    images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 6"], config: PairMakerConfig
) -> Float[Tensor, "b 3 h w"]:
    """Blurred and in other colours."""
    if config.blurred > 0:
        sigma = torch.where(draws[:, 0] < config.blurred, config.blur * draws[:, 1], 0).clamp(min=SHARPEST)
        images = gaussian_blur2d(images, BLUR_SIZE, sigma[:, None].expand(-1, 2))
    # `colour_change` takes 0.5 for no change, 0 and 1 for its strongest.
    strength = draws.new_tensor([config.jitter / BRIGHTNESS] * 3 + [config.hue / HUE])
    matrix, offset = colour_change(images[:, None], 0.5 + strength * (draws[:, 2:] - 0.5))
    return recolour(images[:, None], matrix, offset)[:, 0]


def _between(least: float, most: float, draws: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    return least + (most - least) * draws
