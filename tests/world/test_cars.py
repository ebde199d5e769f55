"""Cars have the size of cars, stand on their wheels and are parked where cars may be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vo_gan.world.materials.surface import Surface
from vo_gan.world.materials.vehicles import CarPart, car, tyre
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.cars import CAR_MODELS, add_car, add_parked_cars
from vo_gan.world.roads.network import RoadNetwork, lay_network
from vo_gan.world.roads.terrain import Terrain

STYLES = len(CarPart)


def one_car(model: int, seed: int = 0, pose: np.ndarray | None = None, lamps: bool = True) -> Mesh:
    builder = MeshBuilder()
    add_car(builder, np.random.default_rng(seed), model, np.eye(4) if pose is None else pose, lamps)
    return builder.build()


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    rng = np.random.default_rng(3)
    return lay_network(rng, Terrain(rng))


@pytest.fixture(scope="module")
def parked(network: RoadNetwork) -> Mesh:
    builder = MeshBuilder()
    add_parked_cars(builder, network, np.random.default_rng(4))
    return builder.build()


def footprints(mesh: Mesh) -> list[np.ndarray]:
    """(x, z) of all corners, car by car: a car has as many styles as parts."""
    owner = mesh.style // STYLES
    return [
        mesh.triangles[owner == number][:, :, [0, 2]].reshape(-1, 2) for number in range(len(mesh.styles) // STYLES)
    ]


@pytest.mark.parametrize("model", range(CAR_MODELS))
def test_a_car_has_a_cars_size_and_stands_on_the_ground(model: int) -> None:
    mesh = one_car(model)
    low, high = mesh.triangles.min(axis=(0, 1)), mesh.triangles.max(axis=(0, 1))
    assert 3.3 < high[2] - low[2] < 5.5
    assert 1.7 < high[0] - low[0] < 2.3
    assert 1.35 < -low[1] < 2.8
    assert -0.01 < high[1] < 0.01
    np.testing.assert_allclose([low[0] + high[0], low[2] + high[2]], 0.0, atol=0.05)
    assert 600 < len(mesh.triangles) < 1100
    assert set(mesh.label) == {Label.CAR}


@pytest.mark.parametrize("model", range(CAR_MODELS))
def test_all_four_wheels_touch_the_ground(model: int) -> None:
    mesh = one_car(model)
    tread = mesh.triangles[mesh.material == Material.TYRE].reshape(-1, 3)
    lowest = tread[tread[:, 1] > -0.01]
    assert {(bool(x > 0), bool(z > 0)) for x, _, z in lowest} == {(a, b) for a in (True, False) for b in (True, False)}


@pytest.mark.parametrize("model", range(CAR_MODELS))
def test_smooth_normals_look_outwards(model: int) -> None:
    mesh = one_car(model)
    first, second = (mesh.triangles[:, i] - mesh.triangles[:, 0] for i in (1, 2))
    flat = np.cross(first, second)
    corner = mesh.normals.reshape(-1, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(corner, axis=2), 1.0, atol=1e-5)
    assert ((corner * flat[:, None]).sum(axis=2) > 0).all()
    volume = (mesh.triangles[:, 0] * np.cross(mesh.triangles[:, 1], mesh.triangles[:, 2])).sum() / 6
    assert volume > 3.0


def test_a_car_is_the_same_on_both_sides() -> None:
    corners = one_car(0).triangles.reshape(-1, 3)
    right = corners[corners[:, 0] > 1e-4].round(4)
    left = corners[corners[:, 0] < -1e-4].round(4) * np.array([-1, 1, 1], np.float32)
    assert {tuple(p) for p in right.tolist()} == {tuple(p) for p in left.tolist()}


def test_models_differ_and_colours_follow_the_generator() -> None:
    assert len({one_car(model).triangles.tobytes() for model in range(CAR_MODELS)}) == CAR_MODELS
    assert one_car(2, seed=5).styles.tobytes() == one_car(2, seed=5).styles.tobytes()
    assert one_car(2, seed=5).styles.tobytes() != one_car(2, seed=6).styles.tobytes()
    assert len(np.unique([one_car(0, seed).styles[0, :3].round(1) for seed in range(30)], axis=0)) > 6


def test_a_pose_moves_the_car_rigidly() -> None:
    pose = Terrain(np.random.default_rng(1)).stand(np.array([[30.0, -12.0]]), np.array([0.7]))[0]
    here, there = one_car(1), one_car(1, pose=pose)
    np.testing.assert_allclose(here.triangles @ pose[:3, :3].T + pose[:3, 3], there.triangles, atol=1e-4)
    np.testing.assert_allclose(here.normals.reshape(-1, 3) @ pose[:3, :3].T, there.normals.reshape(-1, 3), atol=1e-5)


def test_parked_cars_stay_in_their_strips(parked: Mesh, network: RoadNetwork) -> None:
    assert len(footprints(parked)) > 60
    for corners in footprints(parked):
        clearance = network.clearance(corners.astype(np.float64))
        assert clearance.max() < 0.03
        assert clearance.min() > -2.33


def test_parked_cars_do_not_touch(parked: Mesh) -> None:
    boxes = [cv2.minAreaRect(corners.astype(np.float32)) for corners in footprints(parked)]
    centres = np.array([box[0] for box in boxes])
    for i, j in zip(*np.triu_indices(len(boxes), 1), strict=True):
        if np.linalg.norm(centres[i] - centres[j]) < 7.0:
            assert cv2.rotatedRectangleIntersection(boxes[i], boxes[j])[0] == cv2.INTERSECT_NONE


def test_parked_cars_face_with_the_traffic(parked: Mesh, network: RoadNetwork) -> None:
    owner, part = parked.style // STYLES, parked.style % STYLES
    sides = set()
    for number in range(len(parked.styles) // STYLES):
        front, rear = (
            parked.triangles[(owner == number) & (part == kind)].mean(axis=(0, 1))[[0, 2]]
            for kind in (CarPart.FRONT, CarPart.REAR)
        )
        middle = 0.5 * (front + rear).astype(np.float64)
        line = network.streets[int(network.nearest_street(middle[None])[0])].line
        nearest = int(np.linalg.norm(line.position - middle, axis=1).argmin())
        heading = line.heading[nearest]
        side = np.sign((middle - line.position[nearest]) @ [np.cos(heading), -np.sin(heading)])
        assert side * ((front - rear) @ [np.sin(heading), np.cos(heading)]) > 0.9 * np.linalg.norm(front - rear)
        sides.add(side)
    assert sides == {-1.0, 1.0}


def test_parked_cars_stand_on_the_terrain_with_lamps_off(parked: Mesh, network: RoadNetwork) -> None:
    tyres = parked.triangles[parked.material == Material.TYRE].reshape(-1, 3).astype(np.float64)
    above = -tyres[:, 1] - network.terrain.height(tyres[:, [0, 2]])
    assert -0.03 < above.min() < 0.01
    assert not parked.styles[parked.styles[:, 7] < CarPart.TREAD][:, 8].any()


def test_parking_is_deterministic(network: RoadNetwork, parked: Mesh) -> None:
    builder = MeshBuilder()
    add_parked_cars(builder, network, np.random.default_rng(4))
    again = builder.build()
    assert again.triangles.tobytes() == parked.triangles.tobytes()
    assert again.styles.tobytes() == parked.styles.tobytes()


def surface(style: np.ndarray, width: float, noise: float = 1.0) -> Surface:
    """Random points of a part within the length and height of a car."""
    rng = np.random.default_rng(0)
    count = 500
    wide = np.full(count, width, np.float32)
    fine, coarse = (noise * rng.standard_normal((2, count, 4))).astype(np.float32)
    u, v = rng.uniform(-2, 2, count).astype(np.float32), rng.uniform(0, 1.5, count).astype(np.float32)
    return Surface(u, v, wide, wide, np.tile(style, (count, 1)), fine, coarse)


@pytest.mark.parametrize("part", CarPart)
def test_looks_are_bounded_and_fade_far_away(part: CarPart) -> None:
    function = tyre if part in (CarPart.TREAD, CarPart.RIM) else car
    style = one_car(0).styles[part]
    near, far = function(surface(style, 0.004)).albedo, function(surface(style, 40.0, 0.0)).albedo
    assert near.dtype == np.float32
    assert near.min() >= 0.06
    assert near.max() <= 0.9
    assert near.std(axis=0).max() > 0.004
    assert far.std(axis=0).max() < 0.12


def test_only_the_lamps_of_cars_that_drive_shine() -> None:
    for part, colour in ((CarPart.FRONT, 2), (CarPart.REAR, 0)):
        on, off = (car(surface(one_car(0, lamps=lamps).styles[part], 0.004)).emission for lamps in (True, False))
        assert on is not None
        assert off is not None
        assert on[:, colour].max() > 0.3
        assert 0.01 < (on[:, colour] > 0).mean() < 0.3
        assert off.max() == 0.0
    side = car(surface(one_car(0).styles[CarPart.TOP], 0.004)).emission
    assert side is not None
    assert side.max() == 0.0
