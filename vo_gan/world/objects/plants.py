"""Everything green: trees along streets, hedges, front gardens, trees behind the houses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.copies import add_copies
from vo_gan.world.objects.ground import KERB_HEIGHT
from vo_gan.world.objects.lots import Lot
from vo_gan.world.objects.places import (
    KERB_SIDE,
    TREES,
    Boundary,
    boundary,
    closed_stretches,
    kerb_stations,
    outer_edge,
    strip_along,
    upright,
)
from vo_gan.world.objects.trees import tree_models
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork
from vo_gan.world.solids import grid_quads

AVENUES = 0.45
"""Share of the streets that are lined with trees."""
BEHIND = 26.0
"""Metres from a street's line to the trees behind the houses."""

_GREENS = np.array(
    [
        [0.43, 0.50, 0.26],
        [0.39, 0.46, 0.24],
        [0.47, 0.51, 0.29],
        [0.36, 0.45, 0.26],
        [0.49, 0.50, 0.26],
        [0.45, 0.50, 0.33],
    ]
)
_NEEDLES = np.array([[0.33, 0.40, 0.25], [0.35, 0.41, 0.30]])
_BARKS = np.array([[0.44, 0.38, 0.32], [0.50, 0.47, 0.42], [0.37, 0.33, 0.29]])
_SPREAD = {"spreading": 4.6, "poplar": 2.2, "conifer": 2.7, "small": 1.9, "bush": 0.9}
"""Metres from the trunk to the outermost leaf of models for gardens, at a scale of 1."""
_HEDGE_AWAY = 0.32
"""Metres from the pavement to a hedge."""
_HEDGE_OUTWARDS = np.array([[-1, 0], [-0.97, 0.24], [-0.6, 0.8], [0, 1], [0.6, 0.8], [0.97, 0.24], [1, 0]])
"""Directions (away from the pavement, up) that the corners of a hedge's cross-section look at."""
_GARDEN_DEPTH = 9.0
"""Metres of garden where no house stands."""
_LARGEST = 1.3


@dataclass
class _Plants:
    """Plants of one species: where they stand (x, z), how large they are and how far above the terrain."""

    plan: list[Float[np.ndarray, "n 2"]] = field(default_factory=list)
    scale: list[Float[np.ndarray, " n"]] = field(default_factory=list)
    raised: list[Float[np.ndarray, " n"]] = field(default_factory=list)

    def add(self, plan: Float[np.ndarray, "n 2"], scale: Float[np.ndarray, " n"], raised: float = 0.0) -> None:
        """Plant some more."""
        self.plan.append(plan)
        self.scale.append(scale)
        self.raised.append(np.full(len(plan), raised))


def add_plants(builder: MeshBuilder, network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator) -> None:
    """Add trees, bushes and hedges.

    Nothing stands on a carriageway or in the middle of a pavement, and crowns leave 3.5 m of headroom over pavements,
    4.2 m over carriageways.

    Args:
        builder: takes the faces.
        network: the streets.
        lots: what lies along the pavements.
        rng: source of all chance.
    """
    models = tree_models(rng)
    plants = {name: _Plants() for name in models}
    _plant_streets(builder, network, lots, rng, plants)
    _plant_gardens(network, lots, rng, plants)
    _plant_behind(network, lots, rng, plants)
    _add_hedges(builder, network, lots, rng)
    for name, those in plants.items():
        _add_species(builder, network, rng, models[name], those, _NEEDLES if name == "conifer" else _GREENS)


def _house_points(network: RoadNetwork, lots: Sequence[Lot]) -> Float[np.ndarray, "k 2"]:
    """Points (x, z) some metres apart all over the houses that stand on lots."""
    points = [np.zeros((0, 2))]
    for lot in lots:
        if np.isfinite(lot.setback):
            stations = np.linspace(lot.start, lot.stop, max(2, int((lot.stop - lot.start) / 3.0)))
            away = np.linspace(lot.setback, lot.setback + lot.depth, 4)
            where, across = np.meshgrid(stations, outer_edge(network, lot, 0.0) + lot.side * away)
            points.append(network.streets[lot.street].line.point_at(where.ravel(), across.ravel()))
    return np.concatenate(points)


def _plant_streets(
    builder: MeshBuilder,
    network: RoadNetwork,
    lots: Sequence[Lot],
    rng: np.random.Generator,
    plants: dict[str, _Plants],
) -> None:
    """Plant avenues, and single trees along other streets, in pits in the pavement."""
    soil = builder.add_style((0.40, 0.37, 0.25), (0.36, 0.30, 0.23), rng.random())
    close = [(lot.street, lot.side, lot.start, lot.stop) for lot in lots if lot.setback < 1.2]
    pits = []
    for street in network.streets:
        avenue, every = rng.random() < AVENUES, int(rng.integers(1, 3))
        slim_street = rng.random() < 0.25
        for side in (-1, 1):
            stations = kerb_stations(street, TREES).ravel()
            taken = np.arange(len(stations)) % every == 0 if avenue else np.ones(len(stations), bool)
            taken &= rng.random(len(stations)) < (0.93 if avenue else 0.14)
            stations = stations[taken]
            slim = np.full(len(stations), slim_street)
            for _, _, start, stop in (c for c in close if c[:2] == (street.index, side)):
                slim |= (stations > start - 2.0) & (stations < stop + 2.0)
            offset = side * (street.half_width + KERB_SIDE + 0.05)
            plan = street.line.point_at(stations, offset)
            scale = rng.uniform(1.0, 1.15, len(stations))
            for name, some in (("street_slim", slim), ("street_round", ~slim)):
                plants[name].add(plan[some], scale[some], KERB_HEIGHT)
            along = stations[:, None] + np.array([-0.55, -0.55, 0.55, 0.55])
            across = side * (street.half_width + np.array([0.17, 0.85, 0.85, 0.17]))
            pits.append(street.line.point_at(along, np.broadcast_to(across, along.shape)))
    flat = np.concatenate(pits)
    corners = upright(network, flat.reshape(-1, 2), KERB_HEIGHT + 0.015).reshape(-1, 4, 3)
    builder.add_quads(corners, flat, Material.GRASS, soil, Label.TERRAIN)


def _plant_gardens(
    network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator, plants: dict[str, _Plants]
) -> None:
    """Plant bushes and trees between pavements and houses, and more of them where no house stands."""
    for lot in lots:
        if lot.setback < 2.0:
            continue
        line, length = network.streets[lot.street].line, lot.stop - lot.start
        built = np.isfinite(lot.setback)
        depth = lot.setback if built else _GARDEN_DEPTH
        nearest = 3.2 if boundary(lot) == Boundary.NICHE else 1.7
        if depth > nearest + 0.8:
            count = int(rng.poisson(0.15 * length))
            away = rng.uniform(nearest, depth - 0.7, count)
            stations = rng.uniform(lot.start + 0.5, lot.stop - 0.5, count)
            plan = line.point_at(stations, outer_edge(network, lot, 0.0) + lot.side * away)
            plants["bush"].add(plan, rng.uniform(0.6, 1.25, count))
        trees = int(rng.poisson(length * (0.05 if built else 0.115)))
        for _ in range(trees if depth > 4.0 else 0):
            name = ("small", "small", "conifer")[rng.integers(3)] if built else _big_species(rng)
            back = 0.6 * depth if built else rng.uniform(3.5, depth)
            plan = line.point_at(rng.uniform(lot.start + 1.0, lot.stop - 1.0, 1), outer_edge(network, lot, back))
            plants[name].add(plan, rng.uniform(0.8, 1.1 if built else _LARGEST, 1))
    for name, spread in _SPREAD.items():
        those = plants[name]
        if those.plan:
            plan, scale = np.concatenate(those.plan), np.concatenate(those.scale)
            room = network.clearance(plan) - PAVEMENT_WIDTH - spread * scale
            over = PAVEMENT_WIDTH if name == "spreading" else 0.0
            kept = room + over > 0.15
            those.plan, those.scale, those.raised = [plan[kept]], [scale[kept]], [np.zeros(int(kept.sum()))]


def _big_species(rng: np.random.Generator) -> str:
    """Name of a kind of tree for places with room."""
    return ("spreading", "spreading", "spreading", "conifer", "poplar", "small")[rng.integers(6)]


def _plant_behind(
    network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator, plants: dict[str, _Plants]
) -> None:
    """Plant trees behind the houses and, in groups, around the town."""
    houses = cKDTree(np.concatenate([_house_points(network, lots), [[1e6, 1e6]]]))
    town = np.array([junction.position for junction in network.junctions])
    low, high = town.min(axis=0), town.max(axis=0)
    inner = rng.uniform(low - 45.0, high + 45.0, (215, 2))
    groups = rng.uniform(low - 170.0, high + 170.0, (30, 2))
    outer = (groups[:, None] + rng.normal(0, 9.0, (len(groups), 4, 2))).reshape(-1, 2)
    plan = np.concatenate([inner, outer])
    apart = houses.query(plan)[0] > 6.0
    plan = plan[apart & (network.distance_to(plan) > BEHIND)]
    crowded = cKDTree(plan).query_pairs(4.5, output_type="ndarray")
    plan = np.delete(plan, np.unique(crowded[:, 1]), axis=0)
    kinds = np.array(["grove", "conifer", "poplar"])[np.searchsorted([0.72, 0.88], rng.random(len(plan)))]
    for name in np.unique(kinds):
        some = plan[kinds == name]
        plants[str(name)].add(some, rng.uniform(0.95, 1.2 if name == "poplar" else 1.5, len(some)))


def _add_species(
    builder: MeshBuilder,
    network: RoadNetwork,
    rng: np.random.Generator,
    models: tuple[Mesh, ...],
    plants: _Plants,
    greens: Float[np.ndarray, "g 3"],
) -> None:
    """Add the plants of a species: every one one of its models in one of a few colours."""
    if not plants.plan:
        return
    plan, scale, raised = (np.concatenate(part) for part in (plants.plan, plants.scale, plants.raised))
    place = upright(network, plan)
    place[:, 1] -= raised
    heading = rng.uniform(0, 2 * np.pi, len(plan))
    colours = [_leaf_styles(builder, rng, green) for green in rng.permutation(greens)[:3]]
    which, colour = rng.integers(len(models), size=len(plan)), rng.integers(len(colours), size=len(plan))
    for number, model in enumerate(models):
        for hue, styles in enumerate(colours):
            some = (which == number) & (colour == hue)
            add_copies(builder, model, place[some], heading[some], scale[some], styles)


def _leaf_styles(builder: MeshBuilder, rng: np.random.Generator, green: Float[np.ndarray, " 3"]) -> list[int]:
    """Add the styles of bark, shaded leaves, leaves and bright leaves."""
    green = green * rng.uniform(0.93, 1.05) + rng.normal(0, 0.012) * np.array([1.0, 0.2, 0.0])
    bark = _BARKS[rng.integers(len(_BARKS))] * rng.uniform(0.9, 1.1)
    leaves = ((0.86 * green, 0.22 * green), (green, 0.30 * green), (1.13 * green + [0.02, 0.015, 0.0], 0.42 * green))
    seed = rng.random()
    return [
        builder.add_style(bark, 0.5 * bark, seed, (rng.uniform(0.06, 0.11),)),
        *(builder.add_style(light, gaps, seed) for light, gaps in leaves),
    ]


def _add_hedges(builder: MeshBuilder, network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator) -> None:
    """Add clipped hedges: lumpy, rounded above, with tufts that stick out."""
    styles = [_leaf_styles(builder, rng, green) for green in rng.permutation(_GREENS)[:3]]
    grown: list[list[tuple[np.ndarray, ...]]] = [[], [], []]
    for lot in lots:
        if boundary(lot) == Boundary.HEDGE:
            height = rng.uniform(0.8, 1.9) if lot.setback > 3.0 else rng.uniform(0.6, 1.0)
            width, colour = rng.uniform(0.5, 0.75), int(rng.integers(3))
            for start, stop in closed_stretches(lot):
                stations = np.linspace(start, stop, max(3, int((stop - start) / 0.75) + 1))
                grown[colour].append(_hedge(network, lot, stations, height, width, rng))
    for parts, (_, shade, leaf, tip) in zip(grown, styles, strict=True):
        if parts:
            corners, texture, normals = (np.concatenate(part) for part in zip(*parts, strict=True))
            builder.add_quads(corners, texture, Material.FOLIAGE, leaf, Label.VEGETATION, normals)
            for style in (shade, tip):
                some = rng.integers(len(corners), size=len(corners) // 6)
                at = corners[some].mean(axis=1) + rng.uniform(-0.08, 0.08, (len(some), 3))
                _add_tufts(builder, rng, at, normals[some].mean(axis=1), style)


def _hedge(
    network: RoadNetwork,
    lot: Lot,
    stations: Float[np.ndarray, " n"],
    height: float,
    width: float,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "k 4 3"], Float[np.ndarray, "k 4 2"], Float[np.ndarray, "k 4 3"]]:
    """Quadrangles, surface coordinates and normals of a hedge."""
    across = width * np.array([0.0, 0.0, 0.12, 0.5, 0.88, 1.0, 1.0]) + _HEDGE_AWAY
    up = height * np.array([0.0, 0.7, 0.95, 1.0, 0.95, 0.7, 0.0])
    up[[0, -1]] = -0.4
    lumps = rng.normal(0, 0.035, (len(stations), 7, 1)) + rng.normal(0, 0.03, (len(stations), 1, 1))
    profile = np.stack([across, up], axis=1) + np.clip(lumps, -0.1, 0.1) * _HEDGE_OUTWARDS
    profile[[0, -1], :, 0] = _HEDGE_AWAY + 0.5 * width
    grid = strip_along(network, lot, stations, profile)
    girth = np.cumsum(np.linalg.norm(np.diff(profile, axis=1, prepend=profile[:, :1]), axis=2), axis=1)
    flat = np.stack([np.broadcast_to(stations[:, None], girth.shape), girth], axis=2)
    heading = network.streets[lot.street].line.heading_at(stations)
    away = lot.side * np.stack([np.cos(heading), np.zeros(len(heading)), -np.sin(heading)], axis=1)
    normals = away[:, None] * _HEDGE_OUTWARDS[:, :1] + np.array([0.0, -1.0, 0.0]) * _HEDGE_OUTWARDS[:, 1:]
    return grid_quads(grid), grid_quads(flat), grid_quads(normals)


def _add_tufts(
    builder: MeshBuilder,
    rng: np.random.Generator,
    at: Float[np.ndarray, "k 3"],
    out: Float[np.ndarray, "k 3"],
    style: int,
) -> None:
    """Add small triangles of leaves that look more or less outwards, where `out` is of a length of about 1."""
    one = np.cross(out + rng.normal(0, 0.4, out.shape), rng.normal(0, 1, out.shape))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two = np.cross(out, one)
    size = rng.uniform(0.07, 0.13, (len(at), 1))
    corners = np.stack([at + size * one, at + size * (two - 0.5 * one), at - size * (two + 0.5 * one)], axis=1)
    flat = np.stack([(corners * one[:, None]).sum(axis=2), (corners * two[:, None]).sum(axis=2)], axis=2)
    normals = np.repeat((out / np.linalg.norm(out, axis=1, keepdims=True))[:, None], 3, axis=1)
    builder.add_triangles(corners, flat, Material.FOLIAGE, style, Label.VEGETATION, normals)
