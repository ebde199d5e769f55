"""Who may stand where along the streets, so that plants and furniture never meet.

Everything here follows from the streets and the lots alone, without chance: whoever asks gets the same answer. The
pavement's kerb side (`KERB_SIDE` from the kerb) is divided into beats of some 27 m. Trees stand at an eighth, three,
five and seven eighths of a beat, lamps at its half, other things at its quarters, all of them at least 3 m apart. The
middle of the pavement is for people. What closes off a garden stands outside the pavement.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from jaxtyping import Float

from vo_gan.world.objects.lots import Lot
from vo_gan.world.roads.network import PAVEMENT_WIDTH, RoadNetwork, Street

KERB_SIDE = 0.45
"""Metres from the kerb to the middle of what stands beside it."""
BEAT = 27.0
"""Metres from lamp to lamp, more or less."""
TREES = (0.125, 0.375, 0.625, 0.875)
"""Where trees may stand, in beats."""
FURNITURE = (0.0, 0.25, 0.75)
"""Where signs, bins and the like may stand, in beats."""
CORNER = 5.0
"""Metres of a street at either end where only what belongs to the junction stands."""
NICHE = 5.0
"""Metres of a lot that a bus shelter or an advertising column takes."""
GATE = 1.2
"""Metres of a lot without hedge or fence, for the way to the door."""


class Boundary(IntEnum):
    """What closes a lot off from the pavement."""

    NONE = 0
    HEDGE = 1
    PICKET = 2
    RAILING = 3
    WALL = 4
    NICHE = 5


def kerb_stations(street: Street, shares: tuple[float, ...] | float) -> Float[np.ndarray, "beats shares"]:
    """Stations in metres of a share of every beat of a street, row by row."""
    first, last = street.first + CORNER, street.last - CORNER
    beats = max(1, round((last - first) / BEAT)) if last > first else 0
    length = (last - first) / max(beats, 1)
    return first + length * (np.arange(beats)[:, None] + np.atleast_1d(np.array(shares, dtype=float)))


def boundary(lot: Lot) -> Boundary:
    """What closes a lot off from the pavement: nothing where a house stands beside it."""
    if lot.setback < 1.2:
        return Boundary.NONE
    chance = _chance(lot, 0)
    if lot.setback > 3.5 and lot.stop - lot.start > NICHE + 3.0 and chance < 0.12:
        return Boundary.NICHE
    kinds = (Boundary.HEDGE, Boundary.PICKET, Boundary.RAILING, Boundary.WALL, Boundary.NONE)
    return kinds[int(np.searchsorted([0.48, 0.62, 0.75, 0.9], chance))]


def closed_stretches(lot: Lot) -> list[tuple[float, float]]:
    """Stations (start, stop) in metres between which a lot is closed off: all of it but its gate or its niche."""
    kind = boundary(lot)
    if kind == Boundary.NONE:
        return []
    width = NICHE if kind == Boundary.NICHE else GATE
    open_at = lot.start + 0.5 * width + (lot.stop - lot.start - width) * (0.2 + 0.6 * _chance(lot, 1))
    parts = [(lot.start, open_at - 0.5 * width), (open_at + 0.5 * width, lot.stop)]
    return [(start, stop) for start, stop in parts if stop - start > 0.8]


def niche(lot: Lot) -> float:
    """Station in metres of the middle of a lot's niche."""
    return lot.start + 0.5 * NICHE + (lot.stop - lot.start - NICHE) * (0.2 + 0.6 * _chance(lot, 1))


def outer_edge(network: RoadNetwork, lot: Lot, away: float) -> float:
    """Offset in metres from a street's line of what stands `away` metres outside the pavement on a lot's side."""
    return lot.side * (network.streets[lot.street].half_width + PAVEMENT_WIDTH + away)


def upright(network: RoadNetwork, plan: Float[np.ndarray, "n 2"], raised: float = 0.0) -> Float[np.ndarray, "n 3"]:
    """(x, y, z) of points (x, z) on the terrain, `raised` metres above it."""
    return np.stack([plan[:, 0], -network.terrain.height(plan) - raised, plan[:, 1]], axis=1)


def strip_along(
    network: RoadNetwork, lot: Lot, stations: Float[np.ndarray, " n"], profile: Float[np.ndarray, "n p 2"]
) -> Float[np.ndarray, "n p 3"]:
    """(x, y, z) of cross-sections of what runs along a lot, following the terrain.

    Args:
        network: the streets.
        lot: whose side of which street.
        stations: metres along the street's line, one for each cross-section.
        profile: metres outside the pavement and metres above the terrain of the corners of each cross-section.
    """
    where = np.broadcast_to(stations[:, None], profile.shape[:2])
    plan = network.streets[lot.street].line.point_at(where, outer_edge(network, lot, 0.0) + lot.side * profile[..., 0])
    return np.stack([plan[..., 0], -network.terrain.height(plan) - profile[..., 1], plan[..., 1]], axis=2)


def _chance(lot: Lot, number: int) -> float:
    """A number in [0, 1) that depends on where a lot lies (an integer hash: murmur's finaliser)."""
    mixed = round(10 * lot.start) * 0x9E3779B1 + (4 * lot.street + lot.side + 1) * 0x85EBCA77 + number * 0xC2B2AE3D
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        mixed &= 0xFFFFFFFF
        mixed = (mixed ^ (mixed >> shift)) * factor
    return (mixed & 0xFFFFFFFF) / 2**32
