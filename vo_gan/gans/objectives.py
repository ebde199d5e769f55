"""Adversarial objectives as pure functions of logits, and what is compared beside them.

Softplus forms throughout: finite, with finite gradients, for logits of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Objective = Literal["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"]


def discriminator_loss(kind: Objective, real: Float[Tensor, "*map"], fake: Float[Tensor, "*map2"]) -> Float[Tensor, ""]:
    """What the discriminator minimises, given its logits for real and generated samples (of any shape).

    - `minimax`, `nonsaturating`: binary cross entropy, `softplus(-real) + softplus(fake)` (arXiv:1406.2661).
    - `lsgan`: `((real - 1)^2 + fake^2) / 2` (Mao et al., arXiv:1611.04076).
    - `hinge`: `relu(1 - real) + relu(1 + fake)` (arXiv:1705.02894, arXiv:1802.05957).
    - `wasserstein`: `fake - real` (Arjovsky et al., arXiv:1701.07875); needs clipping or `gradient_penalty` beside it.
    """
    match kind:
        case "minimax" | "nonsaturating":
            return F.softplus(-real).mean() + F.softplus(fake).mean()
        case "lsgan":
            return 0.5 * ((real - 1).square().mean() + fake.square().mean())
        case "hinge":
            return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        case "wasserstein":
            return fake.mean() - real.mean()
        case _:
            raise ValueError(_unknown(kind))


def generator_loss(kind: Objective, fake: Float[Tensor, "*map"]) -> Float[Tensor, ""]:
    """What the generator minimises, given the discriminator's logits for generated samples.

    - `minimax`: `log(1 - D) = -softplus(fake)`, whose gradient fades where the discriminator is sure.
    - `nonsaturating`: `-log D = softplus(-fake)`.
    - `lsgan`: `(fake - 1)^2 / 2`; `hinge` and `wasserstein`: `-fake`.
    """
    match kind:
        case "minimax":
            return -F.softplus(fake).mean()
        case "nonsaturating":
            return F.softplus(-fake).mean()
        case "lsgan":
            return 0.5 * (fake - 1).square().mean()
        case "hinge" | "wasserstein":
            return -fake.mean()
        case _:
            raise ValueError(_unknown(kind))


def gradient_penalty(
    critic: nn.Module,
    real: Float[Tensor, " b *sample"],
    fake: Float[Tensor, " b *sample"],
    weight: float = 10.0,
    target: float = 1.0,
    alpha: Float[Tensor, "b 1 1 1"] | None = None,
) -> Float[Tensor, ""]:
    """WGAN-GP's `weight * mean((|grad critic(x)| - target)^2)` (Gulrajani et al., arXiv:1704.00028).

    x lies between a real and a generated sample; the norm is over all values of one sample. All of it is computed in
    float32, also under autocast. A critic with several verdicts (a multi-scale one) is taken for their sum; of one that
    also classifies, only the verdict counts.

    Args:
        alpha: share of the real sample in x, one number per sample; drawn from U(0, 1) if None.

    Raises:
        ValueError: the critic has batch normalisation, under which a sample's gradient is not its own.
    """
    # Fabric's wrapper would put autocast back, and takes a gradient of its outputs for a backward pass not made by it.
    critic = getattr(critic, "module", critic)
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in critic.modules()):
        raise ValueError(
            "gradient_penalty needs a critic without batch normalisation: build it with norm='instance' or 'none'"
        )
    real, fake = real.detach().float(), fake.detach().float()
    if alpha is None:
        alpha = torch.rand(real.shape[0], 1, 1, 1, device=real.device)
    share = alpha.float().reshape(-1, *[1] * (real.dim() - 1))
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    with torch.autocast(real.device.type, enabled=False):
        output = critic(between)
        verdicts = critic.verdicts(output) if hasattr(critic, "verdicts") else [output]  # type: ignore[operator]
        total = torch.stack([verdict.float().sum() for verdict in verdicts]).sum()
        (gradient,) = torch.autograd.grad(total, between, create_graph=True)
        return weight * (gradient.flatten(1).norm(dim=1) - target).square().mean()


def feature_matching(
    real: Sequence[Sequence[Float[Tensor, "b _ _ _"]]], fake: Sequence[Sequence[Float[Tensor, "b _ _ _"]]]
) -> Float[Tensor, ""]:
    """How far a multi-scale discriminator's features of generated images are from those of real ones, in L1.

    pix2pixHD's (Wang et al., arXiv:1711.11585): the mean over scales of 4 times the mean over the features, the last of
    each scale, its logits, left out. The paper weighs it by 10. Only `fake` receives gradients.

    Raises:
        ValueError: other scales or layers on one side than on the other, or logits alone.
    """
    if [len(features) for features in real] != [len(features) for features in fake]:
        raise ValueError("feature_matching needs the features of one discriminator for both real and fake")
    if not real or min(len(features) for features in real) < 2:
        raise ValueError("feature_matching needs for each scale a list of features ending in the logits")
    scales = [
        torch.stack([F.l1_loss(f, r.detach()) for r, f in zip(reals[:-1], fakes[:-1], strict=True)]).mean()
        for reals, fakes in zip(real, fake, strict=True)
    ]
    return 4 * torch.stack(scales).mean()


def gram_matrix(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Which channels are active together, `F F^T / (c h w)` (Gatys et al., arXiv:1508.06576): style without place."""
    _, channels, height, width = features.shape
    flat = features.flatten(2)
    return flat @ flat.mT / (channels * height * width)


def _unknown(kind: str) -> str:
    return f"unknown objective {kind!r}: known are minimax, nonsaturating, lsgan, hinge and wasserstein"
