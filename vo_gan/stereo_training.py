"""What a stereo matcher trains on: pairs of drives, whose cutting and colours the recipe configures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vo_gan.config import Config
from vo_gan.data import Drive, Share
from vo_gan.data.cache import cached
from vo_gan.data.drive_pairs import PairDataset, PairLoader
from vo_gan.errors import VoGanError


def stereo_loaders(
    config: Config, drives: Sequence[Drive], held_out: Sequence[Drive], share: Share
) -> tuple[PairLoader, PairLoader]:
    """Pairs to train on, cut at random, and pairs to validate on, whole.

    Args:
        config: of which `data`, `seed` and `stereo` are used.
        drives: to train on, all frames with right views.
        held_out: to validate on, likewise.
        share: of several processes, which this one is.

    Raises:
        VoGanError: there are fewer pairs than a batch takes, or see `PairDataset`.
    """
    training, validation = (_dataset(config, some) for some in (drives, held_out))
    data = config.data
    together = data.batch * share.processes
    if len(training) < together:
        raise VoGanError(
            f"{data.root}: {len(training)} stereo pairs are fewer than one batch of {together}: lower data.batch, or "
            "give drives with right views"
        )
    some = min(data.batch, max(len(validation) // share.processes, 1))
    return (
        PairLoader(training, data.batch, data.workers, config.seed, True, share),
        PairLoader(validation, some, 0, config.seed, False, share),
    )


def _dataset(config: Config, drives: Sequence[Drive]) -> PairDataset:
    data, folder = config.data, Path(config.data.cache_folder)
    kept = [one for drive in drives for one in cached([drive], drive.size, data.cache, folder)]
    return PairDataset(
        kept,
        (data.width, data.height),
        config.stereo.sampling,
        missing_is_far=config.stereo.missing_is_far,
        depth_needed=config.stereo.supervised > 0,
    )
