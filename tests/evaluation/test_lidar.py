"""LiDAR as true depth: against plain loops, and against the published program written out here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.lidar import LidarTruth, project_as_published, read_scan
from vo_gan.evaluation.split import SplitEntry

ENTRY = SplitEntry("2011_09_26", "2011_09_26_drive_0001_sync", "0000000003", 2)
WIDTH, HEIGHT = 60, 20


def write_calibration(root: Path) -> np.ndarray:
    """A camera 0.3 m before the scanner, cameras 2 and 3 0.06 and 0.5 m to the side; returns camera 0 from scanner."""
    folder = root / ENTRY.date
    folder.mkdir(parents=True, exist_ok=True)
    rotation = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
    translation = np.array([0.01, -0.08, -0.3])

    def numbers(values: object) -> str:
        return " ".join(f"{value:.9e}" for value in np.ravel(values))  # type: ignore[call-overload]

    (folder / "calib_velo_to_cam.txt").write_text(f"R: {numbers(rotation)}\nT: {numbers(translation)}\n")
    lines = [f"R_rect_00: {numbers(np.eye(3))}"]
    for camera, offset in ((2, 3.0), (3, -25.0)):
        lines.append(f"S_rect_0{camera}: {WIDTH:e} {HEIGHT:e}")
        lines.append(f"P_rect_0{camera}: {numbers([[50, 0, 30, offset], [0, 50, 10, 0.2], [0, 0, 1, 0.003]])}")
    (folder / "calib_cam_to_cam.txt").write_text("\n".join(lines) + "\n")
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation, translation
    return transform


def write_scan(root: Path, points: np.ndarray, columns: int = 4) -> Path:
    path = LidarTruth(root).scan(ENTRY)
    path.parent.mkdir(parents=True, exist_ok=True)
    reflectance = np.random.default_rng(1).uniform(size=(len(points), columns - 3))
    np.concatenate((points, reflectance), axis=1).astype(np.float32).tofile(path)
    return path


def cloud(count: int = 4000) -> np.ndarray:
    """All round the scanner, some hidden behind others, some just before it."""
    random = np.random.default_rng(0)
    return random.uniform((-20, -20, -3), (60, 20, 2), (count, 3)).astype(np.float32)


def generate_depth_map(points: np.ndarray, projection: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The published function (monodepth2's kitti_utils.py, cam 2, vel_depth), as a plain program."""
    velo = np.concatenate((points, np.ones((len(points), 1))), axis=1)
    velo = velo[velo[:, 0] >= 0, :]
    projected = np.dot(projection, velo.T).T
    projected[:, :2] = projected[:, :2] / projected[:, 2][..., np.newaxis]
    projected[:, 2] = velo[:, 0]
    projected[:, 0] = np.round(projected[:, 0]) - 1
    projected[:, 1] = np.round(projected[:, 1]) - 1
    inside = (projected[:, 0] >= 0) & (projected[:, 1] >= 0)
    inside = inside & (projected[:, 0] < shape[1]) & (projected[:, 1] < shape[0])
    projected = projected[inside, :]
    depth = np.zeros(shape)
    for column, row, value in projected:
        depth[int(row), int(column)] = value
    index = projected[:, 1] * (shape[1] - 1) + projected[:, 0] - 1
    for place, count in Counter(index).items():
        if count > 1:
            same = np.where(index == place)[0]
            depth[int(projected[same[0], 1]), int(projected[same[0], 0])] = projected[same, 2].min()
    depth[depth < 0] = 0
    return depth


def test_published_projection_is_the_published_one(tmp_path: Path) -> None:
    camera_from_scanner = write_calibration(tmp_path)
    points = cloud()
    write_scan(tmp_path, points)
    projection = np.array([[50, 0, 30, 3.0], [0, 50, 10, 0.2], [0, 0, 1, 0.003]]) @ camera_from_scanner
    expected = generate_depth_map(points, projection, (HEIGHT, WIDTH))
    truth = LidarTruth(tmp_path, "published")
    np.testing.assert_allclose(truth.read(ENTRY), expected, rtol=1e-6)
    assert (expected > 0).sum() > 100
    # Whatever camera the split names.
    right = SplitEntry(ENTRY.date, ENTRY.drive, ENTRY.frame, 3)
    np.testing.assert_array_equal(truth.read(right), truth.read(ENTRY))


def test_published_row_ends_are_mixed_up() -> None:
    """The last pixel of a row and the first of the next have one number: the nearer depth goes to the first point."""
    projection = np.array([[0, -1.0, 0, 0], [0, 0, -1.0, 0], [1, 0, 0, 0]])
    points = np.array([[10.0, -40.0, -10.0], [5.0, -5.0, -10.0]])  # (4, 1) and (1, 2), a pixel less: (3, 0) and (0, 1)
    depth = project_as_published(points, projection, (4, 3))
    assert depth[0, 3] == 5.0
    assert depth[1, 0] == 5.0
    assert project_as_published(points[:1], projection, (4, 3))[0, 3] == 10.0
    assert not project_as_published(points[:0], projection, (4, 3)).any()


@pytest.mark.parametrize("camera", [2, 3])
def test_exact_projection_is_that_of_plain_loops(tmp_path: Path, camera: int) -> None:
    camera_from_scanner = write_calibration(tmp_path)
    points = cloud()
    write_scan(tmp_path, points)
    offset = {2: 3.0, 3: -25.0}[camera]
    expected = np.zeros((HEIGHT, WIDTH))
    for point in points.astype(float):
        x, y, z = (camera_from_scanner @ [*point, 1.0])[:3]
        z += 0.003
        if z <= 0.1:
            continue
        column, row = round((50 * x + 30 * (z - 0.003) + offset) / z), round((50 * y + 10 * (z - 0.003) + 0.2) / z)
        if 0 <= column < WIDTH and 0 <= row < HEIGHT and (expected[row, column] == 0 or z < expected[row, column]):
            expected[row, column] = z
    entry = SplitEntry(ENTRY.date, ENTRY.drive, ENTRY.frame, camera)
    np.testing.assert_allclose(LidarTruth(tmp_path).read(entry), expected, rtol=1e-6)


@pytest.mark.parametrize("count", [12, 13, 4000])
@pytest.mark.parametrize("columns", [3, 4])
def test_scans_with_and_without_reflectance(tmp_path: Path, columns: int, count: int) -> None:
    points = cloud(count)
    np.testing.assert_array_equal(read_scan(write_scan(tmp_path, points, columns)), points)


def test_broken_scans_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(VoGanError, match=r"a.bin: cannot be read"):
        read_scan(path)
    path.write_bytes(b"")
    with pytest.raises(VoGanError, match=r"a.bin: is empty"):
        read_scan(path)
    path.write_bytes(b"1" * 50)
    with pytest.raises(VoGanError, match=r"a.bin: has 50 bytes, no whole number of points"):
        read_scan(path)
    write_scan(tmp_path, cloud())
    with pytest.raises(VoGanError, match=r"calib_cam_to_cam.txt: no such file"):
        LidarTruth(tmp_path).read(ENTRY)


@pytest.mark.real
def test_real_scan_without_reflectance(real_data: Path) -> None:
    """Frame 0 of sequence 00: points of a HDL-64E lie within 120 m, and the ground 1.7 m below the scanner."""
    points = read_scan(real_data / "kitti_odometry" / "sequences" / "00" / "velodyne_xyz" / "000000.bin")
    assert np.isfinite(points).all()
    assert np.linalg.norm(points, axis=1).max() < 130
    near = points[np.hypot(points[:, 0], points[:, 1]) < 10]
    assert np.median(near[:, 2]) == pytest.approx(-1.7, abs=0.2)
