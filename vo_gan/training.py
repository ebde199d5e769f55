"""A configured training run: drives, batches, recipe and loop put together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
import yaml

from vo_gan.config import Config, to_plain
from vo_gan.data import (
    Drive,
    RangedDrive,
    Share,
    SnippetDataset,
    make_loader,
    make_run_loader,
    open_drives,
    played,
    verify,
)
from vo_gan.data.cache import cached
from vo_gan.data.drive_pairs import PairLoader
from vo_gan.data.loader import SnippetLoader
from vo_gan.data.mixed_pairs import MixedPairs
from vo_gan.data.stereo_drives import common_rig, with_right_views
from vo_gan.engine import Learner, Trainer, launch
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.losses import set_compilation
from vo_gan.pretrained import start_from
from vo_gan.progress import say
from vo_gan.recipes import CoupledSynthesis, Ganvo, Sganvo, Stereo
from vo_gan.stereo_training import stereo_loaders

HELD_OUT = 0.1
"""Share of every drive that is kept for validation where the configuration names no validation drives."""


def train(config: Config, run: Path, *, resume: bool = False) -> Path:
    """Train as configured in the run folder `run`; returns it.

    Raises:
        VoGanError: missing or broken data, a run that exists already (and `resume` is off), or one that does not
            (and it is on).
    """
    checkpoints = run / "checkpoints"
    if checkpoints.exists() and not resume:
        raise VoGanError(f"{run} holds a run already: go on with --resume, or choose another --name, or remove it")
    if resume and not checkpoints.exists():
        raise VoGanError(f"{run} holds no checkpoint to resume from: start without --resume")
    drives, held_out = _drives(config)
    if config.recipe in ("coupled", "stereo"):
        drives, held_out = with_right_views(drives), with_right_views(held_out)
    if config.recipe == "coupled":
        rig = common_rig([*drives, *held_out])
        config = dataclasses.replace(config, coupled=dataclasses.replace(config.coupled, rig=rig))
    verify([*drives, *held_out])
    fabric = launch(config.training.device, config.training.precision, config.training.devices, config.training.nodes)
    share = Share(fabric.global_rank, fabric.world_size)
    config = dataclasses.replace(config, scale="metric" if _has_stereo(config, drives) else "relative")
    training, validation = _loaders(config, drives, held_out, share)

    torch.manual_seed(config.seed)
    set_compilation(config.training.compile)
    learner = build_learner(config)
    if config.start and not resume:
        begun = start_from(learner.networks, Path(config.start))
        if share.process == 0:
            say(f"starting from {config.start}: {', '.join(begun)}")
    trainer = Trainer(learner, config.training, run, to_plain(config), fabric)
    if share.process:
        # The weights had to be the same everywhere; noise should not be.
        torch.manual_seed(config.seed + share.process)
    else:
        snippets, unseen = training.dataset, validation.dataset
        kind = "pairs" if config.recipe == "stereo" else f"snippets of {config.data.frames} frames"
        say(
            f"{len(snippets)} {kind} at {config.data.width}x{config.data.height} from "
            f"{len(drives)} drives, {len(unseen)} for validation; scale: {config.scale}; device: "
            f"{share.processes} x {fabric.device}",
        )
    if resume:
        trainer.resume()
    if share.process == 0:
        run.mkdir(parents=True, exist_ok=True)
        replace_file(run / "config.yaml", yaml.safe_dump(to_plain(config), sort_keys=False).encode())
    trainer.fit(training, validation)
    return run


def build_learner(config: Config) -> Learner:
    """The recipe of a configuration, its networks initialised from the global random generator."""
    size = (config.data.width, config.data.height)
    if config.recipe == "sganvo":
        return Sganvo(config.sganvo, size, config.seed)
    if config.recipe == "coupled":
        return CoupledSynthesis(config.coupled, size, config.seed)
    if config.recipe == "stereo":
        return Stereo(config.stereo, config.seed)
    return Ganvo(config.ganvo, size, config.seed)


def _has_stereo(config: Config, drives: list[Drive]) -> bool:
    if config.recipe in ("coupled", "stereo"):
        return True
    recipe = config.sganvo if config.recipe == "sganvo" else config.ganvo
    return recipe.reconstruction.stereo > 0 and any(drive.baseline is not None for drive in drives)


def _loaders(
    config: Config, drives: list[Drive], held_out: list[Drive], share: Share
) -> tuple[SnippetLoader | PairLoader | MixedPairs, SnippetLoader | PairLoader]:
    """Batches to train on, and to validate on: in runs where the networks remember."""
    if config.recipe == "stereo":
        return stereo_loaders(config, drives, held_out, share)
    data = config.data
    size = (data.width, data.height)
    stereo = config.scale == "metric"
    folder = Path(data.cache_folder)
    seen = played(cached(drives, size, data.cache, folder), data.speeds)
    snippets = SnippetDataset(seen, data.frames, size, data.stride, stereo)
    unseen = SnippetDataset(cached(held_out, size, data.cache, folder), data.frames, size, data.stride, stereo)
    together = data.batch * share.processes
    if len(snippets) < together:
        raise VoGanError(
            f"{data.root}: {len(snippets)} snippets of {data.frames} frames are fewer than one batch of {together}: "
            "lower data.batch, or give longer drives"
        )
    some = min(data.batch, max(len(unseen) // share.processes, 1))
    if config.recipe == "sganvo":
        return (
            make_run_loader(snippets, data.batch, data.workers, config.seed, True, share, data.run),
            make_run_loader(unseen, some, 0, config.seed, False, share, data.run),
        )
    return (
        make_loader(snippets, data.batch, data.workers, config.seed, True, share),
        make_loader(unseen, some, 0, config.seed, True, share),
    )


def _drives(config: Config) -> tuple[list[Drive], list[Drive]]:
    """The drives to train on, and the ones to validate on."""
    if not config.data.root:
        raise VoGanError("data.root is not set: give the folder with the drives, `--data.root DIR`")
    root = Path(config.data.root)
    drives = open_drives(root, config.data.drives)
    if config.data.validation:
        return drives, open_drives(root, config.data.validation)
    span = (config.data.frames - 1) * config.data.stride + 1
    training: list[Drive] = []
    held_out: list[Drive] = []
    for drive in drives:
        cut = len(drive) - max(round(HELD_OUT * len(drive)), span)
        if cut < span:
            training.append(drive)
            continue
        training.append(RangedDrive(drive, 0, cut))
        held_out.append(RangedDrive(drive, cut, len(drive)))
    return training, held_out
