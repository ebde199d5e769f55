from __future__ import annotations

import numpy as np
import pytest
import torch

from vo_gan.data.stereo_drives import StereoRig
from vo_gan.models import CoupledViews, CoupledViewsConfig
from vo_gan.odometry import DisparityMap, PairDepthPredictor, PairNetworks, SgbmMatcher
from vo_gan.odometry.pair_predictor import WIDEST

SIZE = (128, 64)
RIG = StereoRig(focal=0.6, baseline=0.5)


def networks(candidate: int = 4, right: str = "selection") -> PairNetworks:
    """A synthesiser that always selects the disparity `candidate` of 0, 1/64, 2/64, ... of the width."""
    config = CoupledViewsConfig(
        right=right,  # type: ignore[arg-type]
        width=4,
        decoder_width=2,
        candidates=9,
        largest_disparity=8 / 64,
        residual=0.0,
    )
    views = CoupledViews(config)
    if right == "selection":
        head = views.right_head
        with torch.no_grad():
            head.choose.conv.weight.zero_()
            head.choose.conv.bias.copy_(100.0 * torch.nn.functional.one_hot(torch.tensor(candidate), 9))
    return PairNetworks(views=views, size=SIZE, rig=RIG)


def noise(width: int, height: int) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 255, (height // 4, width // 4, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((4, 4, 1), np.uint8))


class Remembering:
    """A matcher that keeps what it was shown and finds 8 pixels of disparity but for its first column."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def disparity(self, left: np.ndarray, right: np.ndarray) -> DisparityMap:
        self.seen += [left, right]
        found = np.full(left.shape[:2], 8.0, np.float32)
        found[:, 0] = 0.0
        return DisparityMap(found)


def test_image_to_pair_to_disparity_to_depth() -> None:
    """A disparity of 4/64 of the width, whatever the image's size, is 0.6 * 0.5 / (4/64) = 4.8 m."""
    predict = PairDepthPredictor(networks(4), SgbmMatcher(confidence=False))
    for width, height in ((256, 96), (320, 128)):
        found = predict(noise(width, height))
        shift = width * 4 // 64
        np.testing.assert_array_equal(found.right[:, :-shift], found.left[:, shift:])
        known = found.depth > 0
        assert known[:, shift:].mean() > 0.9
        assert np.median(found.depth[known]) == pytest.approx(4.8, rel=0.01)


def test_the_left_view_is_the_frame_and_the_disparity_has_its_sign() -> None:
    matcher = Remembering()
    frame = noise(256, 96)
    found = PairDepthPredictor(networks(4), matcher)(frame)
    assert matcher.seen[0] is frame
    np.testing.assert_array_equal(matcher.seen[1], found.right)
    np.testing.assert_array_equal(found.right[:, :-16], frame[:, 16:])


def test_a_longer_lens_sees_farther() -> None:
    predict = PairDepthPredictor(networks(), Remembering())
    frame = noise(256, 96)
    own, twice = predict(frame), predict(frame, 2 * RIG.focal)
    np.testing.assert_allclose(own.depth[:, 1:], 0.6 * 256 * 0.5 / 8)
    np.testing.assert_allclose(twice.depth, 2 * own.depth)


def test_what_is_not_matched_is_unknown_or_filled() -> None:
    frame = noise(256, 96)
    assert (PairDepthPredictor(networks(), Remembering())(frame).depth[:, 0] == 0).all()
    filled = PairDepthPredictor(networks(), Remembering(), filled=True)(frame)
    assert (filled.depth == filled.depth[0, 1]).all()


def test_painted_pairs_have_the_size_trained_on_and_wide_ones_a_limit() -> None:
    painted = PairDepthPredictor(networks(right="rgb"), Remembering())(noise(256, 96))
    assert painted.left.shape == painted.right.shape == (64, 128, 3)
    wide = PairDepthPredictor(networks(), Remembering())(noise(1600, 320))
    assert wide.left.shape == wide.right.shape == (256, WIDEST, 3)


def test_the_selection_alone_is_a_disparity_of_the_left_view() -> None:
    found = PairDepthPredictor(networks(4), Remembering()).selected_disparity(noise(256, 96))
    assert found is not None
    assert found.shape == (64, 128)
    np.testing.assert_allclose(found, 8.0, rtol=1e-4)
    assert PairDepthPredictor(networks(right="rgb"), Remembering()).selected_disparity(noise(256, 96)) is None
