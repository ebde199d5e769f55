"""Depth figures against numbers worked out by hand, and the protocol: cap, crop, scale, missing pixels, other sizes."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import crop_mask, evaluate_depth, resize_depth

TRUTH = np.array([[2.0, 4.0], [10.0, 0.0]])
ESTIMATE = np.array([[3.0, 4.0], [5.0, 7.0]])


def test_hand_computed() -> None:
    """Errors 1, 0 and -5 m at 2, 4 and 10 m; factors 1.5, 1 and 2. The pixel without truth does not count."""
    figures = evaluate_depth(TRUTH[None], ESTIMATE[None])
    assert figures.abs_rel == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert figures.sq_rel == pytest.approx((0.5 + 0 + 2.5) / 3)
    assert figures.rmse == pytest.approx(np.sqrt(26 / 3))
    assert figures.rmse_log == pytest.approx(np.sqrt((np.log(1.5) ** 2 + np.log(2) ** 2) / 3))
    assert (figures.delta1, figures.delta2, figures.delta3) == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert figures.scale_median == pytest.approx(1.0)
    assert figures.coverage_percent == 100.0
    assert figures.images == 1


def test_median_scaling_is_per_image() -> None:
    truth = np.random.default_rng(0).uniform(2.0, 60.0, (3, 8, 10))
    factors = np.array([0.5, 1.0, 2.0])
    figures = evaluate_depth(truth, truth / factors[:, None, None], median_scale=True)
    assert figures.abs_rel == pytest.approx(0.0, abs=1e-12)
    assert figures.delta1 == 1.0
    assert figures.scale_median == pytest.approx(1.0)
    assert figures.scale_std == pytest.approx(np.std(factors))
    unscaled = evaluate_depth(truth, truth / factors[:, None, None])
    assert unscaled.scale_std == figures.scale_std
    assert unscaled.abs_rel == pytest.approx((1.0 + 0.0 + 0.5) / 3, abs=0.05)  # less where clamped to 80 m


def test_figures_are_means_of_images_not_of_pixels() -> None:
    truth = [np.full((1, 1), 10.0), np.full((10, 10), 10.0)]
    estimate = [np.full((1, 1), 20.0), np.full((10, 10), 10.0)]
    figures = evaluate_depth(truth, estimate)
    assert figures.abs_rel == pytest.approx(0.5)
    assert figures.rmse == pytest.approx(5.0)


def test_cap() -> None:
    """True depths of 80 m and more do not count; estimates beyond it are clamped to it."""
    truth = np.array([[[79.0, 80.0, 120.0, 40.0]]])
    estimate = np.array([[[500.0, 1.0, 1.0, 40.0]]])
    assert evaluate_depth(truth, estimate).abs_rel == pytest.approx((1 / 79) / 2)
    assert evaluate_depth(truth, estimate, max_depth=50.0).abs_rel == pytest.approx(0.0)


def test_garg_crop_is_the_published_one() -> None:
    mask = crop_mask("garg", (375, 1242))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (153, 371, 44, 1197)
    truth = np.full((1, 100, 100), 10.0)
    estimate = np.where(crop_mask("garg", (100, 100)), 10.0, 50.0)[None]
    assert evaluate_depth(truth, estimate, crop="garg").abs_rel == pytest.approx(0.0)
    assert evaluate_depth(truth, estimate).abs_rel > 1.0  # type: ignore[operator]


def test_pixels_without_estimate_are_counted_in_the_coverage() -> None:
    truth = np.full((1, 2, 2), 10.0)
    estimate = np.array([[[10.0, 0.0], [np.nan, 10.0]]])
    figures = evaluate_depth(truth, estimate)
    assert figures.abs_rel == pytest.approx(0.0)
    assert figures.coverage_percent == 50.0


def test_nothing_to_compare_is_not_defined() -> None:
    figures = evaluate_depth(np.zeros((1, 2, 2)), np.ones((1, 2, 2)))
    assert figures.images == 0
    assert figures.empty_images == 1
    values = figures.to_json()
    assert values["abs_rel"] is None
    assert "no image" in str(values["abs_rel_reason"])
    json.dumps(values, allow_nan=False)
    unknown = evaluate_depth(np.ones((1, 2, 2)), np.zeros((1, 2, 2)))
    assert unknown.coverage_percent == 0.0
    assert unknown.abs_rel is None


def test_another_size_is_resized_in_inverse_depth() -> None:
    """Inverse depth of a plane is linear in the image, so that resizing keeps it, away from the border."""
    columns, rows = np.meshgrid(np.arange(200.0), np.arange(100.0))
    plane = 1.0 / (0.02 + 0.0005 * rows + 0.0001 * columns)
    small = 1.0 / cv2.resize(1.0 / plane, (100, 50), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(resize_depth(small, (100, 200))[1:-1, 1:-1], plane[1:-1, 1:-1], rtol=1e-5)
    figures = evaluate_depth(plane[None], small[None])
    assert figures.abs_rel < 1e-3  # type: ignore[operator]


def test_resizing_does_not_mix_unknown_pixels_in() -> None:
    depth = np.full((4, 8), 10.0)
    depth[:, 4:] = 0.0
    resized = resize_depth(depth, (8, 16))
    assert set(np.unique(resized.round(4))) == {0.0, 10.0}
    np.testing.assert_allclose(resized[:, :8], 10.0, rtol=1e-6)
    assert (resized[:, 8:] == 0).all()


def test_another_aspect_ratio_is_refused() -> None:
    with pytest.raises(VoGanError, match="100x100 pixels cannot be of the same image as a truth of 300x100"):
        evaluate_depth(np.ones((1, 100, 300)), np.ones((1, 100, 100)))


def test_not_equally_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        evaluate_depth(np.ones((2, 2, 2)), np.ones((1, 2, 2)))


def test_eigen_crop_is_the_published_one() -> None:
    mask = crop_mask("eigen", (375, 1242))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (124, 342, 44, 1197)
    assert crop_mask("none", (3, 5)).all()


def test_conditions_are_part_of_the_result() -> None:
    truth = [np.full((10, 30), 5.0), np.full((12, 36), 5.0)]
    figures = evaluate_depth(truth, [np.full((5, 15), 4.0), np.full((12, 36), 10.0)], crop="garg", max_depth=50.0)
    values = figures.to_json()
    assert values["truth_resolution"] == "30x10, 36x12"
    assert values["estimate_resolution"] == "15x5, 36x12"
    assert (values["crop"], values["max_depth"], values["median_scale"]) == ("garg", 50.0, False)
    assert (figures.scale_min, figures.scale_max) == pytest.approx((0.5, 1.25))
    assert [image.metrics[0] for image in figures.per_image] == pytest.approx([0.2, 1.0])
    assert "per_image" not in values
