"""Decoded frames, kept: at the size trained on they are small, and reading them again costs next to nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8

from vo_gan.data.drive import Drive, Side
from vo_gan.errors import VoGanError
from vo_gan.progress import progress

Cache = Literal["off", "memory", "disk"]


class CachedDrive(Drive):
    """Another drive whose frames of one size lie decoded in an array, one that worker processes share.

    Args:
        drive: the drive.
        size: (width, height) of the frames kept; frames of other sizes are read from the drive.
        frames: uint8 `[k, h, w, 3]`, all left frames and then those right ones that exist.
    """

    def __init__(self, drive: Drive, size: tuple[int, int], frames: UInt8[np.ndarray, "k h w 3"]) -> None:
        self.whole = drive
        self.name, self.kind, self.size = drive.name, drive.kind, drive.size
        self.baseline, self.times = drive.baseline, drive.times
        self.world_from_camera = drive.world_from_camera
        self._size = size
        self._frames = frames
        self._places = {place: number for number, place in enumerate(_places(drive))}

    def __len__(self) -> int:
        return len(self.whole)

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read`."""
        if size == self._size and (index, side) in self._places:
            return self._frames[self._places[index, side]]
        return self.whole.read(index, size, side)

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`."""
        return self.whole.intrinsics(size)

    def has_right(self, index: int) -> bool:
        """See `Drive.has_right`."""
        return self.whole.has_right(index)

    def frame_name(self, index: int, side: Side = "left") -> str:
        """See `Drive.frame_name`."""
        return self.whole.frame_name(index, side)

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """See `Drive.read_depth`."""
        return self.whole.read_depth(index)


def cached(drives: Sequence[Drive], size: tuple[int, int], cache: Cache, folder: Path) -> list[Drive]:
    """The drives, with all frames decoded now, or by an earlier run.

    Args:
        drives: what to keep.
        size: (width, height) to decode to.
        cache: `memory`; `disk`, a packed file for each drive, which is found again as long as its frames are the same
            files; or `off`, which changes nothing.
        folder: where packed files go.

    Raises:
        VoGanError: a frame cannot be read, or a file cannot be written.
    """
    if cache == "off":
        return list(drives)
    if cache == "disk" and not str(folder).strip("."):
        raise VoGanError("data.cache is disk, but data.cache_folder is not set: give a folder with some space")
    kept: list[Drive] = []
    for drive in drives:
        shape = (len(_places(drive)), size[1], size[0], 3)
        if cache == "memory":
            frames = torch.empty(shape, dtype=torch.uint8).share_memory_().numpy()
            _decode(drive, size, frames)
        else:
            frames = _packed(drive, size, shape, folder)
        kept.append(CachedDrive(drive, size, frames))
    return kept


def _packed(drive: Drive, size: tuple[int, int], shape: tuple[int, ...], folder: Path) -> np.ndarray:
    """The packed file of a drive, made if there is none."""
    path = folder / f"{_fingerprint(drive, size)}.frames"
    if not path.is_file() or path.stat().st_size != np.prod(shape):
        temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                # Reserved in full, so that a full disk is told now and not by a signal while writing to memory.
                os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)))
            frames = np.memmap(temporary, np.uint8, "r+", shape=shape)
            _decode(drive, size, frames)
            frames.flush()
            os.replace(temporary, path)
        except OSError as error:
            raise VoGanError(
                f"cannot write {path}: {error.strerror}. Free some space, or name another data.cache_folder"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
    return np.memmap(path, np.uint8, "r", shape=shape)


def _decode(drive: Drive, size: tuple[int, int], frames: np.ndarray) -> None:
    places = _places(drive)
    for number, (index, side) in enumerate(progress(places, f"decode {drive.name}")):
        frames[number] = drive.read(index, size, side)


def _places(drive: Drive) -> list[tuple[int, Side]]:
    left: list[tuple[int, Side]] = [(index, "left") for index in range(len(drive))]
    return left + [(index, "right") for index in range(len(drive)) if drive.has_right(index)]


def _fingerprint(drive: Drive, size: tuple[int, int]) -> str:
    """Of the files' names, lengths and times, and of the size decoded to."""
    digest = hashlib.sha256(f"{size}".encode())
    for index, side in _places(drive):
        name = drive.frame_name(index, side)
        path = Path(name)
        stat = (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else ()
        digest.update(f"{name}{stat}".encode())
    return digest.hexdigest()[:32]
