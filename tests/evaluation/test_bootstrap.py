"""The interval of a difference: its width where theory knows it, its coverage, and what it must not depend on."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.evaluation.bootstrap import PairedErrors, difference_interval


def paired(first: np.ndarray, second: np.ndarray, statistic: str = "mean") -> PairedErrors:
    return PairedErrors(first, second, np.ones(len(first)), statistic)  # type: ignore[arg-type]


def test_width_for_independent_values_is_that_of_the_normal_distribution() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 4000))
    interval = difference_interval(paired(first, second + 0.5))
    assert interval is not None
    assert interval.block == 100
    half = 1.96 * np.std(second - first) / np.sqrt(4000)
    middle = np.mean(second - first) + 0.5
    assert (interval.low, interval.high) == pytest.approx((middle - half, middle + half), abs=0.25 * half)


def test_what_both_have_in_common_cancels_out() -> None:
    random = np.random.default_rng(0)
    hard = random.normal(scale=100.0, size=1000)
    first = hard + random.normal(scale=0.01, size=1000)
    interval = difference_interval(paired(first, hard + 0.1))
    assert interval is not None
    assert interval.low == pytest.approx(0.1, abs=0.005)
    assert interval.high == pytest.approx(0.1, abs=0.005)


def test_identical_runs_differ_by_nothing() -> None:
    values = np.random.default_rng(0).normal(size=500)
    interval = difference_interval(paired(values, values))
    assert interval is not None
    assert (interval.low, interval.high) == (0.0, 0.0)


def test_dependent_values_give_a_wider_interval() -> None:
    """A moving average over 50 values has 50 times the variance of the mean that independence would give."""
    noise = np.random.default_rng(0).normal(size=5049)
    smooth = np.convolve(noise, np.ones(50) / np.sqrt(50), mode="valid")
    zero = np.zeros(5000)
    dependent = difference_interval(paired(zero, smooth))
    independent = difference_interval(paired(zero, np.random.default_rng(1).permutation(smooth)))
    assert dependent is not None
    assert independent is not None
    assert dependent.high - dependent.low > 4 * (independent.high - independent.low)


def test_coverage() -> None:
    """Of 200 drives with dependent errors and a true difference of 0, some 95 % have 0 inside."""
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        smooth = np.convolve(random.normal(size=2004), np.ones(5), mode="valid")
        interval = difference_interval(paired(np.zeros(2000), smooth), replicates=400)
        assert interval is not None
        inside += interval.low <= 0 <= interval.high
    assert 0.85 <= inside / 200 <= 0.99


def test_root_mean_square() -> None:
    interval = difference_interval(paired(np.full(100, 4.0), np.full(100, 9.0), "root mean square"))
    assert interval is not None
    assert (interval.low, interval.high) == (1.0, 1.0)
    assert interval.block == 10


def test_weights_of_frames_are_those_of_their_errors() -> None:
    """Where a frame has several errors, or none, the mean is over errors."""
    count = np.tile([0.0, 3.0], 100)
    first = 2.0 * count
    interval = difference_interval(PairedErrors(first, first + count, count))
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((1.0, 1.0))


def test_seed() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 300))
    assert difference_interval(paired(first, second), seed=1) == difference_interval(paired(first, second), seed=1)
    assert difference_interval(paired(first, second), seed=1) != difference_interval(paired(first, second), seed=2)


def test_too_short() -> None:
    assert difference_interval(paired(np.zeros(19), np.ones(19))) is None
    assert difference_interval(PairedErrors(np.zeros(50), np.zeros(50), np.zeros(50))) is None
    few = np.zeros(500)
    few[100:110] = 1.0
    assert difference_interval(PairedErrors(few, few, few)) is None
