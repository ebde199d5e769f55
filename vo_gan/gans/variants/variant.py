"""What all GANs of this library are: learners of the one training loop, which can also be used afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vo_gan.engine import AVERAGE, Learner, TrainingConfig, average_of, follow, require_decay
from vo_gan.errors import VoGanError
from vo_gan.gans.data.batches import DataShape
from vo_gan.gans.data.opening import GanDataConfig, Need
from vo_gan.gans.judges import Judge, random_features
from vo_gan.gans.objectives import Objective, discriminator_loss, generator_loss


class Variant(Learner):
    """A GAN: its networks, how one step trains them, and how it is validated.

    Attributes:
        variant: what it is called.
        paper: where it comes from.
        learns: what, in a few words.
        needs: what data.
        Config: its own settings, a dataclass whose defaults are the paper's.
        data: how its paper fits and batches data.
        training: how its paper trains.
        epochs: how long its paper trains, where that is told in epochs; else 0.
        generators: those of its networks that make samples, and that an average may follow.
        judge: what validation looks with; training sets it.
    """

    variant: ClassVar[str]
    paper: ClassVar[str]
    learns: ClassVar[str]
    needs: ClassVar[Need]
    Config: ClassVar[type]
    data: ClassVar[GanDataConfig]
    training: ClassVar[TrainingConfig]
    epochs: ClassVar[int] = 0
    generators: ClassVar[tuple[str, ...]] = ("generator",)

    clip_norm = math.inf
    whole_gradients = False
    keeps_pictures = True
    larger_is_better = frozenset(
        {"psnr", "ssim", "psnr_back", "modes", "reached", "quality", "agreement", "whole_agreement"}
    )

    def __init__(self, config: Any, shape: DataShape, seed: int = 0) -> None:
        """Build networks and optimisers for data of this shape; subclasses call this first, then `follow`."""
        self.config = config
        self.shape = shape
        self.seed = seed
        self.networks = {}
        self.optimisers = {}
        self.judge = Judge(random_features())
        self._decay = 0.0

    def prepare(self) -> None:
        """What is needed from elsewhere before a training begins anew, such as the weights of an earlier stage."""

    def follow(self, decay: float) -> None:
        """Keep an exponential moving average of each generator (Yazici et al., arXiv:1806.04498); 0 keeps none.

        Raises:
            VoGanError: no such decay.
        """
        require_decay("model.ema", decay)
        self._decay = decay
        for name in self.generators if decay else ():
            self.networks[name + AVERAGE] = average_of(self.networks[name])

    def restart_averages(self) -> None:
        """Let the averages begin with the generators as they are."""
        networks = self.plain_networks()
        for name in self.generators if self._decay else ():
            networks[name + AVERAGE].load_state_dict(networks[name].state_dict())

    def stepped(self, optimiser: str) -> None:
        """The averages follow the generators that it trained."""
        if not self._decay:
            return
        trained = {id(p) for group in self.optimisers[optimiser].param_groups for p in group["params"]}
        networks = self.plain_networks()
        for name in self.generators:
            if any(id(parameter) in trained for parameter in networks[name].parameters()):
                follow(networks[name + AVERAGE], networks[name], self._decay)

    def for_use(self, generator: str = "generator") -> nn.Module:
        """The generator that samples are made with: its average if there is one.

        Raises:
            VoGanError: the checkpoint came without it.
        """
        networks = self.plain_networks()
        if generator not in networks:
            raise VoGanError(f"this checkpoint has no network {generator}: it was imported without it")
        return networks.get(generator + AVERAGE, networks[generator])

    def plain(self, name: str) -> Any:
        """A network without what fabric wrapped around it."""
        return getattr(self.networks[name], "module", self.networks[name])

    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.for_use(self.generators[0]).parameters()).device


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Networks through which gradients pass without gathering in them."""
    for network in networks:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in networks:
            network.requires_grad_(True)


def adam(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    rate: float,
    betas: tuple[float, float] | list[float] = (0.5, 0.999),
    weight_decay: float = 0.0,
) -> torch.optim.Adam:
    """Adam in one pass over the parameters."""
    first, second = betas
    return torch.optim.Adam(parameters, rate, (first, second), weight_decay=weight_decay, fused=True)


def halved_discriminator_loss(kind: Objective, real: Tensor, fake: Tensor) -> Tensor:
    """The mean of the real and the generated half, as pix2pix and its successors take it."""
    loss = discriminator_loss(kind, real.float(), fake.float())
    return loss if kind == "lsgan" else 0.5 * loss  # that of lsgan has its half in it


def published_generator_loss(kind: Objective, fake: Tensor) -> Tensor:
    """The generator's loss at the size that the published weights beside it are meant for: (fake - 1)^2 for lsgan."""
    loss = generator_loss(kind, fake.float())
    return 2 * loss if kind == "lsgan" else loss


def near_to(made: Tensor, wanted: Tensor) -> Tensor:
    """L1, in float32."""
    return F.l1_loss(made.float(), wanted.float())
