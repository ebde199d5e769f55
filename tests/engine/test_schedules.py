from __future__ import annotations

from itertools import pairwise

import pytest

from vo_gan.engine.schedules import linear_decay, rate_factor


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


def test_schedules_of_a_training() -> None:
    def factors(schedule: str, at: float, decay: float = 0.5) -> list[float]:
        return [rate_factor(schedule, step, 6, at, decay) for step in range(6)]  # type: ignore[arg-type]

    assert factors("constant", 0.1) == [1.0] * 6
    assert factors("drop", 0.5, 0.1) == [1.0, 1.0, 1.0, 0.1, 0.1, 0.1]
    assert factors("repeat", 1 / 3) == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert factors("linear", 0.5) == pytest.approx([1.0, 1.0, 1.0, 2 / 3, 1 / 3, 0.0])
