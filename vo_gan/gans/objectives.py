"""Adversarial objectives as pure functions of logits.

Softplus forms throughout: finite, with finite gradients, for logits of any size.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Objective = Literal["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"]


def discriminator_loss(kind: Objective, real: Float[Tensor, "*map"], fake: Float[Tensor, "*map2"]) -> Float[Tensor, ""]:
    """What the discriminator minimises, given its logits for real and generated samples (of any shape).

    - `minimax`, `nonsaturating`: binary cross entropy, `softplus(-real) + softplus(fake)` (Goodfellow et al. 2014).
    - `lsgan`: `((real - 1)^2 + fake^2) / 2` (Mao et al. 2017).
    - `hinge`: `relu(1 - real) + relu(1 + fake)` (Lim and Ye 2017; Miyato et al. 2018).
    - `wasserstein`: `fake - real` (Arjovsky et al. 2017); needs clipping or `gradient_penalty` beside it.
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
    """WGAN-GP's `weight * mean((|grad critic(x)| - target)^2)` (Gulrajani et al. 2017).

    x lies between a real and a generated sample; the norm is over all values of one sample.

    Args:
        alpha: share of the real sample in x, one number per sample; drawn from U(0, 1) if None.

    Raises:
        ValueError: the critic has batch normalisation, under which a sample's gradient is not its own.
    """
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in critic.modules()):
        raise ValueError(
            "gradient_penalty needs a critic without batch normalisation: build it with norm='instance' or 'none'"
        )
    if alpha is None:
        alpha = torch.rand(real.shape[0], 1, 1, 1, dtype=real.dtype, device=real.device)
    share = alpha.reshape(-1, *[1] * (real.dim() - 1))
    between = (share * real.detach() + (1 - share) * fake.detach()).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return weight * (gradient.flatten(1).norm(dim=1) - target).square().mean()


def _unknown(kind: str) -> str:
    return f"unknown objective {kind!r}: known are minimax, nonsaturating, lsgan, hinge and wasserstein"
