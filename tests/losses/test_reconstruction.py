from __future__ import annotations

import torch

from vo_gan.losses import disparity_smoothness, masked_mean, minimum_reprojection


def maps(*values: float) -> torch.Tensor:
    """One source per value, each constant over a 1x2 image."""
    return torch.tensor(values).reshape(1, -1, 1, 1).expand(1, len(values), 1, 2).clone()


def test_the_smaller_valid_error_counts() -> None:
    masks = torch.ones(1, 2, 1, 2, dtype=torch.bool)
    masks[0, 1, 0, 1] = False
    selection = minimum_reprojection(maps(0.5, 0.2), masks)
    torch.testing.assert_close(selection.error, torch.tensor([[[[0.2, 0.5]]]]))
    assert selection.source.flatten().tolist() == [1, 0]
    assert selection.valid.all()
    assert selection.moving.all()


def test_no_valid_source_is_left_out_with_a_finite_gradient() -> None:
    errors = maps(0.5, 0.2).requires_grad_()
    selection = minimum_reprojection(errors, torch.zeros(1, 2, 1, 2, dtype=torch.bool))
    assert not selection.valid.any()
    loss = masked_mean(selection.error, selection.valid)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(errors.grad, torch.zeros_like(errors))


def test_a_pixel_that_standing_still_explains_teaches_nothing() -> None:
    errors = torch.tensor([[[[0.3, 0.1]]]], requires_grad=True)
    identity = torch.tensor([[[[0.2, 0.2]]]])
    selection = minimum_reprojection(errors, torch.ones(1, 1, 1, 2, dtype=torch.bool), identity)
    assert selection.moving.flatten().tolist() == [False, True]
    masked_mean(selection.error, selection.valid).backward()
    assert errors.grad.flatten().tolist() == [0.0, 0.5]


def test_smoothness_ignores_scale_and_forgives_edges() -> None:
    ramp = torch.linspace(1, 2, 16).expand(1, 1, 8, 16)
    flat = torch.full((1, 3, 8, 16), 0.5)
    striped = (torch.arange(16) % 2).float().expand(1, 3, 8, 16)
    assert disparity_smoothness(torch.ones_like(ramp), flat) == 0
    torch.testing.assert_close(disparity_smoothness(7 * ramp, flat), disparity_smoothness(ramp, flat))
    assert disparity_smoothness(ramp, striped) < 0.5 * disparity_smoothness(ramp, flat)
