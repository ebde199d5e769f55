"""What GANVO and SGANVO share: a generator side that reconstructs views, and discriminators that judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.data import Snippet
from vo_gan.engine import AVERAGE, Learner, average_of, follow, require_decay
from vo_gan.errors import VoGanError
from vo_gan.models import inflate_first_convolution
from vo_gan.recipes.adversary import (
    AdversarialConfig,
    build_discriminator,
    discriminator_optimiser,
    fooling_loss,
    judging_loss,
    masked_alike,
    verdicts,
)
from vo_gan.recipes.reconstruction import Reconstruction, ReconstructionConfig, Reconstructor, Views


@dataclass(frozen=True)
class Judged:
    """What one discriminator has to tell apart in a step.

    Attributes:
        name: of the discriminator and its optimiser.
        config: its objective and weight.
        real: what there was.
        fake: what the generator side made of it, with its gradient.
    """

    name: str
    config: AdversarialConfig
    real: Float[Tensor, "b c h w"]
    fake: Float[Tensor, "b c h w"]


class ViewSynthesis(Learner):
    """A learner with one optimiser, `generator`, for all its networks but the discriminators, which have one each.

    Args:
        networks: of the generator side, `depth` among them.
        reconstruction: the losses.
        rate: learning rate of the generator side.
        ema: share of the moving average that stays at every step; 0 keeps none. Where there is one, it is validated and
            used for prediction.
        seed: of the augmentation.

    Raises:
        VoGanError: a decay that cannot be.
    """

    def __init__(
        self,
        networks: dict[str, nn.Module],
        reconstruction: ReconstructionConfig,
        rate: float,
        ema: float,
        seed: int,
    ) -> None:
        require_decay("ema", ema)
        self.seed = seed
        self.networks = dict(networks)
        self.followed = tuple(networks) if ema else ()
        self.decay = ema
        for name in self.followed:
            self.networks[name + AVERAGE] = average_of(networks[name])
        parameters = [parameter for network in networks.values() for parameter in network.parameters()]
        self.optimisers = {"generator": torch.optim.Adam(parameters, lr=rate)}
        self.reconstructor = Reconstructor(reconstruction, networks["depth"])  # type: ignore[arg-type]

    def add_discriminator(self, name: str, config: AdversarialConfig, channels: int) -> None:
        """A discriminator of maps of `channels`, with an optimiser of the same name."""
        self.networks[name] = build_discriminator(config, channels)
        self.optimisers[name] = discriminator_optimiser(config, self.networks[name])

    def acting(self, name: str) -> Any:
        """A network of the generator side as it is used now: in training itself, else its average if there is one."""
        network = self.networks[name]
        return network if network.training else self.networks.get(name + AVERAGE, network)

    def stepped(self, optimiser: str) -> None:
        """See `Learner.stepped`: averages follow."""
        networks = self.plain_networks()
        for name in self.followed if optimiser == "generator" else ():
            follow(networks[name + AVERAGE], networks[name], self.decay)

    def learn(self, losses: dict[str, Tensor], judged: Sequence[Judged], step: int) -> dict[str, Tensor]:
        """One step down the sum of `losses` and of what fools the discriminators, then one of each discriminator.

        Returns:
            All losses by name; what fools a discriminator `NAME` is `fooling_NAME`, unweighted.
        """
        total = torch.stack(list(losses.values())).sum()
        report = dict(losses)
        for each in judged:
            fooling = fooling_loss(each.config, self.networks[each.name], each.fake)
            total = total + each.config.weight_at(step) * fooling
            report[f"fooling_{each.name}"] = fooling
        self.update("generator", total)
        report["generator"] = total
        for each in judged:
            judging = judging_loss(each.config, self.networks[each.name], each.real, each.fake)
            self.update(each.name, judging)
            report[each.name] = judging
        return report

    def judged_view(self, config: AdversarialConfig, views: Views, finest: Reconstruction) -> list[Judged]:
        """The reconstructed views for the discriminator `discriminator`, where there is one."""
        if "discriminator" not in self.networks:
            return []
        real, fake = masked_alike(views.target, finest.image, finest.valid)
        return [Judged("discriminator", config, real, fake)]

    def view_pictures(self, views: Views) -> dict[str, Tensor]:
        """Of the batch's first target: itself, its reconstruction, inverse depth, auto-mask and, where there is a
        discriminator, where that takes the real and the reconstructed view for real."""
        depth = self.reconstructor.full_depth(views.activations[0], views.target)
        reconstruction = self.reconstructor.reconstruct(views, depth, self.reconstructor.identity_errors(views))
        nearness = 1.0 / depth[0]
        pictures = {
            "target": views.target[0],
            "reconstruction": reconstruction.image[0].clamp(0, 1),
            "inverse_depth": (nearness / nearness.amax()).expand(3, -1, -1),
            "auto_mask": reconstruction.moving[0].float().expand(3, -1, -1),
        }
        if "discriminator" in self.networks:
            sides = masked_alike(views.target, reconstruction.image, reconstruction.valid)
            for name, image in zip(("real", "reconstruction"), sides, strict=True):
                verdict = torch.sigmoid(verdicts(self.networks["discriminator"], image)[0])
                shown = F.interpolate(verdict, image.shape[-2:], mode="nearest")
                pictures[f"discriminator_{name}"] = shown[0].expand(3, -1, -1)
        return pictures

    def sample_generators(self, batch: Snippet, step: int) -> list[torch.Generator]:
        """One source of randomness for each sample, the same whenever this step is repeated and however the batch is
        shared among processes; samples of one run keep theirs, so that what is remembered of a run stays true."""
        if batch.runs is not None:
            return [seeded_generator(self.seed, 1, run) for run in batch.runs.tolist()]
        rows, rank = batch.images.shape[0], self.rank
        return [seeded_generator(self.seed, 0, step, rank * rows + row) for row in range(rows)]


def require_size(size: tuple[int, int]) -> None:
    """Refuse images that the encoders cannot halve five times.

    Raises:
        VoGanError: width or height does not divide by 32.
    """
    if size[0] % 32 or size[1] % 32:
        raise VoGanError(f"images of {size[0]}x{size[1]} do not fit the encoder: width and height must divide by 32")


def load_resnet(path: Path, depth: nn.Module, pose: nn.Module) -> None:
    """Start both encoders from published ResNet-18 weights (torchvision's names).

    Raises:
        VoGanError: no such file, or it holds something else.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise VoGanError(f"cannot read {path} as ResNet-18 weights: {error}") from error
    weights = {key: value for key, value in weights.items() if not key.startswith("fc.")}
    for network, images in ((depth, 1), (pose, 2)):
        encoder = getattr(network, "encoder", None)
        if not isinstance(encoder, nn.Module) or not hasattr(encoder, "layer4"):
            continue
        inflated = weights | {"conv1.weight": inflate_first_convolution(weights["conv1.weight"], images)}
        try:
            encoder.load_state_dict(inflated)
        except RuntimeError as error:
            raise VoGanError(f"{path} does not hold the weights of a ResNet-18 with width 64: {error}") from error


def seeded_generator(*key: int) -> torch.Generator:
    """A source of randomness that follows from some numbers alone."""
    seed = 0
    for part in key:
        seed = (seed * 1_000_003 + part + 1) % (1 << 61)
    return torch.Generator().manual_seed(seed)
