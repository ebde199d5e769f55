"""Charts: well-formed, at the right places, and honest about peaks."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from vo_gan.evaluation.report.charts import (
    BOTTOM,
    BUCKETS,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Series,
    histogram,
    line_chart,
    round_step,
    thinned,
    ticks,
)


def numbers(path: str) -> np.ndarray:
    """The points of a `d`."""
    return np.array([[float(value) for value in point.split()] for point in path.lstrip("M").split("L")])


def test_a_line_runs_from_corner_to_corner() -> None:
    x = np.array([0.0, 10.0])
    svg = ElementTree.fromstring(line_chart([Series("", x, x)], title="t", x_label="x", y_label="y", height=240))
    (line,) = (part for part in svg if part.get("class") == "line")
    expected = [[LEFT, 240 - BOTTOM], [WIDTH - RIGHT, TOP]]
    np.testing.assert_allclose(numbers(line.attrib["d"]), expected, atol=0.06)
    assert {text.text for text in svg if text.tag == "text"} >= {"0", "2", "10", "x", "y"}


def test_texts_are_escaped_and_lines_are_told_apart_without_colours() -> None:
    lines = [Series("a < b", np.arange(3.0), np.arange(3.0)), Series("c & d", np.arange(3.0), np.ones(3), dots=True)]
    svg = ElementTree.fromstring(line_chart(lines, title='"t" & <u>', x_label="x", y_label="y"))
    assert svg.attrib["aria-label"] == '"t" & <u>'
    assert {"a < b", "c & d"} <= {text.text for text in svg if text.tag == "text"}
    assert sum("stroke-dasharray" in part.attrib for part in svg) == 2  # the line and its sample in the legend
    assert sum(part.tag == "circle" for part in svg) == 3


def test_bars_are_as_high_as_their_counts() -> None:
    svg = ElementTree.fromstring(
        histogram(np.array([0.0, 5.0, 10.0]), np.array([0.0, 1, 2, 3]), title="t", x_label="x", y_label="y")
    )
    heights = [float(part.attrib["height"]) for part in svg if part.get("class") == "bar"]
    np.testing.assert_allclose(heights, [(240 - TOP - BOTTOM) / 2, 240 - TOP - BOTTOM], atol=0.06)


def test_thinning_keeps_ends_of_range() -> None:
    generator = np.random.default_rng(0)
    x, y = np.arange(20_000.0), generator.normal(size=20_000)
    y[777], y[12_345] = 50.0, -50.0
    shown_x, shown_y = thinned(x, y)
    assert len(shown_x) <= 2 * BUCKETS
    assert (np.diff(shown_x) > 0).all()
    assert shown_y.max() == 50.0
    assert shown_y.min() == -50.0
    np.testing.assert_array_equal(y[shown_x.astype(int)], shown_y)
    assert thinned(x[:100], y[:100])[0] is not None
    assert len(thinned(x[:100], y[:100])[0]) == 100


@pytest.mark.parametrize(
    ("span", "count", "step"), [(10.0, 5, 2), (9.9, 5, 2), (0.03, 5, 0.01), (170.0, 1, 200), (7.0, 5, 2)]
)
def test_steps_are_round(span: float, count: int, step: float) -> None:
    assert round_step(span, count) == pytest.approx(step)


def test_ticks_lie_within() -> None:
    np.testing.assert_allclose(ticks(-1.0, 1.0), [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(ticks(0.0, 0.3, 3), [0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize("value", [0.0, 3.0, 1e-7])
def test_a_constant_and_a_single_point_can_be_drawn(value: float) -> None:
    for count in (1, 4):
        svg = line_chart([Series("", np.arange(float(count)), np.full(count, value))], title="", x_label="", y_label="")
        ElementTree.fromstring(svg)
        assert "nan" not in svg
        assert "inf" not in svg


def test_nothing_and_too_much_is_refused() -> None:
    for count in (0, 6):
        with pytest.raises(ValueError, match="expected 1 to 5 lines"):
            line_chart([Series("", np.ones(1), np.ones(1))] * count, title="", x_label="", y_label="")
