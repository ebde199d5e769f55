"""From YAML and `--any.key value` to nested dataclasses, with mistakes named."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from vo_gan.errors import VoGanError

Settings = TypeVar("Settings")


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file; none for an empty one.

    Raises:
        VoGanError: the file is missing, no YAML, or not made of keys and values.
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
    return values


def override(values: dict[str, Any], kind: type, arguments: Sequence[str]) -> None:
    """Lay `--key value` arguments over `values`, which are those of the dataclass `kind`.

    Raises:
        VoGanError: an argument is no such pair, or its value no YAML.
    """
    for key, value in _parse(kind, arguments):
        _set(values, key.split("."), value)


def settings_from(kind: type[Settings], values: Mapping[str, Any], where: str, show_all: str) -> Settings:
    """A checked `kind` from plain values.

    Args:
        kind: a dataclass, perhaps of dataclasses.
        values: nested, as YAML gives them.
        where: named in errors.
        show_all: the command that lists all keys, named in errors.

    Raises:
        VoGanError: a key is unknown (the nearest known one is named) or a value has the wrong type.
    """
    known = dict(_keys(kind))
    for key in _leaves(values):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise VoGanError(f"{where}: unknown key {key}{hint} (`{show_all}` shows all)")
        if dataclasses.is_dataclass(known[key]):
            raise VoGanError(f"{where}: {key} is a section of keys, not one value")
    import jsonargparse

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, "run")
    try:
        return parser.instantiate(parser.parse_object({"run": dict(values)})).run
    except (jsonargparse.ArgumentError, TypeError, ValueError) as error:
        reason = " ".join(str(error).replace("run.", "").split())
        raise VoGanError(f"{where}: {reason}") from error


def _parse(kind: type, arguments: Sequence[str]) -> Iterator[tuple[str, Any]]:
    remaining = list(arguments)
    types_of = dict(_keys(kind))
    while remaining:
        argument = remaining.pop(0)
        if not argument.startswith("--") or argument == "--":
            raise VoGanError(f"unexpected argument {argument!r}: keys are given as `--data.batch 8`")
        key, equals, text = argument[2:].partition("=")
        if not equals:
            if not remaining:
                raise VoGanError(f"--{key} needs a value: `--{key} VALUE`")
            text = remaining.pop(0)
        wanted: Any = types_of.get(key)
        if wanted is str:
            yield key, text
            continue
        if wanted == list[str]:
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
