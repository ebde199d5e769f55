"""Checkpoints that survive a power cut: one folder with weights, configuration and training state.

    model.safetensors   all networks, each parameter named `network.parameter`
    config.yaml         the resolved configuration: enough to build the networks again
    state.pt            optimisers, random state and position, for `--resume` (absent from weights meant for use alone)
    manifest.json       format version and the SHA-256 of the other files

A save writes a temporary folder, fsyncs it and renames it into place; at no moment is there not one whole checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vo_gan.errors import VoGanError

FORMAT_VERSION = 1
WEIGHTS, CONFIG, STATE, MANIFEST = "model.safetensors", "config.yaml", "state.pt", "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and whose checksums were right.

    Attributes:
        folder: where it lies.
        config: the configuration it was made with.
        tensors: all weights, on the CPU.
    """

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, Tensor]

    def state(self) -> dict[str, Any]:
        """The training state.

        Raises:
            VoGanError: this checkpoint holds weights only.
        """
        path = self.folder / STATE
        if not path.exists():
            raise VoGanError(f"{self.folder} holds weights without training state ({STATE}): it cannot be resumed")
        return torch.load(path, map_location="cpu", weights_only=True)


def save_checkpoint(
    folder: Path,
    networks: Mapping[str, nn.Module],
    config: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint to `folder`, replacing the one that is there only when the new one is whole on disk.

    Raises:
        VoGanError: the disk is full or the folder is not writable; an older checkpoint is as it was.
    """
    temporary, previous = _temporary(folder), _previous(folder)
    tensors = {
        f"{name}.{key}": value.detach().cpu().contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _recover(folder)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        save_file(tensors, temporary / WEIGHTS)
        (temporary / CONFIG).write_text(yaml.safe_dump(dict(config), sort_keys=False), encoding="utf-8")
        if state is not None:
            torch.save(dict(state), temporary / STATE)
        sums = {path.name: _sha256(path) for path in sorted(temporary.iterdir())}
        manifest = {"format_version": FORMAT_VERSION, "sha256": sums}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for path in (*temporary.iterdir(), temporary):
            _fsync(path)
        if folder.exists():
            os.rename(folder, previous)
        os.rename(temporary, folder)
        _fsync(folder.parent)
    except (OSError, SafetensorError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        _recover(folder)
        raise VoGanError(
            f"cannot write the checkpoint {folder}: {error}. Free some space or make the folder writable, then go on "
            "with --resume; the checkpoint before it is untouched"
        ) from error
    shutil.rmtree(previous, ignore_errors=True)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder and check it against its checksums. No code in it is ever run.

    Raises:
        VoGanError: there is none, it is damaged, or a newer vo_gan wrote it.
    """
    if not folder.exists() and _previous(folder).exists():
        folder = _previous(folder)
    manifest_path = folder / MANIFEST
    if not manifest_path.is_file():
        raise VoGanError(
            f"{folder} is no checkpoint: expected a folder with {WEIGHTS}, {CONFIG} and {MANIFEST}, as `vo-gan train` "
            "leaves in runs/NAME/checkpoints/last and `vo-gan import` in its --out folder"
        )
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        version, sums = manifest["format_version"], manifest["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise VoGanError(f"{manifest_path} is damaged ({error}): use another checkpoint") from error
    if version > FORMAT_VERSION:
        raise VoGanError(
            f"{folder} has checkpoint format {version}, this vo_gan reads up to {FORMAT_VERSION}: update vo_gan"
        )
    for name, expected in sums.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise VoGanError(f"{path} is missing or damaged (its checksum is wrong): use another checkpoint")
    config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    return Checkpoint(folder=folder, config=config, tensors=load_file(folder / WEIGHTS))


def tensors_of(tensors: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """One network's state out of a checkpoint's tensors, under the network's own names."""
    prefix = f"{network}."
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.new")


def _previous(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.previous")


def _recover(folder: Path) -> None:
    """Put the previous checkpoint back where a save was cut off between its two renames."""
    previous = _previous(folder)
    if previous.exists():
        if folder.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            os.rename(previous, folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
