"""Cars: one in any place, and those parked along the streets."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.vehicles import CarPart
from vo_gan.world.mesh import Label, Material, MeshBuilder
from vo_gan.world.objects.car_bodies import MIRROR, SHAPES, CarShape, car_template
from vo_gan.world.objects.template import add_template
from vo_gan.world.roads.network import RoadNetwork, Street

CAR_MODELS = len(SHAPES)
"""Compact, city car, saloon, estate, SUV, people carrier, van, box lorry, taxi, small car of the eighties."""
FROM_KERB = 1.15
"""Metres from the kerb to the middle of a parked car."""
SLOT = 6.0
"""Metres of kerb that a parked car takes."""
JUNCTION_GAP = 11.0
"""Metres from a junction's area within which nobody parks."""
PARKED_SHARE = 0.45
"""Share of the slots that are taken."""

_STRIP = 2.3
_SPACE = 0.3
_TAXI_COLOUR, _SIGN_COLOUR = np.array([0.88, 0.82, 0.60]), np.array([0.90, 0.74, 0.20])
_BOX_COLOUR = np.array([0.86, 0.87, 0.86])
_LORRY_COLOURS = {
    CarPart.PANEL: _BOX_COLOUR,
    CarPart.PANEL_END: _BOX_COLOUR,
    CarPart.REAR: np.array([0.13, 0.13, 0.14]),
}
_COLOURS = np.array(
    [
        [0.86, 0.87, 0.87], [0.66, 0.68, 0.70], [0.46, 0.48, 0.50], [0.30, 0.32, 0.34], [0.15, 0.15, 0.17],
        [0.17, 0.26, 0.48], [0.26, 0.42, 0.62], [0.60, 0.13, 0.12], [0.40, 0.12, 0.14], [0.19, 0.34, 0.25],
        [0.62, 0.56, 0.46], [0.42, 0.34, 0.27], [0.86, 0.62, 0.14], [0.80, 0.36, 0.14], [0.40, 0.58, 0.60],
    ]
)  # fmt: skip
_COLOUR_SHARES = np.array([17, 17, 16, 10, 14, 8, 5, 6, 2, 2, 4, 2, 2, 1, 2]) / 108.0
_LIVERIES = np.array([[0.16, 0.30, 0.58], [0.66, 0.16, 0.14], [0.14, 0.42, 0.28], [0.86, 0.55, 0.12], [0.2, 0.2, 0.22]])
_PARKED_SHARES = np.array([20, 14, 13, 13, 14, 8, 7, 2, 2, 7]) / 100.0


def add_car(
    builder: MeshBuilder,
    rng: np.random.Generator,
    model: int,
    town_from_object: Float[np.ndarray, "4 4"],
    lamps: bool = True,
) -> None:
    """Add a car.

    Args:
        builder: takes the triangles.
        rng: chooses its colours.
        model: 0 .. CAR_MODELS - 1.
        town_from_object: its pose: origin on the ground under its centre, x right, y down, z forward.
        lamps: whether its lamps shine when it is dark.
    """
    shape = SHAPES[model]
    paint = _COLOURS[rng.choice(len(_COLOURS), p=_COLOUR_SHARES)] + rng.normal(0.0, 0.012, 3)
    livery = _LIVERIES[rng.integers(len(_LIVERIES))]
    rim = np.full(3, rng.uniform(0.42, 0.72))
    seed, spokes = float(rng.random()), float(rng.integers(4, 9))
    if shape.sign:
        paint, livery = _TAXI_COLOUR, _SIGN_COLOUR
    if shape.cargo:
        paint = livery
    paint = np.clip(paint, 0.10, 0.88)
    looks: dict[int, tuple[Material, int]] = {}
    for part in CarPart:
        if part in (CarPart.TREAD, CarPart.RIM):
            style = builder.add_style(rim, 0.3 * rim, seed, (float(part), shape.wheel, spokes))
            looks[part] = (Material.TYRE, style)
        else:
            colour = _LORRY_COLOURS.get(part, paint) if shape.cargo else paint
            looks[part] = (Material.CAR, builder.add_style(colour, livery, seed, _parameters(shape, part, lamps)))
    add_template(builder, car_template(model), looks, Label.CAR, town_from_object)


def _parameters(shape: CarShape, part: CarPart, lamps: bool) -> tuple[float, ...]:
    """The parameters of `materials.vehicles.car`."""
    edge = shape.height + 0.03 if part == CarPart.SIGN else shape.belt
    seams = (0.5 * shape.length - place for place in shape.seams)
    return (float(part), float(lamps), 0.5 * shape.length, 0.5 * shape.width, shape.lamps, edge, *seams)


def add_parked_cars(builder: MeshBuilder, network: RoadNetwork, rng: np.random.Generator) -> None:
    """Park cars along both kerbs of all streets with parking strips, facing with the traffic, lamps off.

    Where a bend is so tight that a car would stand out of its strip, the slot stays free.
    """
    for street in network.streets:
        if street.parking:
            for side in (-1, 1):
                _park_along(builder, network, street, side, rng)


def _park_along(
    builder: MeshBuilder, network: RoadNetwork, street: Street, side: int, rng: np.random.Generator
) -> None:
    """Park cars along one side (-1 left, 1 right) of a street; slots are measured along the strip's middle."""
    offset = side * (street.half_width - FROM_KERB)
    stations = np.arange(street.first + JUNCTION_GAP, street.last - JUNCTION_GAP, 0.5)
    if len(stations) < 2:
        return
    steps = np.linalg.norm(np.diff(street.line.point_at(stations, np.full(len(stations), offset)), axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    curvature = street.line.curvature_at(stations)
    curvature = curvature / (1.0 - curvature * offset)
    for slot in range(int(along[-1] / SLOT)):
        taken, model = rng.random() < PARKED_SHARE, int(rng.choice(CAR_MODELS, p=_PARKED_SHARES))
        shift, sideways, askew = rng.uniform(-1.0, 1.0, 3)
        if not taken:
            continue
        shape = SHAPES[model]
        under = (along >= slot * SLOT) & (along <= (slot + 1) * SLOT)
        bend = np.abs(curvature[under]).max()
        room = 0.5 * (_STRIP - shape.width) - MIRROR - 0.125 * bend * shape.length**2
        if room < 0.0:
            continue
        place = (slot + 0.5) * SLOT + shift * 0.5 * (SLOT - shape.length - _SPACE)
        station = np.interp(place, along, stations)
        x, z, heading = street.line.place(float(station), offset + 0.5 * sideways * room)
        turned = heading + (np.pi if side < 0 else 0.0) + askew * room / shape.length
        pose = network.terrain.stand(np.array([[x, z]]), np.array([turned]))[0]
        add_car(builder, rng, model, pose, lamps=False)
