"""What a town stands on: carriageways, junctions, kerbs, pavements and the fields around.

All strips follow the terrain: their corners lie on it (pavements `KERB_HEIGHT` above it) and are at most `RING` metres
apart along a street. Neighbouring strips share their corners, so no ray slips between them; a grid of the open ground,
lowered under the streets, lies below everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from vo_gan.world.materials.ground import OPEN
from vo_gan.world.mesh import Label, Material, MeshBuilder
from vo_gan.world.roads.line import Line, connection, directions, straight_points
from vo_gan.world.roads.network import PAVEMENT_WIDTH, Arm, Junction, RoadNetwork, Street
from vo_gan.world.roads.terrain import Terrain
from vo_gan.world.solids import grid_quads

KERB_HEIGHT = 0.12
"""Metres from the carriageway up to the pavement."""
STONE_WIDTH = 0.15
"""Metres of kerb stone on top, the first part of the pavement's width."""
VERGE_WIDTH = 2.6
"""Metres outside the pavement over which the ground goes down from the pavement to the terrain."""
RING = 2.0
"""Metres along a street between two rows of corners."""
OUTSKIRTS = 350.0
"""Metres that the open ground reaches beyond the last street."""

_LANES = np.linspace(-1.0, 1.0, 5)
"""Corners across a carriageway, as shares of its half width."""
_CORNER_STEP = 0.8
_CELL, _WIDEST_CELL, _MARGIN = 5.0, 45.0, 40.0
_VERGE_DEPTH = 0.10
_SUNK = 0.3
"""Metres that the open ground lies lower under a street."""
_SUNK_WITHIN, _LEVEL_BEYOND = 2.0, 4.5
"""Metres from the carriageway up to which the open ground lies lower, and from where it is the terrain."""


@dataclass(frozen=True)
class _Kerb:
    """The foot of a kerb, with the carriageway on its left and the pavement on its right.

    Attributes:
        foot: (x, z) of its corners in metres.
        outward: unit vectors from the carriageway to the pavement.
        along: texture coordinate of the corners in metres.
        pavement: style of the pavement.
    """

    foot: Float[np.ndarray, "n 2"]
    outward: Float[np.ndarray, "n 2"]
    along: Float[np.ndarray, " n"]
    pavement: int


@dataclass(frozen=True)
class _StreetLook:
    """What a street looks like: its asphalt's colour, paint and seed, its centre line, the style of its pavements."""

    colour: Float[np.ndarray, " 3"]
    paint: Float[np.ndarray, " 3"]
    seed: float
    centre_line: bool
    pavement: int


def add_ground(builder: MeshBuilder, network: RoadNetwork, rng: np.random.Generator) -> None:
    """Add carriageways, junctions, kerbs, pavements and open ground.

    Styles of the materials are described in `vo_gan.world.materials.ground`.

    Args:
        builder: where the faces go.
        network: streets, junctions and terrain.
        rng: source of all chance: colours, markings, crossings, distant hills.
    """
    looks = _street_looks(builder, network, rng)
    stone = builder.add_style(np.array([0.60, 0.59, 0.56]) + rng.uniform(-0.07, 0.05), seed=rng.random())
    green = np.array([0.36, 0.42, 0.23]) + rng.normal(0.0, 0.012, 3)
    field = builder.add_style(green, np.array([0.47, 0.40, 0.29]) + rng.normal(0.0, 0.015, 3), rng.random())
    covered, kerbs = [], []
    for street, look in zip(network.streets, looks, strict=True):
        covered.append(_add_street(builder, network, street, look, rng))
        kerbs += [_street_kerb(street, side, look.pavement) for side in (-1.0, 1.0)]
    for junction in network.junctions:
        corners = _corners(network, junction, looks)
        kerbs += corners
        add = _add_bend if len(junction.arms) == 2 else _add_crossing
        covered.append(add(builder, network, junction, corners, looks))
    for kerb in kerbs:
        _add_pavement(builder, network.terrain, kerb, stone, field)
    _add_fields(builder, network, np.concatenate(covered), field, rng)


def _street_looks(builder: MeshBuilder, network: RoadNetwork, rng: np.random.Generator) -> list[_StreetLook]:
    """Colours and patterns of all streets; a town has two sorts of pavement."""
    sorts = rng.permutation([(0.0, 0.50, 0.50), (0.0, 0.60, 0.40), (1.0, 0.20, 0.10), (1.0, 0.40, 0.20)])[:2]
    pavements = []
    for pattern, size_u, size_v in sorts:
        grey = rng.uniform(0.56, 0.67) * np.array([1.0, 0.985, 0.95])
        warm = np.array([0.04, 0.0, -0.03]) * rng.random() if pattern else 0.0
        second = np.full(3, rng.uniform(0.40, 0.46))
        parameters = (float(pattern), float(size_u), float(size_v), PAVEMENT_WIDTH)
        pavements.append(builder.add_style(grey + warm, second, rng.random(), parameters))
    looks = []
    for street in network.streets:
        tint = np.array([1.0, 0.992, 0.972]) + rng.uniform(-0.012, 0.012) * np.array([1.0, 0.0, -1.0])
        colour, paint = rng.uniform(0.42, 0.52) * tint, rng.uniform(0.72, 0.82) * np.array([1.0, 0.99, 0.955])
        centre_line = bool(rng.random() < (0.85 if street.parking else 0.6))
        looks.append(_StreetLook(colour, paint, rng.random(), centre_line, pavements[int(rng.random() < 0.4)]))
    return looks


def _on_ground(terrain: Terrain, plan: Float[np.ndarray, "*k 2"], above: float = 0.0) -> Float[np.ndarray, "*k 3"]:
    """Points (x, y, z) at (x, z), `above` metres over the terrain."""
    return np.stack([plan[..., 0], -terrain.height(plan) - above, plan[..., 1]], axis=-1)


def _add_lattice(
    builder: MeshBuilder,
    points: Float[np.ndarray, "n m 3"],
    texture: Float[np.ndarray, "n m 2"],
    material: Material,
    style: int,
    label: Label,
    normals: Float[np.ndarray, "n m 3"] | None = None,
) -> None:
    """Add the quadrangles between neighbouring points; they face up where rows go forward and columns to the right."""
    facing = None if normals is None else grid_quads(normals)
    builder.add_quads(grid_quads(points), grid_quads(texture), material, style, label, facing)


def _stations(street: Street) -> Float[np.ndarray, " n"]:
    """Stations of a street's rows of corners in metres."""
    return np.linspace(street.first, street.last, int(np.ceil((street.last - street.first) / RING)) + 1)


def _add_street(
    builder: MeshBuilder, network: RoadNetwork, street: Street, look: _StreetLook, rng: np.random.Generator
) -> Float[np.ndarray, "k 2"]:
    """Add the carriageway between a street's junctions; returns its corners (x, z)."""
    ends = [
        0.0 if len(network.junctions[junction].arms) == 2 else 1.0 + float(rng.random() < 0.4)
        for junction in (street.start, street.end)
    ]
    parking = 0.0 if not street.parking else 1.0 + float(rng.random() < 0.5)
    widths = (street.half_width, street.half_width)
    parameters = (street.first, street.last, *widths, parking, *ends, float(look.centre_line))
    style = builder.add_style(look.colour, look.paint, look.seed, parameters)
    station, offset = np.meshgrid(_stations(street), street.half_width * _LANES, indexing="ij")
    plan = street.line.point_at(station, offset)
    texture = np.stack([station, offset], axis=-1)
    points = _on_ground(network.terrain, plan)
    _add_lattice(builder, points, texture, Material.ASPHALT, style, Label.ROAD)
    return plan.reshape(-1, 2)


def _street_kerb(street: Street, side: float, pavement: int) -> _Kerb:
    """The kerb of a street on its left (-1) or right (+1), where texture coordinates are negative or positive."""
    stations = _stations(street)[:: int(side)]
    right = street.line.heading_at(stations) + 0.5 * np.pi
    foot = street.line.point_at(stations, np.full(len(stations), side * street.half_width))
    return _Kerb(foot, side * directions(right), side * stations, pavement)


def _mouth(network: RoadNetwork, arm: Arm) -> Float[np.ndarray, "5 2"]:
    """(x, z) across the carriageway where an arm leaves its junction, from left to right seen from the junction."""
    street = network.streets[arm.street]
    offsets = street.half_width * (_LANES if arm.outwards else _LANES[::-1])
    return street.line.point_at(np.full(len(offsets), street.first if arm.outwards else street.last), offsets)


def _corners(network: RoadNetwork, junction: Junction, looks: list[_StreetLook]) -> list[_Kerb]:
    """The kerbs of a junction: number i goes from the left of arm i + 1 to the right of arm i.

    Its texture coordinate goes on from the street of arm i. The kerbs of a bend have equal numbers of corners.
    """
    arms = junction.arms
    following = arms[1:] + arms[:1]
    lines = [_corner_line(network, arm, after) for arm, after in zip(arms, following, strict=True)]
    counts = [int(np.ceil(line.length / _CORNER_STEP)) + 1 for line in lines]
    if len(arms) == 2:
        counts = [max(counts)] * 2
    kerbs = []
    for arm, line, count in zip(arms, lines, counts, strict=True):
        street = network.streets[arm.street]
        reached = np.linspace(0.0, line.length, count)
        along = reached - line.length + (street.first if arm.outwards else -street.last)
        outward = directions(line.heading_at(reached) + 0.5 * np.pi)
        kerbs.append(_Kerb(line.point_at(reached), outward, along, looks[arm.street].pavement))
    return kerbs


def _corner_line(network: RoadNetwork, arm: Arm, after: Arm) -> Line:
    """The kerb line from the left of arm `after` to the right of the arm before it.

    Where the arms' kerbs meet at a corner, it is rounded with tangents of equal lengths; otherwise a smooth curve leads
    from one kerb to the other.
    """
    start, end = _mouth(network, after)[0], _mouth(network, arm)[-1]
    inwards, outwards = after.heading + np.pi, arm.heading
    entry, leave = start, end
    if (after.heading - arm.heading) % (2 * np.pi) < np.radians(140.0):
        towards, away = directions(inwards), directions(outwards)
        before, behind = np.linalg.solve(np.stack([towards, away], axis=1), end - start)
        tangent = min(before, behind)
        entry, leave = start + (before - tangent) * towards, end - (behind - tangent) * away
    curve = connection(entry, inwards, leave, outwards)
    return Line.through(np.concatenate([straight_points(start, entry), curve, straight_points(leave, end)]), True)


def _add_bend(
    builder: MeshBuilder, network: RoadNetwork, junction: Junction, corners: list[_Kerb], looks: list[_StreetLook]
) -> Float[np.ndarray, "k 2"]:
    """Add the carriageway of a junction that joins two streets, as a strip between its kerbs; returns its corners.

    Seen from the first arm, the second kerb is on the right. The texture goes on from the first arm's street.
    """
    arm, other = junction.arms
    street, look = network.streets[arm.street], looks[arm.street]
    left, right = corners[0].foot[::-1], corners[1].foot
    share = 0.5 * (_LANES + 1.0)[:, None]
    plan = left[:, None] + share * (right - left)[:, None]
    centre = plan[:, len(_LANES) // 2]
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centre, axis=0), axis=1))])
    near, far = street.half_width, network.streets[other.street].half_width
    half_width = near + reached / reached[-1] * (far - near)
    if arm.outwards:
        along, lanes = street.first - reached, -_LANES
        spans = (street.first - reached[-1], street.first, far, near)
    else:
        along, lanes = street.last + reached, _LANES
        spans = (street.last, street.last + reached[-1], near, far)
    style = builder.add_style(look.colour, look.paint, look.seed, (*spans, 0.0, 0.0, 0.0, 2.0 * look.centre_line))
    texture = np.stack([np.repeat(along[:, None], len(lanes), axis=1), half_width[:, None] * lanes], axis=-1)
    points = _on_ground(network.terrain, plan)
    _add_lattice(builder, points, texture, Material.ASPHALT, style, Label.ROAD)
    return plan.reshape(-1, 2)


def _add_crossing(
    builder: MeshBuilder, network: RoadNetwork, junction: Junction, corners: list[_Kerb], looks: list[_StreetLook]
) -> Float[np.ndarray, "k 2"]:
    """Add the carriageway of a junction of three or four arms, in rings around its centre; returns its corners.

    The texture goes on from the first arm's street.
    """
    arm = junction.arms[0]
    street, look = network.streets[arm.street], looks[arm.street]
    pieces = []
    for side, corner in zip(junction.arms, corners, strict=True):
        pieces += [_mouth(network, side)[:-1], corner.foot[:0:-1]]
    pieces.append(pieces[0][:1])
    centre = np.array(junction.position)
    edge = np.concatenate(pieces) - centre
    rings = int(np.ceil(np.linalg.norm(edge, axis=1).max() / 2.5))
    beside = np.linspace(0.0, 1.0, rings + 1)[:, None, None] * edge
    forward = arm.heading if arm.outwards else arm.heading + np.pi
    texture = np.stack([beside @ directions(forward), beside @ directions(forward + 0.5 * np.pi)], axis=-1)
    texture[..., 0] += 0.0 if arm.outwards else street.line.length
    style = builder.add_style(look.colour, look.paint, look.seed, (-1e4, 1e4, OPEN, OPEN, 0.0, 0.0, 0.0, 0.0))
    plan = centre + beside
    points = _on_ground(network.terrain, plan)
    _add_lattice(builder, points, texture, Material.ASPHALT, style, Label.ROAD)
    return plan.reshape(-1, 2)


def _add_pavement(builder: MeshBuilder, terrain: Terrain, kerb: _Kerb, stone: int, field: int) -> None:
    """Add a kerb, the pavement behind it and the verge down to the open ground."""

    def row(distance: float, above: float) -> Float[np.ndarray, "n 3"]:
        return _on_ground(terrain, kerb.foot + distance * kerb.outward, above)

    def coordinates(*across: float) -> Float[np.ndarray, "n m 2"]:
        return np.stack(np.meshgrid(kerb.along, across, indexing="ij"), axis=-1)

    foot, top, back = row(0.0, 0.0), row(0.0, KERB_HEIGHT), row(STONE_WIDTH, KERB_HEIGHT)
    edge = row(PAVEMENT_WIDTH, KERB_HEIGHT)
    verge = row(PAVEMENT_WIDTH + VERGE_WIDTH, -_VERGE_DEPTH)
    heights = coordinates(0.0, KERB_HEIGHT, KERB_HEIGHT + STONE_WIDTH)
    _add_lattice(builder, np.stack([foot, top, back], axis=1), heights, Material.KERB, stone, Label.SIDEWALK)
    slabs = coordinates(STONE_WIDTH, PAVEMENT_WIDTH)
    _add_lattice(builder, np.stack([back, edge], axis=1), slabs, Material.PAVEMENT, kerb.pavement, Label.SIDEWALK)
    grass = np.stack([edge, verge], axis=1)
    _add_lattice(builder, grass, grass[..., ::2], Material.GRASS, field, Label.TERRAIN)


def _add_fields(
    builder: MeshBuilder, network: RoadNetwork, covered: Float[np.ndarray, "k 2"], field: int, rng: np.random.Generator
) -> None:
    """Add the open ground: the terrain, sunk under the corners of carriageways, with hills beyond the outskirts."""
    low, high = covered.min(axis=0) - _MARGIN, covered.max(axis=0) + _MARGIN
    x, z = (_grid_lines(float(a), float(b)) for a, b in zip(low, high, strict=True))
    plan = np.stack(np.meshgrid(x, z), axis=-1)
    height = network.terrain.height(plan)
    away, _ = cKDTree(covered).query(plan.reshape(-1, 2), distance_upper_bound=_LEVEL_BEYOND)
    height -= _SUNK * np.clip((_LEVEL_BEYOND - away.reshape(height.shape)) / (_LEVEL_BEYOND - _SUNK_WITHIN), 0, 1)

    outside = np.linalg.norm(np.maximum(np.maximum(low - plan, plan - high), 0.0), axis=-1)
    rise = np.clip((outside - 70.0) / (OUTSKIRTS - 90.0), 0.0, 1.0)
    waves = np.sin(plan @ rng.normal(0.0, 0.013, (2, 4)) + rng.uniform(0.0, 2 * np.pi, 4)).sum(axis=-1)
    height += rise**2 * (3.0 - 2.0 * rise) * (20.0 + 4.0 * waves)

    slope_z, slope_x = np.gradient(height, z, x)
    normals = -np.stack([slope_x, np.ones_like(height), slope_z], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    points = np.stack([plan[..., 0], -height, plan[..., 1]], axis=-1)
    _add_lattice(builder, points, plan, Material.GRASS, field, Label.TERRAIN, normals)


def _grid_lines(low: float, high: float) -> Float[np.ndarray, " n"]:
    """Coordinates of grid lines in metres: even ones in the town, ever wider apart over the outskirts."""
    inner = np.linspace(low, high, int((high - low) / _CELL) + 1)
    steps = np.minimum(_CELL * 1.3 ** np.arange(1, 40), _WIDEST_CELL)
    reached = np.cumsum(steps)
    outer = reached[: int(np.searchsorted(reached, OUTSKIRTS)) + 1]
    return np.concatenate([low - outer[::-1], inner, high + outer])
