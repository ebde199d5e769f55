"""A window with the map, the trajectory and the cameras, or one picture of what that window would show."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float64

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.mapping.fuse import fuse_track
from vo_gan.mapping.render import encode_png
from vo_gan.mapping.settings import choose_settings
from vo_gan.mapping.track_folder import Track, read_track
from vo_gan.mapping.viewer import Scenery, Viewer
from vo_gan.open3d_loader import load_open3d
from vo_gan.progress import say

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


@dataclass(frozen=True)
class TrueWay:
    """The true trajectory, laid over the estimated one.

    Attributes:
        positions: of all true cameras, in the coordinates of the track.
        error: distance of each tracked camera from its true one, in the unit of the truth; NaN where that is not known.
    """

    positions: Float64[np.ndarray, "m 3"]
    error: Float64[np.ndarray, " n"]


def view_track(
    track_dir: Path,
    *,
    shape_path: Path | None = None,
    mesh: bool = False,
    truth: TrueWay | None = None,
    source: Path | None = None,
    screenshot: Path | None = None,
) -> None:
    """Show a tracked drive in a window until the user closes it, or write one picture of it.

    Args:
        track_dir: what `vo-gan track` left. If `vo-gan map` has left its `cloud.ply` (or `mesh.ply`) there, that is
            shown; else it is made now, and not kept.
        shape_path: another cloud or mesh to show, if `vo-gan map` wrote it elsewhere.
        mesh: show the mesh instead of the cloud.
        truth: the true trajectory, if it is known.
        source: where the tracked drive is now, if it has moved since; used only to make a map.
        screenshot: PNG file to write, instead of waiting for the user; needs no display where EGL is there.

    Raises:
        VoGanError: the track folder, the cloud or the mesh is wrong, or no window can be opened on this machine.
    """
    require_display(track_dir, screenshot)
    track = read_track(track_dir)
    open3d = load_open3d()
    viewer = Viewer(
        open3d,
        Scenery(
            geometry=_shape(open3d, track, shape_path, source, mesh=mesh),
            world_from_camera=track.world_from_camera,
            truth=None if truth is None else truth.positions,
            error=None if truth is None else truth.error,
            intrinsics=track.intrinsics,
            size=track.size,
            voxel_size=choose_settings(track).voxel_size,
        ),
    )
    if not viewer.open(f"vo_gan: {track.folder}", visible=screenshot is None):
        raise _no_window(track.folder)
    try:
        if screenshot is None:
            viewer.help()
            viewer.run()
        else:
            replace_file(screenshot, encode_png(viewer.picture()))
    finally:
        viewer.close()


def require_display(track_dir: Path, screenshot: Path | None) -> None:
    """Refuse a machine without a reachable display: there Open3D renders off screen and waits for ever, unseen.

    Raises:
        VoGanError: a window is wanted, and there is no place for one; the message says what to do instead.
    """
    if screenshot is not None or sys.platform != "linux":
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


def _shape(open3d: ModuleType, track: Track, path: Path | None, source: Path | None, *, mesh: bool) -> Any:
    """The cloud or the mesh to show, read from where it is, or made."""
    made = path if path is not None else track.folder / ("mesh.ply" if mesh else "cloud.ply")
    if path is not None or made.is_file():
        return _read_shape(open3d, made, mesh=mesh)
    say(f"{made} is not there yet; making it (`vo-gan map{' --mesh' if mesh else ''}` keeps it).")
    with tempfile.TemporaryDirectory() as folder:
        summary = fuse_track(track.folder, Path(folder), mesh=mesh, source=source)
        return _read_shape(open3d, summary.mesh if summary.mesh is not None else summary.cloud, mesh=mesh)


def _read_shape(open3d: ModuleType, path: Path, *, mesh: bool) -> Any:
    again = f"vo-gan map{' --mesh' if mesh else ''}"
    if not path.is_file():
        raise VoGanError(f"{path}: no such file. Make it with `{again}`.")
    # What is wrong with a file is said below, once.
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        if mesh:
            surface = open3d.io.read_triangle_mesh(str(path))
            if not surface.has_triangles() or not surface.has_vertex_colors():
                raise VoGanError(f"{path}: is not a coloured triangle mesh. Make it again with `{again}`.")
            surface.compute_vertex_normals()
            return surface
        cloud = open3d.io.read_point_cloud(str(path))
    if not cloud.has_points() or not cloud.has_colors():
        raise VoGanError(f"{path}: is not a coloured point cloud. Make it again with `{again}`.")
    return cloud
