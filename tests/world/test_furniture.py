"""Street furniture: where it stands, which way it looks, where the lamps are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from vo_gan.world.materials.furniture import SIDES, Figure, Plate, lamp, metal, sign, wood
from vo_gan.world.materials.surface import Surface
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.furniture import add_furniture
from vo_gan.world.objects.lots import Lot
from vo_gan.world.objects.plants import add_plants
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork, lay_network
from vo_gan.world.roads.terrain import Terrain


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    rng = np.random.default_rng(9)
    return lay_network(rng, Terrain(rng))


@pytest.fixture(scope="module")
def lots(network: RoadNetwork) -> list[Lot]:
    """Gardens of 12 m along all streets."""
    return [
        Lot(street.index, side, start, start + 12.0, 5.0, 9.0)
        for street in network.streets
        for side in (-1, 1)
        for start in np.arange(street.first + 3.0, street.last - 15.0, 12.0)
    ]


def furnish(network: RoadNetwork, lots: list[Lot], seed: int) -> tuple[Mesh, np.ndarray]:
    builder = MeshBuilder()
    bulbs = add_furniture(builder, network, lots, np.random.default_rng(seed))
    return builder.build(), bulbs


@pytest.fixture(scope="module")
def furniture(network: RoadNetwork, lots: list[Lot]) -> tuple[Mesh, np.ndarray]:
    return furnish(network, lots, 1)


def measured(network: RoadNetwork, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres to the nearest kerb and above the terrain."""
    plan = points[..., [0, 2]].reshape(-1, 2).astype(float)
    return network.clearance(plan), -points[..., 1].ravel() - network.terrain.height(plan)


def at_the_kerb(network: RoadNetwork, points: np.ndarray) -> np.ndarray:
    """Points near the kerb and near the ground."""
    clearance, height = measured(network, points)
    return points[(clearance < 0.9) & (height < 1.5)]


def test_nothing_stands_on_carriageways_or_where_people_walk(
    network: RoadNetwork, furniture: tuple[Mesh, np.ndarray]
) -> None:
    clearance, height = measured(network, furniture[0].triangles)
    low = height < 2.2
    assert clearance[low].min() > 0.05
    assert not (low & (clearance > 0.85) & (clearance < PAVEMENT_WIDTH - 0.02)).any()
    assert height[clearance < 0].min() > 4.5


def test_bulbs_hang_over_the_street_in_their_lamps(network: RoadNetwork, furniture: tuple[Mesh, np.ndarray]) -> None:
    mesh, bulbs = furniture
    clearance, height = measured(network, bulbs)
    assert len(bulbs) > sum(street.last - street.first for street in network.streets) / 40.0
    assert height.min() > 5.0
    assert height.max() < 8.0
    assert np.abs(clearance).max() < 1.5
    glass = mesh.triangles[(mesh.material == Material.LAMP) & (mesh.label == Label.POLE)].reshape(-1, 3)
    assert cKDTree(glass).query(bulbs)[0].max() < 0.4
    spacing = cKDTree(bulbs).query(bulbs, k=2)[0][:, 1]
    assert np.median(spacing) > 20.0


def test_signs_look_towards_the_traffic(network: RoadNetwork, furniture: tuple[Mesh, np.ndarray]) -> None:
    mesh, _ = furniture
    plates = np.flatnonzero((mesh.material == Material.SIGN) & (mesh.label == Label.TRAFFIC_SIGN))
    assert len(plates) > 100
    plan = mesh.triangles[plates].mean(axis=1)[:, [0, 2]].astype(float)
    for street in network.streets:
        own = plates[network.nearest_street(plan) == street.index]
        middle = mesh.triangles[own].mean(axis=1)[:, [0, 2]].astype(float)
        nearest = cKDTree(street.line.position).query(middle)[1]
        along = nearest * street.line.step
        plain = (along > street.first) & (along < street.last)
        own, middle, nearest = own[plain], middle[plain], nearest[plain]
        heading = street.line.heading[nearest]
        right = np.stack([np.cos(heading), -np.sin(heading)], axis=1)
        side = np.sign(((middle - street.line.position[nearest]) * right).sum(axis=1))
        reading = mesh.texture[own, :3][:, [0, 2]]
        assert ((reading * right).sum(axis=1) * side > 0.95).all()


def test_trees_and_furniture_keep_apart(
    network: RoadNetwork, lots: list[Lot], furniture: tuple[Mesh, np.ndarray]
) -> None:
    builder = MeshBuilder()
    add_plants(builder, network, lots, np.random.default_rng(5))
    plants, (mesh, _) = builder.build(), furniture
    trunks = plants.triangles[plants.material == Material.BARK].reshape(-1, 3)
    things = mesh.triangles.reshape(-1, 3)
    trunks, things = (
        points[(measured(network, points)[1] < 1.5) & (measured(network, points)[0] < 0.9)]
        for points in (trunks, things)
    )
    assert len(trunks) > 100
    assert cKDTree(trunks[:, [0, 2]]).query(things[:, [0, 2]])[0].min() > 0.6


def test_all_kinds_occur(furniture: tuple[Mesh, np.ndarray]) -> None:
    labels = set(np.unique(furniture[0].label))
    assert {Label.POLE, Label.TRAFFIC_SIGN, Label.TRAFFIC_LIGHT, Label.FENCE, Label.WALL} <= labels
    assert len(furniture[0].triangles) < 80_000


def test_same_generator_same_bytes(network: RoadNetwork, lots: list[Lot], furniture: tuple[Mesh, np.ndarray]) -> None:
    (again, bulbs), (other, _) = furnish(network, lots, 1), furnish(network, lots, 2)
    assert bulbs.tobytes() == furniture[1].tobytes()
    for name in ("triangles", "normals", "texture", "style", "styles"):
        assert getattr(again, name).tobytes() == getattr(furniture[0], name).tobytes()
    assert other.triangles.tobytes() != again.triangles.tobytes()


def seen(u: np.ndarray, v: np.ndarray, width: float, noise: float = 0.0, **style: tuple[float, ...]) -> Surface:
    """A surface with the parts of its style that are given: colour, second, parameters."""
    count = len(u)
    rng = np.random.default_rng(0)
    row = np.zeros(16, np.float32)
    row[0:3], row[3:6], row[6] = style.get("colour", (0.5,) * 3), style.get("second", (0.2,) * 3), 0.3
    row[7 : 7 + len(style.get("parameters", ()))] = style.get("parameters", ())
    size = np.full(count, width, np.float32)
    fine, coarse = (noise * rng.standard_normal((2, count, 4))).astype(np.float32)
    return Surface(u.astype(np.float32), v.astype(np.float32), size, size, np.tile(row, (count, 1)), fine, coarse)


def test_a_disc_has_a_rim_and_a_figure() -> None:
    parameters = (float(Plate.DISC), float(Figure.BAR), 0.3, 0.05, 0.3, 2.0)
    at = seen(np.array([0.0, 0.28, 0.0]), np.array([0.0, 0.0, 0.15]), 0.003,
              colour=(0.7, 0.1, 0.1), second=(0.1, 0.1, 0.8), parameters=parameters)  # fmt: skip
    np.testing.assert_allclose(sign(at).albedo, [[0.9] * 3, [0.1, 0.1, 0.8], [0.7, 0.1, 0.1]], atol=1e-3)


@pytest.mark.parametrize("plate", list(Plate))
@pytest.mark.parametrize("figure", [f for f in Figure if f != Figure.POSTER])
def test_signs_far_away_have_about_their_mean_colour(plate: Plate, figure: Figure) -> None:
    u, v = np.random.default_rng(0).uniform(-0.6, 0.6, (2, 8000))
    angle = np.radians(np.arange(0.0, 360.0, 2.0) if plate == Plate.DISC else SIDES[plate])
    inside = (np.outer(u, np.cos(angle)) + np.outer(v, np.sin(angle)) < 0.3).all(axis=1)
    u, v = u[inside], v[inside]
    parameters = (float(plate), float(figure), 0.3, 0.04, 0.3, 0.0)
    near, far, farther = (
        sign(seen(u, v, width, colour=(0.9,) * 3, second=(0.5, 0.1, 0.1), parameters=parameters)).albedo
        for width in (0.005, 0.6, 3.0)
    )
    np.testing.assert_allclose(far, farther, atol=1e-3)
    assert far.std(axis=0).max() < 1e-3
    np.testing.assert_allclose(near.mean(axis=0), far.mean(axis=0), atol=0.1)


@pytest.mark.parametrize("material", [metal, wood])
def test_far_surfaces_have_the_mean_colour_of_near_ones(material) -> None:
    rng = np.random.default_rng(1)
    u, v = rng.uniform(1, 40, (2, 20_000))
    style = {"colour": (0.5, 0.4, 0.3), "second": (0.4, 0.4, 0.4), "parameters": (0.12,)}
    near, far = material(seen(u, v, 0.005, 1.0, **style)).albedo, material(seen(u, v, 40.0, **style)).albedo
    assert near.dtype == far.dtype == np.float32
    np.testing.assert_allclose(near.mean(axis=0), far.mean(axis=0), atol=0.02)


def test_lamps_give_off_the_light_of_their_style() -> None:
    look = lamp(seen(np.zeros(3), np.zeros(3), 0.01, second=(1.0, 0.8, 0.5), parameters=(2.0,)))
    assert look.emission is not None
    np.testing.assert_allclose(look.emission, [[2.0, 1.6, 1.0]] * 3, rtol=1e-6)
