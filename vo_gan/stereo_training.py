"""What a stereo matcher trains on: pairs of drives, and pairs made from single images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vo_gan.config import Config
from vo_gan.data import Drive, Share, open_drives
from vo_gan.data.cache import cached
from vo_gan.data.drive_pairs import PairDataset, PairLoader
from vo_gan.data.made_pairs import DepthSource, MadePairs, depth_files, predicted_depth, recorded_depth
from vo_gan.data.mixed_pairs import MixedPairs
from vo_gan.errors import VoGanError
from vo_gan.odometry import DepthPredictor
from vo_gan.pretrained import load_networks

RECORDED = "recorded"
"""What `stereo.made.depth` says where drives bring their own depth."""


def stereo_loaders(
    config: Config, drives: Sequence[Drive], held_out: Sequence[Drive], share: Share
) -> tuple[PairLoader | MixedPairs, PairLoader]:
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
    recorded = PairLoader(training, data.batch, data.workers, config.seed, True, share)
    seen: PairLoader | MixedPairs = recorded
    if config.stereo.made.share:
        seen = MixedPairs(recorded, _made_pairs(config, drives, share), config.stereo.made.share)
    some = min(data.batch, max(len(validation) // share.processes, 1))
    return seen, PairLoader(validation, some, 0, config.seed, False, share)


def _made_pairs(config: Config, drives: Sequence[Drive], share: Share) -> MadePairs:
    """Pairs made from single images, of as many as a batch has of drives."""
    data, made = config.data, config.stereo.made
    if made.root:
        drives = open_drives(Path(made.root), made.drives)
    return MadePairs(
        drives,
        _depth_source(made.depth),
        (data.width, data.height),
        data.batch,
        config.seed,
        made.maker,
        workers=min(data.workers, 1),
        share=share,
    )


def _depth_source(named: str) -> DepthSource:
    """See `MadeConfig.depth`."""
    if named == RECORDED:
        return recorded_depth
    folder = Path(named)
    if folder.is_dir() and not (folder / "model.safetensors").exists() and not (folder / "checkpoints").is_dir():
        return depth_files(folder)
    return predicted_depth(DepthPredictor(load_networks(folder)))


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
