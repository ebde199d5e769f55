"""The folder that `vo-gan track` leaves: a trajectory, a depth map per frame, and what they were made from."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.data import Drive, open_drive
from vo_gan.data.depth_files import read_depth_image
from vo_gan.errors import VoGanError
from vo_gan.odometry.trajectory import read_trajectory

FORMAT_VERSION = 1
"""The version of `track.json` that this module reads."""

Scale = Literal["metric", "relative"]


@dataclass(frozen=True)
class Track:
    """A tracked drive, opened.

    Attributes:
        folder: the track folder.
        world_from_camera: the pose of every tracked frame.
        depth_paths: the depth image of every tracked frame.
        intrinsics: pinhole matrix in pixels of the depth images.
        size: (width, height) of the depth images.
        scale: whether lengths are metres, or known up to one factor only.
        source: the drive that was tracked.
        source_intrinsics: fx, fy, cx, cy that the user gave for the source, if any.
        first_frame: the frame of the source that tracked frame 0 is.
        properties: all of `track.json`.
    """

    folder: Path
    world_from_camera: Float64[np.ndarray, "n 4 4"]
    depth_paths: tuple[Path, ...]
    intrinsics: Float64[np.ndarray, "3 3"]
    size: tuple[int, int]
    scale: Scale
    source: Path
    source_intrinsics: tuple[float, float, float, float] | None
    first_frame: int
    properties: dict[str, Any]

    def __len__(self) -> int:
        """Number of tracked frames."""
        return len(self.world_from_camera)

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"]:
        """Depth of tracked frame `index` along the optical axis, in metres; 0 = none.

        Raises:
            VoGanError: the image is damaged.
        """
        return read_depth_image(self.depth_paths[index], self.size)

    def open_source(self, elsewhere: Path | None = None) -> Drive:
        """Open the drive that was tracked, for its colours.

        Args:
            elsewhere: where the drive is now, if it has moved since.

        Raises:
            VoGanError: the drive is gone or is shorter than the track.
        """
        path = elsewhere if elsewhere is not None else self.source
        if not path.exists():
            raise VoGanError(
                f"{path}: the drive that was tracked is not there, and the colours of a map come from its frames. "
                "If it has moved, say where it is now with --source PATH."
            )
        drive = open_drive(path, self.source_intrinsics)
        needed = self.first_frame + len(self)
        if len(drive) < needed:
            raise VoGanError(
                f"{path}: has {len(drive)} frames, but the track in {self.folder} covers frames {self.first_frame} "
                f"to {needed - 1}. This is another drive, or frames were removed: name the right one with "
                "--source PATH."
            )
        return drive

    def read_colour(self, drive: Drive, index: int) -> UInt8[np.ndarray, "h w 3"]:
        """Tracked frame `index` of the opened source as RGB, at the size of the depth images."""
        return drive.read(self.first_frame + index, self.size)


def read_track(folder: Path) -> Track:
    """Open a track folder and check that its parts belong together.

    Args:
        folder: what `vo-gan track --out` named.

    Raises:
        VoGanError: the folder is missing, was not made by `vo-gan track`, or its parts contradict each other.
    """
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder. Expected the folder that `vo-gan track SOURCE --out DIR` made.")
    properties = _read_properties(folder / "track.json")
    fields = _Fields(folder / "track.json", properties)
    frames = fields.integer("frames")
    size = fields.size()
    trajectory_path = folder / "trajectory_kitti.txt"
    if not trajectory_path.is_file():
        raise VoGanError(f"{trajectory_path}: missing. Track the drive again with `vo-gan track`.")
    trajectory = read_trajectory(trajectory_path)
    poses = trajectory.world_from_camera
    depth_paths = tuple(sorted((folder / "depth").glob("*.png")))
    if not len(poses) == len(depth_paths) == frames:
        raise VoGanError(
            f"{folder}: {len(poses)} poses in {trajectory_path.name}, {len(depth_paths)} depth images in depth/, and "
            f"track.json says {frames} frames; these must be equal. Was tracking interrupted? Track the drive again."
        )
    if not np.array_equal(trajectory.frames, np.arange(frames)):
        raise VoGanError(f"{trajectory_path}: skips frames; a track has a pose for every frame. Track the drive again.")
    for index, path in enumerate(depth_paths):
        if path.name != f"{index:06d}.png":
            raise VoGanError(f"{path}: expected {index:06d}.png here; a depth image is missing or does not belong.")
        _check_depth_header(path, size)
    return Track(
        folder=folder,
        world_from_camera=poses,
        depth_paths=depth_paths,
        intrinsics=fields.intrinsics(),
        size=size,
        scale=fields.scale(),
        source=Path(fields.text("source")),
        source_intrinsics=fields.four_numbers("source_intrinsics", optional=True),
        first_frame=fields.first_frame(),
        properties=properties,
    )


def _read_properties(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise VoGanError(
            f"{path.parent}: holds no track.json, so it is not a track folder. Expected the folder that "
            "`vo-gan track SOURCE --out DIR` made."
        )
    try:
        properties = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VoGanError(f"{path}: cannot be read as JSON ({error}). Track the drive again.") from error
    version = properties.get("format_version") if isinstance(properties, dict) else None
    if version != FORMAT_VERSION:
        raise VoGanError(
            f"{path}: format_version is {version!r}, but this vo_gan reads {FORMAT_VERSION}. "
            "Track the drive again with this version."
        )
    return properties


@dataclass(frozen=True)
class _Fields:
    """The entries of `track.json`, each checked as it is taken."""

    path: Path
    properties: dict[str, Any]

    def _wrong(self, key: str, expected: str) -> VoGanError:
        found = repr(self.properties[key]) if key in self.properties else "missing"
        return VoGanError(f"{self.path}: {key} is {found}; expected {expected}. Track the drive again.")

    def integer(self, key: str) -> int:
        value = self.properties.get(key)
        if not isinstance(value, int) or value < 1:
            raise self._wrong(key, "a whole number of at least 1")
        return value

    def text(self, key: str) -> str:
        value = self.properties.get(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text")
        return value

    def size(self) -> tuple[int, int]:
        value = self.properties.get("size")
        if not (isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and v > 0 for v in value)):
            raise self._wrong("size", "[width, height] in pixels")
        return value[0], value[1]

    def scale(self) -> Scale:
        value = self.properties.get("scale")
        if value not in ("metric", "relative"):
            raise self._wrong("scale", '"metric" or "relative"')
        return value

    def four_numbers(self, key: str, *, optional: bool = False) -> tuple[float, float, float, float] | None:
        value = self.properties.get(key)
        if optional and value is None:
            return None
        if not (isinstance(value, list) and len(value) == 4 and all(isinstance(v, int | float) for v in value)):
            raise self._wrong(key, "[fx, fy, cx, cy] in pixels")
        return float(value[0]), float(value[1]), float(value[2]), float(value[3])

    def intrinsics(self) -> Float64[np.ndarray, "3 3"]:
        if self.properties.get("intrinsics", 0) is None:
            raise VoGanError(
                f"{self.path}: the drive was tracked without intrinsics, and without them depth makes no map. Track it "
                "again with `vo-gan track --intrinsics fx,fy,cx,cy`."
            )
        numbers = self.four_numbers("intrinsics")
        if numbers is None or not np.isfinite(numbers).all() or min(numbers[:2]) <= 0:
            raise self._wrong("intrinsics", "[fx, fy, cx, cy] in pixels, finite, with fx and fy above 0")
        fx, fy, cx, cy = numbers
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    def first_frame(self) -> int:
        value = self.properties.get("selection")
        if value is None:
            return 0
        if not (isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and v >= 0 for v in value)):
            raise self._wrong("selection", "null or [start, stop]")
        return value[0]


def _check_depth_header(path: Path, size: tuple[int, int]) -> None:
    """Check a depth image by the first 26 bytes of its file (PNG specification, IHDR), so before any work is done."""
    with path.open("rb") as file:
        head = file.read(26)
    if len(head) < 26 or head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        raise VoGanError(f"{path}: is not a PNG image. Track the drive again.")
    width, height, bits, colour_type = struct.unpack(">IIBB", head[16:26])
    if (width, height) != size:
        raise VoGanError(
            f"{path}: is {width}x{height} pixels, but track.json says {size[0]}x{size[1]}. The depth images of a "
            "track all have one size: this one comes from another track."
        )
    if (bits, colour_type) != (16, 0):
        raise VoGanError(f"{path}: expected a grey PNG of 16 bits (metres times 256), found {bits} bits a channel.")
