"""What stands along the streets: lamps, signs, traffic lights, small things, fences and garden walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vo_gan.world.mesh import MeshBuilder
from vo_gan.world.objects.copies import add_copies
from vo_gan.world.objects.fences import add_fences
from vo_gan.world.objects.furniture_models import BULBS, SIGN_COUNT, furniture_models
from vo_gan.world.objects.ground import KERB_HEIGHT
from vo_gan.world.objects.lots import Lot
from vo_gan.world.objects.places import FURNITURE, KERB_SIDE, Boundary, boundary, kerb_stations, niche, upright
from vo_gan.world.roads.network import PAVEMENT_WIDTH, Junction, RoadNetwork, Street

_SMALL = ("bin", "bollard", "bench", "cabinet", "telephone", "mail_box", "sign")
_SMALL_SHARES = (0.17, 0.20, 0.12, 0.12, 0.07, 0.05, 0.27)
_FILLED = 0.42
"""Share of the places for small things where one stands."""
_ROW_GAP = 1.3
"""Metres between the bollards of a row."""
_NICHE_AWAY = PAVEMENT_WIDTH + 1.15
"""Metres from the kerb to the middle of what stands in a niche."""
_NICHE_HEIGHT = 0.06
"""Metres that the verge lies above the terrain there."""


@dataclass(frozen=True)
class _Thing:
    """Something that stands beside a street.

    Attributes:
        name: of its model.
        street: index of the street.
        side: -1 left, +1 right of the street's line.
        station: metres along the street's line.
        away: metres from the kerb.
        raised: metres above the terrain.
    """

    name: str
    street: int
    side: int
    station: float
    away: float = KERB_SIDE
    raised: float = KERB_HEIGHT


def add_furniture(
    builder: MeshBuilder, network: RoadNetwork, lots: Sequence[Lot], rng: np.random.Generator
) -> Float[np.ndarray, "n 3"]:
    """Add lamps, signs, traffic lights, bins, bollards, benches, boxes, shelters, columns, fences and garden walls.

    Nothing stands on a carriageway, and on pavements only beside the kerb, where `places` leaves room for it.

    Args:
        builder: takes the faces.
        network: the streets.
        lots: what lies along the pavements.
        rng: source of all chance.

    Returns:
        (x, y, z) of the bulbs of the street lamps in metres.
    """
    models = furniture_models(rng)
    things = [thing for street in network.streets for thing in _along(street, rng)]
    things += [thing for junction in network.junctions for thing in _around(network, junction, rng)]
    for lot in lots:
        if boundary(lot) == Boundary.NICHE:
            name = ("shelter", "column", "bench")[rng.integers(3)]
            things.append(_Thing(name, lot.street, lot.side, niche(lot), _NICHE_AWAY, _NICHE_HEIGHT))
    place, heading = _where(network, things)
    names = np.array([thing.name for thing in things])
    bulbs = [np.zeros((0, 3))]
    for name, model in models.items():
        some = names == name
        add_copies(builder, model, place[some], heading[some])
        if name in BULBS:
            x, height, z = BULBS[name]
            sine, cosine = np.sin(heading[some]), np.cos(heading[some])
            offset = np.stack([x * cosine + z * sine, np.full(len(sine), -height), z * cosine - x * sine], axis=1)
            bulbs.append(place[some] + offset)
    add_fences(builder, network, lots, rng)
    return np.concatenate(bulbs)


def _where(network: RoadNetwork, things: Sequence[_Thing]) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, " n"]]:
    """(x, y, z) in the town where things stand, and the way that the traffic beside them goes, in radians."""
    place, heading = np.zeros((len(things), 3)), np.zeros(len(things))
    which = np.array([thing.street for thing in things])
    for street in network.streets:
        index = np.flatnonzero(which == street.index)
        those = [things[i] for i in index.tolist()]
        stations, side = np.array([t.station for t in those]), np.array([t.side for t in those])
        plan = street.line.point_at(stations, side * (street.half_width + np.array([t.away for t in those])))
        place[index] = upright(network, plan)
        heading[index] = street.line.heading_at(stations) + np.where(side > 0, 0.0, np.pi)
    place[:, 1] -= np.array([thing.raised for thing in things])
    return place, heading


def _along(street: Street, rng: np.random.Generator) -> list[_Thing]:
    """Lamps on alternating sides of a street, and small things on both."""
    things = []
    lamp = "lantern" if not street.parking and rng.random() < 0.4 else "arm_lamp"
    for number, station in enumerate(kerb_stations(street, 0.5).ravel()):
        side = (-1, 1)[number % 2]
        things.append(_Thing(lamp, street.index, side, float(station)))
        if rng.random() < _FILLED:
            things.append(_Thing(_small(rng), street.index, -side, float(station)))
    for side in (-1, 1):
        for station in kerb_stations(street, FURNITURE).ravel():
            if rng.random() < _FILLED:
                name = _small(rng)
                row = (-_ROW_GAP, 0.0, _ROW_GAP) if name == "bollard" else (0.0,)
                things += [_Thing(name, street.index, side, float(station + step)) for step in row]
    return things


def _small(rng: np.random.Generator) -> str:
    """Name of a small thing."""
    name = _SMALL[int(rng.choice(len(_SMALL), p=_SMALL_SHARES))]
    return f"sign_{rng.integers(SIGN_COUNT)}" if name == "sign" else name


def _around(network: RoadNetwork, junction: Junction, rng: np.random.Generator) -> list[_Thing]:
    """Traffic lights or signs of right of way, and street names, where streets reach a junction."""
    if len(junction.arms) < 3:
        return []
    things = []
    lights, main = rng.random() < 0.35, int(rng.integers(len(junction.arms)))
    for number, arm in enumerate(junction.arms):
        street = network.streets[arm.street]
        side, edge, inwards = (-1, street.first, 1.0) if arm.outwards else (1, street.last, -1.0)
        if lights:
            name = "traffic_light"
        elif number in (main, (main + 2) % len(junction.arms)):
            name = "priority"
        else:
            name = "stop" if rng.random() < 0.25 else "yield"
        things.append(_Thing(name, street.index, side, edge + 0.8 * inwards))
        if rng.random() < 0.6:
            things.append(_Thing("street_name", street.index, -side, edge + 1.5 * inwards))
    return things
