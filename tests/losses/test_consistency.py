from __future__ import annotations

import pytest
import torch

from vo_gan.losses import depth_disagreement, masked_mean


def test_known_answers() -> None:
    depth = torch.rand(2, 1, 4, 6) + 0.5
    assert torch.equal(depth_disagreement(depth, depth), torch.zeros_like(depth))
    torch.testing.assert_close(depth_disagreement(2 * depth, depth), torch.full_like(depth, 1 / 3))
    torch.testing.assert_close(depth_disagreement(depth, 2 * depth), torch.full_like(depth, 1 / 3))
    assert depth_disagreement(torch.full_like(depth, 100.0), torch.full_like(depth, 0.1)).max() < 1


@pytest.mark.parametrize("pixels", [1, 5])
def test_few_valid_pixels_teach_as_well_as_many(pixels: int) -> None:
    """The published code has no gradient below 10,000 pixels."""
    sampled = torch.full((1, 1, 8, 8), 3.0)
    computed = torch.full((1, 1, 8, 8), 6.0, requires_grad=True)
    mask = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    mask.view(-1)[:pixels] = True
    loss = masked_mean(depth_disagreement(computed, sampled), mask)
    assert loss.item() == pytest.approx(1 / 3)
    loss.backward()
    assert computed.grad is not None
    assert (computed.grad[mask] > 0).all()
    assert (computed.grad[~mask] == 0).all()
