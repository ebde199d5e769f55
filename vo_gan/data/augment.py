"""Augmentation of whole batches on their device: mirroring, and colours for the networks' eyes only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.data.snippet import Snippet
from vo_gan.geometry import flip_intrinsics

FLIP_PROBABILITY = 0.5
JITTER_PROBABILITY = 0.5
BRIGHTNESS = CONTRAST = SATURATION = 0.2
"""Factors are drawn from [1 - x, 1 + x]."""
HUE = 0.1
"""Turns of the colour circle, drawn from [-x, x]."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness, ITU-R BT.601."""


def augment(snippet: Snippet, generator: torch.Generator | Sequence[torch.Generator]) -> tuple[Snippet, Snippet]:
    """Mirror a batch at random and give it back twice: with changed colours for the networks, and clean for losses.

    Half of the samples are mirrored left to right, with intrinsics and stereo offset. Half get new colours (brightness,
    contrast, saturation within 20 %, hue within a tenth of a turn), the same in all frames and both views of a sample.

    Args:
        snippet: the batch, on any device.
        generator: all that is random comes from here; one on the CPU gives the same on every device. Or one for each
            sample: what happens to a sample is then up to its own generator, whatever batch it is in.

    Returns:
        The networks' input, and what losses compare with.
    """
    images = snippet.images
    if isinstance(generator, torch.Generator):
        draws = torch.rand(images.shape[0], 6, generator=generator, device=generator.device)
    else:
        draws = torch.stack([torch.rand(6, generator=own, device=own.device) for own in generator])
    draws = draws.to(images.device)
    clean = _mirror(snippet, draws[:, 0] < FLIP_PROBABILITY)
    matrix, offset = colour_change(clean.images, draws[:, 2:])
    apply = (draws[:, 1] < JITTER_PROBABILITY)[:, None, None]
    matrix = torch.where(apply, matrix, torch.eye(3, device=images.device))
    offset = torch.where(apply, offset, torch.zeros_like(offset))
    right = recolour(clean.right, matrix, offset) * clean.has_right[:, :, None, None, None]
    return replace(clean, images=recolour(clean.images, matrix, offset), right=right), clean


def _mirror(snippet: Snippet, chosen: Tensor) -> Snippet:
    """Mirror the chosen samples: x becomes w - 1 - x, and so the right camera of a pair comes to the left."""
    width = snippet.images.shape[-1]
    views = chosen[:, None, None, None, None]
    mirror = snippet.right_from_left.new_tensor([-1.0, 1.0, 1.0, 1.0]).diag()
    return replace(
        snippet,
        images=torch.where(views, snippet.images.flip(-1), snippet.images),
        right=torch.where(views, snippet.right.flip(-1), snippet.right),
        intrinsics=torch.where(chosen[:, None, None], flip_intrinsics(snippet.intrinsics, width), snippet.intrinsics),
        right_from_left=torch.where(
            chosen[:, None, None], mirror @ snippet.right_from_left @ mirror, snippet.right_from_left
        ),
    )


def colour_change(
    images: Float[Tensor, "b n 3 h w"], draws: Float[Tensor, "b 4"]
) -> tuple[Float[Tensor, "b 3 3"], Float[Tensor, "b 3 1"]]:
    """All four changes of every sample as one affine map of RGB.

    Brightness, contrast (towards the sample's mean brightness) and saturation (towards grey) are linear as they stand.
    Hue turns colours about the grey axis, in the plane of the colour differences, which is linear too, unlike the
    way through HSV.
    """
    swing = 2.0 * draws - 1.0
    brightness = 1.0 + BRIGHTNESS * swing[:, 0]
    contrast = 1.0 + CONTRAST * swing[:, 1]
    saturation = 1.0 + SATURATION * swing[:, 2]
    angle = 2.0 * math.pi * HUE * swing[:, 3]

    luma = images.new_tensor(LUMA)
    eye = torch.eye(3, device=images.device)
    grey = luma.expand(3, 3)  # takes a colour to the grey of its brightness
    saturate = grey + saturation[:, None, None] * (eye - grey)
    # Rotation about (1, 1, 1) by Rodrigues' formula.
    third = 1.0 / 3.0
    cross = images.new_tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3.0)
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    turn = cosine * eye + sine * cross + (1.0 - cosine) * third

    matrix = _product(turn, saturate) * (brightness * contrast)[:, None, None]
    mean = (images.mean(dim=(1, 3, 4)) * luma).sum(-1)
    offset = (1.0 - contrast) * brightness * mean
    return matrix, offset[:, None, None].expand(-1, 3, 1)


def _product(left: Float[Tensor, "b 3 3"], right: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b 3 3"]:
    """Matrix product in full precision, whatever autocast or TF32 allow."""
    return (left[:, :, :, None] * right[:, None, :, :]).sum(2)


def recolour(
    images: Float[Tensor, "b n 3 h w"], matrix: Float[Tensor, "b 3 3"], offset: Float[Tensor, "b 3 1"]
) -> Float[Tensor, "b n 3 h w"]:
    """Apply an affine map of RGB to every pixel and clip to [0, 1]; the identity changes no bit."""
    weights = matrix[:, None, :, :, None, None]
    red, green, blue = (images[:, :, channel : channel + 1] for channel in range(3))
    changed = red * weights[:, :, :, 0]
    changed.addcmul_(green.expand_as(changed), weights[:, :, :, 1].expand_as(changed))
    changed.addcmul_(blue.expand_as(changed), weights[:, :, :, 2].expand_as(changed))
    return changed.add_(offset[:, None, :, :, None]).clamp_(0.0, 1.0)
