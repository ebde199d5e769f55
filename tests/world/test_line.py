"""Lines in plan: known circles, agreement of position, heading and curvature, and smooth connections."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.roads.line import Line, connection, straight_points


def circle(radius: float, angle: float) -> Line:
    """A bend to the right that starts at the origin along z."""
    turn = np.linspace(0.0, angle, int(radius * angle / 0.4))
    return Line.through(np.stack([radius * (1 - np.cos(turn)), radius * np.sin(turn)], axis=1))


def test_circle_has_its_length_heading_and_curvature() -> None:
    line = circle(30.0, 2.01)
    assert line.length == 60.0
    np.testing.assert_allclose(line.curvature, 1 / 30.0, rtol=2e-3)
    np.testing.assert_allclose(line.heading, line.stations() / 30.0, atol=1e-4)


def test_points_between_the_samples_lie_on_the_circle() -> None:
    line = circle(8.0, 3.0)
    stations = np.linspace(0.0, line.length, 777)
    centre = np.array([8.0, 0.0])
    np.testing.assert_allclose(np.linalg.norm(line.point_at(stations) - centre, axis=1), 8.0, atol=5e-4)
    np.testing.assert_allclose(np.linalg.norm(line.point_at(stations, 3.0) - centre, axis=1), 5.0, atol=1e-3)


def test_line_goes_on_straight_beyond_its_ends() -> None:
    line = Line.through(straight_points(np.array([1.0, 2.0]), np.array([1.0, 12.0])))
    np.testing.assert_allclose(line.point_at(np.array([-3.0, 14.0]), 0.5), [[1.5, -1.0], [1.5, 16.0]], atol=1e-9)


def test_line_to_the_end_ends_there() -> None:
    end = np.array([3.0, 10.3])
    line = Line.through(straight_points(np.zeros(2), end), to_the_end=True)
    np.testing.assert_allclose(line.position[[0, -1]], np.stack([np.zeros(2), end]), atol=1e-9)
    assert line.length == pytest.approx(np.hypot(*end))


def test_reversed_line_goes_back_along_the_same_curve() -> None:
    line = circle(20.0, 1.5)
    back = line.reversed()
    station = np.array([3.3, 11.1])
    np.testing.assert_allclose(back.point_at(line.length - station, -1.7), line.point_at(station, 1.7), atol=1e-9)
    np.testing.assert_allclose(back.heading_at(line.length - station), line.heading_at(station) + np.pi)
    np.testing.assert_allclose(back.curvature, -line.curvature[::-1])


@pytest.mark.parametrize("turn", [-1.9, -0.8, 0.0, 0.1, 1.57])
def test_connection_joins_without_a_jerk(turn: float) -> None:
    tangent = 10.0
    start = np.array([0.0, -tangent])
    end = tangent * np.array([np.sin(turn), np.cos(turn)])
    points = connection(start, 0.0, end, turn)
    np.testing.assert_allclose(points[[0, -1]], [start, end], atol=1e-12)
    line = Line.through(points, to_the_end=True)
    assert line.heading[0] == pytest.approx(0.0, abs=0.01)
    assert line.heading[-1] == pytest.approx(turn, abs=0.01)
    assert np.abs(line.curvature[[0, -1]]).max() < 0.25 * np.abs(line.curvature).max() + 0.01
    if turn == 1.57:
        assert 1 / np.abs(line.curvature).max() == pytest.approx(0.89 * tangent, rel=0.03)
