"""Where houses stand: footprints along the streets, around junctions and in the middle of the blocks behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from vo_gan.world.objects.plots import Kind, Occupied, Plot
from vo_gan.world.roads.line import Line, connection
from vo_gan.world.roads.network import PAVEMENT_WIDTH, Junction, RoadNetwork


@dataclass(frozen=True)
class Lot:
    """A stretch along a street's pavement.

    Attributes:
        street: index of the street.
        side: -1 left, +1 right of the street's line.
        start: station in metres where it begins.
        stop: station in metres where it ends.
        setback: metres from the pavement's outer edge to the house's front; inf where no house stands.
        depth: metres from the house's front to its back; 0 where no house stands.
    """

    street: int
    side: int
    start: float
    stop: float
    setback: float
    depth: float = 0.0


@dataclass(frozen=True)
class _Habit:
    """How a kind of building is placed; pairs of numbers are the least and the most, in metres.

    Attributes:
        width: of a front.
        depth: of a building.
        setback: from the pavement.
        gap: between neighbours of a row.
        row: number of buildings in a row.
        pause: between two rows.
    """

    width: tuple[float, float]
    depth: tuple[float, float]
    setback: tuple[float, float]
    gap: tuple[float, float]
    row: tuple[int, int]
    pause: tuple[float, float]


_HABITS = {
    Kind.TERRACE: _Habit((5.0, 7.6), (8.5, 10.5), (0.35, 2.3), (0.0, 0.0), (4, 9), (1.5, 5.0)),
    Kind.APARTMENTS: _Habit((11.0, 19.0), (10.5, 12.5), (0.35, 0.5), (0.0, 0.0), (2, 5), (3.0, 9.0)),
    Kind.DETACHED: _Habit((8.0, 12.0), (8.0, 10.5), (3.0, 6.0), (3.0, 7.0), (1, 1), (3.0, 8.0)),
    Kind.WAREHOUSE: _Habit((18.0, 28.0), (12.0, 16.0), (1.0, 3.0), (0.0, 0.0), (1, 1), (3.0, 6.0)),
    Kind.GARAGES: _Habit((8.5, 17.5), (5.8, 6.2), (1.0, 2.5), (0.0, 0.0), (1, 1), (2.0, 4.0)),
}
_QUARTERS = (Kind.TERRACE, Kind.APARTMENTS, Kind.DETACHED, Kind.TERRACE, Kind.APARTMENTS, Kind.DETACHED)
_ODD_SHARE, _PARK_SHARE = 0.07, 0.06
"""Share of rows that are a warehouse or garages, and of pauses that are as wide as a small park."""
_PARK = 9.0, 18.0
_KEPT_OFF = 0.25
"""Metres that every wall keeps from the pavement."""
_MOST_MOVED = 1.2
"""Metres that a house is moved back at most to keep off the pavement."""
_TOUCHING = -0.02
"""Metres that neighbours of a row may overlap by rounding where they stand wall to wall."""
_SHIFTS = (0.0, 0.7, 1.5, 2.6)
"""Metres that a house moves on where it does not fit."""
_MERGED = 8.5
"""Gaps beside a detached house up to this many metres belong to its lot."""
_SLIVER = 2.0
"""Gaps beside a house up to this many metres belong to its lot."""
_BEHIND_CELL, _BEHIND_SHARE = 27.0, 0.75
"""Metres between the places behind the houses where a block may stand, and how many of them are used."""
_BEHIND_CLEARANCE, _BEHIND_APART, _FARTHEST = 19.0, 6.0, 52.0
"""Metres that blocks behind the houses keep from kerbs and from other buildings, and are away from kerbs at most."""


class _Edge:
    """The points `offset` metres to one side of a line, at its samples."""

    def __init__(self, line: Line, side: int) -> None:
        self.side, self._step, self._position = side, line.step, line.position
        self._outwards = side * np.stack([np.cos(line.heading), -np.sin(line.heading)], axis=1)

    def snap(self, station: float) -> float:
        """The nearest sample's station in metres."""
        return self._step * round(station / self._step)

    def point(self, station: float, offset: float) -> Float[np.ndarray, " 2"]:
        """(x, z) of the point beside a sample."""
        sample = min(max(round(station / self._step), 0), len(self._position) - 1)
        return self._position[sample] + offset * self._outwards[sample]


@dataclass
class _Placed:
    """A plot with the stations between which it stands along its front."""

    plot: Plot
    start: float
    stop: float


class _Surveyor:
    """Finds plots for houses, one after the other."""

    def __init__(self, network: RoadNetwork, rng: np.random.Generator) -> None:
        self._network, self._rng = network, rng
        self._occupied = Occupied()
        self._row = 0
        ends = np.concatenate([street.line.position for street in network.streets])
        count = 9
        self._centres = rng.uniform(ends.min(axis=0), ends.max(axis=0), (count, 2))
        self._kinds = [_QUARTERS[i % len(_QUARTERS)] for i in rng.permutation(count)]

    def quarter(self, plan: Float[np.ndarray, " 2"]) -> Kind:
        """What most buildings around (x, z) are."""
        return self._kinds[int(((self._centres - plan) ** 2).sum(axis=1).argmin())]

    def along(self, line: Line, side: int, edge: float, first: float, last: float) -> list[_Placed]:
        """Place rows of houses on one side of a line, fronts `edge` metres and their setback away from it."""
        rng, front = self._rng, _Edge(line, side)
        placed: list[_Placed] = []
        last = front.snap(last - 0.5 * line.step)
        station = first + float(rng.uniform(0.5, 2.0))
        while station < last - 4.0:
            kind = self.quarter(front.point(station + 8.0, edge + 12.0))
            if rng.random() < _ODD_SHARE:
                kind = Kind.WAREHOUSE if rng.random() < 0.4 else Kind.GARAGES
            row, station = self._house_row(front, edge, station, last, kind)
            placed += row
            pause = _PARK if rng.random() < _PARK_SHARE else _HABITS[kind].pause
            station += float(rng.uniform(*pause))
        return placed

    def _house_row(
        self, front: _Edge, edge: float, station: float, last: float, kind: Kind
    ) -> tuple[list[_Placed], float]:
        """Place a row of like houses from a station on; returns them and the station where they end."""
        rng, habit = self._rng, _HABITS[kind]
        placed: list[_Placed] = []
        self._row += 1
        count = int(rng.integers(habit.row[0], habit.row[1] + 1))
        setback, depth = float(rng.uniform(*habit.setback)), float(rng.uniform(*habit.depth))
        if kind == Kind.TERRACE and setback < 1.4:
            setback = 0.35
        width = float(rng.uniform(*habit.width))
        for _ in range(count):
            if kind != Kind.TERRACE:
                width = float(rng.uniform(*habit.width))
            stop = min(station + width, last)
            if stop - station < 0.8 * habit.width[0]:
                return placed, last
            for shift in _SHIFTS:
                here, there = front.snap(station + shift), front.snap(min(station + shift + width, last))
                plot = self._fitted(front, edge, here, there, depth, kind, setback)
                if plot is not None:
                    break
            else:
                return placed, station + 3.0
            if placed and here - placed[-1].stop < 0.01:
                placed[-1].plot, plot = _joined(placed[-1].plot, plot, front.side)
            self._occupied.add(plot)
            placed.append(_Placed(plot, here, there))
            station = there + float(rng.uniform(*habit.gap))
        return placed, station

    def _fitted(
        self, front: _Edge, edge: float, start: float, stop: float, depth: float, kind: Kind, setback: float
    ) -> Plot | None:
        """A plot whose front reaches from one station to another, moved back off the pavement; None where none fits."""
        ends = [front.point(station, edge + setback) for station in (start, stop)][:: -front.side]
        along = ends[1] - ends[0]
        width = float(np.linalg.norm(along))
        if width < 0.7 * _HABITS[kind].width[0]:
            return None
        plot = Plot(kind, ends[0], along / width, width, depth, setback, self._row)
        front_room, room = self._room(plot)
        lacking = _KEPT_OFF - room
        if lacking > 0:
            if lacking > _MOST_MOVED:
                return None
            plot = replace(plot, corner=plot.corner + (lacking + 0.02) * plot.away)
            front_room, room = self._room(plot)
            if room < _KEPT_OFF:
                return None
        plot = replace(plot, setback=front_room)
        for share in (1.0, 0.8):
            smaller = replace(plot, depth=share * depth)
            if not self._occupied.meets(smaller, _TOUCHING):
                return smaller
        return None

    def _room(self, plot: Plot) -> tuple[float, float]:
        """Metres from the nearest pavement's outer edge to the plot's front, and to any of its sides."""
        corners = plot.outline()
        front = corners[0] + np.linspace(0.0, 1.0, 7)[:, None] * (corners[1] - corners[0])
        middles = 0.5 * (corners[1:] + np.roll(corners, -1, axis=0)[1:])
        room = self._network.clearance(np.concatenate([front, corners[2:], middles])) - PAVEMENT_WIDTH
        return float(room[:7].min()), float(room.min())

    def behind(self) -> list[Plot]:
        """Place taller blocks in the middle of what streets surround, and around the town."""
        rng, network = self._rng, self._network
        position = np.concatenate([street.line.position for street in network.streets])
        heading = np.concatenate([street.line.heading for street in network.streets])
        low, high = position.min(axis=0) - 60.0, position.max(axis=0) + 60.0
        grid = np.stack(np.meshgrid(*(np.arange(a, b, _BEHIND_CELL) for a, b in zip(low, high, strict=True))), axis=-1)
        places = grid.reshape(-1, 2)
        places = places + rng.uniform(-8.0, 8.0, places.shape)
        clearance = network.clearance(places)
        free = np.flatnonzero((clearance > _BEHIND_CLEARANCE + 10.0) & (clearance < _FARTHEST))
        plots = []
        for place in places[free]:
            chance, width, depth = rng.random(), float(rng.uniform(15.0, 27.0)), float(rng.uniform(10.5, 12.5))
            nearest = int(((position - place) ** 2).sum(axis=1).argmin())
            turn = heading[nearest] + 0.5 * np.pi * float(rng.integers(4))
            along = np.array([np.sin(turn), np.cos(turn)])
            corner = place - 0.5 * width * along - 0.5 * depth * np.array([-along[1], along[0]])
            self._row += 1
            plot = Plot(Kind.BLOCK, corner, along, width, depth, float(np.inf), self._row)
            if chance > _BEHIND_SHARE or self._room(plot)[1] < _BEHIND_CLEARANCE - PAVEMENT_WIDTH:
                continue
            if not self._occupied.meets(plot, _BEHIND_APART):
                self._occupied.add(plot)
                plots.append(plot)
        return plots


def _joined(before: Plot, after: Plot, side: int) -> tuple[Plot, Plot]:
    """Two neighbours of a row with their common wall noted; on the left of a line stations grow to the right."""
    if side < 0:
        return replace(before, attached_right=True), replace(after, attached_left=True)
    return replace(before, attached_left=True), replace(after, attached_right=True)


def survey(network: RoadNetwork, rng: np.random.Generator) -> tuple[list[Plot], list[Lot]]:
    """Find a place for every building of a town.

    Buildings do not overlap and keep off the pavements. Quarters have different sorts of them.

    Args:
        network: the streets.
        rng: source of all chance.

    Returns:
        The footprints, and the lots: every side of every street from `first` to `last`, in order, without gaps.
    """
    surveyor = _Surveyor(network, rng)
    plots, lots = [], []
    for junction in network.junctions:
        for line in _outer_lines(network, junction):
            plots += [placed.plot for placed in surveyor.along(line, -1, _KEPT_OFF, 0.0, line.length)]
    for street in network.streets:
        for side in (-1, 1):
            edge = street.half_width + PAVEMENT_WIDTH
            placed = surveyor.along(street.line, side, edge, street.first, street.last)
            plots += [one.plot for one in placed]
            lots += _lots(street.index, side, street.first, street.last, placed)
    return plots + surveyor.behind(), lots


def _outer_lines(network: RoadNetwork, junction: Junction) -> list[Line]:
    """The pavement's outer edge where no street leaves a junction over more than 140 degrees, houses on the left."""
    lines = []
    for arm, after in zip(junction.arms, junction.arms[1:] + junction.arms[:1], strict=True):
        if (after.heading - arm.heading) % (2 * np.pi) < np.radians(140.0):
            continue
        ends = []
        for one, right in ((arm, 1.0), (after, -1.0)):
            street = network.streets[one.street]
            station = street.first if one.outwards else street.last
            offset = right * (1.0 if one.outwards else -1.0) * (street.half_width + PAVEMENT_WIDTH)
            ends.append(street.line.point_at(np.array([station]), offset)[0])
        if np.linalg.norm(ends[1] - ends[0]) > 6.0:
            lines.append(Line.through(connection(ends[0], arm.heading + np.pi, ends[1], after.heading)))
    return lines


def _lots(street: int, side: int, first: float, last: float, placed: list[_Placed]) -> list[Lot]:
    """Houses and what is between them along a side of a street; gardens beside a detached house belong to its lot."""
    starts, stops = [one.start for one in placed], [one.stop for one in placed]
    is_villa = [one.plot.kind == Kind.DETACHED for one in placed]
    for i in range(len(placed) - 1):
        gap = starts[i + 1] - stops[i]
        if 0.0 < gap < _MERGED and (is_villa[i] or is_villa[i + 1]):
            share = 0.5 if is_villa[i] and is_villa[i + 1] else float(is_villa[i])
            stops[i] += share * gap
            starts[i + 1] = stops[i] if share > 0 else starts[i + 1] - gap
    lots, reached = [], first
    for one, start, stop in zip(placed, starts, stops, strict=True):
        if start - reached > _SLIVER:
            lots.append(Lot(street, side, reached, start, float(np.inf)))
            reached = start
        lots.append(Lot(street, side, reached, stop, one.plot.setback, one.plot.depth))
        reached = stop
    if last - reached > _SLIVER:
        lots.append(Lot(street, side, reached, last, float(np.inf)))
    else:
        lots[-1] = replace(lots[-1], stop=last)
    return lots
