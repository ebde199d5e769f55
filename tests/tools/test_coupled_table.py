"""The table of synthesised views on rendered frames, with a synthesiser that shifts by a known disparity."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.data.stereo_drives import StereoRig
from vo_gan.engine import save_checkpoint
from vo_gan.models import CoupledViews, CoupledViewsConfig
from vo_gan.recipes import CoupledSynthesisConfig

VIEWS = CoupledViewsConfig(width=4, decoder_width=2, candidates=33, largest_disparity=32 / 128, residual=0.0)


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    """The tool as a module; its dataclasses look it up by name."""
    path = Path(__file__).parents[2] / "tools" / "coupled_table.py"
    spec = importlib.util.spec_from_file_location("coupled_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A synthesiser that selects 4 pixels of 128 everywhere."""
    views = CoupledViews(VIEWS)
    with torch.no_grad():
        views.right_head.choose.conv.weight.zero_()
        views.right_head.choose.conv.bias.copy_(100.0 * torch.nn.functional.one_hot(torch.tensor(4), 33))
    coupled = CoupledSynthesisConfig(views=VIEWS, rig=StereoRig(focal=0.58, baseline=0.54))
    config = Config(recipe="coupled", data=DataConfig(width=128, height=64), coupled=coupled)
    save_checkpoint(tmp_path / "weights", {"views": views}, to_plain(config))
    return tmp_path / "weights"


def test_every_way_has_its_row(tool: ModuleType, tiny_world: Path, weights: Path, tmp_path: Path) -> None:
    sequence = f"{tiny_world / 'sequences' / '00'}[0:6]"
    out = ["--json", str(tmp_path / "table.json"), "--picture", str(tmp_path / "pairs.png")]
    tool.main([sequence, "--weights", str(weights), "--every", "3", *out])
    rows = {row["way"]: row for row in json.loads((tmp_path / "table.json").read_text())}
    assert set(rows) == {tool.SYNTHESISED, tool.FILLED, tool.SELECTION, tool.SHIFTED, tool.REAL}
    # One disparity everywhere is what both have; shifting by the median is the better choice of it.
    assert rows[tool.SELECTION]["true_epe_px"] > rows[tool.REAL]["true_epe_px"]
    assert rows[tool.SHIFTED]["psnr_db"] > 10
    assert rows[tool.SELECTION]["coverage_percent"] == 100
    assert rows[tool.REAL]["real_epe_px"] is None
    assert rows[tool.REAL]["abs_rel"] < rows[tool.SHIFTED]["abs_rel"]
    assert all(row["depth_against"] == "truth" for row in rows.values())
    assert (tmp_path / "pairs.png").stat().st_size > 0


def test_a_warp_by_one_disparity_is_a_shift(tool: ModuleType) -> None:
    left = np.random.default_rng(0).integers(0, 255, (8, 32, 3), dtype=np.uint8)
    right = tool.warped(left, np.full((8, 32), 5.0, np.float32))
    np.testing.assert_array_equal(right[:, :-5], left[:, 5:])
