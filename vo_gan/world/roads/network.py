"""The streets and junctions of a town: a bent grid, another one for every seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from vo_gan.errors import VoGanError
from vo_gan.world.roads.line import Line, connection, directions, straight_points
from vo_gan.world.roads.terrain import Terrain

LANE_OFFSET = 1.7
"""Metres from the centre line to the middle of a lane."""
PAVEMENT_WIDTH = 2.2
"""Metres from a kerb to the outer edge of the pavement."""
WIDE, NARROW = 5.6, 3.5
"""Metres from the centre line to the kerb with and without a parking strip."""
CORNER_RADIUS = 6.0
"""Metres of the fillet that a kerb has where two streets meet at a corner."""
BEND_RADIUS = 12.0
"""Smallest radius in metres of the centre line where a junction joins only two streets."""
APART = 28.0
"""Metres between the centre lines of two streets that do not meet nearby."""
MEETING = 45.0
"""Metres from the junction where two streets meet within which they may be closer than `APART`."""

_ROWS = _COLUMNS = 4
_GAP = 125.0, 158.0
_STRAIGHT = 14.0
_SHARPEST_BEND = 22.0
_TRIES = 200


@dataclass(frozen=True)
class Street:
    """A street between two junctions: an edge of the graph.

    Attributes:
        index: its place in `RoadNetwork.streets`.
        start: index of the junction where its line begins.
        end: index of the junction where its line ends.
        line: centre line from the centre of junction `start` to the centre of junction `end`.
        first: station in metres where it leaves the area of junction `start`; it is a plain street from here on.
        last: station in metres where it enters the area of junction `end`.
        half_width: metres from the centre line to the kerb.
        parking: whether a strip of 2.3 m for parked cars lies between lane and kerb on both sides.
        speed: m/s that people drive here.
    """

    index: int
    start: int
    end: int
    line: Line
    first: float
    last: float
    half_width: float
    parking: bool
    speed: float


@dataclass(frozen=True)
class Arm:
    """Where a street leaves a junction.

    Attributes:
        street: index of the street.
        outwards: whether the street's line starts here (else it ends here).
        heading: direction away from the junction in radians, within [-pi, pi).
    """

    street: int
    outwards: bool
    heading: float


@dataclass(frozen=True)
class Junction:
    """Where two to four streets meet.

    Attributes:
        index: its place in `RoadNetwork.junctions`.
        position: (x, z) of its centre in metres.
        arms: the streets, by growing heading (clockwise seen from above).
    """

    index: int
    position: tuple[float, float]
    arms: tuple[Arm, ...]


class RoadNetwork:
    """The streets of a town on its terrain.

    Attributes:
        terrain: the ground.
        streets: edges of the graph; a street's `index` is its place here.
        junctions: nodes of the graph; a junction's `index` is its place here.
    """

    def __init__(self, terrain: Terrain, streets: tuple[Street, ...], junctions: tuple[Junction, ...]) -> None:
        """Put streets and junctions together."""
        self.terrain, self.streets, self.junctions = terrain, streets, junctions
        self._samples = cKDTree(np.concatenate([street.line.position for street in streets]))
        self._owner = np.repeat([street.index for street in streets], [len(street.line.heading) for street in streets])
        self._trees = [
            (width, cKDTree(np.concatenate([s.line.position for s in streets if s.half_width == width])))
            for width in sorted({street.half_width for street in streets})
        ]

    def distance_to(self, plan: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, " k"]:
        """Metres from points (x, z) to the nearest sample of a street's centre line."""
        return self._samples.query(plan)[0]

    def clearance(self, plan: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, " k"]:
        """Metres from points (x, z) to the nearest kerb: negative on a street, above PAVEMENT_WIDTH off the pavement.

        The rounded corners of junctions, where the carriageway is wider, are left out.
        """
        return np.min([tree.query(plan)[0] - width for width, tree in self._trees], axis=0)

    def nearest_street(self, plan: Float[np.ndarray, "k 2"]) -> Int[np.ndarray, " k"]:
        """Index of the street whose centre line is nearest to points (x, z)."""
        return self._owner[self._samples.query(plan)[1]]


def lay_network(rng: np.random.Generator, terrain: Terrain) -> RoadNetwork:
    """Lay the streets of a town of about 450 x 450 m.

    A grid of junctions is shifted and turned by chance and loses some edges; streets leave a junction nearly at right
    angles and run straight through its area; between two junctions they bend with radii from 22 m on.

    Args:
        rng: source of all chance.
        terrain: the ground to lay them on.

    Returns:
        A connected network without dead ends whose streets keep `APART` metres from each other.

    Raises:
        VoGanError: no town came out right in many tries, which no seed is known to do.
    """
    for _ in range(_TRIES):
        network = _try_network(rng, terrain)
        if network is not None and not _streets_too_close(network):
            return network
    raise VoGanError("no town could be laid out from this seed; name another --seed")


def _try_network(rng: np.random.Generator, terrain: Terrain) -> RoadNetwork | None:
    """A random network, or None where a street's bends did not fit."""
    edges = _thinned_grid(rng)
    x, z = (np.cumsum(rng.uniform(*_GAP, size=n)) for n in (_COLUMNS, _ROWS))
    position = np.stack(np.meshgrid(x - x.mean(), z - z.mean()), axis=-1).reshape(-1, 2)
    position += rng.uniform(-13.0, 13.0, size=position.shape)
    turn = np.radians(rng.uniform(-24.0, 24.0, size=len(position)) * rng.uniform(0.2, 1.0, size=len(position)))
    parking = rng.random(len(edges)) < 0.6

    arms: list[list[Arm]] = [[] for _ in position]
    for street, (start, end) in enumerate(edges):
        out = 0.5 * np.pi if end == start + 1 else 0.0
        for junction, outwards, heading in ((start, True, out), (end, False, out + np.pi)):
            towards = heading + turn[junction] + np.radians(rng.uniform(-6.0, 6.0))
            arms[junction].append(Arm(street, outwards, float((towards + np.pi) % (2 * np.pi) - np.pi)))
    junctions = tuple(
        Junction(index, (float(px), float(pz)), tuple(sorted(those, key=lambda arm: arm.heading)))
        for index, ((px, pz), those) in enumerate(zip(position, arms, strict=True))
    )
    half_width = np.where(parking, WIDE, NARROW)
    ends = {
        (arm.street, arm.outwards): (np.array(junction.position), arm.heading, _reach(junction, arm, half_width))
        for junction in junctions
        for arm in junction.arms
    }

    streets = []
    for index, (start, end) in enumerate(edges):
        line = _street_line(rng, ends[index, True], ends[index, False])
        if line is None:
            return None
        speed = float(rng.uniform(12.0, 15.0) if parking[index] else rng.uniform(10.5, 14.0))
        first, last = ends[index, True][2], line.length - ends[index, False][2]
        width = float(half_width[index])
        streets.append(Street(index, start, end, line, first, last, width, bool(parking[index]), speed))
    return RoadNetwork(terrain, tuple(streets), junctions)


def _thinned_grid(rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of neighbouring nodes of a grid: some edges are taken away, but it stays connected, without dead ends."""
    nodes = np.arange(_ROWS * _COLUMNS).reshape(_ROWS, _COLUMNS)
    edges = [(int(a), int(b)) for a, b in zip(nodes[:, :-1].flat, nodes[:, 1:].flat, strict=True)]
    edges += [(int(a), int(b)) for a, b in zip(nodes[:-1].flat, nodes[1:].flat, strict=True)]
    least = len(edges) - int(rng.integers(1, 4))
    for candidate in [edges[i] for i in rng.permutation(len(edges))]:
        rest = [edge for edge in edges if edge != candidate]
        if len(rest) >= least and _has_no_loose_ends(rest):
            edges = rest
    return edges


def _has_no_loose_ends(edges: list[tuple[int, int]]) -> bool:
    """Whether every node of the grid has two edges or more and can be reached from the first one."""
    neighbours: dict[int, list[int]] = {node: [] for node in range(_ROWS * _COLUMNS)}
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    reached, front = {0}, [0]
    while front:
        new = [other for other in neighbours[front.pop()] if other not in reached]
        reached.update(new)
        front += new
    return len(reached) == len(neighbours) and min(len(those) for those in neighbours.values()) >= 2


def _reach(junction: Junction, arm: Arm, half_width: Float[np.ndarray, " streets"]) -> float:
    """Metres from a junction's centre to where an arm has straight kerbs on both sides.

    The kerbs of widths w and v (centre to kerb) of two arms at an angle a meet (v + w cos a) / sin a along the first
    one, and a fillet of radius R between them takes R / tan(a / 2) more.
    """
    reach = 8.0
    for other in junction.arms:
        angle = abs(float(np.angle(np.exp(1j * (other.heading - arm.heading)))))
        if other is arm or angle > np.radians(140.0):
            continue
        meeting = (half_width[other.street] + half_width[arm.street] * np.cos(angle)) / np.sin(angle)
        reach = max(reach, float(meeting + CORNER_RADIUS / np.tan(0.5 * angle) + 0.5))
        if len(junction.arms) == 2:
            reach = max(reach, float(BEND_RADIUS / 0.78 / np.tan(0.5 * angle)))
    return reach


def _street_line(
    rng: np.random.Generator,
    start: tuple[Float[np.ndarray, " 2"], float, float],
    end: tuple[Float[np.ndarray, " 2"], float, float],
) -> Line | None:
    """A street between two arms (junction's position, heading away from it, reach), or None where its bends are tight.

    It follows its arms straight to two corners, which are rounded, and sometimes bulges in between.
    """
    straight = [max(_STRAIGHT, reach) + 1.0 for _, _, reach in (start, end)]
    for _ in range(6):
        first, last = (
            position + (least + rng.uniform(16.0, 32.0)) * directions(heading)
            for (position, heading, _), least in zip((start, end), straight, strict=True)
        )
        corners = [start[0], first, last, end[0]]
        if rng.random() < 0.3:
            along = last - first
            across = np.array([along[1], -along[0]]) / np.linalg.norm(along)
            corners.insert(2, first + rng.uniform(0.4, 0.6) * along + rng.uniform(-11.0, 11.0) * across)
        line = _rounded(rng, corners, straight)
        if line is not None and line.length > sum(straight) + 25.0:
            return line
    return None


def _rounded(rng: np.random.Generator, corners: list[Float[np.ndarray, " 2"]], straight: list[float]) -> Line | None:
    """The polyline with rounded corners, or None where one is sharper than it should be."""
    legs = np.diff(corners, axis=0)
    length = np.linalg.norm(legs, axis=1)
    heading = np.arctan2(legs[:, 0], legs[:, 1])
    room = np.concatenate([[length[0] - straight[0]], 0.5 * length[1:-1], [length[-1] - straight[1]]])
    tangents = np.minimum(room[:-1], room[1:]) * rng.uniform(0.8, 1.0, size=len(corners) - 2)
    pieces, reached = [], corners[0]
    for corner, tangent, before, after in zip(corners[1:-1], tangents, heading[:-1], heading[1:], strict=True):
        entry, leave = corner - tangent * directions(before), corner + tangent * directions(after)
        pieces += [straight_points(reached, entry), connection(entry, float(before), leave, float(after))]
        reached = leave
    pieces.append(straight_points(reached, corners[-1]))
    line = Line.through(np.concatenate(pieces), to_the_end=True)
    return line if np.abs(line.curvature).max() < 1.0 / _SHARPEST_BEND else None


def _streets_too_close(network: RoadNetwork) -> bool:
    """Whether two streets come closer than `APART`, other than near a junction where both end."""
    points = np.concatenate([street.line.position[::4] for street in network.streets])
    owner = np.repeat([street.index for street in network.streets], [len(s.line.heading[::4]) for s in network.streets])
    a, b = cKDTree(points).query_pairs(APART, output_type="ndarray").T
    a, b = a[owner[a] != owner[b]], b[owner[a] != owner[b]]
    ends = np.array([(street.start, street.end) for street in network.streets])
    centre = np.array([junction.position for junction in network.junctions])
    excused = np.zeros(len(a), dtype=bool)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        shared = ends[owner[a], i]
        near = np.linalg.norm(points[a] - centre[shared], axis=1) < MEETING
        excused |= (shared == ends[owner[b], j]) & near
    return bool((~excused).any())
