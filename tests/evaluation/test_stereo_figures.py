"""Disparity figures against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.stereo import evaluate_stereo, evaluate_stereo_files

TRUTH = np.array([[10.0, 20.0, 40.0, 100.0, 0.0]])
ESTIMATE = np.array([[10.5, 21.5, 37.5, 104.0, 50.0]])


def test_hand_computed() -> None:
    """Errors 0.5, 1.5, 2.5 and 4 px; the last is 4 % of its disparity, so that D1 forgives it."""
    figures = evaluate_stereo(TRUTH[None], ESTIMATE[None])
    assert figures.epe_px == pytest.approx(8.5 / 4)
    assert (figures.bad1_percent, figures.bad2_percent, figures.bad3_percent) == (75.0, 50.0, 25.0)
    assert figures.d1_percent == 0.0
    assert evaluate_stereo(np.array([[[40.0]]]), np.array([[[44.0]]])).d1_percent == 100.0
    assert evaluate_stereo(np.array([[[63.0]]]), np.array([[[59.9]]])).d1_percent == 0.0  # 5 % of the truth is 3.15 px


def test_missing_estimates_are_wrong_but_have_no_length() -> None:
    estimate = np.array([[[10.0, 0.0, -1.0, np.inf, 3.0]]])
    figures = evaluate_stereo(TRUTH[None], estimate)
    assert figures.epe_px == 0.0
    assert figures.bad3_percent == figures.d1_percent == 75.0
    assert figures.coverage_percent == 25.0


def test_pixels_of_all_images_count_alike() -> None:
    truth = [np.full((1, 1), 10.0), np.full((3, 1), 10.0)]
    estimate = [np.full((1, 1), 20.0), np.full((3, 1), 10.0)]
    figures = evaluate_stereo(truth, estimate)
    assert figures.bad1_percent == 25.0
    assert figures.epe_px == pytest.approx(2.5)


def test_not_defined() -> None:
    values = evaluate_stereo(np.zeros((1, 2, 2)), np.ones((1, 2, 2))).to_json()
    assert values["epe_px"] is values["d1_percent"] is None
    assert "true disparity" in str(values["d1_percent_reason"])
    values = evaluate_stereo(np.ones((1, 2, 2)), np.zeros((1, 2, 2))).to_json()
    assert values["epe_px"] is None
    assert "both" in str(values["epe_px_reason"])
    assert values["bad1_percent"] == 100.0


def test_density_and_resolution() -> None:
    figures = evaluate_stereo([TRUTH, np.zeros((2, 5))], [ESTIMATE, np.ones((2, 5))])
    assert figures.density_percent == pytest.approx(100 * 4 / 15)
    assert figures.resolution == "5x1, 5x2"


def test_files_and_folders(tmp_path: Path) -> None:
    for folder, disparity in (("gt", TRUTH), ("est", ESTIMATE)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), np.rint(disparity * 256).astype(np.uint16))
    infinite = np.where(TRUTH == 0, np.inf, TRUTH).astype(np.float32)
    np.save(tmp_path / "a.npy", infinite)
    expected = evaluate_stereo(TRUTH[None], ESTIMATE[None])
    assert evaluate_stereo_files(tmp_path / "gt", tmp_path / "est") == expected
    assert evaluate_stereo_files(tmp_path / "a.npy", tmp_path / "est" / "a.png") == expected
    np.save(tmp_path / "b.npy", infinite[:, :3])
    with pytest.raises(VoGanError, match=r"b.npy: an estimate of 3x1 pixels .* truth of 5x1"):
        evaluate_stereo_files(tmp_path / "a.npy", tmp_path / "b.npy")
