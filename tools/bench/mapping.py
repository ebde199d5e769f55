"""Speed and memory of fusing maps: one JSON line per figure.

    python tools/bench/mapping.py [--sizes 640x192,1242x375] [--frames 40] [--memory-frames 200,1000] [--video]

The drive is a street of planes with texture, whose depth is known, so that no network and no data are needed. Frames,
poses and depth come from disk, as those of a track do.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.mapping import fuse_track, write_track
from vo_gan.mapping.flythrough import write_flythrough
from vo_gan.mapping.ply import read_cloud

SIZES = "640x192,1242x375"
STEP = 0.9
"""Metres from frame to frame, as at 32 km/h."""

BEND = 400.0
"""Radius of the drive, which runs along a circle, in metres."""

MEMORY_SIZE = (192, 64)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, help=f"comma-separated (default: {SIZES})")
    parser.add_argument("--frames", type=int, default=40, help="of a drive whose time is taken (default: 40)")
    parser.add_argument("--memory-frames", default="200,1000", help="comma-separated; empty: leave the memory out")
    parser.add_argument("--video", action="store_true", help="time the fly-through, too")
    arguments = parser.parse_args()
    for label in arguments.sizes.split(","):
        width, height = (int(length) for length in label.split("x"))
        bench_speed((width, height), arguments.frames, video=arguments.video)
    for frames in filter(None, arguments.memory_frames.split(",")):
        for mesh in (False, True):
            bench_memory(MEMORY_SIZE, int(frames), mesh=mesh)


def bench_speed(size: tuple[int, int], frames: int, *, video: bool) -> None:
    """Frames per second by the clock, and processor time, which bears other people's load."""
    label = f"{size[0]}x{size[1]}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        track = write_street(folder, size, frames)
        for mesh in (False, True):
            started, busy = time.perf_counter(), time.process_time()
            summary = fuse_track(track, folder / "map", mesh=mesh)
            seconds, busy = time.perf_counter() - started, time.process_time() - busy
            what = "cloud_and_mesh" if mesh else "cloud"
            conditions = f"{label}, {frames} frames, {summary.points} points, joining and picture included"
            print_line(f"map_{what}_frames_per_second_{label}", frames / seconds, "frames/s", conditions)
            print_line(f"map_{what}_processor_milliseconds_per_frame_{label}", 1e3 * busy / frames, "ms", conditions)
        if video:
            points, colours = read_cloud(summary.cloud)
            started, busy = time.perf_counter(), time.process_time()
            written = write_flythrough(folder / "f.mp4", points, colours, poses_of(frames), 0.1, 40.0)
            seconds, busy = time.perf_counter() - started, time.process_time() - busy
            print_line(f"map_video_frames_per_second_{label}", written / seconds, "frames/s", f"{len(points)} points")
            print_line(f"map_video_processor_milliseconds_per_frame_{label}", 1e3 * busy / written, "ms", "likewise")


def bench_memory(size: tuple[int, int], frames: int, *, mesh: bool) -> None:
    """Peak memory of a process that fuses a drive, which should hardly depend on the number of frames."""
    with tempfile.TemporaryDirectory() as name:
        track = write_street(Path(name), size, frames)
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_peak, args=(sender, track, mesh))
        process.start()
        sender.close()
        idle, peak, points = receiver.recv()
        process.join()
    what = "cloud and mesh" if mesh else "cloud"
    conditions = f"{size[0]}x{size[1]}, {what}, {points} points; {idle:.0f} MiB before the first frame"
    print_line(f"map_peak_memory_{frames}_frames_{what.replace(' ', '_')}", peak, "MiB", conditions)


def peak_memory() -> float:
    """MiB that this process has held at most; `ru_maxrss` would begin with what its parent held."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _send_peak(sender: Connection, track: Path, mesh: bool) -> None:
    """Fuse in a fresh process, so that the peak is its own."""
    from vo_gan.open3d_loader import load_open3d

    load_open3d()
    idle = peak_memory()
    summary = fuse_track(track, track.parent / "map", mesh=mesh)
    sender.send((idle, peak_memory(), summary.points))


def write_street(folder: Path, size: tuple[int, int], frames: int) -> Path:
    """A track folder of a drive through the street, and its frames beside."""
    camera = camera_of(size)
    poses = poses_of(frames)
    images = folder / "frames"
    images.mkdir()
    for index, pose in enumerate(poses):
        picture = look(pose, camera, size)[1]
        cv2.imwrite(str(images / f"{index:06d}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    depths = (look(pose, camera, size)[0] for pose in poses)
    intrinsics = (float(camera[0, 0]), float(camera[1, 1]), float(camera[0, 2]), float(camera[1, 2]))
    return write_track(folder / "track", images, depths, poses, intrinsics=intrinsics).folder


def camera_of(size: tuple[int, int]) -> Float64[np.ndarray, "3 3"]:
    """KITTI's field of view."""
    width, height = size
    return np.array([[0.58 * width, 0, (width - 1) / 2], [0, 0.58 * width, 0.47 * height], [0, 0, 1.0]])


def poses_of(frames: int) -> Float64[np.ndarray, "n 4 4"]:
    """Along the circle, from the identity on."""
    angle = STEP / BEND * np.arange(frames)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(angle)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(angle), -np.sin(angle)
    poses[:, 0, 3], poses[:, 2, 3] = BEND * (1 - np.cos(angle)), BEND * np.sin(angle)
    return poses


def look(
    pose: Float64[np.ndarray, "4 4"], camera: Float64[np.ndarray, "3 3"], size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "h w"], UInt8[np.ndarray, "h w 3"]]:
    """Depth and picture of a road with a round wall on either side, 8 m from its middle and 7 m high."""
    rows, columns = np.indices(size[::-1])
    rays = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ np.linalg.inv(camera).T @ pose[:3, :3].T
    position = pose[:3, 3] - [BEND, 0, 0]  # seen from the middle of the circle
    depth = np.full(rows.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        road = 1.65 / rays[..., 1]
        depth = np.where(road > 0, road, depth)
        a, b = (rays[..., [0, 2]] ** 2).sum(-1), (rays[..., [0, 2]] * position[[0, 2]]).sum(-1)
        for radius, sign in ((BEND - 8, -1), (BEND + 8, 1)):
            wall = (-b + sign * np.sqrt(b**2 - a * ((position[[0, 2]] ** 2).sum() - radius**2))) / a
            low = wall * rays[..., 1] > 1.65 - 7
            depth = np.where((wall > 0) & low & (wall < depth), wall, depth)
    depth[~np.isfinite(depth) | (depth > 200)] = 0
    hit = pose[:3, 3] + rays * depth[..., None]
    picture = (128 + 60 * np.sin(3 * hit) + 30 * np.sin(11 * hit[..., ::-1])).clip(0, 255).astype(np.uint8)
    return depth.astype(np.float32), picture


def print_line(name: str, value: float, unit: str, conditions: str) -> None:
    """One figure as a JSON line."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    line = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": f"{conditions}; {machine}"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
