"""Models of what stands along streets: lamps, signs, traffic lights, bins, benches and the like.

Object coordinates in metres: origin on the ground, z the way the traffic beside it goes, x away from the carriageway,
y down. Sign plates look towards the traffic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.furniture import Figure, Plate
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.fences import FOOT
from vo_gan.world.solids import add_prism, box, fan, ring

BULBS = {"arm_lamp": (-1.45, 7.05, 0.0), "lantern": (0.0, 5.15, 0.0)}
"""Where the bulb of each kind of lamp is: x, height, z in metres."""
LAMP_BRIGHTNESS = 2.0


@dataclass(frozen=True)
class _Sign:
    """A traffic sign.

    Attributes:
        plate, figure: outline and what is painted on it.
        face, rim: colours.
        size: metres from its centre to its sides.
        rim_width: metres.
        tone: of the figure: 0 the rim's colour, 1 black, 2 white.
    """

    plate: Plate
    figure: Figure
    face: str
    rim: str
    size: float
    rim_width: float
    tone: float


_SIGNS = (
    _Sign(Plate.DISC, Figure.NUMBER, "white", "red", 0.31, 0.055, 1.0),
    _Sign(Plate.DISC, Figure.BAR, "red", "white", 0.31, 0.0, 2.0),
    _Sign(Plate.DISC, Figure.ARROW, "blue", "white", 0.30, 0.02, 2.0),
    _Sign(Plate.DISC, Figure.NONE, "blue", "red", 0.31, 0.05, 0.0),
    _Sign(Plate.TRIANGLE, Figure.PERSON, "white", "red", 0.24, 0.05, 1.0),
    _Sign(Plate.TRIANGLE, Figure.ARROW, "white", "red", 0.24, 0.05, 1.0),
    _Sign(Plate.SQUARE, Figure.PERSON, "blue", "white", 0.31, 0.025, 2.0),
    _Sign(Plate.SQUARE, Figure.ARROW, "blue", "white", 0.31, 0.025, 2.0),
)
_PAINTS = {
    "white": (0.90, 0.90, 0.88),
    "red": (0.74, 0.16, 0.15),
    "blue": (0.16, 0.31, 0.62),
    "yellow": (0.90, 0.74, 0.18),
    "green": (0.16, 0.42, 0.30),
}
_PLATE_AWAY = -0.05
"""z of a sign's plate in metres: before its post."""
_POSTERS = (float(Plate.SQUARE), float(Figure.POSTER), 99.0, 0.0, 99.0)
_STEEL = (0.56, 0.57, 0.58)
_DARK = (0.22, 0.24, 0.25)
_OAK, _GREY_OAK = (0.50, 0.38, 0.26), (0.46, 0.43, 0.38)
_GLASS = (0.92, 0.90, 0.82)
_WARM = (1.0, 0.82, 0.55)


def furniture_models(rng: np.random.Generator) -> dict[str, Mesh]:
    """Build one model of each kind, in a town's own colours; `sign_0` and so on are ordinary signs."""
    makers: dict[str, Callable[[MeshBuilder, np.random.Generator], None]] = {
        "arm_lamp": _arm_lamp,
        "lantern": _lantern,
        "traffic_light": _traffic_light,
        "bin": _bin,
        "bollard": _bollard,
        "bench": _bench,
        "cabinet": _cabinet,
        "telephone": _telephone,
        "mail_box": _mail_box,
        "column": _column,
        "shelter": _shelter,
        "street_name": _street_name,
    }
    signs = {
        "priority": _Sign(Plate.DIAMOND, Figure.NONE, "yellow", "white", 0.26, 0.06, 0.0),
        "yield": _Sign(Plate.YIELD, Figure.NONE, "white", "red", 0.24, 0.065, 0.0),
        "stop": _Sign(Plate.OCTAGON, Figure.LETTERS, "red", "white", 0.36, 0.03, 2.0),
        **{f"sign_{number}": kind for number, kind in enumerate(_SIGNS)},
    }
    models = {name: _sign(kind) for name, kind in signs.items()}
    for name, make in makers.items():
        builder = MeshBuilder()
        make(builder, rng)
        models[name] = builder.build()
    return models


SIGN_COUNT = len(_SIGNS)
"""How many ordinary signs there are."""


def _metal(builder: MeshBuilder, colour: tuple[float, ...], rust: float = 0.1) -> int:
    """Add a style of painted metal."""
    return builder.add_style(colour, seed=0.37, parameters=(rust,))


def _post(builder: MeshBuilder, radius: float, top: float, style: int, x: float = 0.0, z: float = 0.0) -> None:
    """Add an upright pipe from the ground to a height."""
    add_prism(builder, ring(x, z, radius, 7), FOOT, top, Material.METAL, style, Label.POLE)


def _block(
    builder: MeshBuilder,
    centre: tuple[float, float],
    half: tuple[float, float],
    heights: tuple[float, float],
    material: Material,
    style: int,
    label: Label = Label.POLE,
) -> None:
    """Add an upright block around (x, z) of half a width and half a length, between two heights."""
    add_prism(builder, box(*centre, 0.0, *half), *heights, material, style, label)


def _arm_lamp(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A mast with an arm over the carriageway and a flat lamp at its end."""
    steel = _metal(builder, tuple(np.full(3, rng.uniform(0.42, 0.62))))
    glass = builder.add_style(_GLASS, _WARM, 0.2, (LAMP_BRIGHTNESS,))
    _post(builder, 0.10, 1.1, steel)
    _post(builder, 0.065, 7.15, steel)
    _block(builder, (-0.7, 0.0), (0.72, 0.035), (7.12, 7.2), Material.METAL, steel)
    _block(builder, (-1.45, 0.0), (0.34, 0.15), (7.12, 7.24), Material.METAL, steel)
    _block(builder, (-1.45, 0.0), (0.28, 0.11), (7.07, 7.12), Material.LAMP, glass)


def _lantern(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """An old-fashioned lantern on a cast-iron post."""
    iron = _metal(builder, (0.17, 0.22 + rng.uniform(0.0, 0.05), 0.20))
    glass = builder.add_style(_GLASS, _WARM, 0.2, (LAMP_BRIGHTNESS,))
    _post(builder, 0.13, 0.8, iron)
    _post(builder, 0.06, 4.9, iron)
    add_prism(builder, ring(0.0, 0.0, 0.11, 7), 4.85, 4.93, Material.METAL, iron, Label.POLE)
    add_prism(builder, ring(0.0, 0.0, 0.17, 7), 4.93, 5.35, Material.LAMP, glass, Label.POLE)
    add_prism(builder, ring(0.0, 0.0, 0.25, 7), 5.35, 5.41, Material.METAL, iron, Label.POLE)
    add_prism(builder, ring(0.0, 0.0, 0.12, 7), 5.41, 5.55, Material.METAL, iron, Label.POLE)


def _plate(builder: MeshBuilder, outline: Float[np.ndarray, "n 2"], height: float, style: int) -> None:
    """Add a plate of an outline (u to the right, v up) around a height, painted in front, grey behind."""
    grey = _metal(builder, _STEEL, 0.0)
    flat = fan(outline)
    for z, material, look in ((_PLATE_AWAY, Material.SIGN, style), (_PLATE_AWAY + 0.012, Material.METAL, grey)):
        corners = np.stack([flat[..., 0], -height - flat[..., 1], np.full(flat.shape[:2], z)], axis=2)
        texture = flat if material == Material.SIGN else flat + np.array([0.0, height])
        builder.add_triangles(corners, texture, material, look, Label.TRAFFIC_SIGN)


def _sign(kind: _Sign) -> Mesh:
    """A sign on a post."""
    builder = MeshBuilder()
    painted = (float(kind.plate), float(kind.figure), kind.size, kind.rim_width, kind.size, kind.tone)
    style = builder.add_style(_PAINTS[kind.face], _PAINTS[kind.rim], 0.6, painted)
    first, count = {
        Plate.DISC: (0.0, 20),
        Plate.TRIANGLE: (90.0, 3),
        Plate.YIELD: (-90.0, 3),
        Plate.SQUARE: (45.0, 4),
        Plate.DIAMOND: (0.0, 4),
        Plate.OCTAGON: (22.5, 8),
    }[kind.plate]
    angle = np.radians(first) + 2 * np.pi * np.arange(count) / count
    reach = kind.size / np.cos(np.pi / count) if count < 20 else kind.size
    _plate(builder, reach * np.stack([np.cos(angle), np.sin(angle)], axis=1), 2.45, style)
    _post(builder, 0.03, 2.45 + 0.6 * kind.size, _metal(builder, _STEEL))
    return builder.build()


def _street_name(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A street's name on a low post."""
    blue = builder.add_style(
        _PAINTS["blue"], _PAINTS["white"], 0.8, (float(Plate.SQUARE), float(Figure.LETTERS), 0.42, 0.015, 0.12, 2.0)
    )
    _plate(builder, np.array([[-0.42, -0.12], [0.42, -0.12], [0.42, 0.12], [-0.42, 0.12]]), 2.5, blue)
    _post(builder, 0.03, 2.7, _metal(builder, _STEEL))


def _traffic_light(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """Three lamps above each other, one of them lit."""
    black, steel = _metal(builder, _DARK, 0.0), _metal(builder, (0.46, 0.48, 0.46))
    _post(builder, 0.06, 3.35, steel)
    _block(builder, (0.0, -0.12), (0.16, 0.1), (2.3, 3.3), Material.METAL, black, Label.TRAFFIC_LIGHT)
    lit = int(rng.integers(2)) * 2
    for number, colour in enumerate(((0.85, 0.12, 0.10), (0.85, 0.60, 0.10), (0.12, 0.70, 0.40))):
        on = number == lit
        tint = np.array(colour) * (1.0 if on else 0.35)
        style = builder.add_style(tint, tint**2, 0.3, (1.5 if on else 0.0,))
        angle = 2 * np.pi * np.arange(10) / 10
        disc = fan(0.1 * np.stack([np.cos(angle), np.sin(angle)], axis=1))
        middle = 3.12 - 0.32 * number
        corners = np.stack([disc[..., 0], -middle - disc[..., 1], np.full(disc.shape[:2], -0.225)], axis=2)
        builder.add_triangles(corners, disc, Material.LAMP, style, Label.TRAFFIC_LIGHT)
        hood = (middle + 0.1, middle + 0.13)
        _block(builder, (0.0, -0.28), (0.12, 0.06), hood, Material.METAL, black, Label.TRAFFIC_LIGHT)


def _bin(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A litter bin on a post."""
    paint = _metal(builder, ((0.24, 0.36, 0.26), (0.78, 0.42, 0.14), (0.35, 0.36, 0.37))[rng.integers(3)], 0.2)
    dark = _metal(builder, _DARK)
    _post(builder, 0.035, 1.05, dark, z=0.2)
    add_prism(builder, ring(0.0, 0.0, 0.19, 9), 0.3, 0.9, Material.METAL, paint, Label.UNLABELED)
    add_prism(builder, ring(0.0, 0.0, 0.2, 9), 0.98, 1.02, Material.METAL, dark, Label.UNLABELED)


def _bollard(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A short post with a light band."""
    dark, white = _metal(builder, _DARK), _metal(builder, _PAINTS["white"], 0.0)
    _post(builder, 0.06, 0.95, dark)
    add_prism(builder, ring(0.0, 0.0, 0.065, 7), 0.72, 0.82, Material.METAL, white, Label.POLE)


def _bench(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A bench of wooden slats on iron feet, its back to the carriageway."""
    wood, iron = builder.add_style(_OAK, _GREY_OAK, 0.4, (0.11,)), _metal(builder, _DARK)
    for z in (-0.65, 0.65):
        for x in (-0.14, 0.16):
            _block(builder, (x, z), (0.025, 0.03), (FOOT, 0.42), Material.METAL, iron, Label.UNLABELED)
        _block(builder, (-0.2, z), (0.025, 0.03), (0.42, 0.85), Material.METAL, iron, Label.UNLABELED)
    for x in (-0.12, 0.02, 0.16):
        _block(builder, (x, 0.0), (0.055, 0.85), (0.42, 0.46), Material.WOOD, wood, Label.UNLABELED)
    for low in (0.55, 0.72):
        _block(builder, (-0.17, 0.0), (0.02, 0.85), (low, low + 0.11), Material.WOOD, wood, Label.UNLABELED)


def _cabinet(builder: MeshBuilder, rng: np.random.Generator) -> None:
    """A cabinet of the electricity or telephone company, with two doors."""
    grey = _metal(builder, tuple(np.array([0.56, 0.58, 0.54]) * rng.uniform(0.85, 1.1)), 0.15)
    dark = _metal(builder, _DARK, 0.0)
    _block(builder, (0.0, 0.0), (0.19, 0.62), (FOOT, 0.1), Material.METAL, dark, Label.UNLABELED)
    for z in (-0.31, 0.31):
        _block(builder, (0.0, z), (0.18, 0.3), (0.1, 1.25), Material.METAL, grey, Label.UNLABELED)
    _block(builder, (0.0, 0.0), (0.21, 0.64), (1.25, 1.32), Material.METAL, grey, Label.UNLABELED)


def _telephone(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A narrow distribution box of the telephone company."""
    paint = _metal(builder, (0.62, 0.63, 0.60), 0.1)
    _block(builder, (0.0, 0.0), (0.15, 0.22), (FOOT, 0.95), Material.METAL, paint, Label.UNLABELED)
    _block(builder, (0.0, 0.0), (0.17, 0.24), (0.95, 1.0), Material.METAL, paint, Label.UNLABELED)


def _mail_box(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A yellow mail box on a post."""
    yellow, dark = _metal(builder, (0.88, 0.70, 0.15), 0.1), _metal(builder, _DARK)
    _post(builder, 0.05, 0.8, dark)
    _block(builder, (0.0, 0.0), (0.19, 0.25), (0.75, 1.4), Material.METAL, yellow, Label.UNLABELED)
    _block(builder, (0.0, 0.0), (0.2, 0.26), (1.28, 1.31), Material.METAL, dark, Label.UNLABELED)


def _column(builder: MeshBuilder, _: np.random.Generator) -> None:
    """An advertising column covered with posters."""
    stone = _metal(builder, (0.50, 0.49, 0.46), 0.0)
    posters = builder.add_style((0.7, 0.7, 0.7), seed=0.7, parameters=_POSTERS)
    add_prism(builder, ring(0.0, 0.0, 0.66, 14), FOOT, 0.4, Material.METAL, stone, Label.UNLABELED)
    add_prism(builder, ring(0.0, 0.0, 0.6, 14), 0.4, 2.75, Material.SIGN, posters, Label.UNLABELED)
    add_prism(builder, ring(0.0, 0.0, 0.72, 14), 2.75, 2.9, Material.METAL, stone, Label.UNLABELED)
    add_prism(builder, ring(0.0, 0.0, 0.4, 14), 2.9, 3.1, Material.METAL, stone, Label.UNLABELED)


def _shelter(builder: MeshBuilder, _: np.random.Generator) -> None:
    """A bus shelter, open towards the carriageway, with a bench and a showcase."""
    frame, roof = _metal(builder, (0.30, 0.33, 0.34)), _metal(builder, (0.42, 0.45, 0.46))
    glass = _metal(builder, (0.36, 0.43, 0.44), 0.0)
    wood = builder.add_style(_OAK, _GREY_OAK, 0.4, (0.11,))
    posters = builder.add_style((0.7, 0.7, 0.7), seed=0.2, parameters=_POSTERS)
    for z in (-1.9, 0.0, 1.9):
        _block(builder, (0.62, z), (0.04, 0.04), (FOOT, 2.4), Material.METAL, frame, Label.UNLABELED)
    for z in (-1.9, 1.9):
        _block(builder, (-0.5, z), (0.04, 0.04), (FOOT, 2.4), Material.METAL, frame, Label.UNLABELED)
    for z in (-0.95, 0.95):
        _block(builder, (0.62, z), (0.012, 0.88), (0.25, 2.15), Material.METAL, glass, Label.UNLABELED)
    _block(builder, (0.06, 1.9), (0.48, 0.03), (0.2, 2.15), Material.SIGN, posters, Label.UNLABELED)
    _block(builder, (0.35, -0.4), (0.18, 1.1), (0.42, 0.47), Material.WOOD, wood, Label.UNLABELED)
    _block(builder, (0.35, -0.4), (0.03, 0.9), (FOOT, 0.42), Material.METAL, frame, Label.UNLABELED)
    _block(builder, (0.05, 0.0), (0.75, 2.1), (2.4, 2.5), Material.METAL, roof, Label.UNLABELED)
