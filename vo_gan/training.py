"""A configured training run: drives, batches, recipe and loop put together."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import torch
import yaml

from vo_gan.config import Config, to_plain
from vo_gan.data import Drive, RangedDrive, SnippetDataset, make_loader, open_drives, verify
from vo_gan.engine import Trainer
from vo_gan.errors import VoGanError
from vo_gan.losses import set_compilation
from vo_gan.recipes import Ganvo

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
    verify([*drives, *held_out])
    stereo = config.ganvo.reconstruction.stereo > 0 and any(drive.baseline is not None for drive in drives)
    config = dataclasses.replace(config, scale="metric" if stereo else "relative")
    size = (config.data.width, config.data.height)
    snippets = SnippetDataset(drives, config.data.frames, size, config.data.stride, stereo)
    unseen = SnippetDataset(held_out, config.data.frames, size, config.data.stride, stereo)
    if len(snippets) < config.data.batch:
        raise VoGanError(
            f"{config.data.root}: {len(snippets)} snippets of {config.data.frames} frames are fewer than one batch of "
            f"{config.data.batch}: lower data.batch, or give longer drives"
        )
    batches = make_loader(snippets, config.data.batch, config.data.workers, config.seed, shuffle=True)
    validation = make_loader(unseen, config.data.batch, 0, config.seed, shuffle=True)

    torch.manual_seed(config.seed)
    set_compilation(config.training.compile)
    learner = Ganvo(config.ganvo, size, config.seed)
    trainer = Trainer(learner, config.training, run, to_plain(config))
    print(
        f"{len(snippets)} snippets of {config.data.frames} frames at {size[0]}x{size[1]} from {len(drives)} drives, "
        f"{len(unseen)} for validation; scale: {config.scale}; device: {trainer.fabric.device}",
        file=sys.stderr,
    )
    if resume:
        trainer.resume()
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.yaml").write_text(yaml.safe_dump(to_plain(config), sort_keys=False), encoding="utf-8")
    trainer.fit(batches, validation)
    return run


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
