"""What houses of every kind look like: proportions, colours and materials, drawn by chance."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.openings import Use
from vo_gan.world.materials.walls import Cover, Masonry
from vo_gan.world.objects.house_looks import HouseLook, RoofShape
from vo_gan.world.objects.plots import Kind

_WALL_COLOURS = {
    Masonry.BRICK: np.array(
        [[0.56, 0.39, 0.32], [0.61, 0.44, 0.36], [0.49, 0.36, 0.31], [0.65, 0.56, 0.45], [0.54, 0.43, 0.38]]
    ),
    Masonry.PLASTER: np.array(
        [
            [0.78, 0.73, 0.63],
            [0.83, 0.80, 0.73],
            [0.75, 0.69, 0.59],
            [0.76, 0.66, 0.53],
            [0.71, 0.69, 0.65],
            [0.80, 0.71, 0.60],
            [0.70, 0.69, 0.63],
            [0.69, 0.60, 0.52],
            [0.78, 0.65, 0.54],
            [0.68, 0.68, 0.67],
            [0.84, 0.82, 0.78],
            [0.70, 0.55, 0.47],
        ]
    ),
    Masonry.STONE: np.array([[0.69, 0.65, 0.57], [0.61, 0.59, 0.55], [0.72, 0.67, 0.57], [0.56, 0.52, 0.48]]),
    Masonry.BOARDS: np.array([[0.55, 0.56, 0.56], [0.50, 0.43, 0.35], [0.62, 0.60, 0.55], [0.44, 0.47, 0.48]]),
}
_SECOND_COLOURS = np.array(
    [
        [0.40, 0.17, 0.15],
        [0.18, 0.25, 0.36],
        [0.18, 0.30, 0.24],
        [0.38, 0.27, 0.18],
        [0.20, 0.20, 0.21],
        [0.60, 0.48, 0.24],
        [0.34, 0.40, 0.42],
        [0.52, 0.50, 0.46],
        [0.45, 0.30, 0.30],
    ]
)
_TILE_COLOURS = np.array([[0.51, 0.34, 0.28], [0.45, 0.32, 0.28], [0.54, 0.39, 0.31], [0.39, 0.33, 0.30]])
_SLATE_COLOURS = np.array([[0.34, 0.34, 0.35], [0.31, 0.315, 0.32], [0.38, 0.375, 0.37]])
_GRAVEL = np.array([0.46, 0.45, 0.43])


def draw_look(kind: Kind, rng: np.random.Generator) -> HouseLook:
    """Draw the look of a building, or of the whole row of a terrace.

    Args:
        kind: what it is.
        rng: source of all chance.
    """
    return _LOOKS[kind](rng)


def _pick(rng: np.random.Generator, colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " 3"]:
    """One of some colours, slightly off."""
    one = colours[rng.integers(len(colours))]
    return np.clip(one * rng.uniform(0.93, 1.06) + rng.normal(0.0, 0.008, 3), 0.1, 0.88)


def _chance(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _masonry(rng: np.random.Generator, brick: float, stone: float) -> Masonry:
    """Brick, stone or plaster by their shares."""
    return Masonry(
        (Masonry.BRICK, Masonry.STONE, Masonry.PLASTER)[int(np.searchsorted([brick, brick + stone], rng.random()))]
    )


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _covered(rng: np.random.Generator, tiles: float) -> tuple[Cover, Float[np.ndarray, " 3"]]:
    """Tiles or slate, and their colour."""
    if _chance(rng, tiles):
        return Cover.TILES, _pick(rng, _TILE_COLOURS)
    return Cover.SLATE, _pick(rng, _SLATE_COLOURS)


def _terrace(rng: np.random.Generator) -> HouseLook:
    masonry = _masonry(rng, 0.68, 0.1)
    cover, roof_colour = _covered(rng, 0.5)
    floor = _between(rng, 2.65, 2.95)
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=roof_colour,
        masonry=masonry,
        floors=1 + _chance(rng, 0.35),
        ground=floor + 0.2,
        floor=floor,
        attic=_between(rng, 0.15, 0.5),
        pitch=_between(rng, 2.1, 2.7),
        window=_between(rng, 0.95, 1.25),
        rise=_between(rng, 1.35, 1.6),
        sill=_between(rng, 0.75, 0.9),
        trim=int(rng.integers(4)) if _chance(rng, 0.4) else 0,
        bands=_chance(rng, 0.3),
        roof=RoofShape.GABLE,
        cover=cover,
        slope=_between(rng, 0.75, 1.05),
        eaves=_between(rng, 0.22, 0.4),
        bay=_chance(rng, 0.6),
        dormers=_chance(rng, 0.35),
        chimneys=1,
    )


def _apartments(rng: np.random.Generator) -> HouseLook:
    masonry = _masonry(rng, 0.22, 0.2)
    shop = _chance(rng, 0.6)
    shape = RoofShape(
        (RoofShape.MANSARD, RoofShape.FLAT, RoofShape.GABLE)[int(np.searchsorted([0.35, 0.7], rng.random()))]
    )
    cover, roof_colour = _covered(rng, 0.45)
    floor = _between(rng, 2.9, 3.35)
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=_GRAVEL if shape == RoofShape.FLAT else roof_colour,
        masonry=masonry,
        use=Use.SHOP if shop else Use.DWELLING,
        floors=int(rng.integers(2, 5)),
        ground=_between(rng, 3.6, 4.1) if shop else floor + 0.3,
        floor=floor,
        attic=_between(rng, 0.35, 0.8),
        pitch=_between(rng, 2.4, 3.1),
        window=_between(rng, 1.0, 1.35),
        rise=_between(rng, 1.5, 1.9),
        sill=_between(rng, 0.65, 0.9),
        trim=int(rng.integers(4)),
        shutters=masonry == Masonry.PLASTER and _chance(rng, 0.25),
        bands=_chance(rng, 0.55),
        roof=shape,
        cover=Cover.GRAVEL if shape == RoofShape.FLAT else cover,
        slope=_between(rng, 0.6, 0.85),
        eaves=_between(rng, 0.3, 0.45),
        bay=_chance(rng, 0.3),
        balconies=_between(rng, 0.3, 0.7) if _chance(rng, 0.5) else 0.0,
        dormers=_chance(rng, 0.5),
        chimneys=2,
    )


def _detached(rng: np.random.Generator) -> HouseLook:
    masonry = _masonry(rng, 0.3, 0.08)
    shape = RoofShape(
        (RoofShape.GABLE, RoofShape.CROSS_GABLE, RoofShape.HIP)[int(np.searchsorted([0.4, 0.7], rng.random()))]
    )
    cover, roof_colour = _covered(rng, 0.75)
    floor = _between(rng, 2.6, 2.85)
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=roof_colour,
        masonry=masonry,
        floors=int(_chance(rng, 0.65)),
        ground=floor + 0.1,
        floor=floor,
        attic=_between(rng, 0.2, 0.7),
        pitch=_between(rng, 2.5, 3.3),
        window=_between(rng, 1.1, 1.5),
        rise=_between(rng, 1.15, 1.4),
        sill=_between(rng, 0.85, 1.0),
        trim=int(rng.integers(4)),
        shutters=_chance(rng, 0.35),
        roof=shape,
        cover=cover,
        slope=_between(rng, 0.65, 1.0),
        eaves=_between(rng, 0.4, 0.65),
        bay=_chance(rng, 0.3),
        dormers=_chance(rng, 0.4),
        chimneys=1,
    )


def _hall(rng: np.random.Generator) -> HouseLook:
    masonry = Masonry.BRICK if _chance(rng, 0.4) else Masonry.BOARDS
    flat = _chance(rng, 0.5)
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=_GRAVEL if flat else _pick(rng, _SLATE_COLOURS) + 0.1,
        masonry=masonry,
        use=Use.GATES,
        floors=1,
        ground=_between(rng, 3.2, 3.6),
        floor=2.2,
        attic=_between(rng, 0.3, 0.8),
        pitch=_between(rng, 3.8, 4.6),
        window=_between(rng, 1.8, 2.4),
        rise=0.9,
        sill=0.5,
        trim=3,
        roof=RoofShape.FLAT if flat else RoofShape.CROSS_GABLE,
        cover=Cover.GRAVEL if flat else Cover.SHEETS,
        slope=_between(rng, 0.2, 0.35),
        eaves=0.2,
    )


def _garages(rng: np.random.Generator) -> HouseLook:
    masonry = Masonry.BRICK if _chance(rng, 0.3) else Masonry.PLASTER
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry] if masonry == Masonry.BRICK else _WALL_COLOURS[Masonry.STONE]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=_GRAVEL,
        masonry=masonry,
        use=Use.GATES,
        floors=0,
        ground=2.75,
        floor=2.5,
        pitch=2.85,
        window=1.0,
        rise=1.0,
        sill=1.0,
        trim=0,
        roof=RoofShape.FLAT,
        cover=Cover.GRAVEL,
        slope=0.0,
        eaves=0.1,
    )


def _block(rng: np.random.Generator) -> HouseLook:
    masonry = _masonry(rng, 0.25, 0.1)
    floor = _between(rng, 2.7, 2.95)
    cover, roof_colour = _covered(rng, 0.6)
    flat = _chance(rng, 0.65)
    return HouseLook(
        colour=_pick(rng, _WALL_COLOURS[masonry]),
        second=_pick(rng, _SECOND_COLOURS),
        roof_colour=_GRAVEL if flat else roof_colour,
        masonry=masonry,
        floors=int(rng.integers(3, 8)) if flat else int(rng.integers(2, 5)),
        ground=floor + 0.2,
        floor=floor,
        attic=0.4,
        pitch=_between(rng, 2.6, 3.3),
        window=_between(rng, 1.2, 1.7),
        rise=_between(rng, 1.3, 1.5),
        sill=0.85,
        trim=int(rng.integers(4)),
        bands=_chance(rng, 0.4),
        roof=RoofShape.FLAT if flat else RoofShape.GABLE,
        cover=Cover.GRAVEL if flat else cover,
        slope=_between(rng, 0.5, 0.8),
        eaves=0.4,
        chimneys=2,
    )


_LOOKS = {
    Kind.TERRACE: _terrace,
    Kind.APARTMENTS: _apartments,
    Kind.DETACHED: _detached,
    Kind.WAREHOUSE: _hall,
    Kind.GARAGES: _garages,
    Kind.BLOCK: _block,
}
