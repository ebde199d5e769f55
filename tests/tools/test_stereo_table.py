"""The stereo table on a rendered drive."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from vo_gan.models import MatcherConfig, StereoMatcher
from vo_gan.odometry import LearnedMatcher
from vo_gan.pretrained import load_matcher


@pytest.fixture(scope="module")
def table() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "stereo_table.py"
    spec = importlib.util.spec_from_file_location("stereo_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_every_row_is_over_its_own_pixels(table: ModuleType, tiny_world: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = StereoMatcher(MatcherConfig(width=8, features=16, hidden=16, iterations=2))
    pairs = list(table.rendered(tiny_world / "sequences" / "00", 6))
    assert [pair.name for pair in pairs] == ["00_0", "00_6"]
    rows = table.compare(pairs, LearnedMatcher(network), tmp_path)
    for name in ("median disparity", "SGBM, filled", "network"):
        assert rows[name].coverage_percent == 100.0
    assert rows["SGBM"].coverage_percent < 100.0
    assert rows["SGBM"].bad1_percent < rows["SGBM, filled"].bad1_percent < rows["median disparity"].bad1_percent
    assert rows["network, SGBM's pixels"].coverage_percent == rows["SGBM"].coverage_percent
    assert (tmp_path / "00_0.png").exists()


@pytest.mark.real
def test_the_real_pairs_are_read_right(table: ModuleType, real_data: Path) -> None:
    """SGBM agrees with the truths to a pixel: sides, scales and masks are as they are taken to be."""
    matcher = table.SgbmMatcher(96, confidence=False)
    pairs = [
        *table.middlebury(real_data / "stereo/middlebury"),
        *list(table.kitti_object(real_data / "stereo/kitti_object"))[:1],
    ]
    for pair in pairs:
        found = matcher.disparity(pair.left, pair.right).disparity
        known = (pair.truth > 0) & (found > 0)
        assert known.mean() > 0.3, pair.name
        assert np.median(abs(found - pair.truth)[known]) < 1.0, pair.name


@pytest.mark.real
def test_the_shipped_matcher_beats_sgbm_on_streets(table: ModuleType, real_data: Path) -> None:
    pairs = list(table.kitti_object(real_data / "stereo/kitti_object"))
    learned = LearnedMatcher(load_matcher(Path("world-stereo")), confidence=False)
    wrong: dict[str, list[np.ndarray]] = {"learned": [], "sgbm": []}
    for pair in pairs:
        known = pair.truth > 0
        for name, matcher in (("learned", learned), ("sgbm", table.SgbmMatcher(confidence=False))):
            found = matcher.disparity(pair.left, pair.right).filled().disparity
            wrong[name].append(np.abs(found - pair.truth)[known] > 3.0)
    learned_wrong, sgbm_wrong = (np.concatenate(wrong[name]).mean() for name in ("learned", "sgbm"))
    assert learned_wrong < 0.18
    assert learned_wrong < sgbm_wrong
