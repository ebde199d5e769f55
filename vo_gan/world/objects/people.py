"""People who walk or stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.people import Weave
from vo_gan.world.mesh import Label, Material, MeshBuilder
from vo_gan.world.objects.template import Template, add_template, box_quads, make_template, split_quads
from vo_gan.world.solids import grid_quads

PHASES = 8
"""Poses of a walk cycle of two steps; at phase 0 the right heel touches down."""
STANDING = PHASES
"""The phase of somebody who stands still."""

SKIN, FACE, HAIR, TOP, TROUSERS, SHOES, BAG = range(7)
"""The parts of a person."""

_HIP = np.radians([25.0, 18.0, 5.0, -6.0, -10.0, 4.0, 22.0, 28.0, 1.0])
_KNEE = np.radians([6.0, 16.0, 10.0, 6.0, 14.0, 48.0, 58.0, 28.0, 2.0])
_FOOT = np.radians([16.0, 0.0, 0.0, -4.0, -26.0, -58.0, -30.0, 8.0, 0.0])
"""Angles of one leg at the eighths of a cycle that begins when its heel touches down, and standing: thigh forwards,
knee bent, toes up against the ground; after Winter, "Biomechanics and Motor Control of Human Movement", 1991."""


@dataclass(frozen=True)
class _Figure:
    """Somebody's build.

    Attributes:
        height: metres, without hair.
        girth: factor of the width of all limbs.
        hips, shoulders: half widths in metres.
        long_hair: whether the hair reaches the neck.
        coat: length of coat or skirt below the hips, as a share of the thigh.
        bag: whether there is a rucksack.
    """

    height: float
    girth: float
    hips: float
    shoulders: float
    long_hair: bool = False
    coat: float = 0.15
    bag: bool = False


_FIGURES = (
    _Figure(1.80, 1.00, 0.180, 0.200),
    _Figure(1.66, 0.92, 0.180, 0.175, long_hair=True),
    _Figure(1.88, 1.06, 0.180, 0.210, bag=True),
    _Figure(1.70, 0.98, 0.182, 0.180, long_hair=True, coat=0.95),
    _Figure(1.74, 1.18, 0.186, 0.205, coat=0.40),
    _Figure(1.58, 0.95, 0.180, 0.172, coat=0.75, bag=True),
)
PERSON_MODELS = len(_FIGURES)
"""Two men, a woman, somebody in a long coat, a stout one, a small one; some with rucksacks."""

_TOPS = np.array(
    [
        [0.18, 0.20, 0.26], [0.30, 0.32, 0.34], [0.52, 0.52, 0.50], [0.78, 0.77, 0.73], [0.34, 0.38, 0.28],
        [0.46, 0.36, 0.26], [0.24, 0.34, 0.52], [0.62, 0.20, 0.18], [0.80, 0.62, 0.18], [0.30, 0.52, 0.54],
        [0.56, 0.30, 0.42], [0.80, 0.42, 0.16],
    ]
)  # fmt: skip
_TROUSERS = np.array(
    [[0.20, 0.24, 0.34], [0.28, 0.34, 0.46], [0.17, 0.17, 0.18], [0.45, 0.40, 0.32], [0.34, 0.34, 0.35]]
)
_SHOES = np.array([[0.16, 0.15, 0.15], [0.32, 0.22, 0.16], [0.74, 0.73, 0.71]])
_HAIR = np.array([[0.16, 0.13, 0.12], [0.30, 0.20, 0.14], [0.46, 0.34, 0.22], [0.66, 0.56, 0.38], [0.55, 0.54, 0.53]])
_SKIN = np.array([[0.82, 0.65, 0.55], [0.76, 0.57, 0.46], [0.62, 0.44, 0.33], [0.44, 0.31, 0.24]])

_CREASE = 88.0
"""Degrees: only soles and rucksacks have edges."""

_Pieces = list[tuple[int, Float[np.ndarray, "k 4 3"]]]


def add_person(
    builder: MeshBuilder,
    rng: np.random.Generator,
    model: int,
    phase: int,
    town_from_object: Float[np.ndarray, "4 4"],
) -> None:
    """Add a person who walks along z; the lowest foot is on the ground.

    Args:
        builder: takes the triangles.
        rng: chooses clothes, skin and hair, the same ones for every phase.
        model: 0 .. PERSON_MODELS - 1.
        phase: of the walk, 0 .. PHASES - 1, or STANDING.
        town_from_object: pose: origin on the ground under the hips, x right, y down, z forward.
    """
    figure = _FIGURES[model]
    top, second = _TOPS[rng.choice(len(_TOPS), 2, replace=False)]
    trousers, shoes = _TROUSERS[rng.integers(len(_TROUSERS))], _SHOES[rng.integers(len(_SHOES))]
    hair, skin = _HAIR[rng.integers(len(_HAIR))], _SKIN[rng.integers(len(_SKIN))]
    weave = (Weave.PLAIN, Weave.PLAIN, Weave.STRIPED, Weave.CHECKED)[rng.integers(4)]
    seed, period = float(rng.random()), float(rng.uniform(0.05, 0.11))
    eyes = 0.936 * figure.height - _drop(model, phase)

    def cloth(colour: np.ndarray, kind: Weave) -> tuple[Material, int]:
        return Material.CLOTH, builder.add_style(colour, second, seed, (float(kind), period))

    looks = {
        SKIN: (Material.SKIN, builder.add_style(skin, hair, seed, (-1.0,))),
        FACE: (Material.SKIN, builder.add_style(skin, hair, seed, (eyes,))),
        HAIR: cloth(hair, Weave.HAIR),
        TOP: cloth(top, weave),
        TROUSERS: cloth(trousers, Weave.PLAIN),
        SHOES: cloth(shoes, Weave.LEATHER),
        BAG: cloth(second, Weave.LEATHER),
    }
    add_template(builder, _template(model, phase), looks, Label.PERSON, town_from_object)


@lru_cache(maxsize=PERSON_MODELS * (PHASES + 1))
def _template(model: int, phase: int) -> Template:
    """The shape of a model at a phase, the lowest point of its shoes at height 0."""
    pieces = _pieces(_FIGURES[model], phase)
    quads = np.concatenate([quads for _, quads in pieces])
    part = np.repeat([part for part, _ in pieces], [len(quads) for _, quads in pieces])
    quads[..., 1] += _drop(model, phase)
    texture = quads[..., :2] * np.array([1.0, -1.0])
    return make_template(split_quads(quads), split_quads(texture), part.repeat(2), _CREASE)


@lru_cache(maxsize=PERSON_MODELS * (PHASES + 1))
def _drop(model: int, phase: int) -> float:
    """Metres that the hips are lower at a phase of the walk than with straight legs."""
    return -max(float(quads[..., 1].max()) for part, quads in _pieces(_FIGURES[model], phase) if part == SHOES)


def _pieces(figure: _Figure, phase: int) -> _Pieces:
    """All parts of a person whose hips are where they are with straight legs."""
    pieces: _Pieces = []
    for side, ahead in ((1.0, 0), (-1.0, PHASES // 2)):
        beat = STANDING if phase == STANDING else (phase + ahead) % PHASES
        pieces += _leg(figure, side, beat)
        pieces += _arm(figure, side, STANDING if phase == STANDING else (beat + PHASES // 2) % PHASES)
    return [*pieces, *_trunk(figure, phase), *_head(figure)]


def _tube(
    centres: Float[np.ndarray, "n 3"], radii: Float[np.ndarray, "n 2"], sides: int, caps: bool = True
) -> Float[np.ndarray, "k 4 3"]:
    """A tube around a line that goes up or down; `radii` are along x and, across x and the line, forwards."""
    along = np.gradient(centres, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    right = np.array([1.0, 0.0, 0.0])
    forward = np.cross(along, right) * -np.sign(along[:, 1:2])
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    angle = 2 * np.pi * np.arange(sides + 1) / sides
    circle = np.cos(angle)[:, None, None] * radii[:, 0:1] * right
    points = centres + circle + np.sin(angle)[:, None, None] * radii[:, 1:2] * forward
    if caps:
        ends = np.broadcast_to(centres[[0, -1]], (sides + 1, 2, 3))
        points = np.concatenate([ends[:, :1], points, ends[:, 1:]], axis=1)
    quads = grid_quads(points)
    return quads if along[0, 1] > 0 else quads[:, ::-1]


def _swung(length: float, angle: float) -> Float[np.ndarray, " 3"]:
    """The end of a limb that hangs from the origin, turned forwards by an angle."""
    return length * np.array([0.0, np.cos(angle), np.sin(angle)])


def _leg(figure: _Figure, side: float, beat: int) -> _Pieces:
    """A leg in trousers and its shoe; `beat` counts from where its own heel touches down."""
    tall, wide = figure.height, figure.girth
    thigh, shin = 0.245 * tall, 0.235 * tall
    hip = np.array([side * 0.092 * wide, -0.52 * tall, 0.0])
    knee = hip + _swung(thigh, _HIP[beat])
    ankle = knee + _swung(shin, _HIP[beat] - _KNEE[beat])
    line = np.stack([hip, 0.5 * (hip + knee), knee, knee + 0.35 * (ankle - knee), ankle])
    radii = wide * np.array([[0.082, 0.098], [0.076, 0.086], [0.057, 0.062], [0.057, 0.064], [0.047, 0.050]])
    slope, up = np.cos(_FOOT[beat]), np.sin(_FOOT[beat])
    shoe = box_quads((-0.045, -0.055, -0.07), (0.045, 0.035, 0.19))
    toe = shoe[..., 2] > 0.0
    shoe[..., 0] *= np.where(toe, 0.85, 0.9)
    shoe[..., 1] = np.where(toe & (shoe[..., 1] < 0), -0.005, shoe[..., 1])
    turned = np.stack(
        [shoe[..., 0], slope * shoe[..., 1] - up * shoe[..., 2], up * shoe[..., 1] + slope * shoe[..., 2]]
    )
    return [(TROUSERS, _tube(line, radii, 6)), (SHOES, np.moveaxis(turned, 0, -1) + ankle)]


def _arm(figure: _Figure, side: float, beat: int) -> _Pieces:
    """An arm in its sleeve and the hand; it swings with the other side's leg."""
    tall, wide = figure.height, figure.girth
    swing = 0.75 * (_HIP[beat] - np.radians(7.0)) if beat != STANDING else 0.02
    bend = np.radians(14.0) + 0.6 * max(swing, 0.0)
    shoulder = np.array([side * (figure.shoulders - 0.005), -0.805 * tall, -0.01])
    elbow = shoulder + _swung(0.17 * tall, swing) + np.array([side * 0.045, 0.0, 0.0])
    wrist = elbow + _swung(0.14 * tall, swing + bend)
    finger = wrist + _swung(0.085 * tall, swing + bend)
    upper = shoulder + 0.2 * (elbow - shoulder)
    line = np.stack([shoulder - [side * 0.03, 0.032, 0.0], upper, elbow, wrist])
    radii = wide * np.array([[0.018, 0.026], [0.052, 0.060], [0.045, 0.048], [0.034, 0.036]])
    palm = np.stack([wrist, 0.5 * (wrist + finger), finger])
    return [
        (TOP, _tube(line, radii, 5)),
        (SKIN, _tube(palm, np.array([[0.020, 0.026], [0.022, 0.042], [0.012, 0.022]]), 5)),
    ]


def _trunk(figure: _Figure, phase: int) -> _Pieces:
    """Body from the hem of jacket or coat to the collar, neck, rucksack."""
    tall, wide = figure.height, figure.girth
    beats = [STANDING] if phase == STANDING else [phase, (phase + PHASES // 2) % PHASES]
    hem = 0.52 - 0.245 * figure.coat
    flare = 0.11 * wide + 0.245 * tall * figure.coat * np.sin(np.abs(_HIP[beats]).max())
    heights = np.array([hem, 0.53, 0.62, 0.72, 0.80, 0.835, 0.862])
    across = np.array([figure.hips * (1.06 + 0.12 * figure.coat), figure.hips, 0.91 * figure.hips, 0.0, 0.0, 0.0, 0.0])
    across[3:] = figure.shoulders * np.array([0.91, 0.97, 0.74, 0.34])
    deep = wide * np.array([0.0, 0.120, 0.112, 0.128, 0.112, 0.085, 0.065])
    deep[0] = flare
    across *= np.array([wide, wide, wide, 1, 1, 1, 1])
    lean = np.array([0.0, 0.0, 0.0, 0.005, 0.0, -0.005, 0.0])
    line = np.stack([np.zeros(7), -heights * tall, lean], axis=1)
    neck = np.stack([np.zeros(2), np.array([-0.83, -0.89]) * tall, np.array([0.0, 0.012])], axis=1)
    pieces: _Pieces = [
        (TOP, _tube(line, np.stack([across, deep], axis=1), 8)),
        (SKIN, _tube(neck, np.full((2, 2), 0.058 * wide), 7, caps=False)),
    ]
    if figure.bag:
        bag = box_quads((-0.15, -0.80 * tall, -0.29), (0.15, -0.58 * tall, -0.09))
        bag[..., 0] *= np.where(bag[..., 2] < -0.2, 0.8, 1.0)
        bag[..., 1] = np.where(bag[..., 2] < -0.2, 0.93 * bag[..., 1] - 0.05 * tall, bag[..., 1])
        pieces.append((BAG, bag))
    return pieces


def _head(figure: _Figure) -> _Pieces:
    """Head and hair: rings of an egg, the hair a little larger and open before the face."""
    rings, sides = 6, 8
    chin, crown = 0.868 * figure.height, figure.height
    polar = np.linspace(0.0, np.pi, rings + 1)[:, None]
    angle = 2 * np.pi * np.arange(sides + 1)[None] / sides
    middle, half = 0.5 * (chin + crown), 0.5 * (crown - chin)

    def egg(size: float) -> Float[np.ndarray, "n m 3"]:
        narrow = 1.0 - 0.16 * np.clip(np.cos(polar), 0, 1)
        x = 0.079 * size * np.sin(polar) * narrow * np.cos(angle)
        z = 0.094 * size * np.sin(polar) * narrow * np.sin(angle) + 0.012
        return np.stack([x, np.broadcast_to(size * half * np.cos(polar) - middle, x.shape), z], axis=-1)

    hair = egg(1.13)
    before = np.sin(angle) > 0.25
    low = 0.15 if figure.long_hair else 0.42
    reach = np.where(before, 0.80, low)
    hair[..., 1] = np.minimum(hair[..., 1], -(chin + reach * (crown - chin)))
    face, scalp = grid_quads(egg(1.0)), grid_quads(hair)
    centre = face.mean(axis=1)
    forwards = (centre[:, 2] > 0.03) & (centre[:, 1] > -(chin + 0.85 * (crown - chin)))
    pieces: _Pieces = [(FACE, face[forwards]), (SKIN, face[~forwards]), (HAIR, scalp)]
    if figure.long_hair:
        line = np.array([[0.0, -0.94, -0.040], [0.0, -0.87, -0.055], [0.0, -0.81, -0.080]]) * [1, figure.height, 1]
        pieces.append((HAIR, _tube(line, np.array([[0.080, 0.066], [0.085, 0.055], [0.060, 0.030]]), 7)))
    return pieces
