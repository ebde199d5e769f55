"""A stereo matcher, learned from true disparities, from how well it explains pairs, or from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.data.augment_pairs import PairAugmentation, augment_pairs
from vo_gan.data.drive_pairs import PairSampling
from vo_gan.data.pair_maker import PairMakerConfig
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.engine import AVERAGE, Learner, average_of, follow, require_decay
from vo_gan.errors import VoGanError
from vo_gan.losses import Target, disparity_smoothness, masked_mean
from vo_gan.losses.matching import column_loss, reconstruction_from_right, sequence_loss
from vo_gan.models import MatcherConfig, StereoMatcher
from vo_gan.models.matcher import FACTOR
from vo_gan.recipes.view_synthesis import seeded_generator


@dataclass(frozen=True)
class MadeConfig:
    """Pairs that are made from single images besides those of drives.

    Attributes:
        share: of the batches, below 1; 0 makes none.
        root: folder with the drives whose left frames they are made from; empty takes those trained on.
        drives: which of them; none: all.
        depth: what says how far away things are: `recorded` for the drives' own depth images, a folder of depth images
            as `vo-gan track` leaves them, or weights of a depth generator.
        maker: what the pairs are like.
    """

    share: float = 0.0
    root: str = ""
    drives: list[str] = field(default_factory=list)
    depth: str = "recorded"
    maker: PairMakerConfig = field(default_factory=lambda: PairMakerConfig(occluded=True))


@dataclass(frozen=True)
class StereoConfig:
    """The matcher and what it learns from.

    Attributes:
        matcher: the network.
        supervised: weight of the error against the true disparity, as far as that is known.
        column: weight of the cross-entropy of the columns that features take for the true one, besides.
        growth: weight of an earlier correction's error as a share of the next one's.
        photometric: weight of the error of the left view as the right one shows it; 0 leaves it out. Needs no depth.
        smoothness: weight of edge-aware smoothness beside the photometric error.
        missing_is_far: pixels without depth are infinitely far, as the sky of a rendered world; else unknown, as
            between the points of a LiDAR.
        iterations: corrections in training, fewer or more than in use.
        learning_rate: of AdamW, at the beginning; see `training.schedule`.
        sampling: how pairs are scaled and cut.
        augment: change colours, of both views alike or not, add noise, and wipe parts of the right view out.
        augmentation: how much of that.
        made: pairs made from single images.
        ema: share of a moving average of the weights that stays at every step, 0.999 say; 0 keeps none.
    """

    matcher: MatcherConfig = field(default_factory=MatcherConfig)
    supervised: float = 1.0
    column: float = 1.0
    growth: float = 0.9
    photometric: float = 0.0
    smoothness: float = 0.1
    missing_is_far: bool = False
    iterations: int = 5
    learning_rate: float = 5e-4
    sampling: PairSampling = field(default_factory=PairSampling)
    augment: bool = True
    augmentation: PairAugmentation = field(default_factory=PairAugmentation)
    made: MadeConfig = field(default_factory=MadeConfig)
    ema: float = 0.0


class Stereo(Learner):
    """The recipe `stereo`.

    Args:
        config: see there.
        seed: of the augmentation.

    Raises:
        VoGanError: nothing to learn from, no corrections, or an average's share that cannot be.
    """

    clip_norm = 1.0

    def __init__(self, config: StereoConfig, seed: int = 0) -> None:
        if config.supervised <= 0 and config.photometric <= 0:
            raise VoGanError("there is nothing to learn from: set stereo.supervised or stereo.photometric above 0")
        if config.iterations < 1:
            raise VoGanError(f"stereo.iterations is {config.iterations}: expected at least 1 correction")
        require_decay("ema", config.ema)
        self.config = config
        self.seed = seed
        matcher = StereoMatcher(config.matcher)
        self.networks = {"matcher": matcher}
        if config.ema:
            self.networks["matcher" + AVERAGE] = average_of(matcher)
        self.optimisers = {
            "matcher": torch.optim.AdamW(matcher.parameters(), lr=config.learning_rate, weight_decay=1e-5)
        }

    def step(self, batch: StereoPairs, step: int) -> dict[str, Tensor]:
        """One step down the losses of one batch."""
        config, matcher = self.config, self.networks["matcher"]
        seen = batch
        if config.augment:
            rows, rank = batch.image_count, self.rank
            generators = [seeded_generator(self.seed, 2, step, rank * rows + row) for row in range(rows)]
            seen = augment_pairs(batch, generators, config.augmentation)
        matched = matcher(seen.left, seen.right, config.iterations)
        found = matched.disparities
        losses: dict[str, Tensor] = {}
        if config.supervised > 0:
            losses["supervised"] = config.supervised * sequence_loss(found, batch.disparity, batch.mask, config.growth)
            columns = column_loss(matched.log_shares, batch.disparity, batch.mask, FACTOR)
            losses["column"] = config.supervised * config.column * columns
        if config.photometric > 0:
            with torch.no_grad():
                right = _of_right(matcher, seen, config.iterations)
            target = Target.of(batch.left)
            errors = [reconstruction_from_right(each, target, batch.right, right) for each in found]
            weights = [config.growth ** (len(found) - 1 - number) for number in range(len(found))]
            total = torch.stack([weight * error for weight, error in zip(weights, errors, strict=True)]).sum()
            losses["photometric"] = config.photometric * total / sum(weights)
            losses["smoothness"] = config.smoothness * disparity_smoothness(found[-1].clamp(min=0.0), batch.left)
        self.update("matcher", torch.stack(list(losses.values())).sum())
        return losses | {"epe_px": _end_point_error(found[-1], batch)}

    def stepped(self, optimiser: str) -> None:
        """See `Learner.stepped`: the average follows."""
        networks = self.plain_networks()
        if self.config.ema:
            follow(networks[optimiser + AVERAGE], networks[optimiser], self.config.ema)

    def validate(self, batch: StereoPairs) -> dict[str, Tensor]:
        """`photometric`, the error of the left view as the right one shows it, and of pairs whose disparity is known
        `epe_px` and `bad3_percent`."""
        matcher = self._acting()
        found = matcher(batch.left, batch.right).disparities[-1]
        right = _of_right(matcher, batch, None)
        figures = {"photometric": reconstruction_from_right(found, Target.of(batch.left), batch.right, right)}
        if batch.mask.any():
            figures["epe_px"] = _end_point_error(found, batch)
            bad = ((found - batch.disparity).abs() > 3.0).float()
            figures["bad3_percent"] = 100.0 * masked_mean(bad, batch.mask)
        return figures

    def pictures(self, batch: StereoPairs) -> dict[str, Tensor]:
        """Of the batch's first pair: both views, the disparity found and, where it is known, the true one in the same
        colours."""
        found = self._acting()(batch.left[:1], batch.right[:1]).disparities[-1][0, 0]
        most = float(found.quantile(0.99).clamp(min=1.0))
        pictures = {"left": batch.left[0], "right": batch.right[0], "disparity": _coloured(found, most)}
        if batch.mask[0].any():
            true = torch.where(batch.mask[0, 0], batch.disparity[0, 0], 0.0)
            pictures["true_disparity"] = _coloured(true, most)
        return pictures

    def _acting(self) -> Any:
        return self.networks.get("matcher" + AVERAGE, self.networks["matcher"])


def _of_right(matcher: Any, pairs: StereoPairs, iterations: int | None) -> Float[Tensor, "b 1 h w"]:
    """The right view's disparity: mirrored, it is the left view of a pair."""
    found = matcher(pairs.right.flip(-1), pairs.left.flip(-1), iterations).disparities[-1]
    return found.flip(-1).clamp(min=0.0)


def _end_point_error(found: Tensor, pairs: StereoPairs) -> Tensor:
    return masked_mean((found.detach() - pairs.disparity).abs(), pairs.mask)


def _coloured(disparity: Float[Tensor, "h w"], most: float) -> Float[Tensor, "3 h w"]:
    """Colours of disparities from 0 to `most`, near is bright."""
    scaled = (disparity / most).clamp(0, 1).mul(255).byte().cpu().numpy()
    coloured = np.ascontiguousarray(cv2.applyColorMap(scaled, cv2.COLORMAP_MAGMA)[..., ::-1])
    return torch.from_numpy(coloured).permute(2, 0, 1).float() / 255.0
