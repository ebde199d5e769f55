"""A whole drive through the tracker, and the track folder that it leaves."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vo_gan import __version__
from vo_gan.data import Drive
from vo_gan.data.depth_files import DEPTH_UNITS_PER_METRE
from vo_gan.device import Precision
from vo_gan.engine.interruption import Interruption
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.odometry import Networks, StereoDepth, TrackedFrame, Tracker
from vo_gan.odometry.trajectory import Trajectory, write_kitti, write_tum
from vo_gan.progress import progress

READ_AHEAD = 4
OF_THE_OLD_TRACK = ("track.json", "evaluation.json", "report.html")
"""Files that go when a track is replaced."""

Watcher = Callable[[UInt8[np.ndarray, "h w 3"], TrackedFrame], None]
"""Is told every frame, RGB, and what the tracker says of it."""


@dataclass(frozen=True)
class TrackSource:
    """Where a track comes from, as `track.json` tells it.

    Attributes:
        path: of the drive.
        weights: of the networks.
        selection: the frames tracked, from the first to the one after the last; None: all.
        intrinsics: those that were given, where the drive has none.
        depth: what says the depth: `networks`, or what matches stereo pairs.
    """

    path: Path
    weights: str
    selection: tuple[int, int] | None = None
    intrinsics: tuple[float, float, float, float] | None = None
    depth: str = "networks"


@dataclass(frozen=True)
class TrackSummary:
    """What came out of tracking a drive."""

    frames: int
    length: float
    scale: str
    refined: bool
    frames_per_second: float


class TrackingInterrupted(KeyboardInterrupt):
    """Tracking was stopped by Ctrl-C or SIGTERM.

    Attributes:
        kept: frames that the track folder holds; it is a valid, shorter track, or holds nothing of ours if 0.
        frames: of the drive.
    """

    def __init__(self, kept: int, frames: int, out: Path) -> None:
        self.kept = kept
        self.frames = frames
        held = f"{out} is a valid track of the first {kept} of {frames} frames" if kept else "no frame was done"
        super().__init__(f"interrupted; {held}")


def track_drive(
    drive: Drive,
    networks: Networks,
    out: Path,
    source: TrackSource,
    *,
    stereo: StereoDepth | None = None,
    refine: bool | None = None,
    precision: Precision = "fp32",
    device: torch.device | str = "cpu",
    watcher: Watcher | None = None,
) -> TrackSummary:
    """Track every frame of `drive` into the folder `out`.

    Reading ahead and writing go on in threads beside the networks. When interrupted, or when a frame cannot be read,
    the frames done so far make a valid, shorter track.

    Args:
        drive: what to track.
        networks: of which the depth generator and the pose net are used.
        out: the track folder; an older track there is replaced.
        source: as what `track.json` names the drive.
        stereo: says the depth of the frames, at the networks' size, instead of the depth generator.
        refine: see `Tracker`; None refines where the drive has intrinsics.
        precision: of the networks.
        device: where they run.
        watcher: is told every tracked frame, in this thread.

    Raises:
        VoGanError: an unreadable frame, or `out` holds something that is no track.
        TrackingInterrupted: Ctrl-C or SIGTERM; the frames done so far were written first.
    """
    intrinsics = _intrinsics(drive, networks, required=refine is True)
    refined = intrinsics is not None if refine is None else refine
    tracker = Tracker(networks, intrinsics, refine=refined, precision=precision, device=device)
    depth_folder = _prepare(out)
    poses: list[np.ndarray] = []
    started = time.perf_counter()
    with Interruption() as interruption, ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        writes: list[Future[None]] = []
        try:
            for frame, depth in progress(_read_ahead(drive, networks.size, stereo, reader), "track", total=len(drive)):
                tracked = tracker.track(frame, depth)
                path = depth_folder / f"{tracked.index:06d}.png"
                writes.append(writer.submit(_write_depth, path, tracked.depth))
                poses.append(tracked.world_from_camera)
                if watcher is not None:
                    watcher(frame, tracked)
                if len(writes) > 2 * READ_AHEAD:
                    writes.pop(0).result()
                if interruption.requested:
                    break
        finally:
            for write in writes:
                write.result()
            seconds = time.perf_counter() - started
            summary = TrackSummary(
                frames=len(poses),
                length=_length(poses),
                scale=networks.scale,
                refined=refined,
                frames_per_second=len(poses) / seconds,
            )
            if poses:
                _write_track(out, drive, networks, source, summary, np.stack(poses))
            else:
                depth_folder.rmdir()
    if len(poses) < len(drive):
        raise TrackingInterrupted(len(poses), len(drive), out)
    return summary


def _read_ahead(
    drive: Drive, size: tuple[int, int], stereo: StereoDepth | None, reader: ThreadPoolExecutor
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Frames with, where it is matched, their depth."""

    def read(index: int) -> tuple[np.ndarray, np.ndarray | None]:
        return drive.read(index, size), None if stereo is None else stereo(index)

    pending = [reader.submit(read, index) for index in range(min(READ_AHEAD, len(drive)))]
    for index in range(READ_AHEAD, len(drive) + READ_AHEAD):
        if not pending:
            return
        frame = pending.pop(0).result()
        if index < len(drive):
            pending.append(reader.submit(read, index))
        yield frame


def _intrinsics(drive: Drive, networks: Networks, *, required: bool) -> np.ndarray | None:
    """The drive's intrinsics at the networks' size; None where it has none and none are required."""
    try:
        return drive.intrinsics(networks.size)
    except VoGanError:
        if required:
            raise
        return None


def _prepare(out: Path) -> Path:
    """An empty depth folder in `out`; an older track there is replaced."""
    if out.exists() and not out.is_dir():
        raise VoGanError(f"{out} is a file: give --out a folder")
    if (out / "depth").exists() and not (out / "track.json").exists():
        raise VoGanError(f"{out} holds a folder `depth` that no track left: give --out another folder")
    try:
        shutil.rmtree(out / "depth", ignore_errors=True)
        for name in OF_THE_OLD_TRACK:
            (out / name).unlink(missing_ok=True)
        (out / "depth").mkdir(parents=True)
    except OSError as error:
        raise VoGanError(f"cannot write to {out}: {error.strerror}. Give --out a folder that can be written") from error
    return out / "depth"


def encode_depth(depth: Float32[np.ndarray, "h w"]) -> bytes:
    """A depth map (metres, 0 = unknown) as a 16-bit PNG of metres x 256; what is known is at least 1."""
    coded = np.clip(np.rint(depth * DEPTH_UNITS_PER_METRE), 1, 65535).astype(np.uint16)
    coded = np.where(depth > 0, coded, np.uint16(0))
    return cv2.imencode(".png", coded, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _write_depth(path: Path, depth: np.ndarray) -> None:
    replace_file(path, encode_depth(depth))


def _write_track(
    out: Path, drive: Drive, networks: Networks, source: TrackSource, summary: TrackSummary, poses: np.ndarray
) -> None:
    trajectory = Trajectory(
        world_from_camera=poses, times=drive.times[: len(poses)], frames=np.arange(len(poses), dtype=np.int64)
    )
    write_kitti(out / "trajectory_kitti.txt", trajectory)
    write_tum(out / "trajectory_tum.txt", trajectory)
    matrix = _intrinsics(drive, networks, required=False)
    described = {
        "format_version": 1,
        "source": str(source.path),
        "kind": drive.kind,
        "selection": None if source.selection is None else list(source.selection),
        "source_intrinsics": None if source.intrinsics is None else list(source.intrinsics),
        "weights": source.weights,
        "depth": source.depth,
        "frames": summary.frames,
        "size": list(networks.size),
        "intrinsics": None
        if matrix is None
        else [float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2])],
        "scale": summary.scale,
        "refined": summary.refined,
        "frames_per_second": round(summary.frames_per_second, 2),
        "vo_gan": __version__,
    }
    replace_file(out / "track.json", (json.dumps(described, indent=1) + "\n").encode())


def _length(poses: list[np.ndarray]) -> float:
    if len(poses) < 2:
        return 0.0
    return float(np.linalg.norm(np.diff([pose[:3, 3] for pose in poses], axis=0), axis=1).sum())
