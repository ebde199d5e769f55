"""Training curves of a run, from its `metrics.csv`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from vo_gan.errors import VoGanError
from vo_gan.evaluation.report.charts import Series, line_chart
from vo_gan.evaluation.report.page import Block, Chart

HEADER = ["step", "name", "value"]
LEFT_OUT = ("seconds", "learning_rate")
"""Of the curves: what says nothing about what was learned."""

Curve = tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]
"""Steps and values."""


PARTS = ("train", "validation")
"""What is drawn; other rows, such as those of speed, say nothing of what is learned."""


def run_of(weights: Path) -> Path | None:
    """The run folder that weights are from: the folder itself, or the one whose checkpoint it is; None if neither has
    a `metrics.csv`."""
    places = [weights, *weights.absolute().parents[:2]]
    return next((place for place in places if (place / "metrics.csv").is_file()), None)


def training_blocks(run: Path) -> list[Block]:
    """A chart per figure that was logged while training, the validation's beside the training's where it has the same
    name.

    Args:
        run: a folder with a `metrics.csv`.

    Raises:
        VoGanError: the file is damaged.
    """
    curves = read_metrics(run / "metrics.csv")
    split = [name.partition("/") for name in curves]
    names = dict.fromkeys(name for part, _, name in split if part in PARTS)
    charts: list[Block] = []
    for name in names:
        if name.partition("/")[0] in LEFT_OUT:
            continue
        series = [
            Series(part, *curves[f"{part}/{name}"], dots=part == "validation")
            for part in PARTS
            if f"{part}/{name}" in curves
        ]
        parts = " and ".join("training" if line.label == "train" else "validation" for line in series)
        svg = line_chart(series, title=f"{name} over training", x_label="step", y_label=name, height=210)
        charts.append(Chart(svg, f"{name}, {parts}; last {series[-1].y[-1]:.4g}."))
    return charts


def read_metrics(path: Path) -> dict[str, Curve]:
    """Curves by name, such as `train/stereo`; values that are not finite are left out.

    Raises:
        VoGanError: the file cannot be read or is none of ours.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected the metrics.csv of a training run") from error
    if not rows or rows[0] != HEADER:
        raise VoGanError(f"{path}: does not start with {','.join(HEADER)}; expected the metrics.csv of a training run")
    points: dict[str, list[tuple[float, float]]] = {}
    for number, row in enumerate(rows[1:], start=2):
        try:
            step, name, value = row
            points.setdefault(name, []).append((float(step), float(value)))
        except ValueError:
            raise VoGanError(f"{path}, line {number}: expected a step, a name and a value, found {row}") from None
    curves = {}
    for name, values in points.items():
        steps, ordinates = np.array(values).T
        finite = np.isfinite(ordinates)
        if finite.any():
            curves[name] = (steps[finite], ordinates[finite])
    return curves
