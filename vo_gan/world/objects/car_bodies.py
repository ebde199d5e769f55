"""The shapes of cars: a body lofted from cross-sections, a cabin of glass and pillars on it, wheels, mirrors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int, Shaped

from vo_gan.world.materials.vehicles import CarPart
from vo_gan.world.objects.template import Template, box_quads, facing, make_template, mirrored, split_quads
from vo_gan.world.solids import grid_quads

TYRE_WIDTH = 0.2
"""Metres."""
MIRROR = 0.14
"""Metres that a mirror sticks out of the body."""
_WHEEL_CORNERS = 14
_ARCH_GAP = 0.055
_ARCH_ANGLES = np.radians([0, 0, 45, 90, 135, 180, 180])
_CONTACT = 0.015
"""Height of the dark patch that stands for the shadow between a car and the ground."""

_Pieces = list[tuple[CarPart, Float[np.ndarray, "k 4 3"]]]


@dataclass(frozen=True)
class CarShape:
    """The measures of a car in metres; places are distances behind the front bumper.

    Attributes:
        length, width, height: of the body, without mirrors.
        clearance: of the sill above the ground.
        wheel: radius of the tyres.
        front_axle, rear_axle: where the wheels are.
        nose, belt, tail: height of the bonnet's front edge, of the lower edge of the side windows, and of the rear.
        cowl, header: lower and upper edge of the windscreen.
        roof_end, screen_foot: upper and lower edge of the rear screen.
        pillars: where the pillars between the side windows are; the rearmost window ends at the rear pillar.
        glazed: number of side windows of glass, from the front; the others are sheet metal.
        rear_pillar: width of the rear pillar at its foot.
        roof_width: share of the width that the roof has.
        cargo: length of a box behind the cab (`length` includes it); 0 for none.
        sign: whether it has a taxi sign on its roof.
    """

    length: float
    width: float
    height: float
    clearance: float
    wheel: float
    front_axle: float
    rear_axle: float
    nose: float
    belt: float
    tail: float
    cowl: float
    header: float
    roof_end: float
    screen_foot: float
    pillars: tuple[float, ...]
    glazed: int = 2
    rear_pillar: float = 0.28
    roof_width: float = 0.74
    cargo: float = 0.0
    sign: bool = False

    @property
    def lamps(self) -> float:
        """Height of the middle of the headlamps in metres."""
        return self.nose - 0.10

    @property
    def body_end(self) -> float:
        """Where the lofted body ends."""
        return self.length - self.cargo

    @property
    def seams(self) -> tuple[float, float, float]:
        """Where the doors begin, meet and end; outside the car where there are no more doors."""
        ends = [*self.pillars[: self.glazed], self.screen_foot - self.rear_pillar]
        return (self.cowl + 0.24, ends[0], ends[1] if self.glazed > 1 else 99.0)


SHAPES = (
    CarShape(4.28, 1.79, 1.48, 0.19, 0.315, 0.85, 3.48, 0.80, 0.96, 0.98, 1.15, 1.95, 3.72, 4.14, (2.45,)),
    CarShape(3.55, 1.64, 1.50, 0.18, 0.285, 0.62, 2.96, 0.82, 0.95, 0.98, 0.88, 1.52, 3.15, 3.42, (2.05,)),
    CarShape(
        4.68, 1.83, 1.44, 0.17, 0.325, 0.86, 3.70, 0.76, 0.95, 1.02, 1.32, 2.12, 3.42, 4.08, (2.62,), rear_pillar=0.5
    ),
    CarShape(
        4.72, 1.83, 1.47, 0.17, 0.325, 0.88, 3.70, 0.77, 0.95, 1.0, 1.28, 2.05, 4.25, 4.58, (2.55, 3.55), glazed=3
    ),
    CarShape(
        4.52, 1.87, 1.68, 0.25, 0.36, 0.88, 3.56, 0.95, 1.10, 1.10, 1.25, 1.95, 4.0, 4.38, (2.50,), roof_width=0.78
    ),
    CarShape(
        4.45, 1.84, 1.64, 0.19, 0.32, 0.90, 3.64, 0.86, 1.01, 1.02, 0.90, 1.78, 4.08, 4.32, (2.35, 3.35), glazed=3
    ),
    CarShape(
        5.10, 1.94, 1.96, 0.20, 0.34, 0.95, 4.00, 0.98, 1.12, 1.14, 0.88, 1.62, 4.98, 5.07, (2.35,),
        glazed=1, rear_pillar=0.12, roof_width=0.86,
    ),
    CarShape(
        5.40, 1.92, 2.02, 0.24, 0.35, 0.90, 4.25, 0.98, 1.14, 1.14, 0.70, 1.28, 1.98, 2.07, (1.90,),
        glazed=1, rear_pillar=0.06, roof_width=0.86, cargo=3.30,
    ),
    CarShape(
        4.70, 1.84, 1.46, 0.17, 0.325, 0.86, 3.72, 0.77, 0.95, 1.02, 1.30, 2.08, 3.48, 4.12, (2.62,),
        rear_pillar=0.48, sign=True,
    ),
    CarShape(
        4.05, 1.70, 1.41, 0.19, 0.30, 0.78, 3.27, 0.82, 0.92, 0.95, 1.22, 1.78, 3.45, 3.86, (2.35,), roof_width=0.78
    ),
)  # fmt: skip
"""Compact, city car, saloon, estate, SUV, people carrier, van, box lorry, taxi, small car of the eighties."""

_AXES = {
    CarPart.TOP: (2, 0),
    **dict.fromkeys((CarPart.FRONT, CarPart.REAR, CarPart.SCREEN, CarPart.PANEL_END, CarPart.SIGN), (0, 1)),
}
"""Which of x, height and z are the texture coordinates of a part; z and height by default."""


@lru_cache(maxsize=len(SHAPES))
def car_template(model: int) -> Template:
    """The shape of a model (0 .. `len(SHAPES)` - 1); its parts are `CarPart`."""
    shape = SHAPES[model]
    right = [*_body(shape), *_cabin(shape), *_mirror(shape)]
    right += [wheel for axle in (shape.front_axle, shape.rear_axle) for wheel in _wheel(shape, axle)]
    pieces = right + [(part, mirrored(quads)) for part, quads in right] + _middle(shape)
    quads = np.concatenate([quads for _, quads in pieces])
    part = np.repeat([int(part) for part, _ in pieces], [len(quads) for _, quads in pieces])
    return make_template(split_quads(quads), split_quads(_texture(shape, quads, part)), part.repeat(2))


def _at(
    shape: CarShape, x: Shaped[np.ndarray, "*k"], height: Shaped[np.ndarray, "*k"], behind: Shaped[np.ndarray, "*k"]
) -> Float[np.ndarray, "*k 3"]:
    """Points (x, y, z) at heights and distances behind the front bumper."""
    return np.stack(np.broadcast_arrays(x, -np.asarray(height), 0.5 * shape.length - behind), axis=-1)


def _texture(shape: CarShape, quads: Float[np.ndarray, "k 4 3"], part: Int[np.ndarray, " k"]) -> np.ndarray:
    """Texture coordinates in metres `[k, 4, 2]`; on a rim they are counted from the wheel's centre."""
    measures = quads * np.array([1.0, -1.0, 1.0])
    axes = np.array([_AXES.get(kind, (2, 1)) for kind in CarPart])[part]
    texture = np.take_along_axis(measures, axes[:, None, :].repeat(4, axis=1), axis=2)
    rim = part == CarPart.RIM
    axle = np.where(texture[rim, :, 0] > 0, shape.front_axle, shape.rear_axle)
    texture[rim, :, 0] -= 0.5 * shape.length - axle
    texture[rim, :, 1] -= shape.wheel
    return texture


def _deck(shape: CarShape, behind: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Height of the body's upper edge: bonnet, lower edge of the windows, boot."""
    ends = [0.0, 0.3, shape.cowl + 0.1, shape.screen_foot, shape.body_end]
    return np.interp(behind, ends, [shape.nose, shape.nose + 0.05, shape.belt, shape.tail + 0.01, shape.tail])


def _body(shape: CarShape) -> _Pieces:
    """The right half of the body: sides with wheel arches, bonnet, boot, both ends, the dark floor."""
    end, half = shape.body_end, 0.5 * shape.width
    radius = shape.wheel + _ARCH_GAP
    rounded = np.array([0.0, 0.06, 0.28])
    axles = [axle for axle in (shape.front_axle, shape.rear_axle) if axle < end]
    arches = [axle - radius * np.cos(_ARCH_ANGLES) for axle in axles]
    behind = np.concatenate([rounded, *arches, (end - rounded)[::-1]])
    low_or_arch = np.concatenate([np.zeros(3), *[[0, 1, 1, 1, 1, 1, 0] for _ in axles], np.zeros(3)])

    away = np.minimum(behind, end - behind)
    at_ends = [0.0, 0.06, 0.28, 0.7]
    share = np.interp(away, at_ends, [0.84, 0.93, 0.98, 1.0])
    top = _deck(shape, behind) - np.interp(away, at_ends[:3], [0.13, 0.05, 0.0])
    floor = shape.clearance + np.interp(away, at_ends[:3], [0.10, 0.045, 0.0])
    reach = np.min([np.abs(behind - axle) for axle in axles], axis=0)
    arch = shape.wheel + np.sqrt(np.clip(radius**2 - reach**2, 0, None))
    low = np.where(low_or_arch > 0, arch, floor)
    crease = np.maximum(floor + 0.70 * (top - floor), low + 0.03)
    hip = np.maximum(floor + 0.35 * (top - floor), 0.5 * (low + crease))
    crown = np.where(behind < shape.cowl + 0.3, 0.045, 0.03)
    heights = [low, low, hip, crease, np.maximum(top - 0.055, crease + 0.01), top, top + 0.75 * crown, top + crown]
    across = half * share[:, None] * np.array([0.0, 0.965, 1.0, 0.995, 0.975, 0.925, 0.5, 0.0])
    bow = 0.12 * np.clip(1 - away / 0.7, 0, 1) * np.where(behind < 0.5 * end, 1.0, -0.6)
    back = behind[:, None] + bow[:, None] * (across / half) ** 2
    points = _at(shape, across, np.stack(heights, axis=1), back)

    quads = grid_quads(points).reshape(len(points) - 1, 7, 4, 3)
    under_cabin = (behind[:-1] > shape.cowl + 0.3) & (behind[1:] < shape.screen_foot - shape.rear_pillar)
    quads[under_cabin, 5:] = quads[under_cabin, 5:, :1]  # no area: the cabin hides the deck
    pieces: _Pieces = [(CarPart.TRIM, quads[:, 0])]
    shell = quads[:, 1:].reshape(-1, 4, 3)
    normal = facing(shell)
    part = np.where(normal[:, 1] < -0.72, int(CarPart.TOP), int(CarPart.SIDE))
    near_front = shell[:, :, 2].mean(axis=1) > 0.5 * shape.length - 0.35
    near_rear = shell[:, :, 2].mean(axis=1) < 0.5 * shape.length - end + 0.35
    part[near_front & (normal[:, 2] > 0.5)] = CarPart.FRONT
    part[near_rear & (normal[:, 2] < -0.5)] = CarPart.REAR
    pieces += [(CarPart(kind), shell[part == kind]) for kind in np.unique(part)]
    for kind, ring in ((CarPart.FRONT, points[0, 1:]), (CarPart.REAR, points[-1, 1:])):
        middle = ring * np.array([0.0, 1.0, 0.0]) + ring[-1] * np.array([0.0, 0.0, 1.0])
        pieces.append((kind, grid_quads(np.stack([middle, ring] if kind == CarPart.FRONT else [ring, middle]))))
    return pieces


def _cabin(shape: CarShape) -> _Pieces:
    """The right half of windscreen, side windows, pillars, rear screen and roof."""
    low, high = 0.5 * shape.width - 0.075, 0.5 * shape.width * shape.roof_width
    cowl, header, foot, end = shape.cowl, shape.header, shape.screen_foot, shape.roof_end
    columns = [
        ((0.0, cowl - 0.10), (0.0, header - 0.06), CarPart.SCREEN),
        ((0.55, cowl - 0.05), (0.55, header - 0.03), CarPart.SCREEN),
        ((0.92, cowl + 0.10), (0.93, header + 0.05), CarPart.SIDE),
        ((1.0, cowl + 0.24), (1.0, header + 0.15), CarPart.WINDOW),
    ]
    rear_top = end - 0.1 - 0.5 * shape.rear_pillar
    for number, pillar in enumerate(shape.pillars):
        window = CarPart.WINDOW if number + 1 < shape.glazed else CarPart.SIDE
        place = min(pillar, rear_top - 0.1)
        columns.append(((1.0, pillar - 0.04), (1.0, place - 0.035), CarPart.TRIM))
        columns.append(((1.0, pillar + 0.04), (1.0, place + 0.035), window))
    columns += [
        ((1.0, foot - shape.rear_pillar), (1.0, rear_top), CarPart.SIDE),
        ((0.93, foot - 0.05), (0.92, end - 0.05), CarPart.SCREEN),
        ((0.55, foot), (0.55, end), CarPart.SCREEN),
        ((0.0, foot + 0.02), (0.0, end + 0.01), CarPart.SCREEN),
    ]
    if shape.cargo:
        columns = [(a, b, CarPart.SIDE if a[1] > shape.pillars[0] else part) for a, b, part in columns]
    lower, upper = (np.array([column[i] for column in columns]) * [(low, high)[i], 1.0] for i in (0, 1))
    middle = 0.5 * (header + end)
    roof = shape.height - 0.05 * ((upper[:, 1] - middle) / (0.5 * (end - header))) ** 2
    sill = np.minimum(_deck(shape, lower[:, 1]), shape.height) - 0.03

    rows = []
    outward = np.stack([np.clip(lower[:, 0] / low, 0, 1) ** 3, np.sign(lower[:, 1] - middle)], axis=1)
    outward[3:-4, 1] = 0.0
    for t in (0.0, 0.09, 0.5, 0.91, 1.0):
        plan = (1 - t) * lower + t * upper + 0.028 * 4 * t * (1 - t) * outward
        rows.append(_at(shape, plan[:, 0], (1 - t) * sill + t * (roof - 0.075), plan[:, 1]))
    for across, height in ((0.86, 0.018), (0.0, 0.0)):
        inner = np.stack([upper[:, 0] * across, upper[:, 1] + 0.09 * (middle - upper[:, 1])], axis=1)
        rows.append(_at(shape, inner[:, 0], roof - height, inner[:, 1]))
    quads = grid_quads(np.stack(rows, axis=1)).reshape(len(columns) - 1, 6, 4, 3)
    pieces: _Pieces = []
    for column, (_, _, part) in zip(quads, columns[:-1], strict=True):
        frame = CarPart.TRIM if part == CarPart.SCREEN else CarPart.SIDE
        pieces += [(frame, column[0:1]), (part, column[1:3]), (CarPart.SIDE, column[3:4]), (CarPart.TOP, column[4:])]
    return pieces


def _mirror(shape: CarShape) -> _Pieces:
    """The right mirror, a small box with a tapered outer end."""
    inner, behind = 0.5 * shape.width - 0.08, shape.cowl + 0.42
    quads = box_quads((inner, -0.065, -0.08), (0.5 * shape.width + MIRROR, 0.055, 0.05))
    outer = quads[..., 0] > inner + 0.01
    quads[..., 1] = np.where(outer, quads[..., 1] * 1.15, quads[..., 1] * 0.6) - shape.belt - 0.09
    quads[..., 2] += 0.5 * shape.length - behind - np.where(outer, 0.05, 0.0)
    return [(CarPart.SIDE, quads[[1, 2, 3, 5]]), (CarPart.TRIM, quads[4:5])]


def _wheel(shape: CarShape, axle: float) -> _Pieces:
    """A wheel on the right: tread, sidewall and a dished disc."""
    angle = 2 * np.pi * (np.arange(_WHEEL_CORNERS + 1) + 0.5) / _WHEEL_CORNERS
    lowest = np.cos(np.pi / _WHEEL_CORNERS)
    outer = 0.5 * shape.width - 0.03
    ring = ((outer - TYRE_WIDTH, 1.0), (outer - 0.02, 1.0), (outer, 0.93), (outer - 0.02, 0.0))
    points = [
        _at(
            shape,
            np.full(len(angle), x),
            shape.wheel * (1 + share / lowest * np.cos(angle)),
            axle + shape.wheel * share / lowest * np.sin(angle),
        )
        for x, share in ring
    ]
    quads = grid_quads(np.stack(points, axis=1)).reshape(_WHEEL_CORNERS, len(ring) - 1, 4, 3)
    return [(CarPart.TREAD, quads[:, 0]), (CarPart.RIM, quads[:, 1:].reshape(-1, 4, 3))]


def _middle(shape: CarShape) -> _Pieces:
    """What is not made of halves: the dark mass between the wheels, the patch on the ground, box and sign."""
    half, front, back = 0.5 * shape.width, 0.5 * shape.length - 0.35, -0.5 * shape.length + 0.3
    inner = half - TYRE_WIDTH - 0.12
    core = box_quads((-inner, -shape.clearance - 0.35, back), (inner, -shape.clearance + 0.06, front))
    patch = box_quads((-half + 0.2, -_CONTACT, back + 0.2), (half - 0.2, 0.0, front - 0.15))[2:3]
    pieces: _Pieces = [(CarPart.TRIM, core), (CarPart.TRIM, patch)]
    if shape.sign:
        place = 0.5 * shape.length - 0.5 * (shape.header + shape.roof_end) + 0.15
        sign = box_quads((-0.26, -shape.height - 0.13, place - 0.07), (0.26, -shape.height + 0.02, place + 0.07))
        pieces.append((CarPart.SIGN, sign))
    if shape.cargo:
        end, start = -0.5 * shape.length, 0.5 * shape.length - shape.body_end - 0.06
        box = box_quads((-1.02, -2.75, end), (1.02, -1.08, start))
        frame = box_quads((-0.80, -1.08, end + 0.1), (0.80, -0.55, start + 0.3))
        beam = box_quads((-0.95, -1.08, end + 0.02), (0.95, -0.84, end + 0.1))
        pieces += [(CarPart.PANEL, box[[0, 1]]), (CarPart.PANEL_END, box[2:])]
        pieces += [(CarPart.TRIM, frame), (CarPart.REAR, beam[4:5]), (CarPart.TRIM, beam[[0, 1, 2, 3, 5]])]
    return pieces
