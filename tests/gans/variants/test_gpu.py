"""Every variant trains and is used on a GPU. Skipped without CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from vo_gan.gans.run import load_variant, train_gan
from vo_gan.gans.variants import VARIANTS, LatentVariant

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", VARIANTS)
def test_trains_resumes_and_is_used(name: str, precision: str, small: Any, tmp_path: Path) -> None:
    options = ["--training.device", "cuda", "--training.precision", precision, "--model.ema", "0.5"]
    run = train_gan(small(name, *options), tmp_path / "run")
    train_gan(small(name, *options, "--training.steps", "4"), run, resume=True)
    variant, _ = load_variant(run)
    for network in variant.networks.values():
        network.to("cuda")
    if isinstance(variant, LatentVariant):
        wanted = {"text_to_image": ["a red circle above a blue square"]}.get(name, [])
        assert torch.isfinite(variant.sample(3, wanted=wanted)).all()
    else:
        wish = next(iter(variant.wishes()), "")  # type: ignore[attr-defined]
        assert torch.isfinite(variant.translate(torch.zeros(2, 3, 32, 16, device="cuda"), wish)).all()  # type: ignore[attr-defined]
