"""A recording of a track for the Rerun viewer (https://rerun.io): frames, depth, poses and cloud on one time line."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import numpy as np
from jaxtyping import Float32, UInt8

from vo_gan.data import Drive
from vo_gan.data.depth_files import DEPTH_UNITS_PER_METRE
from vo_gan.errors import VoGanError
from vo_gan.mapping.track_folder import Track
from vo_gan.progress import progress

JPEG_QUALITY = 85


def check_rerun(path: Path) -> None:
    """Refuse a recording that cannot be written, before the long work.

    Raises:
        VoGanError: rerun-sdk is not installed, or the folder of the file is missing.
    """
    _load_rerun()
    if not path.absolute().parent.is_dir():
        raise VoGanError(f"{path.parent}: no such folder; make it, or name another one for the recording")


def write_rerun(
    path: Path,
    track: Track,
    drive: Drive,
    points: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    stride: int = 1,
) -> None:
    """Write a recording (`.rrd`) that `rerun FILE` opens.

    Args:
        path: the file.
        track: whose depth and poses are written.
        drive: its source.
        points: of the cloud, world coordinates.
        colours: RGB.
        stride: write every how many-th frame.

    Raises:
        VoGanError: rerun-sdk is missing, the file cannot be written, or a frame not be read.
    """
    rerun = _load_rerun()
    partial = path.with_name(f".{path.name}.new")
    try:
        recording = rerun.RecordingStream("vo_gan")
        recording.save(str(partial))
        recording.log("world", rerun.ViewCoordinates.RDF, static=True)
        recording.log("world/cloud", rerun.Points3D(points, colors=colours), static=True)
        positions = track.world_from_camera[:, :3, 3]
        recording.log("world/trajectory", rerun.LineStrips3D([positions], colors=[(255, 122, 0)]), static=True)
        lens = rerun.Pinhole(image_from_camera=track.intrinsics, resolution=track.size)
        recording.log("world/camera/image", lens, static=True)
        for index in progress(range(0, len(track), stride), "rerun"):
            pose = track.world_from_camera[index]
            recording.set_time("frame", sequence=index)
            recording.log("world/camera", rerun.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3]))
            colour = rerun.Image(track.read_colour(drive, index)).compress(jpeg_quality=JPEG_QUALITY)
            recording.log("world/camera/image/colour", colour)
            depth = np.rint(track.read_depth(index) * DEPTH_UNITS_PER_METRE).astype(np.uint16)
            recording.log("world/camera/image/depth", rerun.DepthImage(depth, meter=DEPTH_UNITS_PER_METRE))
        recording.flush()
        recording.disconnect()
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise VoGanError(f"{path}: cannot be written ({error}); name a file in a folder that can be written") from error
    finally:
        partial.unlink(missing_ok=True)


def _load_rerun() -> ModuleType:
    try:
        import rerun
    except ImportError as error:
        raise VoGanError(
            f"--rerun needs the package rerun-sdk, which is not installed ({error}). Install it with "
            "`pip install rerun-sdk`, or leave --rerun out."
        ) from error
    return rerun
