"""Typed configuration: a YAML file, any key of which can be given on the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vo_gan.engine import TrainingConfig
from vo_gan.recipes import GanvoConfig
from vo_gan.settings import override, read_yaml, settings_from


@dataclass(frozen=True)
class DataConfig:
    """What to train on.

    Attributes:
        root: folder with the drives.
        drives: which of them, relative to `root`, each perhaps with a range of frames: `00[0:150]`. None: all.
        validation: drives to validate on. None: the last tenth of every training drive, held out.
        width: of the images trained on, pixels.
        height: of the images trained on, pixels.
        frames: frames of a snippet; every frame but the first and last is a target.
        stride: frames from one frame of a snippet to the next.
        batch: snippets of a step.
        workers: processes that decode frames.
    """

    root: str = ""
    drives: list[str] = field(default_factory=list)
    validation: list[str] = field(default_factory=list)
    width: int = 416
    height: int = 128
    frames: int = 3
    stride: int = 1
    batch: int = 4
    workers: int = 2


@dataclass(frozen=True)
class Config:
    """A whole training run.

    Attributes:
        recipe: what is learned.
        name: of the run folder, `runs/NAME`.
        seed: of weights, shuffling and augmentation.
        scale: whether the networks speak in metres; training sets it (stereo drives make it metric).
    """

    recipe: Literal["ganvo"] = "ganvo"
    name: str = "ganvo"
    seed: int = 0
    scale: Literal["metric", "relative"] = "relative"
    data: DataConfig = field(default_factory=DataConfig)
    ganvo: GanvoConfig = field(default_factory=GanvoConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file and lay `--key value` overrides over it.

    Raises:
        VoGanError: the file is missing or no YAML, a key is unknown (the nearest known one is named) or a value has
            the wrong type.
    """
    values = read_yaml(path)
    override(values, Config, overrides)
    return config_from(values, str(path))


def config_from(values: Mapping[str, Any], where: str) -> Config:
    """A checked configuration from plain values; `where` is named in errors."""
    return settings_from(Config, values, where, f"vo-gan train --config {where} --print_config")


def to_plain(config: Config) -> dict[str, Any]:
    """The configuration as nested plain values, as checkpoints and `config.yaml` hold it."""
    return dataclasses.asdict(config)
