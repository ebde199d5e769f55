"""Fronts, roofs and masonry: the same mean at any distance, and light from windows only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vo_gan.world.materials.openings import FacadeStyle, Use, facade_code
from vo_gan.world.materials.surface import Look, Surface
from vo_gan.world.materials.walls import (
    LIT_SHOPS,
    LIT_WINDOWS,
    SHOP_LIGHT,
    WINDOW_LIGHT,
    Cover,
    Masonry,
    facade,
    plaster,
    roof,
)
from vo_gan.world.mesh import STYLE_COLUMNS

FRONT = FacadeStyle(pitch=2.5, floor=3.0, window=1.2, rise=1.5, sill=0.8, floors=30.0, ground=3.8, door=1.0, code=0.0)


def surface(u: np.ndarray, v: np.ndarray, width: float, style: np.ndarray, width_v: float | None = None) -> Surface:
    """Points without noise."""
    count = len(u)
    size = np.full(count, width, np.float32)
    size_v = size if width_v is None else np.full(count, width_v, np.float32)
    none = np.zeros((count, 4), np.float32)
    rows = np.tile(style.astype(np.float32), (count, 1))
    return Surface(u.astype(np.float32), v.astype(np.float32), size, size_v, rows, none, none)


def style_row(parameters: tuple[float, ...], seed: float = 0.37) -> np.ndarray:
    row = np.zeros(STYLE_COLUMNS)
    row[:7] = 0.7, 0.62, 0.5, 0.3, 0.2, 0.2, seed
    row[7 : 7 + len(parameters)] = parameters
    return row


def front_row(**changes: float) -> np.ndarray:
    return style_row(FRONT._replace(**changes))


def grid(u: tuple[float, float], v: tuple[float, float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """One random point in each of count x count equal cells, so that no pattern falls in step with them."""
    cell = np.stack(np.meshgrid(np.arange(count), np.arange(count)))
    x, y = (cell + np.random.default_rng(1).random(cell.shape)) / count
    return (u[0] + x * (u[1] - u[0])).ravel(), (v[0] + y * (v[1] - v[0])).ravel()


@pytest.mark.parametrize("masonry", [Masonry.PLASTER, Masonry.BRICK, Masonry.STONE, Masonry.BOARDS])
@pytest.mark.parametrize("shutters", [False, True])
def test_upper_floors_have_the_same_mean_at_every_distance(masonry: Masonry, shutters: bool) -> None:
    row = front_row(code=facade_code(masonry, Use.DWELLING, 1, shutters), door=-1.0)
    u, v = grid((0.0, 40.0), (3.8 + 30.0, 3.8 + 54.0), 180)
    near = facade(surface(u, v, 0.02, row)).albedo.mean(axis=0)
    before = near
    for width in (0.1, 0.4, 1.0, 2.0, 4.0, 9.0, 18.0):
        mean = facade(surface(u, v, width, row)).albedo.mean(axis=0)
        assert np.abs(mean - near).max() < 0.02
        assert np.abs(mean - before).max() < 0.012
        before = mean


@pytest.mark.parametrize("use", list(Use))
def test_ground_floors_have_the_same_mean_from_near_and_from_far_along(use: Use) -> None:
    row = front_row(code=facade_code(Masonry.PLASTER, use, 0), door=-1.0)
    u, v = grid((0.0, 75.0), (0.0, 3.7), 250)
    near = facade(surface(u, v, 0.02, row)).albedo.mean(axis=0)
    for width in (0.5, 3.0, 20.0):
        assert np.abs(facade(surface(u, v, width, row, 0.02)).albedo.mean(axis=0) - near).max() < 0.03


def test_far_away_a_front_is_of_one_colour() -> None:
    row = front_row(door=-1.0)
    u, v = grid((0.0, 40.0), (33.8, 57.8), 50)
    near, far = (facade(surface(u, v, width, row)).albedo for width in (0.02, 25.0))
    assert near.std(axis=0).max() > 0.1
    assert far.std(axis=0).max() < 0.02


@pytest.mark.parametrize(
    ("look", "row", "period"),
    [
        (roof, style_row((float(Cover.TILES),)), 6.6),
        (roof, style_row((float(Cover.SLATE),)), 5.5),
        (roof, style_row((float(Cover.SHEETS),)), 9.9),
        (plaster, style_row((float(Masonry.BRICK),)), 3.6),
        (plaster, style_row((float(Masonry.STONE),)), 18.6),
        (plaster, style_row((float(Masonry.AWNING),)), 4.0),
    ],
)
def test_roofs_and_masonry_have_the_same_mean_at_every_distance(
    look: Callable[[Surface], Look], row: np.ndarray, period: float
) -> None:
    u, v = grid((0.0, 4 * period), (0.0, 4 * period), 220)
    near = look(surface(u, v, 0.005, row)).albedo.mean(axis=0)
    for width in (0.05, 0.3, 1.0, 7.0):
        assert np.abs(look(surface(u, v, width, row)).albedo.mean(axis=0) - near).max() < 0.012


def emission(u: np.ndarray, v: np.ndarray, width: float, row: np.ndarray) -> np.ndarray:
    light = facade(surface(u, v, width, row)).emission
    assert light is not None
    return light


def test_light_comes_from_windows_only() -> None:
    row = front_row()
    u, v = grid((0.0, 50.0), (0.0, 60.0), 500)
    light = emission(u, v, 0.01, row).max(axis=1)
    bay, level = u / 2.5 % 1.0 - 0.5, (v - 3.8) % 3.0
    glass = (np.abs(bay) * 2.5 < 0.6) & (level > 0.8) & (level < 2.3)
    upper = v > 3.8
    assert light[upper & ~glass].max() == 0.0
    assert 0.2 < (light[upper & glass] > 1e-4).mean() < 0.5
    leaf = (np.abs(u - 3.75) < 0.45) & (v < 2.0)
    assert leaf.sum() > 20
    assert light[leaf].max() == 0.0


def test_walls_without_windows_and_gates_are_dark() -> None:
    u, v = grid((0.0, 20.0), (0.0, 20.0), 200)
    assert emission(u, v, 0.02, front_row(window=0.0, door=-1.0)).max() == 0.0
    gates = front_row(code=facade_code(Masonry.BOARDS, Use.GATES, 0), door=-1.0, floors=0.0)
    assert emission(u, v, 0.02, gates).max() == 0.0


def test_light_from_far_is_the_mean_of_light_from_near() -> None:
    row = front_row(door=-1.0, floors=300.0)
    u, v = grid((0.0, 150.0), (33.8, 483.8), 600)
    near = emission(u, v, 0.05, row).mean(axis=0)
    far = emission(u[::500], np.full_like(u[::500], 250.0), 60.0, row)
    assert far.std(axis=0).max() < 0.05 * far.mean()
    assert near == pytest.approx(far.mean(axis=0), rel=0.06)
    assert 0.05 * LIT_WINDOWS < near[0] / WINDOW_LIGHT[0] < 0.3 * LIT_WINDOWS


def test_shops_are_brighter_than_homes() -> None:
    shop = front_row(code=facade_code(Masonry.PLASTER, Use.SHOP, 0), door=-1.0, ground=4.0)
    home = front_row(door=-1.0, ground=4.0)
    u, v = grid((0.0, 500.0), (0.0, 4.0), 500)
    bright, dim = (emission(u, v, 0.02, row).mean(axis=0) for row in (shop, home))
    assert (bright > 3 * dim).all()
    far = emission(u[:50], np.full(50, 2.0), 3.9, shop).mean(axis=0)
    assert far == pytest.approx(bright, rel=0.15)
    assert far[0] < LIT_SHOPS * SHOP_LIGHT[0]


@pytest.mark.parametrize("look", [facade, roof, plaster])
def test_looks_are_single_precision_and_within_bounds(look: Callable[[Surface], Look]) -> None:
    rng = np.random.default_rng(0)
    count = 4000
    rows = np.stack(
        [
            front_row(
                code=facade_code(Masonry(i % 4), Use(i % 3), i % 4, i % 2 == 0, i % 5 == 0),
                door=i % 4 - 1,
                floors=i % 6,
            )
            for i in range(60)
        ]
    )
    if look is not facade:
        rows[:, 7] = np.arange(60) % 4
    noise = rng.normal(0.0, 1.0, (2, count, 4)).astype(np.float32)
    u, v = rng.uniform(-1.0, 20.0, (2, count)).astype(np.float32)
    sizes = np.exp(rng.uniform(-6.0, 4.0, (2, count))).astype(np.float32)
    style = rows[rng.integers(60, size=count)].astype(np.float32)
    seen = look(Surface(u, v, *sizes, style, *noise))
    assert seen.albedo.dtype == np.float32
    assert seen.albedo.min() >= 0.04
    assert seen.albedo.max() <= 0.9
    if seen.emission is not None:
        assert seen.emission.dtype == np.float32
        assert seen.emission.min() >= 0.0
