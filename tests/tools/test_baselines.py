"""The OpenCV baselines on a rendered corridor whose poses and depth are known."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from vo_gan.data import Drive, open_drives
from vo_gan.errors import VoGanError
from vo_gan.evaluation.trajectory import evaluate_trajectory
from vo_gan.geometry import chain_motions
from vo_gan.odometry.trajectory import Trajectory

SIZE = (480, 160)
FX = 300.0
BASELINE = 0.5


@pytest.fixture(scope="module")
def baselines() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "baselines.py"
    spec = importlib.util.spec_from_file_location("baselines", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Corridor(Drive):
    """Ground, two walls and an end, textured with noise, seen by a stereo camera on a bend."""

    name, kind, size = "corridor", "synthetic", SIZE
    world_from_camera: np.ndarray

    def __init__(self, frames: int, rights: int) -> None:
        motion = np.eye(4)
        angle = np.radians(0.8)
        motion[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        motion[2, 3] = 0.4
        self.world_from_camera = chain_motions(np.tile(motion, (frames - 1, 1, 1)))
        self.times = 0.1 * np.arange(frames)
        self.baseline = BASELINE
        self.rights = rights
        noise = cv2.GaussianBlur(np.random.default_rng(0).uniform(0, 255, (512, 512)), (0, 0), 1.5)
        self.texture = ((noise - noise.mean()) / noise.std() * 45 + 128).clip(0, 255).astype(np.float32)

    def __len__(self) -> int:
        return len(self.times)

    def intrinsics(self, size: tuple[int, int] | None = None) -> np.ndarray:
        assert size in (None, SIZE)
        return np.array([[FX, 0.0, SIZE[0] / 2], [0.0, FX, SIZE[1] / 2], [0.0, 0.0, 1.0]])

    def has_right(self, index: int) -> bool:
        return index < self.rights

    def frame_name(self, index: int, side: str = "left") -> str:
        return f"corridor, {side} frame {index}"

    def read_depth(self, index: int) -> np.ndarray:
        return self.render(self.world_from_camera[index])[1]

    def read(self, index: int, size: tuple[int, int] | None = None, side: str = "left") -> np.ndarray:
        assert size in (None, SIZE)
        pose = self.world_from_camera[index].copy()
        if side == "right":
            pose[:3, 3] += BASELINE * pose[:3, 0]
        return self.render(pose)[0]

    def render(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """RGB and z-depth by intersecting every ray with every plane."""
        column, row = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
        rays = np.stack((column, row, np.ones_like(row)), -1) @ np.linalg.inv(self.intrinsics()).T @ pose[:3, :3].T
        depth = np.full(row.shape, np.inf)
        u, v = np.zeros(row.shape), np.zeros(row.shape)
        for axis, offset, others in ((1, 1.5, (0, 2)), (0, -4.0, (1, 2)), (0, 5.0, (1, 2)), (2, 18.0, (0, 1))):
            with np.errstate(divide="ignore"):
                distance = (offset - pose[axis, 3]) / rays[..., axis]
            nearer = (distance > 0) & (distance < depth)
            depth = np.where(nearer, distance, depth)
            points = pose[:3, 3] + np.where(nearer, distance, 0.0)[..., None] * rays
            u = np.where(nearer, points[..., others[0]], u)
            v = np.where(nearer, points[..., others[1]], v)
        x, y = ((coordinate * 24.0 % 512).astype(np.float32) for coordinate in (u, v))
        grey = cv2.remap(self.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1), depth.astype(np.float32)


@pytest.fixture(scope="module")
def corridor() -> Corridor:
    return Corridor(frames=6, rights=5)


def truth(drive: Drive) -> Trajectory:
    assert drive.world_from_camera is not None
    return Trajectory(drive.world_from_camera, drive.times, np.arange(len(drive)))


def test_klt_essential_odometry(baselines: ModuleType, corridor: Corridor) -> None:
    """Rotations to a few hundredths of a degree, the shape of the path, and steps of length 1."""
    estimate = baselines.klt_essential_odometry(corridor)
    figures = evaluate_trajectory(truth(corridor), estimate, "sim3")
    assert figures.rpe_deg == pytest.approx(0.0, abs=0.1)
    assert figures.ate_m == pytest.approx(0.0, abs=0.03)
    assert figures.scale == pytest.approx(0.4, rel=0.01)
    steps = np.diff(estimate.world_from_camera[:, :3, 3], axis=0)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 1.0)


def test_stereo_pnp_odometry_is_metric(baselines: ModuleType, corridor: Corridor) -> None:
    figures = evaluate_trajectory(truth(corridor), baselines.stereo_pnp_odometry(corridor), "se3")
    assert figures.rpe_deg == pytest.approx(0.0, abs=0.1)
    assert figures.rpe_m == pytest.approx(0.0, abs=0.02)
    assert figures.ate_m == pytest.approx(0.0, abs=0.03)


def test_sgbm_depth(baselines: ModuleType, corridor: Corridor) -> None:
    left, right = corridor.read(0), corridor.read(0, side="right")
    depth = baselines.sgbm_depth(left, right, FX, BASELINE, max_disparity=96)
    true_depth = corridor.read_depth(0)
    known = depth > 0
    assert known.mean() > 0.6
    assert np.median(np.abs(depth - true_depth)[known] / true_depth[known]) < 0.02


def test_a_camera_that_stands_still_does_not_move(baselines: ModuleType) -> None:
    drive = Corridor(frames=3, rights=2)
    drive.world_from_camera = np.tile(np.eye(4), (3, 1, 1))
    for odometry in (baselines.klt_essential_odometry, baselines.stereo_pnp_odometry):
        np.testing.assert_allclose(odometry(drive).world_from_camera, drive.world_from_camera, atol=1e-3)


def test_missing_right_view_is_named(baselines: ModuleType) -> None:
    with pytest.raises(VoGanError, match="corridor, left frame 2: has no right view"):
        baselines.stereo_pnp_odometry(Corridor(frames=5, rights=2))


def test_frames_without_corners_repeat_the_last_motion(baselines: ModuleType) -> None:
    drive = Corridor(frames=4, rights=3)
    drive.texture[:] = 128.0
    np.testing.assert_array_equal(
        baselines.klt_essential_odometry(drive).world_from_camera, np.tile(np.eye(4), (4, 1, 1))
    )


@pytest.mark.real
def test_real_frames(baselines: ModuleType, real_data: Path) -> None:
    """Sequence 00 from frame 20 on, where its poses are good: 0.05 degrees a frame, and the scale to 3 %."""
    (drive,) = open_drives(real_data / "kitti_odometry", ["00[20:32]"])
    mono = evaluate_trajectory(truth(drive), baselines.klt_essential_odometry(drive), "sim3")
    assert mono.rpe_deg is not None
    assert mono.rpe_deg < 0.1
    stereo = evaluate_trajectory(truth(drive), baselines.stereo_pnp_odometry(drive), "sim3")
    assert stereo.rpe_deg is not None
    assert stereo.rpe_deg < 0.06
    assert stereo.scale == pytest.approx(1.0, abs=0.03)
