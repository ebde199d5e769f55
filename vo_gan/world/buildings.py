"""Houses along the road and blocks behind them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.mesh import Material, MeshBuilder
from vo_gan.world.road import Road

PAVEMENT_EDGE = 7.6
"""Metres from the centre line to the outer edge of the pavement, which no building crosses."""

WALL_COLOURS = np.array(
    [
        [0.62, 0.34, 0.25],
        [0.72, 0.45, 0.30],
        [0.80, 0.70, 0.48],
        [0.86, 0.80, 0.66],
        [0.78, 0.78, 0.76],
        [0.60, 0.60, 0.58],
        [0.84, 0.66, 0.52],
        [0.66, 0.74, 0.70],
        [0.62, 0.68, 0.78],
        [0.88, 0.86, 0.80],
        [0.52, 0.30, 0.24],
        [0.78, 0.58, 0.40],
    ]
)
DOOR_COLOURS = np.array(
    [[0.45, 0.12, 0.10], [0.10, 0.25, 0.42], [0.12, 0.34, 0.20], [0.38, 0.24, 0.12], [0.75, 0.60, 0.15]]
)
ROOF_COLOURS = np.array([[0.55, 0.26, 0.18], [0.42, 0.24, 0.20], [0.34, 0.34, 0.37], [0.48, 0.36, 0.28]])


def add_buildings(builder: MeshBuilder, road: Road, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Add houses on both sides of the road and taller blocks behind them.

    Returns:
        The gaps along the pavement that hold no house front, as (side, first station, last station), side -1 or 1.
    """
    free: list[tuple[float, float, float]] = []
    for side in (-1.0, 1.0):
        station = road.first + 1.0
        set_back = 0.0
        while station < road.last - 20.0:
            if rng.random() < 0.35:
                gap = rng.uniform(1.5, 14.0)
                free.append((side, station, station + gap))
                station += gap
                set_back = rng.choice([0.4, 0.4, 2.0, 4.5])
            width = rng.uniform(6.5, 17.0)
            footprint = _footprint(road, side, station, station + width, PAVEMENT_EDGE + set_back, rng.uniform(8, 13))
            if _clear(road, footprint, PAVEMENT_EDGE):
                _add_house(builder, rng, footprint, floors=int(rng.integers(2, 6)))
                if set_back > 1.0:
                    free.append((side, station, station + width))
            else:
                free.append((side, station, station + width))
            station += width
        station = road.first + 5.0
        while station < road.last - 30.0:
            width = rng.uniform(14.0, 30.0)
            footprint = _footprint(road, side, station, station + width, rng.uniform(28, 60), 14.0)
            if _clear(road, footprint, 24.0):
                _add_house(builder, rng, footprint, floors=int(rng.integers(4, 10)))
            station += width + rng.uniform(4.0, 25.0)
    return free


def _footprint(
    road: Road, side: float, start: float, stop: float, offset: float, depth: float
) -> Float[np.ndarray, "4 2"]:
    """Corners of a rectangle whose front runs along the road: front start, front stop, back stop, back start."""
    front = road.point_at(np.array([start, stop]), side * offset)
    along = (front[1] - front[0]) / max(np.linalg.norm(front[1] - front[0]), 1e-6)
    away = side * np.array([along[1], -along[0]])
    return np.stack([front[0], front[1], front[1] + depth * away, front[0] + depth * away])


def _clear(road: Road, footprint: Float[np.ndarray, "4 2"], distance: float) -> bool:
    """Whether the rectangle is wide enough to be a house and stays `distance` metres from the centre line."""
    if np.linalg.norm(footprint[1] - footprint[0]) < 4.0:
        return False
    share = np.linspace(0.0, 1.0, 7)[None, :, None]
    edge = footprint[:, None] * (1 - share) + np.roll(footprint, -1, axis=0)[:, None] * share
    return bool(road.distance_to(edge.reshape(-1, 2)).min() >= distance - 0.1)


def _add_house(
    builder: MeshBuilder, rng: np.random.Generator, footprint: Float[np.ndarray, "4 2"], floors: int
) -> None:
    """Add four walls and a roof. Wall coordinates are metres along the wall and height above the ground."""
    colour = np.clip(
        WALL_COLOURS[rng.integers(len(WALL_COLOURS))] + rng.normal(0, 0.04, 3) + rng.normal(0, 0.05), 0.12, 0.95
    )
    second = DOOR_COLOURS[rng.integers(len(DOOR_COLOURS))]
    floor = rng.uniform(2.9, 3.5)
    height = floor * floors + rng.uniform(0.3, 0.9)
    pitch = rng.uniform(1.8, 3.4)
    window = (rng.uniform(0.42, 0.62), rng.uniform(0.40, 0.58))
    brick = rng.choice([0.24, 0.24, 0.55, 0.0])
    shop = float(rng.random() < 0.35)
    seed = rng.random()
    for wall in range(4):
        a, b = footprint[wall], footprint[(wall + 1) % 4]
        length = float(np.linalg.norm(b - a))
        bays = max(1, round(length / pitch))
        blind = float(wall % 2 == 1 and rng.random() < 0.4)
        style = builder.add_style(
            colour,
            second,
            (seed + 0.23 * wall) % 1.0,
            (length / bays, floor, *window, brick, shop if wall == 0 else 0.0, blind, height),
        )
        corners = np.array([[a[0], 0.2, a[1]], [b[0], 0.2, b[1]], [b[0], -height, b[1]], [a[0], -height, a[1]]])
        texture = np.array([[0.0, -0.2], [length, -0.2], [length, height], [0.0, height]])
        builder.add_quads(corners[None], texture[None], Material.FACADE, style)
    _add_roof(builder, rng, footprint, height, style)


def _add_roof(
    builder: MeshBuilder,
    rng: np.random.Generator,
    footprint: Float[np.ndarray, "4 2"],
    height: float,
    wall_style: int,
) -> None:
    """Add a flat roof, or a gable roof whose ridge runs along the road."""
    style = builder.add_style(ROOF_COLOURS[rng.integers(len(ROOF_COLOURS))] + rng.normal(0, 0.03, 3), seed=rng.random())
    top = np.stack([footprint[:, 0], np.full(4, -height), footprint[:, 1]], axis=1)
    width, depth = np.linalg.norm(top[1] - top[0]), np.linalg.norm(top[3] - top[0])
    if rng.random() < 0.35:
        texture = np.array([[0, 0], [width, 0], [width, depth], [0, depth]])
        builder.add_quads(top[None], texture[None], Material.ROOF, style)
        return
    rise = rng.uniform(0.3, 0.5) * depth
    ridge = 0.5 * (top[[0, 1]] + top[[3, 2]]) - np.array([0.0, rise, 0.0])
    slope = float(np.hypot(0.5 * depth, rise))
    texture = np.array([[0, 0], [width, 0], [width, slope], [0, slope]])
    sides = np.stack([np.stack([top[0], top[1], ridge[1], ridge[0]]), np.stack([top[3], top[2], ridge[1], ridge[0]])])
    builder.add_quads(sides, np.stack([texture, texture]), Material.ROOF, style)
    gables = np.stack([np.stack([top[3], top[0], ridge[0]]), np.stack([top[1], top[2], ridge[1]])])
    flat = np.array([[0, height], [depth, height], [0.5 * depth, height + rise]])
    builder.add_triangles(gables, np.stack([flat, flat]), Material.FACADE, wall_style)
