"""A trajectory over the true one: from above as a drawing, and in three dimensions as a view that can be turned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.evaluation.report.charts import DASHES, drawing, label, path_data, round_step
from vo_gan.evaluation.report.path_errors import PathErrors

WIDTH, MAP_HEIGHT = 440, (150.0, 460.0)
"""Breadth of the drawing, and the least and greatest height of the map in it."""
MARGIN = 14
LEVELS = 10
"""Colours of the error ramp in the style sheet, from small to large."""
POINTS = 1500
"""A path of more poses is drawn through so many, evenly chosen."""
LINKS = 24
"""Lines between an estimated and its true position in the turning view."""


@dataclass(frozen=True)
class Paths:
    """Positions to draw, metres, x right, y down, z forward.

    Attributes:
        truth: of all true poses.
        estimate: of the estimated poses, laid over the truth.
        partners: of the true poses that belong to the estimated ones.
        errors: of the estimated poses; None where no scale is defined, and the estimate then has one colour.
        others: more estimates by name, drawn as thin lines.
    """

    truth: Float64[np.ndarray, "n 3"]
    estimate: Float64[np.ndarray, "m 3"]
    partners: Float64[np.ndarray, "m 3"]
    errors: PathErrors | None
    others: Mapping[str, Float64[np.ndarray, "_ 3"]]

    def largest_error(self) -> float:
        """The upper end of the colour bar, a round number of metres."""
        if self.errors is None:
            return 1.0
        largest = max(float(self.errors.translation.max()), 1e-3)
        step = round_step(largest, 5)
        return float(np.ceil(largest / step - 1e-9) * step)

    def levels(self) -> Int64[np.ndarray, " m"]:
        """The colour of every estimated pose."""
        if self.errors is None:
            return np.zeros(len(self.estimate), np.int64)
        return (LEVELS * self.errors.translation / self.largest_error()).astype(np.int64).clip(0, LEVELS - 1)


@dataclass(frozen=True)
class TurningView:
    """The paths in 3D, turned by mouse, touch and arrow keys.

    Attributes:
        paths: what to show.
        caption: a sentence below it.
    """

    paths: Paths
    caption: str
    wide: bool = False
    script: str = "viewer.js"

    def html(self) -> str:
        """An empty drawing with its data, which the script fills."""
        paths = self.paths
        true, kept = _chosen(len(paths.truth)), _chosen(len(paths.estimate))
        data = {
            "truth": np.round(paths.truth[true], 3).tolist(),
            "estimate": np.round(paths.estimate[kept], 3).tolist(),
            "levels": paths.levels()[kept].tolist() if paths.errors is not None else [],
            "links": [
                np.round((paths.estimate[row], paths.partners[row]), 3).tolist()
                for row in np.unique(np.linspace(0, len(paths.estimate) - 1, LINKS).astype(int))
            ],
        }
        return (
            '<figure class="turnable">\n<svg class="turn" viewBox="0 0 440 330" tabindex="0" role="application" '
            'aria-roledescription="3D view" aria-label="The path in 3D. Arrow keys turn it, plus and minus zoom, Home '
            'resets."></svg>\n'
            f'<script type="application/json">{json.dumps(data, separators=(",", ":"))}</script>\n'
            "<noscript>The 3D view needs scripts to be allowed for this page.</noscript>\n"
            '<p class="keys">Drag or swipe sideways to turn, or focus it and use <kbd>←</kbd> <kbd>→</kbd> '
            "<kbd>↑</kbd> <kbd>↓</kbd> <kbd>+</kbd> <kbd>−</kbd> <kbd>Home</kbd>.</p>\n"
            f"<figcaption>{escape(self.caption)}</figcaption>\n</figure>"
        )


def draw_from_above(paths: Paths, title: str) -> str:
    """An SVG of the paths, x to the right and z upwards at one scale, with start, end, scale bar and colour bar.

    Args:
        paths: what to draw.
        title: what a screen reader says.
    """
    positions = [paths.truth, paths.estimate, *paths.others.values()]
    everything = np.concatenate([points[:, (0, 2)] for points in positions])
    low, high = everything.min(axis=0), everything.max(axis=0)
    span = np.maximum(high - low, 1.0)
    scale = min((WIDTH - 2 * MARGIN) / span[0], (MAP_HEIGHT[1] - 2 * MARGIN) / span[1])
    map_height = max(scale * span[1] + 2 * MARGIN, MAP_HEIGHT[0])
    centre = (low + high) / 2

    def place(points: Float64[np.ndarray, "k 3"]) -> tuple[Float64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
        across = WIDTH / 2 + scale * (points[:, 0] - centre[0])
        return across, map_height / 2 - scale * (points[:, 2] - centre[1])

    truth = paths.truth[_chosen(len(paths.truth))]
    parts = [f'<path class="truth" d="{path_data(*place(truth))}"/>']
    for index, points in enumerate(paths.others.values(), start=1):
        across, down = place(points[_chosen(len(points))])
        dash = f' stroke-dasharray="{DASHES[index]}"'
        parts.append(f'<path class="line" stroke="var(--s{index})"{dash} d="{path_data(across, down)}"/>')
    parts += _coloured(paths, place)
    parts += _ends(place(paths.estimate[[0, -1]]))
    height = map_height + 8
    parts += _scale_bar(scale, height)
    height, legend = _legend(paths, height)
    return drawing(title, WIDTH, round(height), parts + legend)


def _chosen(count: int) -> Int64[np.ndarray, " k"]:
    """At most POINTS rows of `count`, evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).astype(np.int64))


def _coloured(paths: Paths, place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """The estimate as one line per run of poses of one level."""
    rows = _chosen(len(paths.estimate))
    across, down = place(paths.estimate[rows])
    if paths.errors is None:
        return [f'<path class="path" stroke="var(--s0)" d="{path_data(across, down)}"/>']
    levels = paths.levels()[rows]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(levels)) + 1, [len(rows)]))
    parts = []
    for start, stop in pairwise(starts):
        run = slice(start, min(stop + 1, len(rows)))  # to the next run's first point, so that there is no gap
        parts.append(f'<path class="path" stroke="var(--q{levels[start]})" d="{path_data(across[run], down[run])}"/>')
    return parts


def _ends(places: tuple[np.ndarray, np.ndarray]) -> list[str]:
    """A square at the start of the estimate, a disc at its end."""
    (start_x, end_x), (start_y, end_y) = places
    return [
        f'<rect class="mark" x="{start_x - 5:.1f}" y="{start_y - 5:.1f}" width="10" height="10"/>',
        f'<circle class="mark" cx="{end_x:.1f}" cy="{end_y:.1f}" r="5.5"/>',
    ]


def _scale_bar(scale: float, y: float) -> list[str]:
    """A bar of a round number of metres, below the map to the right."""
    length = round_step(WIDTH / scale / 5, 1)
    right = WIDTH - 1.0
    left = right - scale * length
    return [
        f'<path class="axis" d="M{left:.1f} {y:.1f}v6H{right:.1f}v-6"/>',
        label(right, y + 22, f"{length:g} m", "end"),
    ]


def _legend(paths: Paths, top: float) -> tuple[float, list[str]]:
    """What the lines are, and the colour bar; with the height it all ends at."""
    y = top + 8
    parts = [
        f'<rect class="mark" x="1" y="{y - 5:.1f}" width="10" height="10"/>',
        label(17, y + 4.5, "start", "start"),
        f'<circle class="mark" cx="68" cy="{y:.1f}" r="5.5"/>',
        label(80, y + 4.5, "end", "start"),
        f'<path class="truth" d="M118 {y:.1f}h18"/>',
        label(145, y + 4.5, "truth", "start"),
    ]
    y += 30
    if paths.errors is None:
        parts += [f'<path class="path" stroke="var(--s0)" d="M0 {y:.1f}h22"/>', label(30, y + 4.5, "estimate", "start")]
        y += 22
    else:
        parts += _colour_bar(paths.largest_error(), y)
        y += 44
    for index, name in enumerate(paths.others, start=1):
        dash = f' stroke-dasharray="{DASHES[index]}"'
        parts.append(f'<path class="line" stroke="var(--s{index})"{dash} d="M0 {y:.1f}h22"/>')
        parts.append(label(30, y + 4.5, name, "start"))
        y += 22
    return y, parts


def _colour_bar(largest: float, y: float) -> list[str]:
    step = 27.0
    parts = [
        label(0, y + 4.5, "estimate, error of", "start", "strong"),
        label(0, y + 22, "position (m)", "start", "strong"),
    ]
    left = WIDTH - LEVELS * step
    parts += [
        f'<rect x="{left + index * step:.1f}" y="{y - 6:.1f}" width="{step:.1f}" height="12" fill="var(--q{index})"/>'
        for index in range(LEVELS)
    ]
    for share in (0.0, 0.5, 1.0):
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[share]
        parts.append(label(left + share * LEVELS * step, y + 23, f"{share * largest:g}", anchor))
    return parts
