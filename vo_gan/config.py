"""Typed configuration: a YAML file, any key of which can be given on the command line."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.recipes import GanvoConfig


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
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise VoGanError(f"{path} does not exist: give --config one of the files in configs/, or your own") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise VoGanError(f"{path} cannot be read as YAML: {error}") from error
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise VoGanError(f"{path}: expected `key: value` lines, found {type(values).__name__}")
    for key, value in _parse_overrides(overrides):
        _set(values, key.split("."), value)
    return config_from(values, str(path))


def config_from(values: Mapping[str, Any], where: str) -> Config:
    """A checked configuration from plain values; `where` is named in errors."""
    known = dict(_keys(Config))
    for key in _leaves(values):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise VoGanError(
                f"{where}: unknown key {key}{hint} (`vo-gan train --config {where} --print_config` shows all)"
            )
        if dataclasses.is_dataclass(known[key]):
            raise VoGanError(f"{where}: {key} is a section of keys, not one value")
    import jsonargparse

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(Config, "run")
    try:
        return parser.instantiate(parser.parse_object({"run": dict(values)})).run
    except (jsonargparse.ArgumentError, TypeError, ValueError) as error:
        reason = " ".join(str(error).replace("run.", "").split())
        raise VoGanError(f"{where}: {reason}") from error


def to_plain(config: Config) -> dict[str, Any]:
    """The configuration as nested plain values, as checkpoints and `config.yaml` hold it."""
    return dataclasses.asdict(config)


def _parse_overrides(arguments: Sequence[str]) -> Iterator[tuple[str, Any]]:
    remaining = list(arguments)
    types_of = dict(_keys(Config))
    while remaining:
        argument = remaining.pop(0)
        if not argument.startswith("--") or argument == "--":
            raise VoGanError(f"unexpected argument {argument!r}: keys are given as `--data.root DIR`")
        key, equals, text = argument[2:].partition("=")
        if not equals:
            if not remaining:
                raise VoGanError(f"--{key} needs a value: `--{key} VALUE`")
            text = remaining.pop(0)
        kind: Any = types_of.get(key)
        if kind is str:
            yield key, text
            continue
        if kind == list[str]:
            # Not as YAML, in which the brackets of `00[0:150]` would open a list.
            yield key, [part.strip() for part in text.split(",") if part.strip()]
            continue
        try:
            yield key, yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise VoGanError(f"--{key}: {text!r} is no YAML value: {error}") from error


def _set(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            raise VoGanError(f"unknown key {'.'.join(path)}: {part} holds a value, not more keys")
        values = inner
    values[path[-1]] = value


def _keys(kind: type, prefix: str = "") -> Iterator[tuple[str, type]]:
    """All keys that may be set, sections included, such as `data`, `data.root`."""
    for name, hint in typing.get_type_hints(kind).items():
        yield prefix + name, hint
        if dataclasses.is_dataclass(hint) and not isinstance(hint, types.GenericAlias):
            yield from _keys(hint, f"{prefix}{name}.")  # type: ignore[arg-type]


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
