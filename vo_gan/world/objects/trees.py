"""Models of trees and bushes: trunk and boughs, a crown of lumps, and tufts of leaves that stick out of it.

Object coordinates in metres: origin on the ground under the trunk, y down. All models have the four styles `BARK`,
`SHADE`, `LEAF` and `TIP`, which the places they stand at fill with colours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.solids import grid_quads, icosphere

BARK, SHADE, LEAF, TIP = range(4)
"""Styles of a model: bark, leaves inside the crown, leaves outside it, leaves that the light falls on."""
STREET_HEADROOM = 4.35
"""Metres from the ground to the lowest leaf of the trees made for streets."""

_GAP = 0.93
"""Share of a lump's size within which nothing of another lump is seen."""


def tree_models(rng: np.random.Generator) -> dict[str, tuple[Mesh, ...]]:
    """Build some models of each species.

    Returns:
        `street_round`, `street_slim`: leaves from STREET_HEADROOM up; `spreading`, `grove`, `poplar`, `conifer`: big
        ones; `small`: fruit trees; `bush`: without a trunk.
    """
    species: dict[str, tuple[int, Callable[[MeshBuilder, np.random.Generator], None]]] = {
        "street_round": (3, _street_round),
        "street_slim": (2, _street_slim),
        "spreading": (2, _spreading),
        "grove": (3, _grove),
        "poplar": (1, _poplar),
        "conifer": (2, _conifer),
        "small": (2, _small),
        "bush": (3, _bush),
    }
    models = {}
    for name, (count, grow) in species.items():
        made = []
        for _ in range(count):
            builder = MeshBuilder()
            for _style in (BARK, SHADE, LEAF, TIP):
                builder.add_style((0.5, 0.5, 0.5))
            grow(builder, rng)
            made.append(builder.build())
        models[name] = tuple(made)
    return models


def _street_round(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A lime or maple whose lower branches were cut off."""
    lobes = [(0.0, 7.2, 0.0, 1.7, 2.6)]
    lobes += _around(rng, 4, 5.9, 1.25, 1.3, 1.1)
    lobes += _around(rng, 3, 7.8, 1.0, 1.2, 1.05)
    _plant(builder, rng, lobes, 0.17, STREET_HEADROOM, leaves=175, tuft=0.33)


def _street_slim(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A hornbeam with a narrow crown, for streets with little room."""
    lobes = [(0.0, 6.8, 0.0, 1.05, 2.2), (0.0, 8.9, 0.0, 0.8, 1.6)]
    lobes += _around(rng, 3, 6.2, 0.5, 0.85, 1.4)
    _plant(builder, rng, lobes, 0.13, STREET_HEADROOM, leaves=160, tuft=0.27)


def _spreading(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """An old oak, wider than it is high."""
    lobes = [(0.0, 6.0, 0.0, 2.3, 1.9)]
    lobes += _around(rng, 4, 5.0, 2.3, 1.75, 1.4)
    lobes += _around(rng, 2, 6.9, 1.3, 1.6, 1.3)
    _plant(builder, rng, lobes, 0.3, 3.6, leaves=125, tuft=0.47)


def _grove(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A tree seen over the houses: as `_spreading`, with fewer faces."""
    lobes = [(0.0, 6.0, 0.0, 2.4, 2.1), *_around(rng, 3, 5.3, 2.0, 2.0, 1.5)]
    _plant(builder, rng, lobes, 0.28, 2.8, leaves=70, tuft=0.55)


def _poplar(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A tall poplar."""
    lobes = [(rng.normal(0, 0.15), 3.8 + 3.1 * i, rng.normal(0, 0.15), 1.35 - 0.25 * i, 2.9) for i in range(3)]
    _plant(builder, rng, lobes, 0.22, 1.4, leaves=130, tuft=0.4)


def _small(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A fruit tree."""
    lobes = [(0.0, 2.9, 0.0, 1.0, 0.85), *_around(rng, 3, 2.6, 0.7, 0.8, 0.65)]
    _plant(builder, rng, lobes, 0.1, 1.6, leaves=90, tuft=0.19)


def _bush(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A garden bush, about a metre high and wide."""
    lobes = [(0.0, 0.5, 0.0, 0.5, 0.5), *_around(rng, 2, 0.4, 0.26, 0.4, 0.42)]
    _add_crown(builder, rng, np.array(lobes), leaves=42, tuft=0.13, fineness=1)


def _conifer(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A spruce: whorls of drooping boughs on a straight stem."""
    top, whorls = rng.uniform(9.0, 11.0), 13
    stem = np.array([[0.0, 0.6, 0.0], [0.0, -0.55 * top, 0.0], [0.0, -top, 0.0]])
    _add_tube(builder, stem, np.array([0.2, 0.12, 0.02]), 6)
    for level in range(whorls):
        share = level / whorls
        reach = (0.2 + 1.9 * (1 - share) ** 0.85) * rng.uniform(0.9, 1.1)
        height = 0.9 + (top - 1.4) * share
        count = 11
        angle = 2 * np.pi * (np.arange(count) + rng.uniform()) / count
        out = np.stack([np.cos(angle), np.zeros(count), np.sin(angle)], axis=1)
        side = np.stack([-np.sin(angle), np.zeros(count), np.cos(angle)], axis=1)
        long = reach * rng.uniform(0.75, 1.2, (count, 1))
        wide = 0.42 * reach + 0.1
        down = np.array([0.0, 1.0, 0.0])
        root = out * 0.05 - down * (height + 0.5 * reach + 0.25)
        middle = out * 0.6 * long - down * (height + 0.32 * reach)
        tip = out * long - down * (height - rng.uniform(0.0, 0.25, (count, 1)))
        corners = np.stack([root, middle - wide * side + 0.3 * wide * down, tip, middle + wide * side], axis=1)
        normal = np.stack(
            [out * 0.4 - down, out - side - 0.5 * down, out - 0.5 * down, out + side - 0.5 * down], axis=1
        )
        normal /= np.linalg.norm(normal, axis=2, keepdims=True)
        flat = np.stack([(corners * side[:, None]).sum(axis=2), -corners[..., 1]], axis=2)
        builder.add_quads(corners, flat, Material.FOLIAGE, (SHADE, LEAF, TIP)[level % 3], Label.VEGETATION, normal)


def _around(
    rng: np.random.Generator, count: int, height: float, away: float, radius: float, upright: float
) -> list[tuple[float, float, float, float, float]]:
    """Lumps around the trunk: x, height, z, radius, half the height."""
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(0.7, 1.3, count)) / count
    size = radius * rng.uniform(0.85, 1.15, count)
    far, high = away * rng.uniform(0.8, 1.2, count), height + rng.normal(0, 0.15, count) * away
    return [
        (float(f * np.cos(a)), float(h), float(f * np.sin(a)), float(s), float(s * upright))
        for a, s, f, h in zip(angle, size, far, high, strict=True)
    ]


def _plant(
    builder: MeshBuilder,
    rng: np.random.Generator,
    lobes: list[tuple[float, float, float, float, float]],
    trunk: float,
    lowest: float,
    leaves: int,
    tuft: float,
) -> None:
    """Add a crown with its lowest leaf at a height of `lowest`, a trunk of a radius and boughs into the lumps."""
    lumps = np.array(lobes)
    lumps[:, 1] += _add_crown(builder, rng, lumps, leaves, tuft, lowest)
    centre = np.stack([lumps[:, 0], -lumps[:, 1], lumps[:, 2]], axis=1)
    lean = rng.normal(0, 0.06, 2)
    fork = np.array([lean[0], -(lowest - 0.25), lean[1]])
    bend = np.array([0.5 * lean[1], -0.5 * lowest, -0.5 * lean[0]])
    stem = np.stack([[0.0, 0.5, 0.0], [0.0, -0.25, 0.0], bend, fork, centre[0]])
    _add_tube(builder, stem, trunk * np.array([1.7, 1.15, 1.0, 0.8, 0.3]), 7)
    for end, upright in zip(centre[1:5], lumps[1:5, 4], strict=True):
        elbow = 0.55 * fork + 0.45 * end + np.array([0.0, 0.15 * upright, 0.0])
        _add_tube(builder, np.stack([fork, elbow, end]), trunk * np.array([0.5, 0.35, 0.1]), 3)


def _add_crown(
    builder: MeshBuilder,
    rng: np.random.Generator,
    lumps: Float[np.ndarray, "n 5"],
    leaves: int,
    tuft: float,
    lowest: float | None = None,
    fineness: int = 2,
) -> float:
    """Add lumps and, on them, tufts of leaves, each a triangle that looks more or less outwards.

    Args:
        builder: takes the faces.
        rng: source of all chance.
        lumps: x, height, z, radius and half the height of every lump.
        leaves: how many tufts.
        tuft: mean radius of a tuft in metres.
        lowest: height that the lowest leaf is brought to; nothing is moved if None.
        fineness: levels of the spheres that lumps are made from.

    Returns:
        Metres that the crown was raised by.
    """
    centre = np.stack([lumps[:, 0], -lumps[:, 1], lumps[:, 2]], axis=1)
    radius = lumps[:, [3, 4, 3]]
    middle = np.average(centre, axis=0, weights=radius.prod(axis=1)) + np.array([0.0, 0.2 * radius[0, 1], 0.0])
    body, body_normals = _lumps(rng, centre, radius, middle, fineness)
    at, out = _places_on_lumps(rng, centre, radius, middle, leaves)

    facing = _unit(out + 0.5 * _unit(rng.normal(0, 1, out.shape)))
    along = _unit(np.cross(facing, rng.normal(0, 1, out.shape)))
    across = np.cross(facing, along)
    angle = np.array([0.0, 2.1, 4.2]) + rng.uniform(-0.5, 0.5, (len(at), 3))
    size = tuft * rng.uniform(0.7, 1.3, (len(at), 1, 1))
    spread = np.cos(angle)[..., None] * along[:, None] + np.sin(angle)[..., None] * across[:, None]
    tufts = at[:, None] + size * spread
    tuft_normals = np.repeat(_unit(out + 0.45 * facing)[:, None], 3, axis=1)

    raised = 0.0 if lowest is None else lowest + max(body[..., 1].max(), tufts[..., 1].max())
    body[..., 1] -= raised
    tufts[..., 1] -= raised
    faces = np.arange(3 * len(body)).reshape(-1, 3)
    builder.add_solid(
        body.reshape(-1, 3), faces, Material.FOLIAGE, SHADE, Label.VEGETATION, body_normals.reshape(-1, 3)
    )
    flat = np.stack([(tufts * along[:, None]).sum(axis=2), (tufts * across[:, None]).sum(axis=2)], axis=2)
    light = -out[:, 1] + rng.normal(0, 0.35, len(out))
    style = np.select([light < -0.35, light < 0.45], [SHADE, LEAF], TIP)
    for number in (SHADE, LEAF, TIP):
        some = style == number
        builder.add_triangles(tufts[some], flat[some], Material.FOLIAGE, number, Label.VEGETATION, tuft_normals[some])
    return raised


def _lumps(
    rng: np.random.Generator,
    centre: Float[np.ndarray, "n 3"],
    radius: Float[np.ndarray, "n 3"],
    middle: Float[np.ndarray, " 3"],
    fineness: int,
) -> tuple[Float[np.ndarray, "k 3 3"], Float[np.ndarray, "k 3 3"]]:
    """Triangles and normals of dented ellipsoids, without what lies hidden in another of them.

    The normals look away from both the lump's and the crown's middle, as if leaves hid the edges between the lumps.
    """
    sphere, faces = _sphere(fineness)
    bodies, normals = [], []
    for own, (c, r) in enumerate(zip(centre, radius, strict=True)):
        waves = np.sin(sphere @ rng.normal(0, 2.6, (3, 5)) + rng.uniform(0, 6, 5)).sum(axis=1)
        dents = 0.93 + 0.06 * waves + rng.normal(0, 0.05, len(sphere))
        vertices = c + r * sphere * dents[:, None]
        hidden = _hidden(vertices, centre, radius, np.full(len(sphere), own))
        seen = faces[hidden[faces].sum(axis=1) < 2]
        bodies.append(vertices[seen])
        normals.append(_unit(0.7 * _unit(sphere / r) + 0.5 * _unit(vertices - middle))[seen])
    return np.concatenate(bodies), np.concatenate(normals)


def _places_on_lumps(
    rng: np.random.Generator,
    centre: Float[np.ndarray, "n 3"],
    radius: Float[np.ndarray, "n 3"],
    middle: Float[np.ndarray, " 3"],
    count: int,
) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, "k 3"]]:
    """At most `count` random points on the outside of lumps, more above than below, and the directions outwards."""
    area = radius[:, 0] * radius[:, 1]
    which = np.repeat(np.arange(len(centre)), np.maximum(1, (3 * count * area / area.sum()).astype(int)))
    out = _unit(rng.normal(0, 1, (len(which), 3)) - np.array([0.0, 0.25, 0.0]))
    at = centre[which] + radius[which] * out * rng.uniform(0.92, 1.1, (len(which), 1))
    chosen = np.sort(rng.permutation(np.flatnonzero(~_hidden(at, centre, radius, which)))[:count])
    return at[chosen], _unit(0.6 * out[chosen] + 0.5 * _unit(at[chosen] - middle))


def _hidden(
    points: Float[np.ndarray, "k 3"],
    centre: Float[np.ndarray, "n 3"],
    radius: Float[np.ndarray, "n 3"],
    own: Int[np.ndarray, " k"],
) -> Bool[np.ndarray, " k"]:
    """Whether points lie inside a lump other than their own."""
    away = (((points[:, None] - centre) / (_GAP * radius)) ** 2).sum(axis=2)
    away[np.arange(len(points)), own] = np.inf
    return (away < 1).any(axis=1)


def _add_tube(
    builder: MeshBuilder, points: Float[np.ndarray, "n 3"], radii: Float[np.ndarray, " n"], sides: int
) -> None:
    """Add a bent, tapering tube of bark along points; u is metres around, v metres along."""
    angle = 2 * np.pi * np.arange(sides + 1) / sides
    along = _unit(np.gradient(points, axis=0))
    side = _unit(np.cross(along, np.where(np.abs(along[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])))
    other = np.cross(along, side)
    out = side[:, None] * np.cos(angle)[:, None] + other[:, None] * np.sin(angle)[:, None]
    rings = points[:, None] + radii[:, None, None] * out
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    flat = np.stack(np.broadcast_arrays(angle * radii[0], length[:, None]), axis=2)
    corners, texture, normals = (grid_quads(grid) for grid in (rings, flat, out))
    builder.add_quads(corners, texture, Material.BARK, BARK, Label.VEGETATION, normals)


@cache
def _sphere(fineness: int) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """What lumps are made from."""
    return icosphere(fineness)


def _unit(vectors: Float[np.ndarray, "*k 3"]) -> Float[np.ndarray, "*k 3"]:
    """Vectors scaled to a length of 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
