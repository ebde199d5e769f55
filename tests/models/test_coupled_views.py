from __future__ import annotations

import pytest
import torch

from vo_gan.models import CoupledViews, CoupledViewsConfig
from vo_gan.models.coupled_views import Selection, select_shifted

SMALL = CoupledViewsConfig(width=4, decoder_width=2, candidates=9, largest_disparity=0.125)


def always(candidate: int, count: int, height: int, width: int, batch: int = 1) -> torch.Tensor:
    """Probabilities of a selection that has made up its mind."""
    probabilities = torch.zeros(batch, count, height, width)
    probabilities[:, candidate] = 1.0
    return probabilities


def test_a_certain_selection_is_an_exact_shift() -> None:
    image = torch.rand(2, 3, 4, 16)
    # 5 disparities from 0 to a quarter of 16 columns: 0, 1, 2, 3, 4 pixels.
    for shift in range(5):
        right = select_shifted(image, always(shift, 5, 4, 16, 2), 0.25)
        assert torch.equal(right[..., : 16 - shift], image[..., shift:])
        assert torch.equal(right[..., 16 - shift :], image[..., -1:].expand(-1, -1, -1, shift))


def test_half_a_pixel_is_the_mean_of_two_and_an_undecided_selection_of_all() -> None:
    image = torch.rand(1, 3, 4, 16)
    half = select_shifted(image, always(1, 3, 4, 16), 1 / 16)
    torch.testing.assert_close(half[..., :-1], 0.5 * (image[..., :-1] + image[..., 1:]))
    undecided = select_shifted(image, torch.full((1, 3, 4, 16), 1 / 3), 2 / 16)
    torch.testing.assert_close(undecided[..., :-2], (image[..., :-2] + image[..., 1:-1] + image[..., 2:]) / 3)


def test_a_disparity_is_a_share_of_the_width_whatever_the_size() -> None:
    """Selected at 16 columns, sampled at 64: four times as many pixels."""
    selection = Selection(always(2, 5, 4, 16), None, 0.25)
    torch.testing.assert_close(selection.disparity, torch.full((1, 1, 4, 16), 2 / 16))
    image = torch.rand(1, 3, 16, 64)
    torch.testing.assert_close(selection.sample(image)[..., : 64 - 8], image[..., 8:])


def test_the_residual_is_added_and_bounded() -> None:
    image = torch.full((1, 3, 4, 16), 0.9)
    selection = Selection(always(0, 5, 4, 16), torch.full((1, 3, 4, 16), 0.3), 0.25)
    for view in (selection.expect(image), selection.sample(torch.full((1, 3, 8, 32), 0.9))):
        torch.testing.assert_close(view, torch.ones_like(view))


def test_a_selection_is_as_exact_under_autocast() -> None:
    image, probabilities = torch.rand(1, 3, 4, 16), torch.rand(1, 9, 4, 16).softmax(1)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = select_shifted(image, probabilities, 0.25)
    assert torch.equal(mixed, select_shifted(image, probabilities, 0.25))


def test_gradients_of_a_selection() -> None:
    image = torch.rand(1, 1, 2, 8, dtype=torch.float64, requires_grad=True)
    probabilities = torch.rand(1, 4, 2, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda i, p: select_shifted(i, p, 0.3), (image, probabilities))


@pytest.mark.parametrize("right", ["selection", "rgb"])
def test_the_generators_share_their_first_layers_and_nothing_else(right: str) -> None:
    views = CoupledViews(CoupledViewsConfig(right=right, width=4, decoder_width=2))  # type: ignore[arg-type]
    left_parts, right_parts = views.generator("left"), views.generator("right")
    assert left_parts[0] is right_parts[0]
    left, right_ = ({id(p) for part in parts for p in part.parameters()} for parts in (left_parts, right_parts))
    assert left & right_ == {id(p) for p in views.trunk.parameters()}
    assert left | right_ == {id(p) for p in views.parameters()}
    assert left - right_
    assert right_ - left


@pytest.mark.parametrize("right", ["selection", "rgb"])
def test_each_view_teaches_the_trunk_and_its_own_head(right: str) -> None:
    views = CoupledViews(CoupledViewsConfig(right=right, width=4, decoder_width=2))  # type: ignore[arg-type]
    image = torch.rand(2, 3, 64, 96)
    pair = views(image)
    for view in (pair.left, pair.right):
        assert view.shape == image.shape
        assert view.min() >= 0
        assert view.max() <= 1
    assert (pair.selection is None) == (right == "rgb")
    pair.left.square().mean().backward()
    assert all(p.grad is None for p in views.right_head.parameters())
    assert views.trunk.encoder.conv1.weight.grad.abs().max() > 0
    views.zero_grad()
    views(image).right.square().mean().backward()
    assert all(p.grad is None for p in views.left_head.parameters())
    assert views.trunk.encoder.conv1.weight.grad.abs().max() > 0


def test_an_untrained_selection_is_undecided_and_adds_nothing() -> None:
    torch.manual_seed(0)
    selection = CoupledViews(SMALL)(torch.rand(2, 3, 64, 96)).selection
    assert selection is not None
    torch.testing.assert_close(selection.probabilities.sum(1), torch.ones(2, 64, 96))
    assert selection.probabilities.max() < 0.5
    assert selection.residual is not None
    assert selection.residual.abs().max() == 0


def test_without_a_residual() -> None:
    views = CoupledViews(CoupledViewsConfig(width=4, decoder_width=2, residual=0.0))
    selection = views(torch.rand(1, 3, 64, 96)).selection
    assert selection is not None
    assert selection.residual is None


def test_selections_that_cannot_be_are_refused() -> None:
    for wrong in (CoupledViewsConfig(candidates=1), CoupledViewsConfig(largest_disparity=1.0)):
        with pytest.raises(ValueError, match="at least 2 candidates"):
            CoupledViews(wrong)
