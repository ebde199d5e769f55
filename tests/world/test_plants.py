"""Trees, bushes and hedges: where they stand, what they leave free, how their leaves look."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.materials.nature import bark, foliage
from vo_gan.world.materials.surface import Surface
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.copies import add_copies
from vo_gan.world.objects.lots import Lot
from vo_gan.world.objects.places import GATE, TREES, Boundary, boundary, closed_stretches, kerb_stations
from vo_gan.world.objects.plants import add_plants
from vo_gan.world.objects.trees import STREET_HEADROOM, tree_models
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork, lay_network
from vo_gan.world.roads.terrain import Terrain


def lots_along(network: RoadNetwork) -> list[Lot]:
    """Lots of 12 m along all streets: houses at the pavement, gardens of two depths, and gaps, by turns."""
    setbacks = (0.0, 4.0, np.inf, 6.0)
    return [
        Lot(street.index, side, start, start + 12.0, setbacks[(i + street.index) % 4], 9.0)
        for street in network.streets
        for side in (-1, 1)
        for i, start in enumerate(np.arange(street.first + 3.0, street.last - 15.0, 12.0))
    ]


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    rng = np.random.default_rng(4)
    return lay_network(rng, Terrain(rng))


def plant(network: RoadNetwork, seed: int) -> Mesh:
    builder = MeshBuilder()
    add_plants(builder, network, lots_along(network), np.random.default_rng(seed))
    return builder.build()


@pytest.fixture(scope="module")
def plants(network: RoadNetwork) -> Mesh:
    return plant(network, 1)


def measured(network: RoadNetwork, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres to the nearest kerb and above the terrain."""
    plan = points[..., [0, 2]].reshape(-1, 2).astype(float)
    return network.clearance(plan), -points[..., 1].ravel() - network.terrain.height(plan)


def test_nothing_grows_on_carriageways_or_where_people_walk(network: RoadNetwork, plants: Mesh) -> None:
    clearance, height = measured(network, plants.triangles[plants.label == Label.VEGETATION])
    low = height < 2.0
    assert clearance[low].min() > 0.1
    assert not (low & (clearance > 0.85) & (clearance < PAVEMENT_WIDTH - 0.02)).any()


def test_crowns_leave_headroom(network: RoadNetwork, plants: Mesh) -> None:
    clearance, height = measured(network, plants.triangles[plants.material == Material.FOLIAGE])
    assert (clearance < 0).any()
    assert height[clearance < 0].min() > 4.2
    assert height[(clearance >= 0) & (clearance < PAVEMENT_WIDTH - 0.05)].min() > 3.5


def test_trees_stand_in_the_ground(network: RoadNetwork, plants: Mesh) -> None:
    _, height = measured(network, plants.triangles[plants.material == Material.BARK])
    assert height.min() < -0.2
    assert height.max() > 5.0


def test_a_town_has_many_trees_but_not_too_many_triangles(plants: Mesh) -> None:
    assert (plants.material == Material.BARK).sum() > 10_000
    assert len(plants.triangles) < 380_000


def test_same_generator_same_bytes(network: RoadNetwork, plants: Mesh) -> None:
    again, other = plant(network, 1), plant(network, 2)
    for name in ("triangles", "normals", "texture", "style", "styles"):
        assert getattr(again, name).tobytes() == getattr(plants, name).tobytes()
    assert other.triangles.tobytes() != plants.triangles.tobytes()


def test_hedges_leave_a_gate(network: RoadNetwork) -> None:
    kinds = [boundary(lot) for lot in lots_along(network)]
    assert len(set(kinds)) == len(Boundary)
    for lot, kind in zip(lots_along(network), kinds, strict=True):
        stretches = closed_stretches(lot)
        if lot.setback == 0.0:
            assert kind == Boundary.NONE
        if kind == Boundary.HEDGE:
            assert sum(stop - start for start, stop in stretches) == pytest.approx(12.0 - GATE)
            assert stretches[0][0] == lot.start
            assert stretches[-1][1] == lot.stop


def test_places_at_the_kerb_lie_between_the_junctions(network: RoadNetwork) -> None:
    for street in network.streets:
        stations = kerb_stations(street, TREES).ravel()
        assert np.all(np.diff(stations) > 5.0)
        assert stations.min() > street.first + 5.0
        assert stations.max() < street.last - 5.0


def test_models_of_street_trees_begin_above_the_traffic() -> None:
    models = tree_models(np.random.default_rng(0))
    for name, those in models.items():
        for model in those:
            leaves = -model.triangles[model.material == Material.FOLIAGE][..., 1]
            assert np.linalg.norm(model.normals.reshape(-1, 3), axis=1) == pytest.approx(1.0, abs=1e-5)
            if name.startswith("street"):
                assert leaves.min() == pytest.approx(STREET_HEADROOM, abs=1e-4)
                assert leaves.max() > 8.0


def test_copies_are_turned_scaled_and_moved() -> None:
    scratch, builder = MeshBuilder(), MeshBuilder()
    style = scratch.add_style((0.1, 0.2, 0.3), seed=0.5, parameters=(0.7,))
    corners = np.array([[[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, -1.0, 1.0]]])
    scratch.add_triangles(corners, -corners[..., :2], Material.METAL, style, Label.POLE)
    add_copies(builder, scratch.build(), np.array([[5.0, 1.0, 7.0]]), np.array([0.5 * np.pi]), np.array([2.0]))
    copy = builder.build()
    np.testing.assert_allclose(copy.triangles[0], [[7, 1, 7], [7, 1, 5], [7, -1, 7]], atol=1e-5)
    np.testing.assert_allclose(np.abs(copy.normals[0]), [1, 0, 0] * 3, atol=1e-5)
    gradient, start = copy.texture[0, :3], copy.texture[0, 6]
    np.testing.assert_allclose(copy.triangles[0] @ gradient + start, [0, -2, 0], atol=1e-4)
    np.testing.assert_allclose(copy.styles, scratch.build().styles)


def surface(count: int, noise: float, seed: int = 0) -> Surface:
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(0, 50, (2, count)).astype(np.float32)
    width = np.full(count, 50.0 if noise == 0 else 0.01, np.float32)
    style = np.zeros((count, 16), np.float32)
    style[:, 0:3], style[:, 3:6], style[:, 6], style[:, 7] = (0.45, 0.52, 0.27), (0.14, 0.16, 0.08), 0.3, 0.09
    fine, coarse = (noise * rng.standard_normal((2, count, 4))).astype(np.float32)
    return Surface(u, v, width, width, style, fine, coarse)


@pytest.mark.parametrize("material", [foliage, bark])
def test_far_plants_have_the_mean_colour_of_near_ones(material) -> None:
    near, far = material(surface(20_000, 1.0)).albedo, material(surface(100, 0.0)).albedo
    assert near.dtype == far.dtype == np.float32
    assert far.std(axis=0).max() < 0.01
    np.testing.assert_allclose(near.mean(axis=0), far.mean(axis=0), atol=0.02)
    assert near.std(axis=0).min() > 0.02
