from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from vo_gan.device import available_precision
from vo_gan.models import DepthConfig, build_depth_generator
from vo_gan.odometry import DepthPredictor, Networks

SIZE = (128, 64)


@pytest.mark.parametrize("wanted", ["fp32", "bf16"])
def test_without_the_instructions_it_is_fp32_and_said(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setattr("vo_gan.device._computes_bfloat16", lambda _: False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert available_precision(wanted, torch.device("cpu")) == "fp32"  # type: ignore[arg-type]
    assert len(caught) == (wanted == "bf16")


def test_with_the_instructions_it_is_what_was_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vo_gan.device._computes_bfloat16", lambda _: True)
    assert available_precision("bf16", torch.device("cpu")) == "bf16"


def test_depth_in_bfloat16_is_that_of_float32() -> None:
    torch.manual_seed(0)
    networks = Networks(build_depth_generator(DepthConfig(width=16), SIZE), None, SIZE, "relative")
    frame = np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)
    depth = [DepthPredictor(networks, precision=precision)(frame) for precision in ("fp32", "bf16")]  # type: ignore[arg-type]
    np.testing.assert_allclose(depth[1], depth[0], rtol=0.02)
