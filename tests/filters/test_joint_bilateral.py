"""Joint bilateral upsampling against loops in float64 and, at one size, kornia's filter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from kornia.filters import joint_bilateral_blur

from vo_gan.filters import joint_bilateral_upsample, upsample_disparity


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(
    values: torch.Tensor, guide: torch.Tensor, confidence: torch.Tensor, space: float, colour: float, radius: int
) -> torch.Tensor:
    """One sample: `[c, h, w]` and `[g, H, W]`, one pixel and one neighbour at a time."""
    (_, height, width), (_, big_height, big_width) = values.shape, guide.shape
    coarse = F.interpolate(guide[None], size=(height, width), mode="area")[0]
    result = torch.zeros(values.shape[0], big_height, big_width, dtype=torch.float64)
    for y in range(big_height):
        for x in range(big_width):
            at_y, at_x = (y + 0.5) * height / big_height - 0.5, (x + 0.5) * width / big_width - 0.5
            total = 0.0
            for row in range(round(at_y) - radius, round(at_y) + radius + 1):
                for column in range(round(at_x) - radius, round(at_x) + radius + 1):
                    if not (0 <= row < height and 0 <= column < width):
                        continue
                    near = ((at_y - row) ** 2 + (at_x - column) ** 2) / (2 * space**2)
                    alike = float((guide[:, y, x] - coarse[:, row, column]).square().sum()) / (2 * colour**2)
                    weight = math.exp(-near - alike) * float(confidence[0, row, column])
                    result[:, y, x] += weight * values[:, row, column]
                    total += weight
            result[:, y, x] /= total
    return result


@pytest.mark.parametrize(("size", "big"), [((4, 5), (12, 20)), ((5, 6), (13, 17)), ((6, 7), (6, 7))])
def test_is_what_loops_compute(size: tuple[int, int], big: tuple[int, int]) -> None:
    values, guide, confidence = random(2, 2, *size), random(2, 3, *big, seed=1), random(2, 1, *size, seed=2)
    options = {"sigma_space": 0.8, "sigma_colour": 0.3, "radius": 1}
    made = joint_bilateral_upsample(values, guide, confidence=confidence, **options)
    for index in range(2):
        expected = by_loops(values[index], guide[index], confidence[index], 0.8, 0.3, 1)
        torch.testing.assert_close(made[index], expected)


def test_at_one_size_it_is_kornias_joint_bilateral_filter() -> None:
    values, guide = random(1, 1, 14, 18), random(1, 3, 14, 18, seed=1)
    made = joint_bilateral_upsample(values, guide, sigma_space=1.5, sigma_colour=0.2, radius=2)
    reference = joint_bilateral_blur(values, guide, 5, 0.2, (1.5, 1.5), color_distance_type="l2")
    torch.testing.assert_close(made[..., 2:-2, 2:-2], reference[..., 2:-2, 2:-2])


def test_a_step_goes_where_the_images_edge_is() -> None:
    image = torch.full((1, 3, 32, 64), 0.2)
    image[..., 30:] = 0.8  # inside a coarse pixel
    truth = torch.where(image[:, :1] > 0.5, 24.0, 6.0)
    coarse = F.interpolate(truth, size=(8, 16), mode="area")
    # A coarse pixel of both sides is neither's, and so knows nothing.
    confidence = ((coarse == 24) | (coarse == 6)).float()
    sharp = joint_bilateral_upsample(coarse, image, sigma_space=1.0, confidence=confidence)
    linear = F.interpolate(coarse, size=(32, 64), mode="bilinear")
    assert (sharp - truth).abs().max() < 1e-3
    assert (linear - truth).abs().max() > 5


def test_disparity_grows_with_the_image() -> None:
    disparity, image = torch.full((2, 1, 8, 10), 3.0), random(2, 3, 32, 40).float()
    torch.testing.assert_close(upsample_disparity(disparity, image), torch.full((2, 1, 32, 40), 12.0))


def test_disparity_of_a_slanted_surface_stays_slanted() -> None:
    image = random(1, 3, 32, 40)

    def surface(height: int, width: int) -> torch.Tensor:
        row, column = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
        return (width * (0.1 + 0.3 * row[:, None] - 0.05 * column))[None, None].double()

    torch.testing.assert_close(upsample_disparity(surface(8, 10), image), surface(32, 40), atol=1e-5, rtol=0)
    stairs = 4 * joint_bilateral_upsample(surface(8, 10), image)
    assert (stairs - surface(32, 40)).abs().max() > 0.3


def test_disparity_upsampled_is_nearer_the_truth_than_by_interpolation() -> None:
    """Two slanted boxes before a road, each in colours of its own, coarse by averaging."""
    row, column = torch.meshgrid(torch.arange(96.0), torch.arange(160.0), indexing="ij")
    truth, image = 2 + 0.3 * row, torch.stack((0.3 + 0.002 * row, 0.3 + 0 * row, 0.3 + 0 * row))
    for place, disparity, colour in (
        (np.s_[13:60, 21:62], 40 + 0.2 * column, (0.8, 0.3, 0.2)),
        (np.s_[30:71, 90:131], 35 - 0.1 * column, (0.2, 0.7, 0.8)),
    ):
        truth[place] = disparity[place]
        image[:, *place] = torch.tensor(colour)[:, None, None]
    truth = truth[None, None]
    coarse = F.interpolate(truth, scale_factor=0.25, mode="area") / 4
    sharp = (upsample_disparity(coarse, image[None]) - truth).abs()
    linear = (4 * F.interpolate(coarse, scale_factor=4, mode="bilinear") - truth).abs()
    assert sharp.mean() < 0.6 * linear.mean()
    assert (sharp > 3).float().mean() < 0.6 * (linear > 3).float().mean()


def test_colours_found_nowhere_and_confidence_of_nothing_give_a_mean_all_the_same() -> None:
    values = torch.full((1, 1, 4, 4), 5.0)
    image = torch.zeros(1, 3, 16, 16)
    image[..., ::2] = 1.0  # every coarse pixel is grey
    made = joint_bilateral_upsample(values, image, sigma_colour=0.01, confidence=torch.zeros(1, 1, 4, 4))
    torch.testing.assert_close(made, torch.full((1, 1, 16, 16), 5.0))


def test_a_smaller_guide_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than the map"):
        joint_bilateral_upsample(torch.ones(1, 1, 4, 8), torch.ones(1, 3, 8, 4))


def test_gradients() -> None:
    values, guide, confidence = random(1, 1, 2, 3), random(1, 2, 4, 5, seed=1), random(1, 1, 2, 3, seed=2)
    inputs = tuple(tensor.requires_grad_() for tensor in (values, guide, confidence))

    def upsampled(values: torch.Tensor, guide: torch.Tensor, confidence: torch.Tensor) -> torch.Tensor:
        return joint_bilateral_upsample(values, guide, sigma_colour=0.3, radius=1, confidence=confidence)

    assert torch.autograd.gradcheck(upsampled, inputs)
    disparity, image = random(1, 1, 3, 4).requires_grad_(), random(1, 3, 5, 6, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(upsample_disparity, (disparity, image), atol=1e-4)
