from __future__ import annotations

import pytest
import torch

from vo_gan.gans.motion_blur import blur, motion_kernel, motion_trajectory, splat_trajectory


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_kernels_sum_to_one() -> None:
    for seed in range(8):
        for exposure in (None, 0.01, 0.1, 1.0):
            kernel = motion_kernel(seeded(seed), exposure=exposure)
            assert kernel.shape == (64, 64)
            assert kernel.min() >= 0
            assert kernel.sum().item() == pytest.approx(1.0, abs=1e-6)


def test_a_seed_names_a_kernel() -> None:
    assert torch.equal(motion_kernel(seeded(3)), motion_kernel(seeded(3)))
    assert not torch.equal(motion_kernel(seeded(3)), motion_kernel(seeded(4)))


@pytest.mark.parametrize("anxiety", [0.0, 0.003, 0.01])
def test_trajectories_have_equal_steps_and_the_length_asked_for(anxiety: float) -> None:
    trajectory = motion_trajectory(seeded(0), anxiety, steps=500, length=30.0)
    steps = trajectory.diff(dim=0).norm(dim=1)
    torch.testing.assert_close(steps, torch.full((499,), 30.0 / 499, dtype=torch.float64))
    distance = (trajectory[-1] - trajectory[0]).norm().item()
    assert distance == pytest.approx(30.0) if anxiety == 0 else distance < 29.9


def test_longer_exposure_blurs_more() -> None:
    peaks = [motion_kernel(seeded(1), anxiety=0.005, exposure=exposure).max() for exposure in (0.01, 0.1, 0.5, 1.0)]
    assert peaks == sorted(peaks, reverse=True)


def test_a_straight_line_is_drawn_where_it_is() -> None:
    line = torch.stack([torch.linspace(0, 4, 401), torch.zeros(401)], dim=1)
    kernel = splat_trajectory(line, 9)
    assert kernel[4].sum().item() == pytest.approx(1.0, abs=1e-6)
    assert kernel[4, 4].item() == pytest.approx(0.25, abs=0.01)
    torch.testing.assert_close(kernel, kernel.flip(1), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="does not fit"):
        splat_trajectory(20 * line, 9)


@pytest.mark.parametrize("size", [5, 6])
def test_blur_neither_moves_nor_darkens(size: int) -> None:
    image = torch.rand(2, 3, 16, 20, generator=seeded(0))
    point = torch.zeros(size, size)
    point[size // 2, size // 2] = 1
    torch.testing.assert_close(blur(image, point), image)
    right = point.roll(1, dims=1)
    torch.testing.assert_close(blur(image, right)[..., 1:], image[..., :-1])
    flat = torch.full((1, 1, 16, 16), 0.4)
    torch.testing.assert_close(blur(flat, motion_kernel(seeded(5))), flat)


def test_blur_is_a_convolution() -> None:
    image, kernel = torch.rand(1, 1, 12, 12, generator=seeded(0)), torch.rand(5, 5, generator=seeded(1))
    padded = torch.nn.functional.pad(image, (2, 2, 2, 2), mode="reflect")
    expected = torch.nn.functional.conv2d(padded, kernel.flip(0, 1)[None, None])
    torch.testing.assert_close(blur(image, kernel), expected)


def test_an_impossible_exposure_is_named() -> None:
    with pytest.raises(ValueError, match="exposure"):
        motion_kernel(seeded(0), exposure=0.0)
