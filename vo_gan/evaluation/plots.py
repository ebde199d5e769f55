"""Pictures of trajectories."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vo_gan.files import replace_file
from vo_gan.odometry.trajectory import Trajectory

COLOURS = ("#d1495b", "#2e86ab", "#c98a00", "#3f7d4e", "#7b5ea7", "#8d6e63")
LINE_STYLES = ("-", "--", "-.", ":")
"""Of the estimates, in turn: colour and style, so that they are told apart without seeing colours too."""

DARK = "#30343b"
PLOT_INCHES = 6.0
DOTS_PER_INCH = 150


def plot_trajectories(path: Path, truth: Trajectory | None, estimates: Mapping[str, Trajectory], title: str) -> None:
    """Draw trajectories from above, x to the right and z upwards, both axes at one scale, as a PNG.

    Args:
        path: the PNG.
        truth: drawn as a broad grey line under the others; None if it is not known.
        estimates: by label, in the frame of the truth, that is, aligned as they should be seen.
        title: over the picture.

    Raises:
        ValueError: there is no trajectory at all.
        VoGanError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    everything = ([truth] if truth is not None else []) + list(estimates.values())
    if not everything:
        raise ValueError("there is no trajectory to draw")
    low, high = _frame(np.concatenate([_from_above(trajectory) for trajectory in everything], axis=1))
    width, height = PLOT_INCHES * (high - low) / (high - low).max()
    figure = Figure(figsize=(width + 1.6, height + 1.6), dpi=DOTS_PER_INCH, facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if truth is not None:
        x, z = _from_above(truth)
        axes.plot(x, z, color=DARK, alpha=0.3, linewidth=6.0, solid_capstyle="round", label="truth")
    for index, (label, trajectory) in enumerate(estimates.items()):
        x, z = _from_above(trajectory)
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(x, z, LINE_STYLES[index % len(LINE_STYLES)], color=colour, linewidth=2.0, label=label)
        axes.plot(x[-1], z[-1], "o", color=colour, markersize=8.0, markeredgecolor="white", zorder=4)
    x, z = _from_above(everything[0])
    axes.plot(x[0], z[0], "s", color=DARK, markersize=8.0, markeredgecolor="white", label="start", zorder=5)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_aspect("equal", adjustable="box")
    axes.set_xlabel("x, to the right (m)")
    axes.set_ylabel("z, forward (m)")
    axes.grid(color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9aa1ab")
    axes.tick_params(colors="#565d68")
    figure.suptitle(title, fontsize=13, fontweight="bold", color=DARK)
    figure.legend(loc="outside lower center", frameon=False, fontsize=10, ncols=4 if width > 4 else 2)
    picture = io.BytesIO()
    canvas.print_png(picture)
    replace_file(path, picture.getvalue())


def _from_above(trajectory: Trajectory) -> np.ndarray:
    """x and z of all positions, `[2, n]`."""
    return trajectory.world_from_camera[:, (0, 2), 3].T


def _frame(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner of a frame around all points, at most 2.5 times as long as broad, so that a
    straight road is not drawn as a hair."""
    low, high = points.min(axis=1), points.max(axis=1)
    span = np.maximum(high - low, 1.0)
    half = 0.55 * np.maximum(span, span.max() / 2.5)
    centre = (low + high) / 2
    return centre - half, centre + half
