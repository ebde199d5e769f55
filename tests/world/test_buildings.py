"""Buildings: they stand apart, off the pavements and in the ground."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.buildings import Lot, add_buildings
from vo_gan.world.objects.lots import survey
from vo_gan.world.objects.plots import Plot
from vo_gan.world.objects.slabs import Side, Slabs
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork, lay_network
from vo_gan.world.roads.terrain import Terrain

SEEDS = (0, 1)
IN_ONE_TOWN = pytest.mark.parametrize("network", [1], indirect=True)


@pytest.fixture(scope="module", params=SEEDS)
def network(request: pytest.FixtureRequest) -> RoadNetwork:
    rng = np.random.default_rng(request.param)
    return lay_network(rng, Terrain(rng))


@pytest.fixture(scope="module")
def surveyed(network: RoadNetwork) -> tuple[list[Plot], list[Lot]]:
    return survey(network, np.random.default_rng(3).spawn(2)[0])


@pytest.fixture(scope="module")
def mesh(network: RoadNetwork) -> Mesh:
    builder = MeshBuilder()
    add_buildings(builder, network, np.random.default_rng(3))
    return builder.build()


def holders(points: np.ndarray, plots: list[Plot], margin: float) -> np.ndarray:
    """How many plots, each shrunk by a margin on all sides, hold each of some points (x, z)."""
    held = np.zeros(len(points), int)
    for plot in plots:
        local = points - plot.corner
        x, z = local @ plot.along, local @ plot.away
        across = (x > margin) & (x < plot.width - margin)
        held += across & (z > margin) & (z < plot.depth - margin)
    return held


def edge_points(plot: Plot, count: int = 25) -> np.ndarray:
    """Points (x, z) around a plot."""
    corners = plot.outline()
    share = np.linspace(0.0, 1.0, count)[None, :, None]
    return (corners[:, None] * (1 - share) + np.roll(corners, -1, axis=0)[:, None] * share).reshape(-1, 2)


def test_there_are_houses_along_most_of_the_streets(surveyed: tuple[list[Plot], list[Lot]]) -> None:
    plots, lots = surveyed
    built = sum(lot.stop - lot.start for lot in lots if np.isfinite(lot.setback))
    assert built > 0.55 * sum(lot.stop - lot.start for lot in lots)
    assert len({plot.kind for plot in plots}) >= 4


def test_buildings_do_not_overlap(surveyed: tuple[list[Plot], list[Lot]]) -> None:
    plots, _ = surveyed
    share = np.stack(np.meshgrid(np.linspace(0.02, 0.98, 8), np.linspace(0.02, 0.98, 8)), axis=-1).reshape(-1, 2)
    inside = [p.corner + share[:, :1] * p.width * p.along + share[:, 1:] * p.depth * p.away for p in plots]
    assert holders(np.concatenate(inside), plots, 0.03).max() == 1


def test_buildings_keep_off_the_pavements(network: RoadNetwork, surveyed: tuple[list[Plot], list[Lot]]) -> None:
    around = np.concatenate([edge_points(plot) for plot in surveyed[0]])
    assert network.clearance(around).min() > PAVEMENT_WIDTH


@IN_ONE_TOWN
def test_walls_begin_below_the_ground(network: RoadNetwork, surveyed: tuple[list[Plot], list[Lot]], mesh: Mesh) -> None:
    corners = mesh.triangles[mesh.material == Material.FACADE].reshape(-1, 3).astype(float)
    for plot in surveyed[0]:
        ground = network.terrain.height(edge_points(plot)).min()
        for corner in plot.outline():
            here = np.abs(corners[:, [0, 2]] - corner).max(axis=1) < 0.01
            assert -corners[here, 1].max() < ground - 0.4
            assert -corners[here, 1].min() > ground + 2.0


def test_lots_cover_both_sides_of_every_street(network: RoadNetwork, surveyed: tuple[list[Plot], list[Lot]]) -> None:
    for street in network.streets:
        for side in (-1, 1):
            own = [lot for lot in surveyed[1] if (lot.street, lot.side) == (street.index, side)]
            assert own[0].start == street.first
            assert own[-1].stop == street.last
            assert all(one.stop == after.start for one, after in pairwise(own))
            assert all(lot.stop - lot.start > 1.9 for lot in own)


def test_lots_hold_what_they_say(network: RoadNetwork, surveyed: tuple[list[Plot], list[Lot]]) -> None:
    plots, lots = surveyed
    houses = [lot for lot in lots if np.isfinite(lot.setback)]

    def points(some: list[Lot], behind: float) -> np.ndarray:
        places = []
        for lot in some:
            street = network.streets[lot.street]
            setback = lot.setback if np.isfinite(lot.setback) else 0.0
            offset = lot.side * (street.half_width + PAVEMENT_WIDTH + setback + behind)
            places.append(street.line.point_at(np.array([0.5 * (lot.start + lot.stop)]), offset)[0])
        return np.array(places)

    assert (holders(points(houses, 1.2), plots, 0.0) == 1).mean() > 0.99
    assert holders(points(houses, -0.3), plots, 0.0).mean() < 0.01
    assert all(5.0 <= lot.setback + lot.depth < 25.0 for lot in houses)
    empty = [lot for lot in lots if np.isinf(lot.setback)]
    assert all(lot.depth == 0.0 for lot in empty)
    assert holders(points(empty, 1.0), plots, 0.0).mean() < 0.02


@IN_ONE_TOWN
def test_a_town_of_buildings_is_cheap_and_all_building(mesh: Mesh) -> None:
    assert 50_000 < len(mesh.triangles) < 150_000
    assert (mesh.label == Label.BUILDING).all()
    assert np.isfinite(mesh.texture).all()
    normals = mesh.normals.reshape(-1, 3)
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-4


@IN_ONE_TOWN
def test_texture_coordinates_are_metres(mesh: Mesh) -> None:
    gradient = mesh.texture[:, :6].reshape(-1, 2, 3)
    length = np.linalg.norm(gradient, axis=2)
    upright = mesh.material == Material.FACADE
    assert np.allclose(length[upright], 1.0, atol=5e-3)
    assert np.allclose(gradient[upright, 1, 1], -1.0, atol=5e-3)
    assert np.quantile(np.abs(length - 1), 0.99) < 0.05


@IN_ONE_TOWN
def test_same_generator_same_bytes(network: RoadNetwork, surveyed: tuple[list[Plot], list[Lot]], mesh: Mesh) -> None:
    builder = MeshBuilder()
    assert add_buildings(builder, network, np.random.default_rng(3)) == surveyed[1]
    again = builder.build()
    for name in ("triangles", "normals", "texture", "style", "styles"):
        assert getattr(again, name).tobytes() == getattr(mesh, name).tobytes()
    assert survey(network, np.random.default_rng(4).spawn(2)[0])[1] != surveyed[1]


def test_a_slab_is_a_solid_of_known_area() -> None:
    slabs, builder = Slabs(), MeshBuilder()
    frame = slabs.add_frame(np.array([10.0, 20.0]), np.array([0.0, 1.0]), np.array([-1.0, 0.0]), 5.0)
    style = builder.add_style((0.5, 0.5, 0.5))
    every = Side.AROUND | Side.TOP | Side.BOTTOM
    slabs.add(frame, (0.0, 2.0), (1.0, 4.0), (0.0, 1.0), Material.PLASTER, style, every)
    slabs.emit(builder, Label.BUILDING)
    built = builder.build()
    corners = built.triangles
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert area.sum() == pytest.approx(2 * (2 * 3 + 1 * 3 + 2 * 1), rel=1e-5)
    assert corners.min(axis=(0, 1)) == pytest.approx([9.0, -9.0, 20.0])
    assert corners.max(axis=(0, 1)) == pytest.approx([10.0, -6.0, 22.0])


def test_several_slabs_at_once_are_those_one_by_one() -> None:
    def built(together: bool) -> Mesh:
        slabs, builder = Slabs(), MeshBuilder()
        frame = slabs.add_frame(np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.0)
        style, left = builder.add_style((0.5, 0.5, 0.5)), np.array([0.0, 3.0, 6.0])
        for x in [(left, left + 1.0)] if together else [(float(a), float(a) + 1.0) for a in left]:
            slabs.add(frame, x, (0.0, 2.0), (0.0, 1.0), Material.ROOF, style, Side.AROUND, top_z=(0.5, 0.5))
        slabs.emit(builder, Label.BUILDING)
        return builder.build()

    assert np.array_equal(built(True).triangles, built(False).triangles)
    assert np.array_equal(built(True).texture, built(False).texture)
