"""The other eye, learned from stereo pairs: a coupled view synthesiser, judged by coupled discriminators.

From the left view of a pair the synthesiser (`vo_gan.models.coupled_views`) makes both views again. They are compared
with the real ones pixel by pixel and by features, and judged by two discriminators with common last layers
(`vo_gan.gans.coupled_patch`), all of it at once. Depth comes later, from a stereo matcher that is given the pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.data import Snippet, augment
from vo_gan.data.stereo_drives import StereoRig
from vo_gan.engine import AVERAGE, Learner, average_of, follow, require_decay
from vo_gan.errors import VoGanError
from vo_gan.gans import (
    Objective,
    build_network,
    discriminator_loss,
    feature_matching,
    generator_loss,
    gradient_penalty,
)
from vo_gan.gans.figures import psnr, ssim
from vo_gan.gans.perceptual import Features, Vgg, perceptual_loss, style_loss
from vo_gan.geometry import left_right_difference
from vo_gan.losses import Target, disparity_smoothness, masked_mean, photometric_error
from vo_gan.models import CoupledViews, CoupledViewsConfig, SynthesisedPair
from vo_gan.recipes.view_synthesis import require_size, seeded_generator

if TYPE_CHECKING:
    from lightning_fabric import Fabric

VGG_TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""Features that views are compared by, at full size and a half, quarter and eighth of it."""


@dataclass(frozen=True)
class PairLossesConfig:
    """What a synthesised pair is judged by. All but `ssim` are weights; what has weight 0 is not computed.

    Attributes:
        photometric: SSIM + L1 of both views.
        ssim: share of SSIM in that beside L1.
        adversarial: what fools the discriminators.
        feature_matching: L1 distance of the discriminators' features of real and synthesised views (Wang et al. 2018).
        perceptual: L1 distance of a fixed network's features (Johnson et al. 2016).
        style: squared distance of the Gram matrices of such features (Gatys et al. 2015).
        consistency: the right view, mirrored, is the left one of a mirrored pair: the view that is synthesised from it
            should be the image again, mirrored, and both selections should agree on disparities, in shares of the width
            (Godard et al. 2017). It takes a second pass.
        smoothness: edge-aware smoothness of the selection's disparity; nothing where the right view is painted.
    """

    photometric: float = 1.0
    ssim: float = 0.85
    adversarial: float = 0.01
    feature_matching: float = 0.1
    perceptual: float = 0.0
    style: float = 0.0
    consistency: float = 0.0
    smoothness: float = 1e-3

    @property
    def judged(self) -> bool:
        """Whether there are discriminators."""
        return self.adversarial > 0 or self.feature_matching > 0


@dataclass(frozen=True)
class CoupledDiscriminatorConfig:
    """The two discriminators.

    Attributes:
        objective: see `vo_gan.gans.objectives`; `wasserstein` comes with the gradient penalty.
        warmup_steps: steps over which the weights of what they say grow from 0.
        width: channels of their first layer.
        layers: their strided layers.
        private: how many of their first layers they do not share.
        learning_rate: of their Adam.
    """

    objective: Objective = "nonsaturating"
    warmup_steps: int = 1000
    width: int = 32
    layers: int = 3
    private: int = 2
    learning_rate: float = 1e-4


@dataclass(frozen=True)
class CoupledSynthesisConfig:
    """The networks, the losses and the learning rate of the generators.

    Attributes:
        views: both generators.
        losses: what the pairs that they make are judged by.
        discriminator: both discriminators.
        learning_rate: of the generators' Adam.
        augment: mirror pairs, which makes the right view the left one, and change their colours at random.
        ema: share of a moving average of the weights that stays at every step, 0.999 say; 0 keeps none.
        vgg_weights: file of torchvision's VGG19 for perceptual and style losses; without one its features are random.
        vgg_width: channels of VGG's first layer; 64 fits published weights.
        rig: the cameras that took the pairs; training sets it.
    """

    views: CoupledViewsConfig = field(default_factory=CoupledViewsConfig)
    losses: PairLossesConfig = field(default_factory=PairLossesConfig)
    discriminator: CoupledDiscriminatorConfig = field(default_factory=CoupledDiscriminatorConfig)
    learning_rate: float = 2e-4
    augment: bool = True
    ema: float = 0.0
    vgg_weights: str = ""
    vgg_width: int = 64
    rig: StereoRig = field(default_factory=StereoRig)


class CoupledSynthesis(Learner):
    """Two generators with a common trunk and two discriminators with a common end, learned together.

    Args:
        config: networks and losses.
        size: (width, height) of the images trained on.
        seed: of the augmentation.
        features: what perceptual and style losses compare views by; a VGG if None.

    Raises:
        VoGanError: the size does not divide by 32, or a decay that cannot be.
    """

    larger_is_better = frozenset({"psnr", "ssim", "psnr_left"})

    def __init__(
        self, config: CoupledSynthesisConfig, size: tuple[int, int], seed: int = 0, features: Features | None = None
    ) -> None:
        require_size(size)
        require_decay("coupled.ema", config.ema)
        self.config = config
        self.seed = seed
        views = CoupledViews(config.views)
        self.networks = {"views": views}
        if config.ema:
            self.networks["views" + AVERAGE] = average_of(views)
        self.optimisers = {"views": torch.optim.Adam(views.parameters(), lr=config.learning_rate)}
        if config.losses.judged:
            judge = config.discriminator
            self.networks["discriminator"] = build_network(
                "coupled_patch_discriminator",
                width=judge.width,
                layers=judge.layers,
                private=judge.private,
            )
            self.optimisers["discriminator"] = torch.optim.Adam(
                self.networks["discriminator"].parameters(), lr=judge.learning_rate, betas=(0.5, 0.999)
            )
        self.features = features
        if features is None and (config.losses.perceptual or config.losses.style):
            weights = Path(config.vgg_weights) if config.vgg_weights else None
            self.features = Vgg(19, VGG_TAPS, weights, normalise=True, width=config.vgg_width)

    def place(self, fabric: Fabric, channels_last: bool) -> None:
        """See `Learner.place`; the fixed features go along."""
        super().place(fabric, channels_last)
        if isinstance(self.features, nn.Module):
            self.features.to(fabric.device)

    def step(self, batch: Snippet, step: int) -> dict[str, Tensor]:
        """One step of both generators, then one of both discriminators. Losses are told without their weights."""
        left, right = self.pairs(batch, step)
        made = self.synthesise(left)
        real, fake = torch.stack((left, right), 1), torch.stack((made.left, made.right), 1)
        losses = self._compared(left, right, made) | self._judged(real, fake)
        total = torch.stack([self._weight(name, step) * loss for name, loss in losses.items()]).sum()
        self.update("views", total)
        losses["generators"] = total
        if self.config.losses.judged:
            losses["discriminators"] = self._judging(real, fake.detach())
            self.update("discriminator", losses["discriminators"])
        return losses

    def pairs(
        self, batch: Snippet, step: int | None = None
    ) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n 3 h w"]]:
        """The left and right views of all frames of a batch; of training step `step`, mirrored and in other colours.

        Of a mirrored pair the right camera is the left one: the views change places.

        Raises:
            VoGanError: a frame has no right view.
        """
        if not batch.has_right.all():
            row = int((~batch.has_right).any(1).nonzero()[0])
            raise VoGanError(f"{batch.names[row]}: has no right view; expected stereo pairs alone")
        if step is not None and self.config.augment:
            rows = batch.images.shape[0]
            numbers = range(self.rank * rows, (self.rank + 1) * rows)
            batch, _ = augment(batch, [seeded_generator(self.seed, 0, step, number) for number in numbers])
        mirrored = (batch.right_from_left[:, 0, 3] > 0)[:, None, None, None, None]
        left = torch.where(mirrored, batch.right, batch.images)
        right = torch.where(mirrored, batch.images, batch.right)
        return left.flatten(0, 1), right.flatten(0, 1)

    def synthesise(self, image: Float[Tensor, "n 3 h w"]) -> SynthesisedPair:
        """Both views, by the network itself in training, else by its average if there is one."""
        network = self.networks["views"]
        chosen = network if network.training else self.networks.get("views" + AVERAGE, network)
        with self.autocast():
            # Without the wrapper, which would look through a network's output and knows no frozen dataclasses.
            return getattr(chosen, "module", chosen)(image)

    def stepped(self, optimiser: str) -> None:
        """See `Learner.stepped`: the average follows."""
        if optimiser == "views" and self.config.ema:
            networks = self.plain_networks()
            follow(networks["views" + AVERAGE], networks["views"], self.config.ema)

    def validate(self, batch: Snippet) -> dict[str, Tensor]:
        """Likeness of the right view to the real one, PSNR in dB and SSIM, and of the left view, PSNR; beside that of
        the left image to the right one, which whoever synthesises should be above."""
        left, right = (2 * view - 1 for view in self.pairs(batch))
        made = self.synthesise((left + 1) / 2)
        made_left, made_right = 2 * made.left - 1, 2 * made.right - 1
        return {
            "psnr": psnr(made_right, right),
            "ssim": ssim(made_right, right),
            "psnr_left": psnr(made_left, left),
            "psnr_unmoved": psnr(left, right),
        }

    def pictures(self, batch: Snippet) -> dict[str, Tensor]:
        """Of the batch's first pair: both real and both synthesised views, where the right one is wrong, and the
        selection's disparity."""
        left, right = self.pairs(batch)
        made = self.synthesise(left[:1])
        pictures = {
            "left": left[0],
            "right": right[0],
            "left_synthesised": made.left[0],
            "right_synthesised": made.right[0],
            "right_error": (made.right[0] - right[0]).abs(),
        }
        if made.selection is not None:
            shown = made.selection.disparity[0] / self.config.views.largest_disparity
            pictures["disparity"] = shown.expand(3, -1, -1)
        return pictures

    def _weight(self, name: str, step: int) -> float:
        """The weight of a loss at a step, warm-up included."""
        losses, warmup = self.config.losses, self.config.discriminator.warmup_steps
        weights: Mapping[str, float] = {"left": losses.photometric, "right": losses.photometric}
        weight = weights[name] if name in weights else getattr(losses, name)
        if name in ("adversarial", "feature_matching"):
            return weight * min((step + 1) / max(warmup, 1), 1.0)
        return weight

    def _compared(self, left: Tensor, right: Tensor, made: SynthesisedPair) -> dict[str, Tensor]:
        """Losses that compare the synthesised views with the real ones, or with each other."""
        config = self.config.losses
        losses: dict[str, Tensor] = {}
        if config.photometric:
            losses["left"] = photometric_error(made.left, Target.of(left), config.ssim).mean()
            losses["right"] = photometric_error(made.right, Target.of(right), config.ssim).mean()
        if config.perceptual or config.style:
            assert self.features is not None
            real, fake = torch.cat((left, right)), torch.cat((made.left, made.right))
            if config.perceptual:
                losses["perceptual"] = perceptual_loss(self.features, fake, real)
            if config.style:
                losses["style"] = style_loss(self.features, fake, real)
        if config.consistency:
            losses["consistency"] = self._inconsistency(left, made)
        if config.smoothness and made.selection is not None:
            losses["smoothness"] = disparity_smoothness(made.selection.disparity, right)
        return losses

    def _inconsistency(self, left: Tensor, made: SynthesisedPair) -> Tensor:
        """How far the view synthesised from the mirrored right one is from the mirrored image, and their disparities
        from each other."""
        back = self.synthesise(made.right.flip(-1))
        loss = photometric_error(back.right.flip(-1), Target.of(left), self.config.losses.ssim).mean()
        if made.selection is not None and back.selection is not None:
            width = left.shape[-1]
            of_left = width * back.selection.disparity.flip(-1)
            difference = left_right_difference(of_left, width * made.selection.disparity)
            loss = loss + masked_mean(difference, difference.isfinite()) / width
        return loss

    def _judged(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """What the generators have to fear from the discriminators, which get no gradient."""
        config = self.config.losses
        if not config.judged:
            return {}
        discriminator = self.networks["discriminator"]
        losses: dict[str, Tensor] = {}
        discriminator.requires_grad_(False)
        seen = [features.float() for features in discriminator(fake)]
        if config.adversarial:
            losses["adversarial"] = generator_loss(self.config.discriminator.objective, seen[-1])
        if config.feature_matching:
            with torch.no_grad():
                wanted = [features.float() for features in discriminator(real)]
            losses["feature_matching"] = feature_matching([wanted], [seen])
        discriminator.requires_grad_(True)
        return losses

    def _judging(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminators minimise, with the gradient penalty where the objective needs one."""
        objective, discriminator = self.config.discriminator.objective, self.networks["discriminator"]
        verdicts: list[Any] = [discriminator(pairs)[-1].float() for pairs in (real, fake)]
        loss = discriminator_loss(objective, verdicts[0], verdicts[1])
        if objective == "wasserstein":
            loss = loss + gradient_penalty(discriminator, real, fake)
        return loss
