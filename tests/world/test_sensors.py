"""What the cameras see agrees with geometry: known planes, and views warped into one another."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vo_gan.world.mesh import Material, MeshBuilder
from vo_gan.world.road import lay_road
from vo_gan.world.sensors import Renderer, kitti_camera
from vo_gan.world.textures import Noise
from vo_gan.world.town import Light, Town, build_town, lay_course
from vo_gan.world.vehicle import drive

SIZE = (208, 64)


@pytest.fixture(scope="module")
def street() -> tuple[Renderer, np.ndarray]:
    """A renderer of a town and the poses of a drive through it."""
    rng = np.random.default_rng(21)
    road = lay_course(rng, 40)
    poses = drive(road, 40, rng)
    return Renderer(build_town(rng, road), Noise([21]), kitti_camera(SIZE)), poses


def pixel_rays() -> np.ndarray:
    """Rays [h, w, 3] with z = 1 through pixel centres."""
    fx, fy, cx, cy = kitti_camera(SIZE).intrinsics
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)
    return np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1)


def warp(
    source: np.ndarray, source_depth: np.ndarray, depth: np.ndarray, source_from_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sample a source view where the target's points lie in it; the mask keeps what the source sees as well."""
    fx, fy, cx, cy = kitti_camera(SIZE).intrinsics
    known = np.isfinite(depth) & (depth < 255)
    points = pixel_rays() * np.where(known, depth, 1.0)[..., None]
    points = points @ source_from_target[:3, :3].T + source_from_target[:3, 3]
    z = np.maximum(points[..., 2], 1e-3)
    x, y = points[..., 0] / z * fx + cx, points[..., 1] / z * fy + cy
    mask = known & (points[..., 2] > 0.1) & (x >= 0) & (x < SIZE[0] - 1) & (y >= 0) & (y < SIZE[1] - 1)
    column, row = (np.where(mask, np.floor(v), 0).astype(int) for v in (x, y))
    for i in (0, 1):
        for j in (0, 1):
            mask &= np.abs(source_depth[np.minimum(row + i, 63), np.minimum(column + j, 207)] - z) < 0.05 * z
    image = cv2.remap(source.astype(np.float32), x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    return image, mask


def decibels(one: np.ndarray, two: np.ndarray, mask: np.ndarray) -> float:
    """Peak signal-to-noise ratio inside a mask."""
    error = ((one.astype(np.float64) - two.astype(np.float64)) ** 2)[mask].mean()
    return float(10 * np.log10(255.0**2 / error))


@pytest.mark.parametrize("normal", [(0.0, 0.0, -1.0), (0.0, -1.0, 0.0), (0.5, -0.3, -0.8)])
def test_depth_of_a_plane_is_exact_to_a_millimetre(normal: tuple[float, float, float]) -> None:
    unit = np.array(normal) / np.linalg.norm(normal)
    across = np.cross(unit, [0.3, 0.5, 0.7])
    across /= np.linalg.norm(across)
    up = np.cross(unit, across)
    middle = np.array([1.0, 1.5, 9.0])
    corners = middle + 400.0 * np.stack([-across - up, across - up, across + up, -across + up])
    builder = MeshBuilder()
    style = builder.add_style((0.5, 0.5, 0.5))
    builder.add_quads(corners[None], np.zeros((1, 4, 2)), Material.PLAIN, style)
    grey = np.full(3, 0.5)
    light = Light(np.array([0.0, -1.0, 0.0]), grey, grey, grey, grey)
    town = Town(lay_road(np.random.default_rng(0), 10.0, 1.0, 1.0), builder.build(), light)
    pose = np.eye(4)
    angle = 0.05
    pose[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    pose[:3, 3] = [0.2, 0.1, 0.4]

    depth = Renderer(town, Noise([0]), kitti_camera(SIZE)).render(pose).depth

    rays = pixel_rays() @ pose[:3, :3].T
    with np.errstate(divide="ignore"):
        expected = ((middle - pose[:3, 3]) @ unit) / (rays @ unit)
    ahead = (expected > 0) & (expected < 60)
    assert ahead.mean() > 0.3
    np.testing.assert_allclose(depth[ahead], expected[ahead], atol=1e-3)


def test_right_view_warped_by_disparity_is_the_left(street: tuple[Renderer, np.ndarray]) -> None:
    renderer, poses = street
    for index in (4, 30):
        frame = renderer.render(poses[index])
        right_pose = poses[index].copy()
        right_pose[:3, 3] += 0.54 * right_pose[:3, 0]
        right_from_left = np.linalg.inv(right_pose) @ poses[index]
        image, mask = warp(frame.right, renderer.render(right_pose).depth, frame.depth, right_from_left)
        assert mask.mean() > 0.4
        assert decibels(image, frame.left, mask) > 31.0
        assert decibels(frame.right, frame.left, mask) < 22.0


def test_previous_view_warped_by_depth_and_pose_is_this_view(street: tuple[Renderer, np.ndarray]) -> None:
    renderer, poses = street
    for index in (4, 30):
        before, frame = renderer.render(poses[index - 1]), renderer.render(poses[index])
        before_from_now = np.linalg.inv(poses[index - 1]) @ poses[index]
        image, mask = warp(before.left, before.depth, frame.depth, before_from_now)
        assert mask.mean() > 0.5
        assert decibels(image, frame.left, mask) > 28.0
        assert decibels(before.left, frame.left, mask) < 22.0


def test_every_part_of_the_image_has_contrast(street: tuple[Renderer, np.ndarray]) -> None:
    renderer, poses = street
    frame = renderer.render(poses[10])
    grey = cv2.cvtColor(frame.left, cv2.COLOR_RGB2GRAY).astype(np.float64)
    contrast = grey.reshape(4, 16, 13, 16).std(axis=(1, 3))
    nothing_but_sky = np.isinf(frame.depth).reshape(4, 16, 13, 16).all(axis=(1, 3))
    assert (contrast[~nothing_but_sky] > 3.0).mean() > 0.9
