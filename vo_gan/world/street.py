"""The ground and what stands along the road: hedges, trees, poles, parked cars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from vo_gan.world.buildings import PAVEMENT_EDGE
from vo_gan.world.mesh import Material, MeshBuilder
from vo_gan.world.road import STEP, Road
from vo_gan.world.solids import add_prism, add_shell, box, icosphere, ring

ROAD_EDGE = 5.4
"""Metres from the centre line to the kerb: a lane of 3.2 m and a strip for parking."""
KERB_HEIGHT = 0.12
PARKING_OFFSET = 4.3
"""Metres from the centre line to the middle of a parked car."""

CAR_COLOURS = np.array(
    [
        [0.75, 0.10, 0.10],
        [0.12, 0.22, 0.55],
        [0.85, 0.85, 0.86],
        [0.10, 0.10, 0.12],
        [0.50, 0.52, 0.55],
        [0.80, 0.62, 0.12],
        [0.15, 0.40, 0.28],
        [0.62, 0.30, 0.14],
    ]
)


def add_ground(builder: MeshBuilder, road: Road, rng: np.random.Generator) -> None:
    """Add roadway, kerbs, pavements and the open ground below everything."""
    asphalt = builder.add_style(np.full(3, rng.uniform(0.33, 0.45)), (0.88, 0.87, 0.82), rng.random())
    stone = builder.add_style((0.66, 0.64, 0.60), seed=rng.random())
    slabs = builder.add_style(np.array([0.58, 0.55, 0.50]) + rng.uniform(-0.06, 0.06), seed=rng.random())
    grass = builder.add_style((0.34, 0.44, 0.18), (0.50, 0.40, 0.27), rng.random())
    stations = np.arange(road.first, road.last, 2 * STEP)
    strips: list[tuple[float, float, float, float, Material, int]] = [
        (-ROAD_EDGE, 0.0, 0.0, 0.0, Material.ASPHALT, asphalt),
        (0.0, 0.0, ROAD_EDGE, 0.0, Material.ASPHALT, asphalt),
    ]
    for side in (-1.0, 1.0):
        edge, outer = side * ROAD_EDGE, side * (ROAD_EDGE + 0.18)
        strips += [
            (edge, 0.0, edge, KERB_HEIGHT, Material.PLAIN, stone),
            (edge, KERB_HEIGHT, outer, KERB_HEIGHT, Material.PLAIN, stone),
            (outer, KERB_HEIGHT, side * PAVEMENT_EDGE, KERB_HEIGHT, Material.PAVEMENT, slabs),
            (side * PAVEMENT_EDGE, KERB_HEIGHT, side * (PAVEMENT_EDGE + 5.0), 0.04, Material.GRASS, grass),
        ]
    for left, left_height, right, right_height, material, style in strips:
        a = road.point_at(stations, left)
        b = road.point_at(stations, right)
        one = np.stack([a[:, 0], np.full(len(a), -left_height), a[:, 1]], axis=1)
        two = np.stack([b[:, 0], np.full(len(b), -right_height), b[:, 1]], axis=1)
        corners = np.stack([one[:-1], two[:-1], two[1:], one[1:]], axis=1)
        across = (left, right + abs(left_height - right_height))
        texture = np.stack(
            [
                np.stack([stations[i], np.full(len(stations) - 1, v)], axis=1)
                for i, v in (
                    (slice(None, -1), across[0]),
                    (slice(None, -1), across[1]),
                    (slice(1, None), across[1]),
                    (slice(1, None), across[0]),
                )
            ],
            axis=1,
        )
        builder.add_quads(corners, texture, material, style)
    low, high = road.position.min(axis=0) - 500.0, road.position.max(axis=0) + 500.0
    plan = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    field = np.stack([plan[:, 0], np.full(4, 0.03), plan[:, 1]], axis=1)
    builder.add_quads(field[None], plan[None], Material.GRASS, grass)


def add_hedges(
    builder: MeshBuilder, road: Road, rng: np.random.Generator, free: Sequence[tuple[float, float, float]]
) -> None:
    """Close gaps along the pavement by hedges and low walls."""
    for side, start, stop in free:
        if rng.random() < 0.2 or stop - start < 2.5:
            continue
        hedge = rng.random() < 0.55
        height, thick = (rng.uniform(0.8, 1.9), 0.7) if hedge else (rng.uniform(0.5, 1.3), 0.25)
        colour = np.array([0.22, 0.34, 0.13]) * rng.uniform(0.8, 1.3) if hedge else np.full(3, rng.uniform(0.45, 0.75))
        style = builder.add_style(colour, colour * 0.5, rng.random())
        stations = np.linspace(start + 0.4, stop - 0.4, max(2, int((stop - start) / 3.0) + 1))
        for a, b in pairwise(stations):
            near = road.point_at(np.array([a, b]), side * (PAVEMENT_EDGE + 0.1))
            far = road.point_at(np.array([a, b]), side * (PAVEMENT_EDGE + 0.1 + thick))
            add_prism(
                builder, np.array([near[0], near[1], far[1], far[0]]), 0.0, height,
                Material.FOLIAGE if hedge else Material.PLAIN, style,
            )  # fmt: skip


def add_trees(builder: MeshBuilder, road: Road, rng: np.random.Generator) -> None:
    """Add trees along the pavement, and plainer ones behind the houses."""
    fine, coarse = icosphere(3), icosphere(2)
    for side in (-1.0, 1.0):
        station = road.first + rng.uniform(0, 10)
        while station < road.last - 5.0:
            if rng.random() < 0.45:
                _add_tree(builder, rng, road, station, side * 6.3, rng.uniform(1.3, 2.0), *fine)
            station += rng.uniform(7.0, 15.0)
        station = road.first
        while station < road.last - 5.0:
            offset = rng.uniform(22.0, 80.0)
            x, z, _ = road.place(station, side * offset)
            if road.distance_to(np.array([[x, z]]))[0] > 20.0:
                _add_tree(builder, rng, road, station, side * offset, rng.uniform(2.5, 4.5), *coarse)
            station += rng.uniform(5.0, 14.0)


def _add_tree(
    builder: MeshBuilder,
    rng: np.random.Generator,
    road: Road,
    station: float,
    offset: float,
    radius: float,
    sphere: Float[np.ndarray, "v 3"],
    faces: Int[np.ndarray, "f 3"],
) -> None:
    """Add a trunk and a crown of three or four lumps."""
    x, z, _ = road.place(station, offset)
    trunk_height = 1.4 + 1.1 * radius
    bark = builder.add_style((0.36, 0.28, 0.21), seed=rng.random())
    add_prism(builder, ring(x, z, 0.09 * radius + 0.05, 6), 0.0, trunk_height, Material.PLAIN, bark)
    green = np.array([0.25, 0.38, 0.13]) + rng.normal(0, 0.04, 3) + rng.uniform(-0.04, 0.07)
    leaves = builder.add_style(np.clip(green, 0.05, 0.9), np.clip(green * 0.45, 0, 1), rng.random())
    for _ in range(int(rng.integers(3, 5))):
        size = radius * rng.uniform(0.55, 0.85)
        at = np.array([x, -(trunk_height + 0.55 * radius), z]) + radius * rng.uniform(-0.45, 0.45, 3)
        waves = np.sin(sphere @ rng.normal(0, 4.5, (3, 6)) + rng.uniform(0, 6, 6))
        lumps = 1.0 + 0.09 * waves.sum(axis=1)
        builder.add_solid(at + size * lumps[:, None] * sphere, faces, Material.FOLIAGE, leaves)


def add_poles(builder: MeshBuilder, road: Road, rng: np.random.Generator) -> None:
    """Add lamp posts, traffic signs and boxes on the pavements."""
    for side in (-1.0, 1.0):
        station = road.first + rng.uniform(0, 20)
        while station < road.last - 5.0:
            x, z, heading = road.place(station, side * 5.85)
            inwards = -1.25 * side * np.array([np.cos(heading), -np.sin(heading)])
            kind = rng.random()
            steel = builder.add_style(np.full(3, rng.uniform(0.3, 0.6)), seed=rng.random())
            if kind < 0.5:
                add_prism(builder, ring(x, z, 0.08, 6), 0.0, 6.5, Material.PLAIN, steel)
                arm = ring(x, z, 0.1, 4) + np.array([[0, 0], [0, 0], [1, 1], [1, 1]]) * inwards
                add_prism(builder, arm, 6.4, 6.55, Material.PLAIN, steel)
            elif kind < 0.8:
                add_prism(builder, ring(x, z, 0.04, 5), 0.0, 2.6, Material.PLAIN, steel)
                face = np.array([[0.8, 0.1, 0.1], [0.1, 0.25, 0.7], [0.9, 0.8, 0.1], [0.95, 0.95, 0.95]])
                plate = builder.add_style(face[rng.integers(4)], seed=rng.random())
                add_prism(builder, box(x, z, heading, 0.35, 0.03), 2.0, 2.7, Material.PLAIN, plate)
            else:
                paint = builder.add_style(rng.uniform(0.15, 0.7, 3), seed=rng.random())
                outline = box(x, z, heading, rng.uniform(0.2, 0.35), rng.uniform(0.2, 0.6))
                add_prism(builder, outline, 0.0, rng.uniform(0.8, 1.5), Material.PLAIN, paint)
            station += rng.uniform(9.0, 22.0)


def add_cars(builder: MeshBuilder, road: Road, rng: np.random.Generator) -> None:
    """Park cars along the kerbs."""
    shadow = builder.add_style((0.16, 0.16, 0.17))
    for side in (-1.0, 1.0):
        station = road.first + rng.uniform(0, 10)
        while station < road.last - 8.0:
            if rng.random() < 0.4:
                x, z, heading = road.place(station, side * (PARKING_OFFSET + rng.uniform(-0.1, 0.1)))
                _add_car(builder, rng, x, z, heading + rng.normal(0, 0.02), shadow)
            station += rng.uniform(6.0, 8.0)


def _add_car(builder: MeshBuilder, rng: np.random.Generator, x: float, z: float, heading: float, shadow: int) -> None:
    """Add a body, a cabin and the dark ground under them; body coordinates are metres along and height."""
    length, width, body, roof = rng.uniform(3.7, 4.7), 1.76, rng.uniform(0.78, 0.95), rng.uniform(1.38, 1.75)
    colour = np.clip(CAR_COLOURS[rng.integers(len(CAR_COLOURS))] + rng.normal(0, 0.03, 3), 0.05, 0.95)
    paint = builder.add_style(colour, seed=rng.random(), parameters=(length, body, 0.0))
    cabin = builder.add_style(colour, seed=rng.random(), parameters=(length, roof, 1.0))
    add_shell(
        builder, box(x, z, heading, 0.5 * width, 0.5 * length), box(x, z, heading, 0.47 * width, 0.48 * length),
        0.18, body, paint,
    )  # fmt: skip
    back_x, back_z = x - 0.06 * length * np.sin(heading), z - 0.06 * length * np.cos(heading)
    add_shell(
        builder, box(back_x, back_z, heading, 0.46 * width, 0.36 * length),
        box(back_x, back_z, heading, 0.38 * width, 0.24 * length), body, roof, cabin,
    )  # fmt: skip
    under = box(x, z, heading, 0.52 * width, 0.5 * length)
    ground = np.stack([under[:, 0], np.full(4, -0.012), under[:, 1]], axis=1)
    builder.add_quads(ground[None], under[None], Material.PLAIN, shadow)
