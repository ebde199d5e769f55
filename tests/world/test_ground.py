"""The ground: carriageways on the terrain, pavements a kerb higher, no holes, and materials that fade to their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from vo_gan.open3d_loader import load_open3d
from vo_gan.world.materials.ground import LANE_EDGE, asphalt, grass, kerb, pavement
from vo_gan.world.materials.surface import Look, Surface
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.ground import KERB_HEIGHT, OUTSKIRTS, add_ground
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork, Street, lay_network
from vo_gan.world.roads.route import lane_line, plan_route
from vo_gan.world.roads.terrain import Terrain

SEEDS = (0, 3)


def _ground(network: RoadNetwork, seed: int) -> Mesh:
    builder = MeshBuilder()
    add_ground(builder, network, np.random.default_rng(seed))
    return builder.build()


@dataclass(frozen=True)
class Town:
    """A town's ground and rays cast on it."""

    network: RoadNetwork
    mesh: Mesh
    scene: Any

    def drop(self, plan: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Height above the terrain in metres (inf: a hole) and label of what lies under points (x, z)."""
        sky = np.full(len(plan), 100.0)
        rays = np.stack([plan[:, 0], -sky, plan[:, 1], 0 * sky, 0 * sky + 1, 0 * sky], axis=1).astype(np.float32)
        hit = self.scene.cast_rays(load_open3d().core.Tensor(rays), nthreads=1)
        label = self.mesh.label[np.minimum(hit["primitive_ids"].numpy(), len(self.mesh.label) - 1)]
        return sky - hit["t_hit"].numpy() - self.network.terrain.height(plan), label


@pytest.fixture(scope="module", params=SEEDS)
def town(request: pytest.FixtureRequest) -> Town:
    rng = np.random.default_rng(request.param)
    network = lay_network(rng, Terrain(rng))
    mesh = _ground(network, request.param)
    o3d = load_open3d()
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    corners = mesh.triangles.reshape(-1, 3)
    scene.add_triangles(
        o3d.core.Tensor(corners), o3d.core.Tensor(np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))
    )
    return Town(network, mesh, scene)


def _beside(street: Street, rng: np.random.Generator, low: float, high: float, count: int = 300) -> np.ndarray:
    """Points (x, z) beside a street's plain part, between two offsets on either side."""
    station = rng.uniform(street.first + 0.5, street.last - 0.5, count)
    return street.line.point_at(station, rng.uniform(low, high, count) * rng.choice([-1.0, 1.0], count))


def test_carriageway_lies_on_the_terrain(town: Town) -> None:
    rng = np.random.default_rng(1)
    for street in town.network.streets:
        height, label = town.drop(_beside(street, rng, 0.0, street.half_width - 0.05))
        assert np.abs(height).max() < 0.01
        assert (label == Label.ROAD).all()


def test_pavement_is_a_kerb_higher_and_begins_at_the_half_width(town: Town) -> None:
    rng = np.random.default_rng(2)
    for street in town.network.streets:
        kerb_line = street.half_width
        height, label = town.drop(_beside(street, rng, kerb_line + 0.05, kerb_line + PAVEMENT_WIDTH - 0.05))
        assert np.abs(height - KERB_HEIGHT).max() < 0.01
        assert (label == Label.SIDEWALK).all()
        beyond, label = town.drop(_beside(street, rng, kerb_line + PAVEMENT_WIDTH + 0.05, kerb_line + 6.0))
        assert (label == Label.TERRAIN).all()
        assert beyond.min() > -0.31
        assert beyond.max() < KERB_HEIGHT + 0.01


def test_lanes_lead_over_the_road_through_every_junction(town: Town) -> None:
    legs = plan_route(np.random.default_rng(4), town.network, 2500.0)
    lane = lane_line(town.network, legs)
    for offset in (-0.9, 0.0, 0.9):
        height, label = town.drop(lane.point_at(lane.stations(), np.full(len(lane.heading), offset)))
        assert (label == Label.ROAD).all()
        assert np.abs(height).max() < 0.02


def test_pavement_runs_around_every_corner(town: Town) -> None:
    """Walking over every kerb stone, outwards, one meets road, pavement, grass, each in one piece."""
    stones = town.mesh.triangles[town.mesh.material == Material.KERB]
    normal = town.mesh.normals[town.mesh.material == Material.KERB][:, :3]
    face = np.abs(normal[:, 1]) < 0.5
    across = normal[face][:, ::2] / np.linalg.norm(normal[face][:, ::2], axis=1, keepdims=True)
    middle = stones[face].mean(axis=1)[:, ::2].astype(float)
    for distance, expected in ((-0.3, Label.ROAD), (0.2, Label.SIDEWALK), (2.0, Label.SIDEWALK), (2.5, Label.TERRAIN)):
        facing = np.sign(distance) * across
        left = town.drop(middle + abs(distance) * facing)
        right = town.drop(middle - abs(distance) * facing)
        assert ((left[1] == expected) | (right[1] == expected)).all()
    height, label = town.drop(middle + 0.5 * across)
    other, other_label = town.drop(middle - 0.5 * across)
    assert np.allclose(np.abs(height - other), KERB_HEIGHT, atol=0.012)
    assert (label != other_label).all()


def test_no_holes_down_to_the_outskirts(town: Town) -> None:
    streets = np.concatenate([street.line.position for street in town.network.streets])
    low, high = streets.min(axis=0), streets.max(axis=0)
    inner = np.random.default_rng(5).uniform(low - 40, high + 40, (60000, 2))
    outer = np.random.default_rng(6).uniform(low - OUTSKIRTS, high + OUTSKIRTS, (20000, 2))
    height, _ = town.drop(inner)
    assert np.isfinite(height).all()
    assert height.min() > -0.35
    assert height.max() < KERB_HEIGHT + 0.05
    assert np.isfinite(town.drop(outer)[0]).all()


def test_all_faces_look_up_and_are_few(town: Town) -> None:
    corners = town.mesh.triangles.astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    up = -normal[:, 1] / np.linalg.norm(normal, axis=1)
    flat = town.mesh.material != Material.KERB
    assert up[flat].min() > 0.9
    assert up.min() > -1e-3
    assert len(corners) < 120_000


def test_same_rng_same_bytes(town: Town) -> None:
    one, two, other = (_ground(town.network, seed) for seed in (8, 8, 9))
    for name in ("triangles", "normals", "texture", "styles"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.styles.tobytes() != other.styles.tobytes()


def test_texture_of_streets_is_station_and_offset(town: Town) -> None:
    street = town.network.streets[0]
    rng = np.random.default_rng(7)
    station, offset = rng.uniform(street.first + 1, street.last - 1, 50), rng.uniform(-3.0, 3.0, 50)
    plan = street.line.point_at(station, offset)
    point = np.stack([plan[:, 0], -town.network.terrain.height(plan), plan[:, 1]], axis=1)
    sky = np.full(50, 100.0)
    rays = np.stack([plan[:, 0], -sky, plan[:, 1], 0 * sky, 0 * sky + 1, 0 * sky], axis=1).astype(np.float32)
    rows = town.mesh.texture[town.scene.cast_rays(load_open3d().core.Tensor(rays))["primitive_ids"].numpy()]
    u = (rows[:, 0:3] * point).sum(axis=1) + rows[:, 6]
    v = (rows[:, 3:6] * point).sum(axis=1) + rows[:, 7]
    assert np.allclose(u, station, atol=0.08)
    assert np.allclose(v, offset, atol=0.04)


def _surface(u: np.ndarray, v: np.ndarray, width: float, style: np.ndarray, noise: float = 0.0) -> Surface:
    count = len(u)
    some = noise * np.random.default_rng(1).standard_normal((2, count, 4)).astype(np.float32)
    size = np.full(count, width, np.float32)
    return Surface(
        u.astype(np.float32), v.astype(np.float32), size, size, np.tile(style, (count, 1)), some[0], some[1]
    )  # fmt: skip


def _style(*parameters: float) -> np.ndarray:
    row = np.zeros(16, np.float32)
    row[:7] = 0.46, 0.46, 0.45, 0.8, 0.8, 0.78, 0.31
    row[7 : 7 + len(parameters)] = parameters
    return row


STREET = _style(0.0, 120.0, 5.6, 5.6, 1.0, 2.0, 1.0, 1.0)
SLABS = _style(0.0, 0.5, 0.5, PAVEMENT_WIDTH)


def test_markings_are_where_traffic_rules_want_them() -> None:
    """Driving on the right, stop lines lie across the right lane before a junction; crossings span the carriageway."""

    def paint(u: float, v: float) -> bool:
        return bool(asphalt(_surface(np.array([u]), np.array([v]), 0.01, STREET)).albedo[0].mean() > 0.6)

    assert paint(120.0 - 0.8, 1.5)
    assert not paint(120.0 - 0.8, -1.5)
    assert paint(5.2, -1.5)
    assert not paint(5.2, 1.5)
    assert [paint(2.5, v) for v in (-1.0, -0.5, 0.0, 0.5, 1.0)] == [True, False, True, False, True]
    assert not paint(2.5, 5.5)
    assert paint(110.0, 0.0)
    assert sum(paint(u, 0.0) for u in np.arange(40.25, 80.0, 0.5)) == 40
    assert paint(60.5, LANE_EDGE)


@pytest.mark.parametrize(
    ("material", "style", "low", "high"),
    [
        (asphalt, STREET, -5.5, 5.5),
        (pavement, SLABS, 0.15, PAVEMENT_WIDTH),
        (kerb, SLABS, 0.0, 0.27),
        (grass, SLABS, -50.0, 50.0),
    ],
)
def test_what_is_far_away_has_the_mean_colour_of_what_is_near(material, style, low, high) -> None:
    rng = np.random.default_rng(3)
    u, v = rng.uniform(20.0, 100.0, 20000), rng.uniform(low, high, 20000)
    near = material(_surface(u, v, 0.005, style))
    far = material(_surface(u, v, 1.5, style))
    assert isinstance(near, Look)
    assert np.abs(near.albedo.mean(axis=0) - far.albedo.mean(axis=0)).max() < 0.025
    assert far.albedo.std() <= near.albedo.std() + 1e-3
    rough = material(_surface(u, v, 0.005, style, noise=1.0)).albedo
    assert rough.dtype == np.float32
    assert 0.08 < np.sort(rough.ravel())[400] < np.sort(rough.ravel())[-400] < 0.9
    assert 0.02 < rough.std() < 0.16
