"""KITTI odometry layout on disk. Every file appears whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.world.camera import Camera
from vo_gan.world.options import WorldOptions
from vo_gan.world.recorder import StereoFrame
from vo_gan.world.roads.vehicle import FRAME_SECONDS

WORLD_VERSION = 2
"""Grows whenever the same parameters would give other images."""
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
"""The fastest that is small: a search for repetitions finds next to none in these pictures."""


@dataclass(frozen=True)
class WorldParameters:
    """What every frame of a world depends on; kept in `world.json`."""

    seed: int
    frames: int
    size: tuple[int, int]
    options: WorldOptions

    def to_plain(self) -> dict[str, object]:
        """As it stands in `world.json`."""
        width, height = self.size
        named = {"world_version": WORLD_VERSION, "seed": self.seed, "frames": self.frames}
        return {**named, "width": width, "height": height, **self.options.to_plain()}


def claim_folder(out: Path, parameters: WorldParameters, resume: bool) -> None:
    """Make `out` a world folder with these parameters, or find that it is one.

    Args:
        out: the folder.
        parameters: of the world.
        resume: whether files that are not of a world may lie in the folder: they stay as they are.

    Raises:
        VoGanError: `out` is a file, holds something else, a world made with other parameters, or cannot be made.
    """
    wanted = parameters.to_plain()
    record = out / "world.json"
    if out.exists() and not out.is_dir():
        raise VoGanError(f"{out} is a file; a world needs a folder. Name another one.")
    if record.is_file():
        try:
            found = json.loads(record.read_text())
        except ValueError as error:
            raise VoGanError(
                f"{record} is not valid JSON ({error}). Remove the folder, or name another one."
            ) from error
        if found != wanted:
            raise VoGanError(
                f"{out} holds a world made with other parameters ({_differences(found, wanted)}). Name another "
                "folder, or remove this one."
            )
        return
    foreign = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    if foreign and (not resume or "sequences" in foreign or "poses" in foreign):
        raise VoGanError(
            f"{out} holds something that is not a world ({foreign[0]}, and no world.json). Name a new or an empty "
            "folder."
        )
    _make_folder(out)
    replace_file(record, (json.dumps(wanted, indent=2) + "\n").encode())


def _make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VoGanError(f"cannot make the folder {path}: {error.strerror}. Name another one.") from error


def _differences(found: object, wanted: dict[str, object]) -> str:
    """What two sets of parameters do not share, in words."""
    if not isinstance(found, dict):
        return f"world.json says {found!r}"
    names = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
    return ", ".join(f"{name} {found.get(name)}, now {wanted.get(name)}" for name in names)


def sequence_folder(out: Path, sequence: int) -> Path:
    """Folder of a sequence."""
    return out / "sequences" / f"{sequence:02d}"


def write_sequence(
    out: Path, sequence: int, parameters: WorldParameters, world_from_camera: Float[np.ndarray, "n 4 4"]
) -> None:
    """Write calibration, times and poses of a sequence and make the folders of its images.

    Raises:
        VoGanError: the disk cannot be written to.
    """
    folder = sequence_folder(out, sequence)
    camera = parameters.options.camera(parameters.size)
    for path in (out / "poses", *(folder / name for name in _folders(parameters.options))):
        _make_folder(path)
    times = "".join(f"{FRAME_SECONDS * i:.6e}\n" for i in range(len(world_from_camera)))
    rows = (" ".join(f"{value:.9e}" for value in pose[:3].ravel()) + "\n" for pose in world_from_camera)
    replace_file(folder / "calib.txt", calibration(camera).encode())
    replace_file(folder / "times.txt", times.encode())
    replace_file(out / "poses" / f"{sequence:02d}.txt", "".join(rows).encode())


def calibration(camera: Camera) -> str:
    """KITTI's calib.txt: P0..P3 (cameras 0 and 2 are the left, 1 and 3 the right one) and Tr (velodyne to camera 0)."""
    fx, fy, cx, cy = camera.intrinsics
    left = np.array([[fx, 0, cx, 0], [0, fy, cy, 0], [0, 0, 1, 0]])
    right = left.copy()
    right[0, 3] = -fx * camera.baseline
    velodyne = np.array([[0, -1, 0, 0], [0, 0, -1, -0.08], [1, 0, 0, -0.27]])
    lines = {"P0": left, "P1": right, "P2": left, "P3": right, "Tr": velodyne}
    return "".join(
        f"{name}: " + " ".join(f"{value:.12e}" for value in matrix.ravel()) + "\n" for name, matrix in lines.items()
    )


def _folders(options: WorldOptions) -> tuple[str, ...]:
    """The folders of images that a sequence has; those of the right and the left view come last."""
    return (*(f"{name}_2" for name in ("depth", *options.written)), "image_3", "image_2")


def _paths(out: Path, sequence: int, index: int, options: WorldOptions) -> list[Path]:
    """The image files of a frame, in the order of the folders."""
    folder = sequence_folder(out, sequence)
    return [folder / name / f"{index:06d}.png" for name in _folders(options)]


def is_finished(out: Path, sequence: int, index: int, options: WorldOptions) -> bool:
    """Whether all images of a frame are there."""
    return all(path.exists() for path in _paths(out, sequence, index, options))


def write_frame(out: Path, sequence: int, index: int, frame: StereoFrame, options: WorldOptions) -> None:
    """Write the ground truth and the two views of a frame as PNG.

    Raises:
        VoGanError: the disk cannot be written to.
    """
    images = [*(frame.truth[name] for name in ("depth", *options.written)), frame.right, frame.left]
    for path, image in zip(_paths(out, sequence, index, options), images, strict=True):
        stored = image[..., ::-1] if image.ndim == 3 else image
        replace_file(path, cv2.imencode(".png", np.ascontiguousarray(stored), _PNG)[1].tobytes())
