from __future__ import annotations

import pytest
import torch

from vo_gan.geometry import left_right_difference, sample_right


def test_a_constant_disparity_is_a_shift() -> None:
    right = torch.rand(2, 3, 5, 20)
    sampled, inside = sample_right(right, torch.full((2, 1, 5, 20), 3.0))
    torch.testing.assert_close(sampled[..., 3:], right[..., :-3])
    assert inside[..., 3:].all()
    assert not inside[..., :3].any()
    torch.testing.assert_close(sampled[..., :3], right[..., :1].expand(2, 3, 5, 3))


def test_between_columns_values_are_linear() -> None:
    right = torch.arange(12.0).expand(1, 1, 4, 12)
    disparity = torch.full((1, 1, 4, 12), 2.25)
    sampled, inside = sample_right(right, disparity)
    torch.testing.assert_close(sampled[inside], (torch.arange(12.0) - 2.25).expand(1, 1, 4, 12)[inside])


def test_gradient_reaches_the_disparity() -> None:
    right = torch.rand(1, 2, 4, 9, dtype=torch.float64)
    disparity = (3.0 * torch.rand(1, 1, 4, 9, dtype=torch.float64) + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda d: sample_right(right, d)[0], (disparity,))


def test_views_that_agree_and_views_that_do_not() -> None:
    """A near block hides a strip of the background from the right camera; there, and only there, the views disagree."""
    left, right = torch.full((1, 1, 4, 40), 2.0), torch.full((1, 1, 4, 40), 2.0)
    left[..., 20:30] = 8.0
    right[..., 12:22] = 8.0
    difference = left_right_difference(left, right)[0, 0, 0]
    assert difference[:2].isinf().all()
    assert (difference[14:20] == 6.0).all()  # background just left of the block, which the right camera does not see
    seen = torch.ones(40, dtype=torch.bool)
    seen[:2] = seen[14:20] = False
    assert difference[seen].abs().max() == pytest.approx(0.0, abs=1e-4)
