"""Typed configuration: a YAML file, any key of which can be given on the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.recipes import CoupledSynthesisConfig, GanvoConfig, SganvoConfig, StereoConfig
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
        speeds: every training drive is played once at each of these speeds: 2 leaves out every other frame, -1 plays it
            backwards. Where all cars drive alike, other speeds are what teaches a pose net to look how far it came.
        run: for networks that remember, frames after which a place in the batch goes on elsewhere; 0: with the drive.
        batch: snippets of a step.
        workers: processes that decode frames.
        cache: keep decoded frames at the size trained on: `off`, in `memory`, or as packed files on `disk`, in
            `cache_folder`, which later runs find again. Decoding is what an idle GPU waits for.
        cache_folder: where those files go.
    """

    root: str = ""
    drives: list[str] = field(default_factory=list)
    validation: list[str] = field(default_factory=list)
    width: int = 416
    height: int = 128
    frames: int = 3
    stride: int = 1
    speeds: list[int] = field(default_factory=lambda: [1])
    run: int = 100
    batch: int = 4
    workers: int = 2
    cache: Literal["off", "memory", "disk"] = "off"
    cache_folder: str = ""


@dataclass(frozen=True)
class Config:
    """A whole training run.

    Attributes:
        recipe: what is learned.
        name: of the run folder, `runs/NAME`.
        seed: of weights, shuffling and augmentation.
        start: weights to start from in place of random ones: a run, a checkpoint, or the name of shipped weights.
        scale: whether the networks speak in metres; training sets it (stereo drives make it metric).
        data: what to train on.
        ganvo: the recipe of that name.
        sganvo: the recipe of that name.
        coupled: the recipe of that name.
        stereo: the recipe of that name.
        training: how long and how to train.
    """

    recipe: Literal["ganvo", "sganvo", "coupled", "stereo"] = "ganvo"
    name: str = "ganvo"
    seed: int = 0
    start: str = ""
    scale: Literal["metric", "relative"] = "relative"
    data: DataConfig = field(default_factory=DataConfig)
    ganvo: GanvoConfig = field(default_factory=GanvoConfig)
    sganvo: SganvoConfig = field(default_factory=SganvoConfig)
    coupled: CoupledSynthesisConfig = field(default_factory=CoupledSynthesisConfig)
    stereo: StereoConfig = field(default_factory=StereoConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file and lay `--key value` overrides over it.

    A file may say `extends: OTHER.yaml`, beside it: it is laid over what that one says.

    Raises:
        VoGanError: the file, or one that it extends, is missing or no YAML, they extend each other, a key is unknown
        (the
            nearest known one is named) or a value has the wrong type.
    """
    values = _read_extended(path, [])
    override(values, Config, overrides)
    return config_from(values, str(path))


def config_from(values: Mapping[str, Any], where: str) -> Config:
    """A checked configuration from plain values; `where` is named in errors."""
    return settings_from(Config, values, where, f"vo-gan train --config {where} --print_config")


def _read_extended(path: Path, extending: list[Path]) -> dict[str, Any]:
    """The values of a file laid over those of the files that it extends."""
    if path.resolve() in extending:
        raise VoGanError(f"{path} extends itself, by way of {extending[-1]}: remove one `extends`")
    values = read_yaml(path)
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise VoGanError(f"{path}: extends names one YAML file, not {base!r}")
    return _merged(_read_extended(path.parent / base, [*extending, path.resolve()]), values)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def to_plain(config: Config) -> dict[str, Any]:
    """The configuration as nested plain values, as checkpoints and `config.yaml` hold it."""
    return dataclasses.asdict(config)
