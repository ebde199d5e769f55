"""A town: everything that stands still, and the models of what moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vo_gan.world.mesh import Mesh, MeshBuilder
from vo_gan.world.objects.buildings import add_buildings
from vo_gan.world.objects.cars import CAR_MODELS, add_car, add_parked_cars
from vo_gan.world.objects.furniture import add_furniture
from vo_gan.world.objects.ground import add_ground
from vo_gan.world.objects.people import PERSON_MODELS, PHASES, STANDING, add_person
from vo_gan.world.objects.plants import add_plants
from vo_gan.world.roads.network import RoadNetwork


@dataclass(frozen=True)
class Town:
    """What the renderer shows.

    Attributes:
        mesh: everything that stands still, in town coordinates.
        lamps: where the bulbs of the street lamps are.
        models: meshes of what may move, in coordinates of their own: see `car_model` and `person_model`.
    """

    mesh: Mesh
    lamps: Float[np.ndarray, "n 3"]
    models: tuple[Mesh, ...]


def build_town(rng: np.random.Generator, network: RoadNetwork, models: bool) -> Town:
    """Build a town along the streets of `network`.

    Args:
        rng: source of all chance.
        network: the streets.
        models: whether to make the models of things that move as well.
    """
    builder = MeshBuilder()
    ground, houses, plants, furniture, parked, moving = rng.spawn(6)
    add_ground(builder, network, ground)
    lots = add_buildings(builder, network, houses)
    add_plants(builder, network, lots, plants)
    lamps = add_furniture(builder, network, lots, furniture)
    add_parked_cars(builder, network, parked)
    return Town(builder.build(), lamps, _models(moving) if models else ())


def car_model(number: int) -> int:
    """Index among `Town.models` of a car."""
    return number % CAR_MODELS


def person_model(number: int, phase: float | None) -> int:
    """Index among `Town.models` of a person at a phase of walking in cycles, or standing (None)."""
    pose = STANDING if phase is None else int(phase * PHASES) % PHASES
    return CAR_MODELS + (number % PERSON_MODELS) * (PHASES + 1) + pose


def _models(rng: np.random.Generator) -> tuple[Mesh, ...]:
    """All cars, then all poses of all people."""
    meshes = []
    for model, source in enumerate(rng.spawn(CAR_MODELS)):
        builder = MeshBuilder()
        add_car(builder, source, model, np.eye(4))
        meshes.append(builder.build())
    for model, seed in enumerate(rng.integers(2**63, size=PERSON_MODELS)):
        for phase in range(PHASES + 1):
            builder = MeshBuilder()
            add_person(builder, np.random.default_rng(seed), model, phase, np.eye(4))
            meshes.append(builder.build())
    return tuple(meshes)
