"""DeblurGAN (Kupyn et al. 2018, arXiv:1711.07064): sharp images from blurred ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.gans.blocks import Upsample
from vo_gan.gans.data.batches import DataShape, Pairs
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import discriminator_loss, generator_loss, gradient_penalty
from vo_gan.gans.perceptual import perceptual_loss
from vo_gan.gans.variants.translation import Content, TranslationVariant, features_from, placed, require_images
from vo_gan.gans.variants.variant import adam, frozen, near_to


@dataclass(frozen=True)
class DeblurganConfig:
    """The networks, and how they are trained.

    Attributes:
        width: channels of the generator's first layer.
        blocks: residual blocks.
        dropout: share dropped in each block, at test time too unless noise is off; the paper's is 0.5.
        upsample: `deconv` or, against checkerboards, `resize`.
        critic_width: channels of the critic's first layer.
        critic_layers: its strided layers.
        critic_steps: of the critic for one of the generator, on the same images.
        penalty: weight of the gradient penalty.
        perceptual: weight of the squared distance of VGG19's conv3_3.
        pixels: weight of the distance of pixels, L1; the paper has none.
        vgg_weights: file of torchvision's VGG19; without one its features are random.
        vgg_width: channels of VGG's first layer; 64 fits published weights.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    width: int = 64
    blocks: int = 9
    dropout: float = 0.5
    upsample: Upsample = "deconv"
    critic_width: int = 64
    critic_layers: int = 3
    critic_steps: int = 5
    penalty: float = 10.0
    perceptual: float = 100.0
    pixels: float = 0.0
    vgg_weights: str = ""
    vgg_width: int = 64
    rate: float = 1e-4
    ema: float = 0.0


class Deblurgan(TranslationVariant):
    """A residual generator that makes a correction, judged by a Wasserstein critic and by features.

    Its instance normalisation keeps no running statistics: they were never meant to be used.
    """

    variant = "deblurgan"
    paper = "Kupyn et al. 2018, arXiv:1711.07064"
    learns = "sharp images from motion-blurred ones"
    needs = "blurred"
    Config = DeblurganConfig
    data = GanDataConfig(width=256, height=256, resize=False, flip=True, batch=1, validation_batch=4)
    training = TrainingConfig(schedule="linear", decay_at=0.5, best="psnr")
    epochs = 300
    divisor, smallest = 4, 8

    def __init__(self, config: DeblurganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        require_images(shape)
        channels = shape.first[0]
        self.networks["generator"] = build_network(
            "resnet_generator",
            in_channels=channels,
            out_channels=channels,
            width=config.width,
            blocks=config.blocks,
            norm="instance",
            dropout=config.dropout,
            residual_output=True,
            upsample=config.upsample,
        )
        self.networks["critic"] = build_network(
            "patch_discriminator",
            in_channels=channels,
            width=config.critic_width,
            layers=config.critic_layers,
            norm="instance",
            padding=2,
        )
        for name in ("generator", "critic"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.content = Content(features_from(config.vgg_weights, "conv3_3", config.vgg_width))
        self.follow(config.ema)

    def step(self, batch: Pairs, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """Some steps of the critic on one made image, then one of the generator that made it."""
        config, critic = self.config, self.networks["critic"]
        made = self.networks["generator"](batch.first)
        for _ in range(config.critic_steps):
            judging = discriminator_loss("wasserstein", critic(batch.second).float(), critic(made.detach()).float())
            penalty = gradient_penalty(self.networks["critic"], batch.second, made, config.penalty)
            self.update("critic", judging + penalty)
        with frozen(critic):
            fooling = generator_loss("wasserstein", critic(made).float())
        losses = {"critic": judging, "penalty": penalty, "generator": fooling}
        loss = fooling
        if config.perceptual:
            content = placed(self.content, made)
            losses["perceptual"] = perceptual_loss(content, made.float(), batch.second, distance="mse")
            loss = loss + config.perceptual * losses["perceptual"]
        if config.pixels:
            losses["pixels"] = near_to(made, batch.second)
            loss = loss + config.pixels * losses["pixels"]
        self.update("generator", loss)
        return losses
