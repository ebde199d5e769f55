"""What the cameras see agrees with geometry: planes, shadows, things that move, and all of the ground truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vo_gan.world.camera import Camera, kitti_camera
from vo_gan.world.casting import NOTHING, STATIC, Placed
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.renderer import Renderer, Stage
from vo_gan.world.sky import Sky
from vo_gan.world.solids import add_prism, box, icosphere
from vo_gan.world.textures import Noise
from vo_gan.world.town import Town
from vo_gan.world.truth import (
    FLOW_SCALE,
    FLOW_ZERO,
    depth_image,
    disparity_image,
    flow_image,
    moving_image,
    normals_image,
    semantic_image,
)
from vo_gan.world.weather import Weather, WeatherKind, make_weather

SIZE = (208, 64)
CAMERA = kitti_camera(SIZE)
EYE = np.eye(4)
EYE[:3, 3] = 0.2, -1.65, 0.4


def weather(towards_sun: tuple[float, float, float] = (0.0, -1.0, 0.0)) -> Weather:
    """Clear weather with the sun somewhere."""
    clear = make_weather(WeatherKind.CLEAR, np.random.default_rng(0))
    direction = (np.array(towards_sun) / np.linalg.norm(towards_sun)).astype(np.float32)
    return Weather(**{**clear.__dict__, "towards_sun": direction})


def mesh_of(*parts: Callable[[MeshBuilder], None]) -> Mesh:
    builder = MeshBuilder()
    for part in parts:
        part(builder)
    return builder.build()


def ground(builder: MeshBuilder) -> None:
    corners = np.array([[[-200.0, 0, -50], [200, 0, -50], [200, 0, 400], [-200, 0, 400]]])
    style = builder.add_style((0.4, 0.4, 0.4))
    builder.add_quads(corners, corners[..., [2, 0]], Material.GRASS, style, Label.ROAD)


def crate(x: float, z: float, heading: float = 0.0) -> Callable[[MeshBuilder], None]:
    def add(builder: MeshBuilder) -> None:
        style = builder.add_style((0.6, 0.3, 0.2), seed=0.4)
        add_prism(builder, box(x, z, heading, 1.0, 1.5), 0.0, 2.0, Material.WOOD, style, Label.CAR)

    return add


def renderer(mesh: Mesh, *models: Mesh, shadows: bool = False, camera: Camera = CAMERA) -> Renderer:
    town = Town(mesh, np.zeros((0, 3)), models)
    return Renderer(Stage(town), camera, Sky(np.random.default_rng(0)), Noise(0), shadows)


def standing(x: float, z: float, heading: float) -> np.ndarray:
    """town_from_object of something on the ground."""
    pose = np.eye(4)
    c, s = np.cos(heading), np.sin(heading)
    pose[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    pose[0, 3], pose[2, 3] = x, z
    return pose


def pixel_rays(camera: Camera = CAMERA) -> np.ndarray:
    """Rays [h, w, 3] with z = 1 through pixel centres."""
    fx, fy, cx, cy = camera.intrinsics
    y, x = np.mgrid[: camera.size[1], : camera.size[0]].astype(np.float64)
    return np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1)


@pytest.mark.parametrize("normal", [(0.0, 0.0, -1.0), (0.0, -1.0, 0.0), (0.5, -0.3, -0.8)])
def test_depth_and_normal_of_a_plane_are_exact(normal: tuple[float, float, float]) -> None:
    unit = np.array(normal) / np.linalg.norm(normal)
    across = np.cross(unit, [0.3, 0.5, 0.7])
    across /= np.linalg.norm(across)
    up = np.cross(unit, across)
    middle = np.array([1.0, 1.5, 9.0])
    corners = middle + 400.0 * np.stack([-across - up, across - up, across + up, -across + up])

    def plane(builder: MeshBuilder) -> None:
        style = builder.add_style((0.5, 0.5, 0.5))
        builder.add_quads(corners[None], np.zeros((1, 4, 2)), Material.PLASTER, style, Label.WALL)

    pose = standing(0.2, 0.4, 0.05)
    shot = renderer(mesh_of(plane)).render(pose, weather(), 0.0)

    rays = pixel_rays() @ pose[:3, :3].T
    with np.errstate(divide="ignore"):
        expected = ((middle - pose[:3, 3]) @ unit) / (rays @ unit)
    ahead = (expected > 0) & (expected < 60)
    assert ahead.mean() > 0.3
    np.testing.assert_allclose(shot.depth[ahead], expected[ahead], atol=1e-3)
    seen = pose[:3, :3].T @ unit
    np.testing.assert_allclose(shot.normal[ahead], np.broadcast_to(seen, (ahead.sum(), 3)), atol=1e-5)
    coded = normals_image(shot)[ahead] / 32767.5 - 1.0
    np.testing.assert_allclose(coded, np.broadcast_to(seen, coded.shape), atol=1e-4)


def test_sky_has_no_depth_normal_or_flow() -> None:
    shot = renderer(mesh_of(ground)).render(EYE, weather(), 0.0)
    sky = shot.owner == NOTHING
    assert 0.2 < sky.mean() < 0.8
    assert np.isinf(shot.depth[sky]).all()
    for image in (depth_image(shot), disparity_image(shot, CAMERA), normals_image(shot), moving_image(shot)):
        assert (image[sky] == 0).all()
    assert (flow_image(shot, CAMERA, (EYE, EYE), ([], []))[sky] == 0).all()
    assert set(np.unique(semantic_image(shot))) == {Label.SKY, Label.ROAD}


def test_disparity_beyond_the_format_is_unknown() -> None:
    """A wall at 4 m is 257 pixels apart in a camera with fx * baseline = 1028, at 4.1 m 250.7."""

    def wall(builder: MeshBuilder) -> None:
        style = builder.add_style((0.5, 0.5, 0.5))
        corners = np.array([[[-9.0, -9, 4.0], [0, -9, 4.0], [0, 9, 4.0], [-9, 9, 4.0]]])
        for quad in (corners, corners + np.array([9.0, 0.0, 0.1])):
            builder.add_quads(quad, quad[..., :2], Material.PLASTER, style, Label.WALL)

    camera = Camera((32, 16), (2056.0, 2056.0, 15.5, 7.5), 0.5)
    found = disparity_image(renderer(mesh_of(wall), camera=camera).render(np.eye(4), weather(), 0.0), camera)
    assert (found[:, :16] == 0).all()
    np.testing.assert_allclose(found[:, 16:] / 256.0, 1028.0 / 4.1, atol=3e-3)


def test_faces_are_shaded_with_the_normals_they_are_given() -> None:
    """Also where the normals of all corners are the same, as those of a tuft of leaves are."""

    def radiance(normals: np.ndarray | None) -> np.ndarray:
        def wall(builder: MeshBuilder) -> None:
            style = builder.add_style((0.5, 0.5, 0.5))
            corners = np.array([[[-90.0, -90, 4.0], [90, -90, 4.0], [90, 90, 4.0], [-90, 90, 4.0]]])
            builder.add_quads(corners, np.zeros((1, 4, 2)), Material.PLASTER, style, Label.WALL, normals)

        return renderer(mesh_of(wall)).render(EYE, weather((0.0, -1.0, -0.2)), 0.0).radiance

    flat, same = radiance(None), radiance(np.tile([0.0, 0.0, -1.0], (1, 4, 1)))
    tilted = radiance(np.tile([0.0, -0.8, -0.6], (1, 4, 1)))
    np.testing.assert_array_equal(same, flat)
    assert tilted.mean() > 1.5 * flat.mean()


def test_disparity_is_where_the_right_eye_sees_the_point() -> None:
    scene = renderer(mesh_of(ground, crate(0.5, 9.0, 0.4)))
    shot = scene.render(EYE, weather(), 0.0)
    right_pose = EYE.copy()
    right_pose[0, 3] += CAMERA.baseline
    right = scene.render(right_pose, weather(), 0.0)
    disparity = disparity_image(shot, CAMERA) / 256.0
    rows, columns = np.nonzero((shot.depth < 30) & (np.arange(SIZE[0]) > disparity + 1))
    landed = columns - disparity[rows, columns]
    low = np.floor(landed).astype(int)
    share = landed - low
    between = (1 - share) / right.depth[rows, low] + share / right.depth[rows, low + 1]
    agrees = np.abs(between * shot.depth[rows, columns] - 1) < 0.02
    assert agrees.mean() > 0.93


def test_the_sun_casts_the_shadow_of_a_crate_where_it_should() -> None:
    sun = weather((1.0, -1.0, 0.0))
    parts = ground, crate(-1.0, 12.0)
    lit, shaded = (renderer(mesh_of(*parts), shadows=on).render(EYE, sun, 0.0) for on in (False, True))
    points = pixel_rays() * lit.depth[..., None] + EYE[:3, 3]
    on_ground = (lit.label == Label.ROAD) & (lit.depth < 25)
    x, z = points[..., 0], points[..., 2]
    inside = on_ground & (x > -3.8) & (x < -2.2) & (z > 10.7) & (z < 13.3)
    outside = on_ground & ((x < -4.3) | (x > 0.3) | (z < 10.0))
    ratio = shaded.radiance[0] / lit.radiance[0]
    assert inside.sum() > 20
    assert (ratio[inside] < 0.6).all()
    np.testing.assert_allclose(ratio[outside], 1.0, atol=1e-5)


def test_a_thing_that_moves_looks_as_if_it_stood_there() -> None:
    model = mesh_of(crate(0.0, 0.0))
    there = mesh_of(ground, crate(1.5, 11.0, 0.6))
    mover = Placed(0, standing(1.5, 11.0, 0.6))
    sun = weather((1.0, -1.0, -0.4))
    fixed = renderer(there, shadows=True).render(EYE, sun, 0.0)
    moved = renderer(mesh_of(ground), model, shadows=True).render(EYE, sun, 0.0, [mover])
    np.testing.assert_allclose(moved.depth, fixed.depth, rtol=1e-4)
    np.testing.assert_array_equal(moved.owner == 1, fixed.label == Label.CAR)
    np.testing.assert_array_equal(moved.label, fixed.label)
    np.testing.assert_allclose(moved.normal, fixed.normal, atol=1e-4)
    beside = fixed.label != Label.CAR
    np.testing.assert_allclose(moved.radiance[0][beside], fixed.radiance[0][beside], rtol=2e-2, atol=2e-2)
    assert (moving_image(moved) == 255).sum() == (moved.owner == 1).sum() > 50


def test_flow_follows_the_camera_and_what_moves() -> None:
    model = mesh_of(crate(0.0, 0.0))
    scene = renderer(mesh_of(ground), model)
    here, there = standing(0.0, 12.0, 0.2), standing(-0.6, 12.5, 0.3)
    next_pose = EYE @ standing(0.1, 0.9, 0.03)
    shot = scene.render(EYE, weather(), 0.0, [Placed(0, here)])
    flow = flow_image(shot, CAMERA, (EYE, next_pose), ([Placed(0, here)], [there]))
    assert flow.dtype == np.uint16
    assert set(np.unique(shot.owner)) == {NOTHING, STATIC, 1}
    fx, fy, cx, cy = CAMERA.intrinsics
    for owner, motion in ((STATIC, np.eye(4)), (1, there @ np.linalg.inv(here))):
        for row, column in np.argwhere((shot.owner == owner) & (flow[..., 2] == 1))[::7]:
            point = np.append(pixel_rays()[row, column] * shot.depth[row, column], 1.0)
            moved = np.linalg.inv(next_pose) @ motion @ EYE @ point
            expected = moved[0] / moved[2] * fx + cx - column, moved[1] / moved[2] * fy + cy - row
            found = (flow[row, column, :2].astype(float) - FLOW_ZERO) / FLOW_SCALE
            np.testing.assert_allclose(found, expected, atol=1.1 / FLOW_SCALE)
    gone = flow_image(shot, CAMERA, (EYE, next_pose), ([Placed(0, here)], [np.full((4, 4), np.nan)]))
    assert (gone[shot.owner == 1] == 0).all()


def test_the_sun_is_found_and_things_hide_it() -> None:
    low = weather((0.1, -0.15, 1.0))
    open_view = renderer(mesh_of(ground), shadows=True)
    pixel, share = open_view.sun_in_view(EYE, low, 0, [])
    fx, fy, cx, cy = CAMERA.intrinsics
    assert pixel == pytest.approx((0.1 * fx + cx, -0.15 * fy + cy), abs=1e-2)
    assert share == 1.0
    _, share = renderer(mesh_of(ground, crate(0.6, 4.0)), shadows=True).sun_in_view(EYE, low, 0, [])
    assert 0.0 <= share < 0.5
    assert open_view.sun_in_view(EYE, weather((0.0, -0.2, -1.0)), 0, []) == (None, 0.0)


def test_a_view_of_nothing_but_sky_is_no_trouble() -> None:
    upwards = np.eye(4)
    upwards[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    upwards[1, 3] = -1.65
    shot = renderer(mesh_of(ground)).render(upwards, weather(), 0.0)
    assert (shot.owner == NOTHING).all()
    assert np.isfinite(shot.radiance).all()


def test_smooth_normals_shade_a_ball_as_a_ball() -> None:
    vertices, faces = icosphere(3)
    middle = np.array([0.2, -1.65, 4.0])

    def worst_error(normals: np.ndarray | None) -> float:
        """Of the light of suns at one height on the ball: differences cancel the sky's light, ratios the albedo."""

        def ball(builder: MeshBuilder) -> None:
            style = builder.add_style((0.5, 0.5, 0.5))
            builder.add_solid(vertices + middle, faces, Material.PLASTER, style, Label.WALL, normals)

        scene = renderer(mesh_of(ball))
        suns = [weather(direction) for direction in ((0.4, -0.5, -1.0), (-0.4, -0.5, -1.0), (0.0, -0.5, -1.0770))]
        shots = [scene.render(EYE, sun, 0.0) for sun in suns]
        inside = np.linalg.norm(pixel_rays() * shots[0].depth[..., None] + EYE[:3, 3] - middle, axis=2) < 1.02
        points = pixel_rays()[inside] * shots[0].depth[inside][:, None] + EYE[:3, 3] - middle
        cosine = points / np.linalg.norm(points, axis=1, keepdims=True) @ np.stack([sun.towards_sun for sun in suns]).T
        lit = (cosine > 0.2).all(axis=1) & (points[:, 2] < -0.5)
        one, two, three = (shot.radiance[0][inside][lit].mean(axis=1) for shot in shots)
        left, right = (cosine[lit] @ np.array(weights) for weights in ((1, 0, -1), (0, 1, -1)))
        error = (one - three) * right - (two - three) * left
        assert lit.sum() > 100
        return float(np.abs(error).max())

    assert worst_error(vertices) < 0.5 * worst_error(None)
