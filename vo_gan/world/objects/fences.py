"""What closes gardens off: picket fences, railings and low walls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.walls import Masonry
from vo_gan.world.mesh import Label, Material, MeshBuilder
from vo_gan.world.objects.lots import Lot
from vo_gan.world.objects.places import Boundary, boundary, closed_stretches, strip_along
from vo_gan.world.roads.network import RoadNetwork
from vo_gan.world.solids import grid_quads

FOOT = -0.5
"""Height of the lower end of what stands in the ground."""

_WOODS = (0.48, 0.37, 0.26), (0.55, 0.52, 0.47), (0.82, 0.81, 0.77)
_WEATHERED = np.array([0.55, 0.52, 0.47])
_METALS = (0.20, 0.23, 0.22), (0.50, 0.51, 0.51)
_STONES = (
    ((0.62, 0.59, 0.53), Masonry.PLASTER),
    ((0.52, 0.36, 0.29), Masonry.BRICK),
    ((0.56, 0.53, 0.48), Masonry.STONE),
)
_SEGMENT, _POST_GAP = 1.5, 2.4

_Look = tuple[Material, int, Label]
_Faces = tuple[Float[np.ndarray, "k 4 3"], Float[np.ndarray, "k 4 2"]]


def add_fences(builder: MeshBuilder, network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator) -> None:
    """Add fences, railings and garden walls just outside the pavements, where `boundary` says so.

    Args:
        builder: takes the faces.
        network: the streets.
        lots: what lies along the pavements.
        rng: source of all chance.
    """
    woods = [
        builder.add_style(np.array(tone), 0.6 * np.array(tone) + 0.4 * _WEATHERED, rng.random(), (0.12,))
        for tone in _WOODS
    ]
    metals = [builder.add_style(tone, seed=rng.random(), parameters=(0.2,)) for tone in _METALS]
    stones = [
        builder.add_style(np.array(tone) * rng.uniform(0.9, 1.1), seed=rng.random(), parameters=(float(masonry),))
        for tone, masonry in _STONES
    ]
    cap = builder.add_style((0.62, 0.60, 0.56), seed=rng.random(), parameters=(float(Masonry.PLASTER),))
    built: dict[_Look, list[_Faces]] = {}
    for lot in lots:
        kind, tall, pick = boundary(lot), rng.uniform(), int(rng.integers(6))
        if kind == Boundary.WALL:
            top, stone = 0.6 + 0.9 * tall, (Material.PLASTER, stones[pick % 3], Label.WALL)
            built.setdefault(stone, []).extend(_bands(network, lot, 0.12, 0.26, FOOT, top))
            lid = (Material.PLASTER, cap, Label.WALL)
            built.setdefault(lid, []).extend(_bands(network, lot, 0.09, 0.32, top, top + 0.07))
        elif kind == Boundary.PICKET:
            top, wood = 0.85 + 0.8 * tall, (Material.WOOD, woods[pick % 3], Label.FENCE)
            built.setdefault(wood, []).extend(_bands(network, lot, 0.14, 0.03, 0.06, top))
            built[wood].extend(_posts(network, lot, 0.17, 0.09, top + 0.06))
        elif kind == Boundary.RAILING:
            metal = (Material.METAL, metals[pick % 2], Label.FENCE)
            for low, high in ((0.3, 0.36), (0.6, 0.66), (0.92, 1.0)):
                built.setdefault(metal, []).extend(_bands(network, lot, 0.18, 0.04, low, high))
            built[metal].extend(_posts(network, lot, 0.17, 0.06, 1.05))
    for (material, style, label), parts in built.items():
        if parts:
            corners, texture = (np.concatenate(part) for part in zip(*parts, strict=True))
            builder.add_quads(corners, texture, material, style, label)


def _bands(network: RoadNetwork, lot: Lot, away: float, thick: float, low: float, high: float) -> list[_Faces]:
    """Bars along the closed stretches of a lot, `away` metres outside the pavement, between two heights."""
    faces = []
    for start, stop in closed_stretches(lot):
        stations = np.linspace(start, stop, max(2, int((stop - start) / _SEGMENT) + 1))
        faces.append(_bars(network, lot, stations[None], away, thick, low, high))
    return faces


def _posts(network: RoadNetwork, lot: Lot, away: float, thick: float, high: float) -> list[_Faces]:
    """Square posts along the closed stretches of a lot."""
    faces = []
    for start, stop in closed_stretches(lot):
        middle = np.linspace(start + thick, stop - thick, max(2, int(np.ceil((stop - start) / _POST_GAP)) + 1))
        stations = middle[:, None] + 0.5 * thick * np.array([-1.0, 1.0])
        faces.append(_bars(network, lot, stations, away, thick, FOOT, high))
    return faces


def _bars(
    network: RoadNetwork,
    lot: Lot,
    stations: Float[np.ndarray, "bars n"],
    away: float,
    thick: float,
    low: float,
    high: float,
) -> _Faces:
    """Bars with a rectangular cross-section, each through some stations, closed at both ends."""
    bars, count = stations.shape
    section = np.array([[away, low], [away, high], [away + thick, high], [away + thick, low]])
    profile = np.broadcast_to(section, (bars * count, 4, 2))
    grid = strip_along(network, lot, stations.ravel(), profile).reshape(bars, count, 4, 3)
    girth = np.array([low, high, high + thick, 2 * high + thick - low])
    flat = np.stack(np.broadcast_arrays(stations[:, :, None], girth), axis=3)
    corners, texture = grid_quads(grid), grid_quads(flat)
    ends = grid[:, [0, -1]].reshape(-1, 4, 3)
    return np.concatenate([corners, ends]), np.concatenate([texture, np.broadcast_to(section, (len(ends), 4, 2))])
