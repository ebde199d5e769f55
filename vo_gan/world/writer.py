"""KITTI odometry layout on disk. Every file appears whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.world.sensors import Camera, StereoFrame
from vo_gan.world.vehicle import FRAME_SECONDS

DEPTH_SCALE = 256.0
"""Units of a depth image per metre, as in KITTI's depth benchmark."""
LARGEST_DEPTH = 255.0
"""Metres; anything further is written as 0."""
WORLD_VERSION = 1
"""Grows whenever the same parameters would give other images."""
IMAGE_FOLDERS = ("depth_2", "image_3", "image_2")
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]


@dataclass(frozen=True)
class WorldParameters:
    """What every frame of a world depends on; kept in `world.json`."""

    world_version: int
    seed: int
    frames: int
    width: int
    height: int


def claim_folder(out: Path, parameters: WorldParameters) -> None:
    """Make `out` a world folder with these parameters, or find that it is one.

    Raises:
        VoGanError: `out` is a file, holds something else, or a world made with other parameters.
    """
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
        if found != asdict(parameters):
            raise VoGanError(
                f"{out} holds a world made with other parameters ({_in_words(found)}; now "
                f"{_in_words(asdict(parameters))}). Name another folder, or remove this one."
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise VoGanError(f"{out} holds something that is not a world (no world.json). Name a new or an empty folder.")
    out.mkdir(parents=True, exist_ok=True)
    replace_file(record, (json.dumps(asdict(parameters), indent=2) + "\n").encode())


def _in_words(parameters: object) -> str:
    if not isinstance(parameters, dict):
        return str(parameters)
    return ", ".join(f"{key} {value}" for key, value in parameters.items())


def sequence_folder(out: Path, sequence: int) -> Path:
    """Folder of a sequence."""
    return out / "sequences" / f"{sequence:02d}"


def write_sequence(out: Path, sequence: int, camera: Camera, world_from_camera: Float[np.ndarray, "n 4 4"]) -> None:
    """Write calibration, times and poses of a sequence and make the folders of its images."""
    folder = sequence_folder(out, sequence)
    for name in IMAGE_FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    (out / "poses").mkdir(exist_ok=True)
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


def frame_paths(out: Path, sequence: int, index: int) -> tuple[Path, ...]:
    """The image files of a frame, in the order of IMAGE_FOLDERS."""
    folder = sequence_folder(out, sequence)
    return tuple(folder / name / f"{index:06d}.png" for name in IMAGE_FOLDERS)


def is_finished(out: Path, sequence: int, index: int) -> bool:
    """Whether all images of a frame are there."""
    return all(path.exists() for path in frame_paths(out, sequence, index))


def write_frame(out: Path, sequence: int, index: int, frame: StereoFrame) -> None:
    """Write the two views (RGB) and the depth (uint16, metres x 256, 0 = none) of a frame as PNG."""
    seen = frame.depth <= LARGEST_DEPTH
    depth = np.where(seen, frame.depth * DEPTH_SCALE + 0.5, 0).astype(np.uint16)
    images = (depth, frame.right[..., ::-1], frame.left[..., ::-1])
    for path, image in zip(frame_paths(out, sequence, index), images, strict=True):
        replace_file(path, cv2.imencode(".png", np.ascontiguousarray(image), _PNG)[1].tobytes())
