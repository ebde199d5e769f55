"""What GANs that sample from noise have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch import Tensor

from vo_gan.errors import VoGanError
from vo_gan.gans.data.opening import Need
from vo_gan.gans.figures import kid
from vo_gan.gans.inference import Noise, Stats, at_test_time
from vo_gan.gans.pictures import show_samples
from vo_gan.gans.variants.variant import Variant

PICTURED = 64


class LatentVariant(Variant):
    """Makes samples from a latent vector and, in some variants, a condition."""

    needs: ClassVar[Need] = "samples"

    def latent(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors `[count, latent]`, N(0, 1)."""
        return torch.randn(count, self.config.latent, generator=generator).to(self.device())

    def conditions(self, batch: Any) -> tuple[Tensor, ...]:  # noqa: ARG002
        """What the generator is given beside the latent vector, from a batch."""
        return ()

    def conditions_of(self, wanted: Sequence[str], count: int) -> tuple[Tensor, ...]:  # noqa: ARG002
        """The same from what a user asks for, repeated to `count` samples.

        Raises:
            VoGanError: this variant takes no such wishes.
        """
        if wanted:
            raise VoGanError(f"a {self.variant} cannot be asked for anything: leave out --label and --text")
        return ()

    def sample(
        self,
        count: int,
        seed: int = 0,
        wanted: Sequence[str] = (),
        stats: Stats | None = None,
        noise: Noise | None = None,
    ) -> Tensor:
        """Samples, images in [-1, 1]; the same seed gives the same ones.

        Args:
            wanted: classes or captions, taken in turn; none for the data's own mixture.
            stats: see `vo_gan.gans.inference`.
            noise: see `vo_gan.gans.inference`.
        """
        conditions = self.conditions_of(wanted, count)
        latent = self.latent(count, torch.Generator().manual_seed(seed))
        with torch.random.fork_rng(), self._in_use(stats, noise) as generator:
            torch.manual_seed(seed)
            return self.shown(generator(latent, *conditions))

    def shown(self, made: Any) -> Tensor:
        """What the generator put out, as images in [-1, 1]."""
        return made

    def make_like(self, batch: Any, seed: int = 0) -> Tensor:
        """A sample for each item of a batch, under its conditions, from noise that is the same every time."""
        latent = self.latent(len(batch.names), torch.Generator().manual_seed(seed))
        with torch.no_grad(), self._in_use(None, None) as generator:
            return self.shown(generator(latent, *self.conditions(batch)))

    def validate(self, batch: Any) -> dict[str, Tensor]:
        """KID to the batch, and what the judge finds."""
        made = self.make_like(batch)
        features = self.judge.features
        return {"kid": kid(features(batch.images), features(made)), **self.judge.figures(made, batch)}

    def pictures(self, batch: Any) -> dict[str, Tensor]:
        """A sheet of samples under the batch's conditions."""
        made = self.make_like(batch)
        return {"samples": show_samples(made if made.dim() == 2 else made[:PICTURED])}

    @contextmanager
    def _in_use(self, stats: Stats | None, noise: Noise | None) -> Iterator[Any]:
        with torch.no_grad(), at_test_time(self.for_use(), stats, noise) as generator:
            yield generator
