"""The picture of a map: size, what covers what, and where things lie."""

from __future__ import annotations

import cv2
import numpy as np

from vo_gan.mapping.render import BACKGROUND, TRAJECTORY, encode_png, render_map


def carpet(height: float, colour: tuple[int, int, int], half: float = 6.0) -> tuple[np.ndarray, np.ndarray]:
    """A level square of points at `y = height` around (0, 10)."""
    side = np.arange(-half, half, 0.1)
    x, z = (grid.ravel() for grid in np.meshgrid(side, side + 10))
    points = np.stack([x, np.full_like(x, height), z], axis=1).astype(np.float32)
    return points, np.tile(np.array(colour, np.uint8), (len(points), 1))


def forward(frames: int = 20) -> np.ndarray:
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 2, 3] = np.linspace(0, 20, frames)
    return poses


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(picture.astype(int) - colour).max(axis=-1) < 40).mean())


def test_the_picture_has_the_width_asked_for_and_shows_the_cloud():
    points, colours = carpet(1.6, (200, 20, 20))
    picture = render_map(points, colours, forward(), 0.1, width=800)
    assert picture.dtype == np.uint8
    assert picture.shape[1] == 800
    assert 240 <= picture.shape[0] <= 800
    assert share(picture, (245, 39, 39)) > 0.2
    assert share(picture, BACKGROUND) > 0.2


def test_what_is_above_covers_what_is_below():
    low, red = carpet(1.6, (200, 20, 20))
    high, blue = carpet(1.2, (20, 20, 200))
    for points, colours in (
        (np.concatenate([low, high]), np.concatenate([red, blue])),
        (np.concatenate([high, low]), np.concatenate([blue, red])),
    ):
        picture = render_map(points, colours, forward(), 0.1, width=600)
        centre = picture[picture.shape[0] // 2 + 12 :, 280:320]
        assert share(centre, (39, 39, 245)) > 4 * share(centre, (245, 39, 39))


def test_what_hangs_far_above_the_camera_is_left_out():
    ground, red = carpet(1.6, (200, 20, 20))
    roof, blue = carpet(-8.0, (20, 20, 200))
    picture = render_map(np.concatenate([ground, roof[::3]]), np.concatenate([red, blue[::3]]), forward(), 0.1)
    assert share(picture, (245, 39, 39)) > 0.1
    assert share(picture, (39, 39, 245)) == 0


def test_the_drive_runs_from_left_to_right():
    points, colours = carpet(1.6, (90, 90, 90))
    for poses in (forward(), forward()[:, [2, 1, 0, 3]]):
        picture = render_map(points, colours, poses, 0.1, width=600)
        columns = np.nonzero((np.abs(picture.astype(int) - TRAJECTORY).max(axis=-1) < 8).any(axis=0))[0]
        assert columns[-1] - columns[0] > 300
        ends = [
            (np.abs(picture[:, c : c + 14].astype(int) - TRAJECTORY).max(axis=-1) < 8).sum()
            for c in (columns[0], columns[-1] - 13)
        ]
        assert ends[1] > ends[0]  # a disc at the end, a ring at the start


def test_a_camera_that_never_moved_still_gives_a_picture():
    points, colours = carpet(1.6, (200, 20, 20))
    picture = render_map(points, colours, np.tile(np.eye(4), (3, 1, 1)), 0.1, unit=None, width=400)
    assert share(picture, (245, 39, 39)) > 0.1
    single = render_map(points[:1], colours[:1], forward(2), 0.1, width=400)
    assert single.shape[1] == 400


def test_png_keeps_the_colours():
    picture = np.zeros((4, 5, 3), np.uint8)
    picture[..., 0] = 255
    decoded = cv2.imdecode(np.frombuffer(encode_png(picture), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], picture)


def test_gaps_between_rows_of_points_are_closed_and_the_outline_stays():
    points, colours = carpet(1.6, (200, 20, 20))
    whole = render_map(points, colours, forward(), 0.1, width=800)
    rows = np.round(points[:, 2] / 0.1).astype(int) % 20 != 0
    gappy = render_map(points[rows], colours[rows], forward(), 0.1, width=800)
    assert share(gappy, (245, 39, 39)) > 0.97 * share(whole, (245, 39, 39))
    assert share(gappy, BACKGROUND) < 1.03 * share(whole, BACKGROUND)
