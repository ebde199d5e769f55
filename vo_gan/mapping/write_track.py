"""A track folder from depth and poses that come from elsewhere: stereo, a LiDAR, ground truth, another network.

`vo-gan map`, `view` and `evaluate` take it like one that `vo-gan track` made.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float64

from vo_gan import __version__
from vo_gan.data import Drive, open_drive
from vo_gan.data.depth_files import DEPTH_UNITS_PER_METRE
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.mapping.track_folder import FORMAT_VERSION, Scale, Track, read_track
from vo_gan.odometry.trajectory import Trajectory, write_kitti, write_tum


def write_track(
    out: Path,
    source: Path,
    depths: Iterable[Float[np.ndarray, "h w"]],
    world_from_camera: Float64[np.ndarray, "n 4 4"],
    *,
    scale: Scale = "metric",
    first_frame: int = 0,
    intrinsics: tuple[float, float, float, float] | None = None,
    origin: str = "given depth and poses",
) -> Track:
    """Write a track folder.

        drive = open_drive(Path("sequences/00"))
        write_track(Path("track00"), Path("sequences/00"), (sgbm(drive, i) for i in range(100)), poses[:100])

    Args:
        out: the folder: new, empty, or an older track, which is replaced.
        source: the drive that the depth belongs to; its frames give the colours.
        depths: z-depth of the frames in order, in the unit of the poses; 0, NaN or infinity = none. All of one size,
            which need not be that of the frames, as long as it shows the same field of view. 256 and more is none.
        world_from_camera: a pose for every depth map.
        scale: whether the unit is the metre.
        first_frame: the frame of the source that the first depth map belongs to.
        intrinsics: fx, fy, cx, cy in pixels of the source's frames, where the source has no calibration of its own.
        origin: what the depth and the poses are, for the reader of `track.json`.

    Returns:
        The track, opened.

    Raises:
        VoGanError: `out` holds something that is no track or cannot be written, the source is wrong or shorter, a pose
            is not finite, the depth maps differ in size, or there are more or fewer of them than poses.
    """
    drive = open_drive(source, intrinsics)
    count = len(world_from_camera)
    if not count or first_frame < 0 or first_frame + count > len(drive):
        raise VoGanError(
            f"{source}: has {len(drive)} frames, but there are {count} poses for frames from {first_frame} on; "
            "expected at least one, and all within the drive"
        )
    if not np.isfinite(world_from_camera).all():
        broken = int((~np.isfinite(world_from_camera).all(axis=(1, 2))).argmax())
        raise VoGanError(f"{out}: pose {broken} is not finite (nan or inf); leave out the frames from there on")
    folder = _prepare(out)
    started = time.perf_counter()
    try:
        size = _write_depths(folder, depths, count)
    except BaseException:
        shutil.rmtree(folder)
        raise
    frames_per_second = count / (time.perf_counter() - started)
    trajectory = Trajectory(
        world_from_camera, drive.times[first_frame : first_frame + count], np.arange(count, dtype=np.int64)
    )
    write_kitti(out / "trajectory_kitti.txt", trajectory)
    write_tum(out / "trajectory_tum.txt", trajectory)
    described = _describe(drive, source, size, count, scale, first_frame, intrinsics)
    described |= {"weights": origin, "frames_per_second": round(frames_per_second, 2)}
    replace_file(out / "track.json", (json.dumps(described, indent=1) + "\n").encode())
    return read_track(out)


def _prepare(out: Path) -> Path:
    """An empty depth folder in `out`; an older track there is replaced."""
    if (out / "depth").exists() and not (out / "track.json").exists():
        raise VoGanError(f"{out} holds a folder `depth` that no track left: name another folder")
    try:
        (out / "track.json").unlink(missing_ok=True)
        shutil.rmtree(out / "depth", ignore_errors=True)
        (out / "depth").mkdir(parents=True)
    except OSError as error:
        raise VoGanError(f"{out}: cannot be written ({error.strerror}); name another folder") from error
    return out / "depth"


def _write_depths(folder: Path, depths: Iterable[Float[np.ndarray, "h w"]], count: int) -> tuple[int, int]:
    """Write the depth images; returns their (width, height)."""
    shape: tuple[int, ...] | None = None
    written = 0
    for depth in depths:
        if shape is not None and depth.shape != shape:
            raise VoGanError(f"depth map {written} is {depth.shape}, those before it {shape} (height, width)")
        shape = depth.shape
        coded = np.rint(np.nan_to_num(depth, nan=0, posinf=0, neginf=0) * DEPTH_UNITS_PER_METRE)
        coded = np.where((coded >= 1) & (coded <= np.iinfo(np.uint16).max), coded, 0).astype(np.uint16)
        encoded = cv2.imencode(".png", coded, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        replace_file(folder / f"{written:06d}.png", encoded.tobytes())
        written += 1
        if written > count:
            break
    if shape is None or written != count:
        raise VoGanError(f"{folder}: {'more' if written > count else written} depth maps came for {count} poses")
    return shape[1], shape[0]


def _describe(
    drive: Drive,
    source: Path,
    size: tuple[int, int],
    count: int,
    scale: Scale,
    first_frame: int,
    intrinsics: tuple[float, float, float, float] | None,
) -> dict[str, object]:
    """The contents of `track.json`."""
    camera = drive.intrinsics(size)
    return {
        "format_version": FORMAT_VERSION,
        "source": str(source),
        "kind": drive.kind,
        "selection": [first_frame, first_frame + count],
        "source_intrinsics": None if intrinsics is None else list(intrinsics),
        "frames": count,
        "size": list(size),
        "intrinsics": [float(camera[0, 0]), float(camera[1, 1]), float(camera[0, 2]), float(camera[1, 2])],
        "scale": scale,
        "refined": False,
        "vo_gan": __version__,
    }
