"""A window with the map, the trajectory and the cameras, or one picture of what that window would show."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.errors import VoGanError
from vo_gan.geometry.poses import invert_poses
from vo_gan.mapping.fuse import choose_settings, fuse_cloud
from vo_gan.mapping.track_folder import Track, read_track
from vo_gan.open3d_loader import load_open3d

WINDOW_SIZE = (1280, 720)
POINT_SIZE = 3.0
BACKGROUND = (0.97, 0.97, 0.96)
TRAJECTORY_COLOUR = (1.0, 0.48, 0.0)
CAMERA_COLOUR = (0.15, 0.35, 0.75)

MOST_CAMERAS = 40
"""Frusta that are drawn at most, spread evenly over the drive."""

CAMERA_DEPTH_VOXELS = 8
"""Depth of a drawn frustum, in voxels of the map."""

NO_DISPLAY = (
    "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). Make the map with "
    "`vo-gan map {folder}` and look at {folder}/map.png, or open {folder}/cloud.ply on another machine; or log in with "
    "`ssh -X`; or write a picture of the view with `vo-gan view {folder} --screenshot view.png`."
)
NO_WINDOW = (
    "Open3D could not open a window{place}: the display cannot be reached, or OpenGL (libgl1, libegl1) is missing. "
    "Make the map with `vo-gan map {folder}` and look at {folder}/map.png, or open {folder}/cloud.ply elsewhere; or "
    "try `xvfb-run vo-gan view {folder} --screenshot view.png`."
)


def view_track(
    track_dir: Path, *, cloud_path: Path | None = None, source: Path | None = None, screenshot: Path | None = None
) -> None:
    """Show a tracked drive in a window until the user closes it, or write one picture of it.

    Args:
        track_dir: what `vo-gan track` left. If `vo-gan map` has left its `cloud.ply` there, that is shown; else the
            cloud is fused now.
        cloud_path: another cloud to show, if `vo-gan map` wrote it elsewhere.
        source: where the tracked drive is now, if it has moved since; used only to fuse a cloud.
        screenshot: PNG file to write, instead of waiting for the user; needs no display where EGL is there.

    Raises:
        VoGanError: the track folder or the cloud is wrong, or no window can be opened on this machine.
    """
    if screenshot is None:
        _require_display(track_dir)
    track = read_track(track_dir)
    open3d = load_open3d()
    made = cloud_path if cloud_path is not None else track_dir / "cloud.ply"
    if cloud_path is not None or made.is_file():
        points, colours = _read_cloud(open3d, made)
    else:
        print(f"{made} is not there yet; fusing the cloud (`vo-gan map` keeps it).", file=sys.stderr)
        cloud = fuse_cloud(track, track.open_source(source), choose_settings(track))
        points, colours = cloud.points, cloud.colours
    _show(open3d, track, _scene(open3d, track, points, colours), screenshot)


def _require_display(track_dir: Path) -> None:
    """Refuse a machine without a reachable display: there Open3D renders off screen and waits for ever, unseen."""
    if sys.platform != "linux":
        return
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if not (wayland or x11):
        raise VoGanError(NO_DISPLAY.format(folder=track_dir))
    if not (wayland and Path(os.environ.get("XDG_RUNTIME_DIR", ""), wayland).is_socket()) and not _x_server_answers():
        raise _no_window(track_dir)


def _x_server_answers() -> bool:
    """Whether the X server that DISPLAY names lets us in."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    connection = x11.XOpenDisplay(None)
    if connection:
        x11.XCloseDisplay(ctypes.c_void_p(connection))
    return bool(connection)


def _no_window(track_dir: Path) -> VoGanError:
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    return VoGanError(NO_WINDOW.format(folder=track_dir, place=f" on display {display}" if display else ""))


def _read_cloud(open3d: ModuleType, path: Path) -> tuple[Float32[np.ndarray, "n 3"], UInt8[np.ndarray, "n 3"]]:
    if not path.is_file():
        raise VoGanError(f"{path}: no such file. Make it with `vo-gan map`.")
    cloud = open3d.io.read_point_cloud(str(path))
    if not cloud.has_points() or not cloud.has_colors():
        raise VoGanError(f"{path}: is not a coloured point cloud. Make it again with `vo-gan map`.")
    return np.asarray(cloud.points, np.float32), np.rint(255 * np.asarray(cloud.colors)).astype(np.uint8)


def _scene(
    open3d: ModuleType, track: Track, points: Float32[np.ndarray, "n 3"], colours: UInt8[np.ndarray, "n 3"]
) -> list[Any]:
    """The cloud, the trajectory as a line, and frusta of cameras along it."""
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))
    cloud.colors = open3d.utility.Vector3dVector(colours / 255.0)
    positions = track.world_from_camera[:, :3, 3]
    steps = np.stack([np.arange(len(track) - 1), np.arange(1, len(track))], axis=1)
    line = open3d.geometry.LineSet(
        open3d.utility.Vector3dVector(positions), open3d.utility.Vector2iVector(steps.astype(np.int32))
    )
    line.paint_uniform_color(TRAJECTORY_COLOUR)
    shown = np.unique(np.linspace(0, len(track) - 1, MOST_CAMERAS).astype(int))
    size = CAMERA_DEPTH_VOXELS * choose_settings(track).voxel_size
    cameras = open3d.geometry.LineSet()
    for pose in track.world_from_camera[shown]:
        cameras += open3d.geometry.LineSet.create_camera_visualization(
            *track.size, track.intrinsics, invert_poses(pose), size
        )
    cameras.paint_uniform_color(CAMERA_COLOUR)
    return [cloud, line, cameras]


def _show(open3d: ModuleType, track: Track, scene: list[Any], screenshot: Path | None) -> None:
    visualizer = open3d.visualization.Visualizer()
    width, height = WINDOW_SIZE
    visible = screenshot is None
    title = f"vo_gan: {track.folder}"
    # Open3D tells on standard output which way it opened the window; only whether it could matters here.
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        opened = visualizer.create_window(window_name=title, width=width, height=height, visible=visible)
    if not opened:
        raise _no_window(track.folder)
    try:
        for geometry in scene:
            visualizer.add_geometry(geometry)
        options = visualizer.get_render_option()
        options.point_size = POINT_SIZE
        options.background_color = np.array(BACKGROUND)
        _look_along(visualizer.get_view_control(), track.world_from_camera)
        if screenshot is None:
            visualizer.run()
            return
        visualizer.poll_events()
        visualizer.update_renderer()
        rendered = np.asarray(visualizer.capture_screen_float_buffer(do_render=True))
    finally:
        visualizer.destroy_window()
    _write_screenshot(screenshot, rendered)


def _look_along(control: Any, world_from_camera: Float64[np.ndarray, "n 4 4"]) -> None:
    """From behind and above the start, towards where the drive goes."""
    up = -world_from_camera[:, :3, 1].mean(axis=0)
    positions = world_from_camera[:, :3, 3]
    ahead = positions[-1] - positions[0]
    if np.linalg.norm(ahead) < 1e-6:
        ahead = world_from_camera[0, :3, 2]
    ahead = ahead / np.linalg.norm(ahead)
    control.set_lookat(positions.mean(axis=0))
    control.set_front(-ahead + 0.6 * up)
    control.set_up(up)
    control.set_zoom(0.25)


def _write_screenshot(path: Path, rendered: np.ndarray) -> None:
    from vo_gan.files import replace_file
    from vo_gan.mapping.render import encode_png

    replace_file(path, encode_png(np.rint(255 * rendered).astype(np.uint8)))
