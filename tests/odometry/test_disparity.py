from __future__ import annotations

import numpy as np
import pytest

from vo_gan.odometry import DisparityMap
from vo_gan.odometry.disparity import ONE_PIXEL, agreement, fill_background


def test_holes_take_the_background_beside_them() -> None:
    rows = np.array([[0, 5, 0, 0, 2, 0], [0, 0, 0, 0, 0, 0], [7, 0, 0, 9, 0, 0], [0, 0, 0, 0, 0, 0]], dtype=np.float32)
    expected = [[5, 5, 2, 2, 2, 2], [5, 5, 2, 2, 2, 2], [7, 7, 7, 9, 9, 9], [7, 7, 7, 9, 9, 9]]
    np.testing.assert_array_equal(fill_background(rows), np.array(expected, dtype=np.float32))


def test_rows_above_the_first_known_one_take_it() -> None:
    values = np.zeros((3, 4), np.float32)
    values[1, 2] = 3.0
    np.testing.assert_array_equal(fill_background(values), np.full((3, 4), 3.0, np.float32))
    np.testing.assert_array_equal(fill_background(np.zeros((3, 4), np.float32)), np.zeros((3, 4), np.float32))


def test_what_is_known_stays() -> None:
    values = np.random.default_rng(0).uniform(0.1, 9.0, (20, 30)).astype(np.float32)
    known = np.random.default_rng(1).uniform(size=values.shape) > 0.7
    filled = DisparityMap(np.where(known, values, np.float32(0.0))).filled()
    np.testing.assert_array_equal(filled.disparity[known], values[known])
    assert filled.density == 1.0


def test_confidence_falls_with_the_views_difference() -> None:
    left = np.full((2, 20), 4.0, np.float32)
    left[1, 10] = 0.0
    right = np.full((2, 20), 4.0, np.float32)
    right[0, 8] = 5.0
    confidence = agreement(left, right)
    assert confidence[0, 15] == pytest.approx(1.0)
    assert confidence[0, 12] == pytest.approx(np.exp(-1.0), rel=1e-3)
    assert (confidence[:, :4] == 0).all()  # outside the right view
    assert confidence[1, 10] == 0  # unknown
    kept = DisparityMap(left, confidence).confident(ONE_PIXEL)
    assert kept.disparity[0, 12] == 4.0
    assert kept.density == pytest.approx((2 * 16 - 1) / 40)
    with pytest.raises(ValueError, match="no confidence"):
        DisparityMap(left).confident()


def test_depth_is_inverse_and_unknown_stays_unknown() -> None:
    depth = DisparityMap(np.array([[4.0, 0.0]], dtype=np.float32)).depth(fx=200.0, baseline=0.5)
    np.testing.assert_array_equal(depth, np.array([[25.0, 0.0]], dtype=np.float32))
