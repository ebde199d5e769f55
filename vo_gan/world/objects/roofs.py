"""Roofs of houses: gables, hips, mansards and flat ones, with dormers, chimneys and gutters.

Numbers are metres in the frames of the four walls, as in `vo_gan.world.objects.houses`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vo_gan.world.materials.walls import Masonry
from vo_gan.world.mesh import Material
from vo_gan.world.objects.house_looks import RoofShape
from vo_gan.world.objects.plots import Kind
from vo_gan.world.objects.slabs import Side

if TYPE_CHECKING:
    from vo_gan.world.objects.houses import House

_THICK = 0.17
"""Height of a roof's edge in metres."""
_VERGE = 0.22
"""Metres that a roof reaches over a gable wall."""
_MANSARD_RISE, _MANSARD_INSET = 2.5, 0.95
_DORMER_WIDTH, _DORMER_HEIGHT = 1.3, 1.35
_CHIMNEY_COLOURS = np.array([[0.50, 0.33, 0.27], [0.56, 0.40, 0.32], [0.60, 0.57, 0.52]])
_DARK = np.array([0.27, 0.27, 0.28])


def add_roof(house: House, parapet: float) -> None:
    """Add the roof of a house; a flat one lies `parapet` metres below the top of the walls."""
    look = house.look
    style = house.builder.add_style(look.roof_colour, look.second, house.rng.random(), (float(look.cover),))
    width, depth = house.plot.width, house.plot.depth
    if look.roof == RoofShape.FLAT:
        _add_flat(house, style, parapet)
    elif look.roof == RoofShape.HIP:
        _add_hip(house, style)
    elif look.roof == RoofShape.MANSARD:
        _add_mansard(house, style)
    elif look.roof == RoofShape.GABLE:
        _add_gable(house, style, 0, width, depth)
    else:
        _add_gable(house, style, 1, depth, width)


def _add_gable(house: House, style: int, turn: int, width: float, depth: float) -> None:
    """A gable roof whose ridge lies along the front (turn 0) or along the side walls (turn 1).

    Each slope is a slab that gets thinner towards the ridge.
    """
    look, slabs, frame = house.look, house.slabs, house.frames[turn]
    run, eaves = 0.5 * depth, look.eaves
    rise, thick = look.slope * run, _THICK / look.slope
    low, high = look.height + _THICK - eaves * look.slope, look.height + _THICK + rise
    right, left = house.attached[(turn + 1) % 4], house.attached[(turn + 3) % 4]
    x = (0.0 if left else -_VERGE, width if right else width + _VERGE)
    far = depth + eaves
    under = Side.LEFT | Side.RIGHT | Side.BOTTOM
    for z, outside, inside in (
        ((-eaves, thick - eaves), Side.FRONT, Side.BACK),
        ((far - thick, far), Side.BACK, Side.FRONT),
    ):
        slope = (x, (low, high), z)
        slabs.add(frame, *slope, Material.ROOF, style, outside, top_z=(run, run))
        slabs.add(frame, *slope, Material.PLASTER, house.pale, under | inside, top_z=(run, run))
    for side in ((turn + 1) % 4, (turn + 3) % 4):
        gable = ((0.0, depth), (look.height, look.height + rise), (0.0, 0.0))
        slabs.add(house.frames[side], *gable, Material.FACADE, house.walls[side], Side.FRONT, top_x=(run, run))
        if rise > 2.6 and not house.attached[side] and house.rng.random() < 0.7:
            _add_gable_window(house, side, run, rise)
    if turn == 0 and house.plot.kind != Kind.BLOCK:
        _add_gutter(house, x, low, eaves)
        if look.dormers:
            _add_dormers(house, run)
    _add_chimneys(house, turn, width, run, high)


def _add_gable_window(house: House, side: int, middle: float, rise: float) -> None:
    """A window under the ridge, in a frame of its own that stands out a little."""
    width, height = 1.2, min(1.5, 0.45 * rise)
    style = house.opening(width, height)
    frame = house.frame_at(side, middle - 0.5 * width)
    y = (house.look.height + 0.2, house.look.height + 0.2 + height)
    house.slabs.add(frame, (0.0, width), y, (-0.05, 0.0), Material.FACADE, style, Side.FRONT, datum=y[0])
    house.slabs.add(
        frame, (0.0, width), y, (-0.05, 0.0), Material.PLASTER, house.pale, Side.LEFT | Side.RIGHT | Side.BOTTOM
    )


def _add_gutter(house: House, x: tuple[float, float], low: float, eaves: float) -> None:
    """A gutter along the front's eaves."""
    gutter = (x, (low - 0.02, low + 0.10), (-eaves - 0.12, -eaves))
    house.slabs.add(house.frames[0], *gutter, Material.PLASTER, house.metal, Side.OUTSIDE | Side.BOTTOM)


def _add_hip(house: House, style: int) -> None:
    """A roof that slopes to all four sides, on a cornice."""
    look, width, depth = house.look, house.plot.width, house.plot.depth
    eaves, run = look.eaves, 0.5 * min(width, depth)
    low = look.height + 0.05
    high = low + look.slope * (run + eaves)
    x, z = (-eaves, width + eaves), (-eaves, depth + eaves)
    edge = (x, (look.height - 0.12, low), z)
    house.slabs.add(house.frames[0], *edge, Material.PLASTER, house.pale, Side.AROUND | Side.BOTTOM)
    ridge_x, ridge_z = (run, width - run), (run, depth - run)
    house.slabs.add(house.frames[0], x, (low, high), z, Material.ROOF, style, Side.AROUND, top_x=ridge_x, top_z=ridge_z)
    _add_gutter(house, x, low - 0.06, eaves)
    _add_chimneys(house, 0, width, 0.5 * depth, high)


def _add_mansard(house: House, style: int) -> None:
    """Steep slopes with dormers below a flat top; no slope where the next house begins."""
    look, width, depth = house.look, house.plot.width, house.plot.depth
    low, high = look.height, look.height + _MANSARD_RISE
    left, right = (0.0 if house.attached[side] else _MANSARD_INSET for side in (3, 1))
    x, z = (0.0, width), (-0.05, depth + 0.05)
    top_x, top_z = (left, width - right), (_MANSARD_INSET, depth - _MANSARD_INSET)
    frame = house.frames[0]
    house.slabs.add(frame, x, (low, high), z, Material.ROOF, style, Side.AROUND | Side.TOP, top_x=top_x, top_z=top_z)
    rim = (top_x, (high - 0.06, high + 0.1), (top_z[0] - 0.1, top_z[1] + 0.1))
    house.slabs.add(frame, *rim, Material.PLASTER, house.metal, Side.AROUND | Side.BOTTOM)
    bays = np.arange(house.bays)
    middle = (bays + 0.5) * house.pitch
    inside = (middle > left + 0.9) & (middle < width - right - 0.9)
    if house.pitch > 1.7:
        _add_dormer_boxes(house, middle[inside], low + 0.3, 0.12, 1.1, 1.75)
    _add_chimneys(house, 0, width, 0.5 * depth, high)


def _add_flat(house: House, style: int, parapet: float) -> None:
    """A flat roof behind a parapet with a coping; on tall blocks with a hut for the lift."""
    look, width, depth = house.look, house.plot.width, house.plot.depth
    slabs, top = house.slabs, house.look.height + parapet
    roof = ((0.0, width), (look.height, look.height), (0.0, depth))
    slabs.add(house.frames[0], *roof, Material.ROOF, style, Side.TOP)
    for frame, length in zip(house.frames, house.lengths, strict=True):
        coping = ((0.0, length), (top, top + 0.09), (-0.06, 0.28))
        slabs.add(frame, *coping, Material.PLASTER, house.pale, Side.FRONT | Side.BACK | Side.TOP | Side.BOTTOM)
        inner = ((0.28, length - 0.28), (look.height, top), (0.28, 0.28))
        slabs.add(frame, *inner, Material.PLASTER, house.stone, Side.FRONT)
    if house.plot.kind == Kind.BLOCK:
        middle, half = float(house.rng.uniform(0.3, 0.7)) * width, float(house.rng.uniform(1.4, 2.6))
        hut = ((middle - half, middle + half), (look.height, look.height + 2.6), (0.35 * depth, 0.65 * depth))
        slabs.add(house.frames[0], *hut, Material.PLASTER, house.stone, Side.AROUND | Side.TOP)


def _add_dormers(house: House, run: float) -> None:
    """Dormers on the front slope of a gable roof, over some of the windows."""
    look = house.look
    back = 0.55
    bottom = look.height + _THICK + look.slope * back
    if look.slope * (run - back) < _DORMER_HEIGHT + 0.3 or house.pitch < 1.6:
        return
    step = 1 + int(house.rng.integers(2))
    middle = (np.arange(house.bays)[::step] + 0.5) * house.pitch
    _add_dormer_boxes(house, middle, bottom, back, _DORMER_HEIGHT / look.slope, _DORMER_HEIGHT)


def _add_dormer_boxes(
    house: House, middle: np.ndarray, bottom: float, front: float, length: float, height: float
) -> None:
    """Dormers at places along the front: wall with a window, cheeks and a flat lid."""
    if not len(middle):
        return
    slabs, half, top = house.slabs, 0.5 * _DORMER_WIDTH, bottom + height
    window = house.opening(_DORMER_WIDTH, height)
    lid = house.builder.add_style(_DARK, house.look.second, house.rng.random())
    cheeks = house.builder.add_style(0.5 * house.look.roof_colour + 0.15, house.look.second, house.rng.random())
    for x in middle:
        frame = house.frame_at(0, float(x) - half)
        box = ((0.0, _DORMER_WIDTH), (bottom, top), (front, front + length))
        slabs.add(frame, *box, Material.FACADE, window, Side.FRONT, datum=bottom)
        slabs.add(frame, *box, Material.PLASTER, cheeks, Side.LEFT | Side.RIGHT)
        over = ((-0.1, _DORMER_WIDTH + 0.1), (top, top + 0.12), (front - 0.15, front + length))
        slabs.add(frame, *over, Material.PLASTER, lid, Side.OUTSIDE | Side.TOP | Side.BOTTOM)


def _add_chimneys(house: House, turn: int, width: float, ridge: float, high: float) -> None:
    """Chimneys on the ridge, at the ends of a terrace house."""
    look, rng, slabs = house.look, house.rng, house.slabs
    if not look.chimneys:
        return
    colour = _CHIMNEY_COLOURS[rng.integers(len(_CHIMNEY_COLOURS))]
    masonry = Masonry.PLASTER if colour[2] > 0.5 else Masonry.BRICK
    style = house.builder.add_style(colour, look.second, rng.random(), (float(masonry),))
    shares = (0.5 + np.arange(look.chimneys)) / look.chimneys
    if house.plot.kind == Kind.TERRACE:
        shares = np.array([0.08 if house.plot.row % 2 else 0.92])
    middle = shares * width + rng.uniform(-0.2, 0.2, len(shares)) * (house.plot.kind != Kind.TERRACE)
    half_x, half_z = float(rng.uniform(0.3, 0.5)), float(rng.uniform(0.3, 0.55))
    z = ridge + float(rng.uniform(-0.6, 0.6))
    top = high + float(rng.uniform(0.7, 1.2))
    frame = house.frames[turn]
    shaft = ((middle - half_x, middle + half_x), (high - 1.2, top), (z - half_z, z + half_z))
    slabs.add(frame, *shaft, Material.PLASTER, style, Side.AROUND)
    cap = (
        (middle - half_x - 0.07, middle + half_x + 0.07),
        (top, top + 0.13),
        (z - half_z - 0.07, z + half_z + 0.07),
    )
    slabs.add(frame, *cap, Material.PLASTER, house.stone, Side.AROUND | Side.TOP | Side.BOTTOM)
