from __future__ import annotations

import warnings

import pytest
import torch
from kornia.metrics import ssim

from vo_gan.losses import Target, photometric_error, set_compilation, ssim_distance


def images(*shape: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    draw = [torch.rand(*shape, generator=generator, dtype=torch.float64) for _ in range(2)]
    return draw[0], draw[1]


def reference(image: torch.Tensor, target: torch.Tensor, weight: float) -> torch.Tensor:
    return (weight * ssim_distance(image, target) + (1 - weight) * (image - target).abs()).mean(1, keepdim=True)


def test_an_image_is_at_no_distance_from_itself() -> None:
    image, other = images(2, 3, 9, 11)
    assert ssim_distance(image, image).abs().max() < 1e-9
    assert photometric_error(image, Target.of(image)).abs().max() < 1e-9
    assert (photometric_error(image, Target.of(other)) > 0.01).all()


def test_plain_ssim_is_the_brute_force_window() -> None:
    image, target = images(1, 1, 6, 7)
    padded = [torch.nn.functional.pad(value, (1, 1, 1, 1), mode="reflect")[0, 0] for value in (image, target)]
    distance = ssim_distance(image, target)[0, 0]
    for row, column in ((0, 0), (3, 2), (5, 6)):
        x, y = (value[row : row + 3, column : column + 3].flatten() for value in padded)
        covariance = ((x - x.mean()) * (y - y.mean())).mean()
        expected = ((2 * x.mean() * y.mean() + 1e-4) * (2 * covariance + 9e-4)) / (
            (x.mean() ** 2 + y.mean() ** 2 + 1e-4) * (x.var(correction=0) + y.var(correction=0) + 9e-4)
        )
        assert distance[row, column].item() == pytest.approx((1 - expected.item()) / 2, abs=1e-9)


def test_ssim_follows_the_usual_one() -> None:
    """kornia's has a Gaussian window and other borders: related, not equal."""
    image, target = images(1, 3, 32, 40)
    target = 0.7 * image + 0.3 * target
    ours, usual = 1 - 2 * ssim_distance(image, target), ssim(image, target, 3)
    assert torch.corrcoef(torch.stack((ours.flatten(), usual.flatten())))[0, 1] > 0.95


@pytest.mark.parametrize("weight", [0.0, 0.85, 1.0])
@pytest.mark.parametrize("shape", [(2, 3, 8, 10), (1, 1, 3, 3), (1, 3, 2, 5)])
def test_fast_error_and_gradient_are_those_of_the_plain_formula(shape: tuple[int, ...], weight: float) -> None:
    image, target = images(*shape, seed=1)
    image.requires_grad_()
    fast, plain = photometric_error(image, Target.of(target), weight), reference(image, target, weight)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12)
    share = torch.rand_like(plain)
    gradients = [torch.autograd.grad((value * share).sum(), image)[0] for value in (fast, plain)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_gradcheck() -> None:
    image, target = images(1, 2, 4, 5, seed=2)
    assert torch.autograd.gradcheck(lambda value: photometric_error(value, Target.of(target)), image.requires_grad_())


def test_no_gradient_means_the_same_value() -> None:
    image, target = images(1, 3, 8, 8)
    with_gradient = photometric_error(image.clone().requires_grad_(), Target.of(target))
    torch.testing.assert_close(photometric_error(image, Target.of(target)), with_gradient.detach())


def test_compiled_is_the_same() -> None:
    image, target = (value.float() for value in images(1, 3, 16, 24, seed=3))
    image.requires_grad_()
    plain = photometric_error(image, Target.of(target))
    expected = torch.autograd.grad(plain.sum(), image)[0]
    set_compilation(True)
    try:
        compiled = photometric_error(image, Target.of(target))
        gradient = torch.autograd.grad(compiled.sum(), image)[0]
    finally:
        set_compilation(False)
    torch.testing.assert_close(compiled, plain, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5)


def test_a_missing_compiler_is_said_once_and_the_plain_kernel_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: broken)
    monkeypatch.setattr("vo_gan.losses.compilation._compiled", {})
    image, target = images(1, 3, 8, 8)
    set_compilation(True)
    try:
        with pytest.warns(RuntimeWarning, match="no C"):
            value = photometric_error(image, Target.of(target))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            photometric_error(image, Target.of(target))
    finally:
        set_compilation(False)
    torch.testing.assert_close(value, reference(image, target, 0.85))
