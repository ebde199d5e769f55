"""Both matchers on textures whose disparity is known, and the check of pairs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vo_gan.data import open_drive
from vo_gan.data.decode import decode_image
from vo_gan.errors import VoGanError
from vo_gan.models import MatcherConfig, StereoMatcher
from vo_gan.odometry import LearnedMatcher, Matcher, SgbmMatcher
from vo_gan.odometry.disparity import ONE_PIXEL
from vo_gan.odometry.pair_check import check_pair

NAMES, OTHERWISE = ("left.png", "right.png"), "do something else"


def textured_pair(disparity: int, width: int = 160, height: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed noise, and the same further left by `disparity`."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width + disparity, 3), dtype=np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return wide[:, :width].copy(), wide[:, disparity:].copy()


@pytest.fixture(scope="module")
def network() -> StereoMatcher:
    torch.manual_seed(0)
    return StereoMatcher(MatcherConfig(width=8, features=16, hidden=16, iterations=2))


def test_sgbm_finds_a_shift_up_to_the_border() -> None:
    found = SgbmMatcher().disparity(*textured_pair(9))
    known = found.disparity > 0
    assert known[:, 16:].mean() > 0.95
    assert not known[:, :8].any()
    assert np.abs(found.disparity[known] - 9).mean() < 0.1
    assert found.confidence is not None
    assert (found.confidence[:, 20:-4] > ONE_PIXEL).mean() > 0.9


def test_sgbm_looks_no_further_than_it_is_told() -> None:
    for most, right in ((16, 0.0), (17, 0.8)):
        found = SgbmMatcher(most, confidence=False).disparity(*textured_pair(24)).disparity
        assert (np.abs(found - 24) < 1).mean() == pytest.approx(right, abs=0.2)


def test_without_confidence_nothing_is_matched_backwards(network: StereoMatcher) -> None:
    pair = textured_pair(5)
    for matcher in (SgbmMatcher(confidence=False), LearnedMatcher(network, confidence=False)):
        assert isinstance(matcher, Matcher)
        assert matcher.disparity(*pair).confidence is None


def test_the_network_gives_every_pixel_a_positive_disparity(network: StereoMatcher) -> None:
    found = LearnedMatcher(network).disparity(*textured_pair(5, width=75, height=41))
    assert found.disparity.shape == (41, 75)
    assert found.density == 1.0
    assert found.confidence is not None
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()


def test_more_corrections_change_the_result(network: StereoMatcher) -> None:
    pair = textured_pair(5)
    few, many = (LearnedMatcher(network, iterations=count, confidence=False).disparity(*pair) for count in (1, 4))
    assert not np.array_equal(few.disparity, many.disparity)


def test_the_networks_weights_stay_what_they_are(network: StereoMatcher) -> None:
    network.train()
    LearnedMatcher(network)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def refused(left: np.ndarray, right: np.ndarray) -> str:
    with pytest.raises(VoGanError) as error:
        check_pair(left, right, NAMES, OTHERWISE)
    return str(error.value)


def test_rendered_pairs_in_both_orders(tiny_world: Path) -> None:
    for name in ("00", "01"):
        drive = open_drive(tiny_world / "sequences" / name)
        for index in (0, 6, 11):
            left, right = drive.read(index), drive.read(index, side="right")
            check_pair(left, right, NAMES, OTHERWISE)
            assert "left.png and right.png are swapped" in refused(right, left)


@pytest.mark.real
def test_real_pairs_in_both_orders(real_data: Path) -> None:
    pairs = []
    for number in (1, 3, 5):
        views = (real_data / "stereo/kitti_object" / f"image_{camera}" / f"{number:06d}.jpg" for camera in (2, 3))
        pairs.append([decode_image(path) for path in views])
    for name in ("cones", "motorcycle"):
        views = (real_data / "stereo/middlebury" / f"{name}_{side}.png" for side in ("left", "right"))
        pairs.append([decode_image(path) for path in views])
    drive = open_drive(real_data / "kitti_odometry/sequences/00")
    pairs += [[drive.read(index), drive.read(index, side="right")] for index in (0, 50, 99)]
    for left, right in pairs:
        check_pair(left, right, NAMES, OTHERWISE)
        assert "in the other order" in refused(right, left)
    # Two moments of different places are no pair.
    assert "no rectified pair" in refused(pairs[0][0], cv2.resize(pairs[1][1], pairs[0][0].shape[1::-1]))


def test_what_is_no_pair() -> None:
    left, right = textured_pair(9, width=400, height=120)
    assert "400x120" in refused(left, right[:60])
    assert "the same image" in refused(left, left.copy())
    assert "swapped" in refused(right, left)
    other = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, left.shape, dtype=np.uint8), (0, 0), 1.5)
    assert "or do something else" in refused(left, other)
