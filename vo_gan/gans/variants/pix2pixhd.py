"""pix2pixHD (Wang et al. 2018, arXiv:1711.11585): large images from pairs, coarse to fine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig, load_checkpoint, tensors_of
from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Upsample
from vo_gan.gans.data.batches import DataShape, Pairs
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective, feature_matching
from vo_gan.gans.perceptual import perceptual_loss
from vo_gan.gans.variants.translation import Content, TranslationVariant, features_from, placed, require_images
from vo_gan.gans.variants.variant import adam, frozen, halved_discriminator_loss, published_generator_loss

TAPS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
TAP_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


@dataclass(frozen=True)
class Pix2pixHdConfig:
    """The networks, and how they are trained.

    Attributes:
        stage: `global` trains the coarse half alone; `enhancer` the whole, at twice the size, beginning with `start`.
        start: run folder (or checkpoint) of the global stage; empty begins with untrained weights.
        fixed_steps: of the enhancer stage, in which the coarse half is not trained yet.
        width: channels of the coarse half's first layer; the enhancer's has half as many.
        downs: downsamplings of the coarse half.
        blocks: its residual blocks.
        local_blocks: residual blocks of the enhancer.
        upsample: `deconv` or, against checkerboards, `resize`.
        discriminator_width: channels of the discriminators' first layer.
        discriminator_layers: their strided layers.
        scales: discriminators, each at half the size of the one before; 3 for 2048x1024.
        objective: see `vo_gan.gans.objectives`.
        matching: weight of the distance of the discriminators' features.
        perceptual: weight of the distance of VGG19's features.
        vgg_weights: file of torchvision's VGG19; without one its features are random.
        vgg_width: channels of VGG's first layer; 64 fits published weights.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    stage: Literal["global", "enhancer"] = "global"
    start: str = ""
    fixed_steps: int = 0
    width: int = 64
    downs: int = 4
    blocks: int = 9
    local_blocks: int = 3
    upsample: Upsample = "deconv"
    discriminator_width: int = 64
    discriminator_layers: int = 3
    scales: int = 2
    objective: Objective = "lsgan"
    matching: float = 10.0
    perceptual: float = 10.0
    vgg_weights: str = ""
    vgg_width: int = 64
    rate: float = 2e-4
    ema: float = 0.0


class Pix2pixHd(TranslationVariant):
    """Trained in two stages, each a run: the global generator, then the enhancer around it.

    Unlike in the authors' code, the enhancer's optimiser goes on as it is when the coarse half begins to be trained.
    """

    variant = "pix2pixhd"
    paper = "Wang et al. 2018, arXiv:1711.11585"
    learns = "large images from pairs, coarse to fine"
    needs = "aligned"
    Config = Pix2pixHdConfig
    data = GanDataConfig(width=1024, height=512, flip=True, batch=1, validation_batch=4)
    training = TrainingConfig(schedule="linear", decay_at=0.5, best="ssim")
    epochs = 200

    def __init__(self, config: Pix2pixHdConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        require_images(shape)
        given, wanted = shape.first[0], shape.second[0]
        common = {"in_channels": given, "out_channels": wanted, "upsample": config.upsample}
        if config.stage == "global":
            generator = build_network(
                "pix2pixhd_global_generator", width=config.width, downs=config.downs, blocks=config.blocks, **common
            )
        else:
            generator = build_network(
                "pix2pixhd_local_enhancer",
                width=config.width // 2,
                global_downs=config.downs,
                global_blocks=config.blocks,
                local_blocks=config.local_blocks,
                **common,
            )
        self.divisor = 2 ** (config.downs + (config.stage == "enhancer"))
        self.smallest = 2 * self.divisor
        self.networks["generator"] = generator
        self.networks["discriminator"] = build_network(
            "multiscale_discriminator",
            in_channels=given + wanted,
            width=config.discriminator_width,
            layers=config.discriminator_layers,
            scales=config.scales,
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.content = Content(features_from(config.vgg_weights, TAPS, config.vgg_width))
        self.follow(config.ema)

    def prepare(self) -> None:
        """Begin the enhancer stage with the weights of the global one, discriminators included.

        Raises:
            VoGanError: the folder to start from holds no fitting global stage.
        """
        if self.config.stage == "global" or not self.config.start:
            return
        folder = Path(self.config.start)
        last = folder / "checkpoints" / "last"
        tensors = load_checkpoint(last if last.exists() else folder).tensors
        coarse = {key.removeprefix("layers."): value for key, value in tensors_of(tensors, "generator").items()}
        networks = self.plain_networks()
        part: torch.nn.Module = networks["generator"].global_part  # type: ignore[assignment]
        try:
            # Its last layers, which made the image, are left behind.
            part.load_state_dict({key: coarse[key] for key in part.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise VoGanError(
                f"model.start {folder} does not fit: give a run of pix2pixhd's global stage of the same model.width, "
                f"downs and blocks ({str(error)[:200]})"
            ) from error
        judges = tensors_of(tensors, "discriminator")
        own = networks["discriminator"].state_dict()
        fitting = {key: value for key, value in judges.items() if key in own and own[key].shape == value.shape}
        networks["discriminator"].load_state_dict(own | fitting)
        self.restart_averages()

    def step(self, batch: Pairs, step: int) -> dict[str, Tensor]:
        """The generator first, then the discriminators."""
        config, discriminator = self.config, self.networks["discriminator"]
        coarse = getattr(self.plain("generator"), "global_part", None)
        if coarse is not None:
            coarse.requires_grad_(step >= config.fixed_steps)
        made = self.networks["generator"](batch.first)
        real_pair = torch.cat([batch.first, batch.second], dim=1)
        with frozen(discriminator):
            with torch.no_grad():
                real = discriminator(real_pair)
            fake = discriminator(torch.cat([batch.first, made], dim=1))
        fooling = torch.stack([published_generator_loss(config.objective, features[-1]) for features in fake]).sum()
        matching = feature_matching(real, fake)
        losses = {"generator": fooling, "matching": matching}
        loss = fooling + config.matching * matching
        if config.perceptual:
            content = placed(self.content, made)
            losses["perceptual"] = perceptual_loss(content, made.float(), batch.second, TAP_WEIGHTS)
            loss = loss + config.perceptual * losses["perceptual"]
        self.update("generator", loss)

        real = discriminator(real_pair)
        fake = discriminator(torch.cat([batch.first, made.detach()], dim=1))
        judging = torch.stack(
            [halved_discriminator_loss(config.objective, r[-1], f[-1]) for r, f in zip(real, fake, strict=True)]
        ).sum()
        self.update("discriminator", judging)
        return losses | {"discriminator": judging}
