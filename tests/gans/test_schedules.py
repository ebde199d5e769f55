from __future__ import annotations

from itertools import pairwise

import pytest

from vo_gan.gans.schedules import halving, linear_decay


def test_linear_decay_really_ends_at_zero() -> None:
    factors = [linear_decay(step, keep=100, decay=100) for step in range(201)]
    assert factors[:100] == [1.0] * 100
    assert factors[100] == pytest.approx(0.99)
    assert factors[199] == factors[200] == 0.0
    assert all(later <= earlier for earlier, later in pairwise(factors))


def test_no_decay_and_impossible_lengths() -> None:
    assert linear_decay(10_000, keep=10, decay=0) == 1.0
    with pytest.raises(ValueError, match="-1"):
        linear_decay(0, keep=-1, decay=5)


def test_halving() -> None:
    assert [halving(step, every=100) for step in (0, 99, 100, 250)] == [1.0, 1.0, 0.5, 0.25]
