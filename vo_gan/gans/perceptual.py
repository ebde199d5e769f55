"""Losses between features of a fixed network instead of pixels; any network serves, none is ever downloaded.

Content: Johnson et al. 2016, arXiv:1603.08155. Style: Gatys et al. 2015, arXiv:1508.06576.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.errors import VoGanError
from vo_gan.gans.objectives import gram_matrix

Features = Callable[[Tensor], Sequence[Tensor]]
Distance = Literal["l1", "mse"]

# Convolutions of each width before a pooling.
VGG_STAGES: dict[int, tuple[int, ...]] = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
VGG_WIDTHS = (64, 128, 256, 512, 512)
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def perceptual_loss(
    features: Features,
    made: Float[Tensor, "b c h w"],
    wanted: Float[Tensor, "b c h w"],
    weights: Sequence[float] | None = None,
    distance: Distance = "l1",
) -> Float[Tensor, ""]:
    """The weighted sum of distances between the features of two images. Only `made` receives gradients.

    pix2pixHD: `l1` on VGG19's relu1_1 ... relu5_1 with weights 1/32, 1/16, 1/8, 1/4, 1. DeblurGAN: `mse` on conv3_3.

    Args:
        features: a list of feature maps of an image, see `Vgg`; its parameters should not require gradients.
        weights: one per feature map; all 1 if None.
    """
    compare = _distance(distance)
    return _compare_features(features, made, wanted, weights, compare)


def style_loss(
    features: Features,
    made: Float[Tensor, "b c h w"],
    wanted: Float[Tensor, "b c h2 w2"],
    weights: Sequence[float] | None = None,
) -> Float[Tensor, ""]:
    """The weighted sum of squared distances between the Gram matrices of two images' features.

    The images may have different sizes. Only `made` receives gradients.

    Args:
        features: a list of feature maps of an image.
        weights: one per feature map; all 1 if None.
    """
    return _compare_features(features, made, wanted, weights, lambda a, b: F.mse_loss(gram_matrix(a), gram_matrix(b)))


def _compare_features(
    features: Features,
    made: Tensor,
    wanted: Tensor,
    weights: Sequence[float] | None,
    compare: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    with torch.no_grad():
        goals = features(wanted)
    found = features(made)
    weights = [1.0] * len(found) if weights is None else weights
    if len(weights) != len(found):
        raise ValueError(f"{len(weights)} weights for {len(found)} feature maps: give one weight for each")
    terms = [weight * compare(a, b.detach()) for weight, a, b in zip(weights, found, goals, strict=True)]
    return torch.stack(terms).sum()


def _distance(distance: Distance) -> Callable[[Tensor, Tensor], Tensor]:
    known: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"l1": F.l1_loss, "mse": F.mse_loss}
    if distance not in known:
        raise ValueError(f"unknown distance {distance!r}: known are {', '.join(known)}")
    return known[distance]


class Vgg(nn.Module):
    """The convolutions of VGG (Simonyan and Zisserman 2015, arXiv:1409.1556) up to the last tap, frozen.

    Without `weights` they are random (of a size that keeps the features' variance from layer to layer), which still
    makes usable features (Ulyanov et al., arXiv:1711.10925; He et al. 2016, arXiv:1606.04801).

    Args:
        depth: 16 or 19.
        taps: which layers to return, named `conv3_3` (before ReLU) or `relu1_1`.
        weights: a file with torchvision's VGG state (`features.0.weight`, ...), or None.
        normalise: shift images from [0, 1] to ImageNet's mean and deviation first; pix2pixHD and DeblurGAN do not.
        width: of the first convolutions; 64 fits published weights.
    """

    def __init__(
        self,
        depth: Literal[16, 19] = 19,
        taps: Sequence[str] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        weights: Path | None = None,
        normalise: bool = False,
        width: int = 64,
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        names: list[str] = []
        channels = 3
        for stage, (convolutions, wide) in enumerate(zip(VGG_STAGES[depth], VGG_WIDTHS, strict=True), start=1):
            for number in range(1, convolutions + 1):
                outputs = wide * width // VGG_WIDTHS[0]
                parts += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
                names += [f"conv{stage}_{number}", f"relu{stage}_{number}"]
                channels = outputs
            parts.append(nn.MaxPool2d(2))
            names.append(f"pool{stage}")
        unknown = [tap for tap in taps if tap not in names]
        if unknown or not taps:
            raise ValueError(f"VGG{depth} has no layer {', '.join(unknown) or 'to tap'}: known are {', '.join(names)}")
        self.taps = [names.index(tap) for tap in taps]
        self.features = nn.Sequential(*parts[: max(self.taps) + 1])
        self.normalise = normalise
        if weights is not None:
            self._load(weights)
        else:
            for part in self.features:
                if isinstance(part, nn.Conv2d):
                    nn.init.kaiming_normal_(part.weight)
                    assert part.bias is not None
                    nn.init.zeros_(part.bias)
        self.requires_grad_(False)

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The feature maps asked for, in the order asked for."""
        x = image
        if self.normalise:
            mean, deviation = (
                torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None]
                for values in (IMAGENET_MEAN, IMAGENET_DEVIATION)
            )
            x = (x - mean) / deviation
        found: dict[int, Tensor] = {}
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in self.taps:
                found[number] = x
        return [found[tap] for tap in self.taps]

    def _load(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.load_state_dict({key: state[key] for key in self.state_dict()})
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise VoGanError(
                f"cannot read {path} as VGG weights: {error}. Expected a state dict as torchvision saves it"
            ) from error
