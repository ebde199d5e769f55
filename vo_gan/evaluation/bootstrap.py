"""How sure the difference between two means is, when neighbouring values depend on each other.

Circular block bootstrap (Politis and Romano, 1992; moving blocks: Künsch, Annals of Statistics 17, 1989): a drive is
put together anew from stretches of consecutive frames, drawn with replacement, the last frame being followed by the
first, and both runs get the same stretches, so that what is hard for both cancels out (paired). The interval is the
percentile interval of the differences (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).

Values that depend on each other over longer than a block, such as sub-sequences of 800 m, or position errors that a
drift has built up, make the true interval wider than the one given: it tells how much a result depends on which
stretches of this drive are looked at, not how another drive would come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

BLOCK_FRAMES = 100
FEWEST_BLOCKS = 10
"""A block has 100 frames (10 s of KITTI), or a tenth of the drive if it is shorter than 1000 frames."""

FEWEST_FRAMES = 20

CONFIDENCE = 0.95
REPLICATES = 2000

Statistic = Literal["mean", "root mean square"]


@dataclass(frozen=True)
class PairedErrors:
    """Errors of two runs at the same places.

    Attributes:
        first: sum of the errors (or of their squares) of the first run that belong to every frame.
        second: likewise of the second run.
        count: how many errors these are, equal for both; 0 where there is none.
        statistic: what is made of them: sum / count, or its square root.
    """

    first: Float64[np.ndarray, " n"]
    second: Float64[np.ndarray, " n"]
    count: Float64[np.ndarray, " n"]
    statistic: Statistic = "mean"


@dataclass(frozen=True)
class Interval:
    """An interval of the difference second - first, and the block length in frames behind it."""

    low: float
    high: float
    block: int


def difference_interval(
    errors: PairedErrors, seed: int = 0, replicates: int = REPLICATES, confidence: float = CONFIDENCE
) -> Interval | None:
    """The percentile interval of the difference, or None over fewer than 20 frames.

    Args:
        errors: of both runs. Frames before the first and after the last error play no part.
        seed: of the drawing; the same seed gives the same interval.
        replicates: how many drives are put together.
        confidence: share of the differences inside the interval.
    """
    there = np.flatnonzero(errors.count)
    if not there.size or there[-1] - there[0] + 1 < FEWEST_FRAMES:
        return None
    used = slice(int(there[0]), int(there[-1]) + 1)
    frames = used.stop - used.start
    block = min(BLOCK_FRAMES, frames // FEWEST_BLOCKS)
    starts = np.random.default_rng(seed).integers(0, frames, (replicates, -(-frames // block)))
    first, second, count = (
        _block_sums(values[used], block)[starts].sum(axis=1) for values in (errors.first, errors.second, errors.count)
    )
    kept = count > 0
    first, second = first[kept] / count[kept], second[kept] / count[kept]
    if errors.statistic == "root mean square":
        first, second = np.sqrt(first), np.sqrt(second)
    low, high = np.quantile(second - first, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Interval(float(low), float(high), block)


def _block_sums(values: Float64[np.ndarray, " n"], block: int) -> Float64[np.ndarray, " n"]:
    """Sums over `block` values from each on, the first following the last."""
    total = np.concatenate(([0.0], np.cumsum(np.concatenate((values, values[: block - 1])))))
    return total[block:] - total[:-block]
