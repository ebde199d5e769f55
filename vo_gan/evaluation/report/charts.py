"""Charts as inline SVG that takes its colours from the page: lines over a shared pair of axes, and histograms.

All are drawn 440 units broad with letters of 13 units, so that they can be read both on a phone, where the whole
width is some 330 pixels, and beside each other on a desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

WIDTH = 440
LEFT, RIGHT, TOP, BOTTOM = 54, 16, 28, 44
"""Margins of the axes."""
BUCKETS = 240
"""A line of more points keeps the lowest and highest of each of so many stretches."""
DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 2")
SERIES = 5
"""Number of line colours in the style sheet."""


@dataclass(frozen=True)
class Series:
    """A line of a chart.

    Attributes:
        label: in the legend, which is left out where there is one line only.
        x: abscissas, increasing.
        y: ordinates.
        dots: mark every point, for few of them.
    """

    label: str
    x: Float64[np.ndarray, " n"]
    y: Float64[np.ndarray, " n"]
    dots: bool = False


@dataclass(frozen=True)
class Frame:
    """The axes of a chart: what `x` and `y` map to which units of the drawing.

    Attributes:
        x: lowest and highest abscissa.
        y: lowest and highest ordinate.
        height: of the whole drawing.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    height: int

    def across(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Abscissas in units of the drawing."""
        return LEFT + (values - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)

    def down(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Ordinates in units of the drawing, which count downwards."""
        return self.height - BOTTOM - (values - self.y[0]) / (self.y[1] - self.y[0]) * (self.height - TOP - BOTTOM)


def line_chart(series: Sequence[Series], *, title: str, x_label: str, y_label: str, height: int = 240) -> str:
    """Lines over one pair of axes; the vertical one starts at 0 unless there are values below.

    Args:
        series: up to 5 lines with a point at least.
        title: what a screen reader says.
        x_label: name and unit.
        y_label: name and unit.
        height: of the drawing, which is 440 broad.

    Raises:
        ValueError: nothing to draw, or more lines than colours.
    """
    drawn = [line for line in series if line.x.size]
    if not drawn or len(drawn) > SERIES:
        raise ValueError(f"expected 1 to {SERIES} lines with points, found {len(drawn)}")
    x = np.concatenate([line.x for line in drawn])
    y = np.concatenate([line.y for line in drawn])
    frame = Frame(_span(float(x.min()), float(x.max())), _span(min(0.0, float(y.min())), float(y.max())), height)
    parts = [*_axes(frame, x_label, y_label), *_legend([line.label for line in drawn] if len(drawn) > 1 else [])]
    for index, line in enumerate(drawn):
        colour = f"var(--s{index})"
        shown_x, shown_y = thinned(line.x, line.y)
        across, down = frame.across(shown_x), frame.down(shown_y)
        dash = f' stroke-dasharray="{DASHES[index]}"' if DASHES[index] else ""
        parts.append(f'<path class="line" stroke="{colour}"{dash} d="{path_data(across, down)}"/>')
        if line.dots or len(shown_x) == 1:
            parts += [
                f'<circle cx="{a:.1f}" cy="{d:.1f}" r="3.5" fill="{colour}"/>'
                for a, d in zip(across, down, strict=True)
            ]
    return drawing(title, WIDTH, height, parts)


def histogram(
    counts: Float64[np.ndarray, " bins"],
    edges: Float64[np.ndarray, " edges"],
    *,
    title: str,
    x_label: str,
    y_label: str,
    height: int = 240,
) -> str:
    """Bars between `edges`, one edge more than there are bars."""
    frame = Frame((float(edges[0]), float(edges[-1])), _span(0.0, float(counts.max())), height)
    across, top, base = frame.across(edges), frame.down(counts), height - BOTTOM
    bars = [
        f'<rect class="bar" x="{left + 0.5:.1f}" y="{y:.1f}" width="{max(right - left - 1, 0.5):.1f}" '
        f'height="{base - y:.1f}"/>'
        for left, right, y in zip(across[:-1], across[1:], top, strict=True)
        if base - y > 0
    ]
    return drawing(title, WIDTH, height, [*_axes(frame, x_label, y_label), *bars])


def thinned(
    x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """A line of at most 2 * BUCKETS points that looks like the given one: of every stretch of equally many points, the
    lowest and the highest."""
    if len(x) <= 2 * BUCKETS:
        return x, y
    bounds = np.linspace(0, len(x), BUCKETS + 1).astype(int)
    stretches = [(start, y[start:stop]) for start, stop in pairwise(bounds)]
    kept = np.unique([start + row for start, part in stretches for row in (part.argmin(), part.argmax())])
    return x[kept], y[kept]


def drawing(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    """An `<svg>` element that a screen reader takes for a picture with a title."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )


def path_data(across: Float64[np.ndarray, " n"], down: Float64[np.ndarray, " n"]) -> str:
    """The points as the `d` of a `<path>`, in tenths of a unit."""
    points = [f"{a:.1f} {d:.1f}" for a, d in zip(across, down, strict=True)]
    return f"M{'L'.join(points)}"


def label(x: float | int, y: float | int, text: str, anchor: str = "middle", style: str = "") -> str:
    """A text at a place; `anchor` says which part of it stands there: start, middle or end."""
    classed = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{classed}>{escape(text)}</text>'


def round_step(span: float, count: int) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that divides `span` into at most `count` parts."""
    raw = span / count
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9)))


def ticks(low: float, high: float, count: int = 5) -> Float64[np.ndarray, " ticks"]:
    """Round numbers from `low` to `high`."""
    step = round_step(high - low, count)
    first = np.ceil(low / step - 1e-9)
    values = step * np.arange(first, np.floor(high / step + 1e-9) + 1)
    return values + 0.0  # no -0


def _span(low: float, high: float) -> tuple[float, float]:
    """Bounds of an axis: round ones at and beyond the values, some apart."""
    if high - low < 1e-9:
        high = low + (abs(low) if low else 1.0)
    step = round_step(high - low, 5)
    return float(np.floor(low / step + 1e-9) * step), float(np.ceil(high / step - 1e-9) * step)


def _axes(frame: Frame, x_label: str, y_label: str) -> list[str]:
    """Grid lines, the numbers at them and the names of the axes."""
    base, right = frame.height - BOTTOM, WIDTH - RIGHT
    parts = []
    ordinates, abscissas = ticks(*frame.y), ticks(*frame.x)
    for value, y in zip(ordinates, frame.down(ordinates), strict=True):
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(label(LEFT - 8, y + 4.5, f"{value:g}", "end"))
    for value, x in zip(abscissas, frame.across(abscissas), strict=True):
        parts.append(f'<path class="axis" d="M{x:.1f} {base}v4"/>')
        parts.append(label(x, base + 18, f"{value:g}"))
    parts.append(f'<path class="axis" d="M{LEFT} {base}H{right}"/>')
    parts.append(label(right, frame.height - 6, x_label, "end"))
    parts.append(label(0, 12, y_label, "start", "strong"))
    return parts


def _legend(labels: Sequence[str]) -> list[str]:
    """Line samples and names, to the right above the axes."""
    parts = []
    x = float(WIDTH - RIGHT)
    for index in reversed(range(len(labels))):
        parts.append(label(x, 12, labels[index], "end"))
        x -= 7.0 * len(labels[index]) + 6
        dash = f' stroke-dasharray="{DASHES[index]}"' if DASHES[index] else ""
        parts.append(f'<path class="line" stroke="var(--s{index})"{dash} d="M{x - 22:.1f} 8h20"/>')
        x -= 34
    return parts
