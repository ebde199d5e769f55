"""Networks that make samples from noise, and those that judge them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vo_gan.gans import build_network


@pytest.mark.parametrize("upsample", ["deconv", "resize"])
@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("size", [8, 32])
def test_dcgan_pair_fits(size: int, kernel: int, upsample: str) -> None:
    generator = build_network(
        "dcgan_generator", latent=5, width=2, channels=1, size=size, kernel=kernel, upsample=upsample
    )
    discriminator = build_network("dcgan_discriminator", width=2, channels=1, size=size, kernel=kernel)
    images = generator(torch.randn(3, 5))
    assert images.shape == (3, 1, size, size)
    assert discriminator(images).shape == (3,)


def test_a_latent_map_is_a_latent_vector() -> None:
    generator = build_network("dcgan_generator", latent=5, width=2).eval()
    latent = torch.randn(3, 5)
    torch.testing.assert_close(generator(latent), generator(latent[:, :, None, None]))


def test_dcgan_has_no_bias_beside_batch_norm_and_starts_small() -> None:
    torch.manual_seed(0)
    for name in ("dcgan_generator", "dcgan_discriminator"):
        network = build_network(name, width=16)
        convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
        assert all(part.bias is None for part in convolutions)
        assert convolutions[1].weight.std().item() == pytest.approx(0.02, rel=0.05)
    critic = build_network("dcgan_discriminator", width=2, norm="none")
    assert not any(isinstance(part, nn.BatchNorm2d) for part in critic.modules())


def test_mlps_take_any_shape() -> None:
    generator = build_network("mlp_generator", latent=2, widths=(8, 8), shape=(2,), norm="none", output="linear")
    discriminator = build_network("mlp_discriminator", widths=(8,), shape=(2,))
    points = generator(torch.randn(7, 2))
    assert points.shape == (7, 2)
    assert discriminator(points).shape == (7, 1)
    digits = build_network("mlp_generator", widths=(8, 8), output="sigmoid")(torch.randn(3, 100))
    assert digits.shape == (3, 1, 28, 28)
    assert (digits.min() >= 0) & (digits.max() <= 1)


@pytest.mark.parametrize("kind", ["cgan", "cgan_paper"])
def test_cgan_takes_numbers_or_one_hot(kind: str) -> None:
    generator = build_network(f"{kind}_generator", classes=3, shape=(1, 4, 4)).eval()
    discriminator = build_network(f"{kind}_discriminator", classes=3, shape=(1, 4, 4)).eval()
    latent, labels = torch.rand(4, 100), torch.tensor([0, 1, 2, 1])
    vectors = F.one_hot(labels, 3).float()
    images = generator(latent, labels)
    assert images.shape == (4, 1, 4, 4)
    torch.testing.assert_close(images, generator(latent, vectors))
    assert not torch.allclose(images, generator(latent, labels.flip(0)))
    logits = discriminator(images, labels)
    assert logits.shape == (4, 1)
    torch.testing.assert_close(logits, discriminator(images, vectors))
    assert not any(isinstance(part, nn.Embedding) for part in generator.modules())


def test_coupled_networks_share_content_and_not_appearance() -> None:
    """Shared are the generators' first layers and the discriminators' last; a public port has the latter reversed."""
    generator = build_network("coupled_generator", latent=5, widths=(8, 6, 4, 3))
    first, second = generator(torch.randn(2, 5))
    assert first.shape == second.shape == (2, 1, 28, 28)
    first.sum().backward()
    assert generator.shared[0].weight.grad is not None
    assert generator.first.weight.grad is not None
    assert generator.second.weight.grad is None

    discriminator = build_network("coupled_discriminator", widths=(3, 4, 5), classes=10)
    images = torch.rand(2, 1, 28, 28)
    logits = discriminator(images, images)
    assert logits.shape == (4, 2)
    logits[:2].sum().backward()
    assert discriminator.first.weight.grad.abs().sum() > 0
    assert discriminator.second.weight.grad.abs().sum() == 0
    assert discriminator.judge.weight.grad.abs().sum() > 0
    assert discriminator.shared[1].weight.grad.abs().sum() > 0
    assert discriminator.classify(images, domain=1).shape == (2, 10)
    with pytest.raises(ValueError, match="classifier"):
        build_network("coupled_discriminator").classify(images, domain=0)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("size", [8, 64])
def test_text_reaches_image_and_verdict(size: int, residual: bool) -> None:
    torch.manual_seed(0)
    generator = build_network(
        "text_to_image_generator", latent=5, width=4, text=11, projected=6, size=size, residual=residual
    )
    discriminator = build_network(
        "text_to_image_discriminator", width=4, text=11, projected=6, size=size, residual=residual
    )
    latent, text = torch.randn(3, 5), torch.randn(3, 11, requires_grad=True)
    images = generator(latent, text)
    assert images.shape == (3, 3, size, size)
    images.square().sum().backward()
    assert text.grad.abs().sum() > 0
    verdicts = discriminator(images.detach(), text.detach())
    assert verdicts.shape == (3,)
    wrong = discriminator(images.detach(), text.detach().flip(0))
    assert not torch.allclose(verdicts, wrong)


def test_swapped_noise_and_text_are_named() -> None:
    generator = build_network("text_to_image_generator", latent=5, width=2, text=11, projected=6)
    with pytest.raises(ValueError, match="noise of length 5, then text of length 11"):
        generator(torch.randn(3, 11), torch.randn(3, 5))


def test_inputs_are_joined_in_the_published_order() -> None:
    """Weights load by position: the class before the noise and after the sample, the text before the noise."""
    latent, labels = torch.randn(3, 100), torch.tensor([0, 1, 2])

    generator = build_network("cgan_generator", classes=3, widths=(8,), shape=(4,))
    nn.init.zeros_(generator.layers[0].weight[:, :3])
    torch.testing.assert_close(generator(latent, labels), generator(latent, labels.flip(0)))

    discriminator = build_network("cgan_discriminator", classes=3, widths=(8,), shape=(4,))
    nn.init.zeros_(discriminator.layers[0].weight[:, -3:])
    sample = torch.randn(3, 4)
    torch.testing.assert_close(discriminator(sample, labels), discriminator(sample, labels.flip(0)))

    sizes = {"width": 2, "text": 11, "projected": 6, "size": 8}
    painter = build_network("text_to_image_generator", latent=100, **sizes)
    nn.init.zeros_(painter.layers[0].weight[:6])
    text = torch.randn(3, 11)
    torch.testing.assert_close(painter(latent, text), painter(latent, text.flip(0)))

    judge = build_network("text_to_image_discriminator", **sizes)
    nn.init.zeros_(judge.joint[-1].weight[:, -6:])
    images = torch.rand(3, 3, 8, 8)
    torch.testing.assert_close(judge(images, text), judge(images, text.flip(0)))
