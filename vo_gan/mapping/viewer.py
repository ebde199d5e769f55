"""The window of `vo-gan view`: what is drawn, and what its keys do."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Float64
from scipy.spatial import cKDTree

from vo_gan.geometry.poses import invert_poses

WINDOW_SIZE = (1280, 720)
POINT_SIZE = 3.0
BACKGROUND = (0.97, 0.97, 0.96)
ESTIMATE_COLOUR = (1.0, 0.48, 0.0)
TRUTH_COLOUR = (0.1, 0.55, 0.2)
CAMERA_COLOUR = (0.15, 0.35, 0.75)

MOST_CAMERAS = 40
"""Frusta that are drawn at most, spread evenly over the drive."""

CAMERA_DEPTH_VOXELS = 8
"""Depth of a drawn frustum, in voxels of the map."""

FLIGHT_BEHIND_VOXELS, FLIGHT_ABOVE_VOXELS = 40.0, 20.0
"""Where the flight is from the camera of the drive, in voxels."""

FLIGHT_ZOOM = 0.02
OVERVIEW_ZOOM = 0.25
FIELD_OF_VIEW = np.radians(60)
"""Of Open3D's window, from bottom to top."""

HEIGHT_RANGE = (1, 95)
"""Percentiles of the height between which colours run."""

MODES = ("colour", "height", "error")

KEYS = """Keys of the window:
  F       fly along the drive, and stop
  C       colour -> height -> error (error: distance of the nearest camera from the true one; needs --gt)
  T       trajectories and cameras on and off
  R       back to the overview
  + -     larger and smaller points
  H       this text
  Q, Esc  close
  mouse   drag: turn; Ctrl and drag: move; wheel: nearer and further"""


@dataclass(frozen=True)
class Scenery:
    """What is shown, in the coordinates of the track.

    Attributes:
        geometry: the cloud (an Open3D point cloud) or the mesh (an Open3D triangle mesh), with colours.
        world_from_camera: the estimated trajectory.
        truth: positions of the true one, if there is one: all of them, in order.
        error: distance of each estimated camera from the true one, if there is one; NaN where a frame has no truth.
        intrinsics: pinhole matrix of the frusta.
        size: (width, height) of the image of the frusta.
        voxel_size: of the map.
    """

    geometry: Any
    world_from_camera: Float64[np.ndarray, "n 4 4"]
    truth: Float64[np.ndarray, "m 3"] | None
    error: Float64[np.ndarray, " n"] | None
    intrinsics: Float64[np.ndarray, "3 3"]
    size: tuple[int, int]
    voxel_size: float


class Viewer:
    """A window, its keys and its state. Every key is a method, which can be called just as well."""

    def __init__(self, open3d: ModuleType, scenery: Scenery) -> None:
        """Prepare the scene; `open` shows it."""
        self._open3d = open3d
        self._scenery = scenery
        self._window = open3d.visualization.VisualizerWithKeyCallback()
        self._lines = _lines(open3d, scenery)
        self._colours = {"colour": self._painted()}
        self._lines_shown = True
        self._flight = flight_poses(scenery.world_from_camera, scenery.voxel_size)
        boxes = [geometry.get_axis_aligned_bounding_box() for geometry in (scenery.geometry, *self._lines)]
        low = np.min([box.min_bound for box in boxes], axis=0)
        high = np.max([box.max_bound for box in boxes], axis=0)
        self._extent = float((high - low).max())
        self.mode = "colour"
        self.frame: int | None = None

    def open(self, title: str, *, visible: bool) -> bool:
        """Open the window and draw the overview; tells whether that was possible."""
        width, height = WINDOW_SIZE
        # Open3D tells on standard output which way it opened the window; only whether it could matters here.
        with self._open3d.utility.VerbosityContextManager(self._open3d.utility.VerbosityLevel.Error):
            if not self._window.create_window(window_name=title, width=width, height=height, visible=visible):
                return False
        for geometry in (self._scenery.geometry, *self._lines):
            self._window.add_geometry(geometry)
        options = self._window.get_render_option()
        options.point_size = POINT_SIZE
        options.background_color = np.array(BACKGROUND)
        options.mesh_show_back_face = True
        keys = {"F": self.fly, "C": self.switch_colours, "T": self.switch_lines, "R": self.overview, "H": self.help}
        for key, action in keys.items():
            self._window.register_key_callback(ord(key), lambda _window, action=action: action())
        self.overview()
        return True

    def run(self) -> None:
        """Wait until the user closes the window."""
        self._window.run()

    def close(self) -> None:
        """Close the window."""
        self._window.destroy_window()

    def picture(self) -> np.ndarray:
        """What the window shows, RGB, uint8 `[h, w, 3]`."""
        self._window.poll_events()
        self._window.update_renderer()
        rendered = np.asarray(self._window.capture_screen_float_buffer(do_render=True))
        return np.rint(255 * rendered).astype(np.uint8)

    def fly(self) -> bool:
        """Start the flight along the drive, or stop it."""
        if self.frame is None:
            self.frame = 0
            self._window.register_animation_callback(lambda _window: self.next_frame())
        else:
            self._stop()
        return False

    def next_frame(self) -> bool:
        """Fly one frame on; at the end, stop."""
        if self.frame is None:
            return False
        if self.frame >= len(self._flight):
            self._stop()
            return False
        pose = self._flight[self.frame]
        # Open3D puts the eye at this distance, by the size of the scene, from the point that it looks at.
        distance = FLIGHT_ZOOM * self._extent / np.tan(FIELD_OF_VIEW / 2)
        self._look(pose[:3, 3] + distance * pose[:3, 2], -pose[:3, 2], -pose[:3, 1], FLIGHT_ZOOM)
        self.frame += 1
        return True

    def switch_colours(self) -> bool:
        """Go on to the next of `MODES`; error is left out where the truth is not known."""
        modes = MODES if self._scenery.error is not None else MODES[:2]
        self.mode = modes[(modes.index(self.mode) + 1) % len(modes)]
        if self.mode not in self._colours:
            self._colours[self.mode] = self._values_painted()
        colours = self._open3d.utility.Vector3dVector(self._colours[self.mode])
        if self._is_mesh:
            self._scenery.geometry.vertex_colors = colours
        else:
            self._scenery.geometry.colors = colours
        self._window.update_geometry(self._scenery.geometry)
        print(f"colours: {self.mode}{self._legend()}", flush=True)
        return True

    def switch_lines(self) -> bool:
        """Show or hide trajectories and cameras."""
        change = self._window.remove_geometry if self._lines_shown else self._window.add_geometry
        for line in self._lines:
            change(line, reset_bounding_box=False)
        self._lines_shown = not self._lines_shown
        return True

    def overview(self) -> bool:
        """Look from behind and above the start, towards where the drive goes."""
        self._stop()
        poses = self._scenery.world_from_camera
        up = -poses[:, :3, 1].mean(axis=0)
        positions = poses[:, :3, 3]
        ahead = positions[-1] - positions[0]
        if np.linalg.norm(ahead) < 1e-6:
            ahead = poses[0, :3, 2]
        ahead = ahead / np.linalg.norm(ahead)
        self._look(positions.mean(axis=0), -ahead + 0.6 * up, up, OVERVIEW_ZOOM)
        return True

    def help(self) -> bool:
        """Print the keys."""
        print(KEYS, flush=True)
        return False

    def _stop(self) -> None:
        if self.frame is not None:
            self.frame = None
            self._window.register_animation_callback(None)

    def _look(
        self,
        at: Float64[np.ndarray, " 3"],
        front: Float64[np.ndarray, " 3"],
        up: Float64[np.ndarray, " 3"],
        zoom: float,
    ) -> None:
        control = self._window.get_view_control()
        control.set_lookat(at)
        control.set_front(front)
        control.set_up(up)
        control.set_zoom(zoom)

    @property
    def _is_mesh(self) -> bool:
        return hasattr(self._scenery.geometry, "triangles")

    def _points(self) -> Float64[np.ndarray, "n 3"]:
        geometry = self._scenery.geometry
        return np.asarray(geometry.vertices if self._is_mesh else geometry.points)

    def _painted(self) -> Float64[np.ndarray, "n 3"]:
        geometry = self._scenery.geometry
        return np.array(geometry.vertex_colors if self._is_mesh else geometry.colors)

    def _values_painted(self) -> Float64[np.ndarray, "n 3"]:
        poses, error = self._scenery.world_from_camera, self._scenery.error
        if self.mode == "height":
            heights = self._points() @ -poses[:, :3, 1].mean(axis=0)
            return spread_colours(heights, *np.percentile(heights, HEIGHT_RANGE))
        assert error is not None
        known = np.flatnonzero(np.isfinite(error))
        _, nearest = cKDTree(poses[known, :3, 3]).query(self._points())
        return spread_colours(error[known][nearest], 0.0, float(error[known].max()))

    def _legend(self) -> str:
        error = self._scenery.error
        return f" (blue 0, red {np.nanmax(error):.3g})" if self.mode == "error" and error is not None else ""


def flight_poses(world_from_camera: Float64[np.ndarray, "n 4 4"], voxel_size: float) -> Float64[np.ndarray, "n 4 4"]:
    """Poses a little behind and above those of the drive."""
    flight = world_from_camera.copy()
    back, up = FLIGHT_BEHIND_VOXELS * voxel_size, FLIGHT_ABOVE_VOXELS * voxel_size
    flight[:, :3, 3] -= back * world_from_camera[:, :3, 2] + up * world_from_camera[:, :3, 1]
    return flight


def spread_colours(values: Float[np.ndarray, " n"], low: float, high: float) -> Float64[np.ndarray, "n 3"]:
    """RGB from 0 to 1 for values: blue at `low` and below, red at `high` and above."""
    levels = (255 * np.clip((values - low) / max(high - low, 1e-12), 0, 1)).astype(np.uint8)
    return cv2.applyColorMap(levels[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1] / 255.0


def _lines(open3d: ModuleType, scenery: Scenery) -> list[Any]:
    """The trajectories, and frusta along the estimated one."""
    poses = scenery.world_from_camera
    lines = [_polyline(open3d, poses[:, :3, 3], ESTIMATE_COLOUR)]
    if scenery.truth is not None:
        lines.append(_polyline(open3d, scenery.truth, TRUTH_COLOUR))
    cameras = open3d.geometry.LineSet()
    for index in np.unique(np.linspace(0, len(poses) - 1, MOST_CAMERAS).astype(int)):
        cameras += open3d.geometry.LineSet.create_camera_visualization(
            *scenery.size, scenery.intrinsics, invert_poses(poses[index]), CAMERA_DEPTH_VOXELS * scenery.voxel_size
        )
    cameras.paint_uniform_color(CAMERA_COLOUR)
    return [*lines, cameras]


def _polyline(open3d: ModuleType, positions: Float64[np.ndarray, "n 3"], colour: tuple[float, float, float]) -> Any:
    steps = np.stack([np.arange(len(positions) - 1), np.arange(1, len(positions))], axis=1)
    line = open3d.geometry.LineSet(
        open3d.utility.Vector3dVector(positions), open3d.utility.Vector2iVector(steps.astype(np.int32))
    )
    line.paint_uniform_color(colour)
    return line
