"""U-Net, residual generators, pix2pixHD, StarGAN: what goes where."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vo_gan.gans import build_network


def small_unet(**arguments: object) -> nn.Module:
    return build_network("unet_generator", in_channels=3, out_channels=2, downs=6, width=4, **arguments)


def nested_unet(image: Tensor, weights: list[Tensor], level: int = 0, downs: int = 6) -> Tensor:
    """A U-Net without norms as the recursion that pix2pix describes, out of a flat list of weights and biases."""
    last = level == downs - 1
    x = image if level == 0 else F.leaky_relu(image, 0.2)
    x = F.conv2d(x, weights[2 * level], weights[2 * level + 1], stride=2, padding=1)
    inner = x if last else nested_unet(x, weights, level + 1)
    up = 2 * (2 * downs - 1 - level)
    x = F.conv_transpose2d(F.relu(inner), weights[up], weights[up + 1], stride=2, padding=1)
    return torch.tanh(x) if level == 0 else torch.cat([image, x], dim=1)


def test_unet_is_the_nested_one_in_flat_order() -> None:
    torch.manual_seed(0)
    network = small_unet(norm="none", dropout=False)
    weights = [nn.init.normal_(parameter, 0.0, 0.1) for parameter in network.parameters()]
    image = torch.randn(2, 3, 64, 128)
    torch.testing.assert_close(network(image), nested_unet(image, weights), atol=2e-5, rtol=0)


def test_unet_has_dropout_in_the_middle_of_the_decoder_only() -> None:
    network = build_network("unet_generator", in_channels=3, out_channels=3, downs=8, width=1)
    where = [number for number, up in enumerate(network.ups) if any(isinstance(part, nn.Dropout) for part in up)]
    assert where == [1, 2, 3]
    assert not any(isinstance(part, nn.Dropout) for part in network.downs.modules())
    shares = {part.p for part in small_unet(dropout=0.3).modules() if isinstance(part, nn.Dropout)}
    assert shares == {0.3}


def test_unet_norms_neither_the_outermost_nor_the_innermost_down() -> None:
    network = small_unet(norm="batch")
    normed = [any(isinstance(part, nn.BatchNorm2d) for part in down.modules()) for down in network.downs]
    assert normed == [False, True, True, True, True, False]


@pytest.mark.parametrize("upsample", ["deconv", "resize"])
@pytest.mark.parametrize("norm", ["batch", "instance", "instance_tracked", "none"])
def test_generators_keep_the_size_and_reach_every_weight(norm: str, upsample: str) -> None:
    image = torch.rand(2, 3, 32, 64)
    for network in (
        build_network("unet_generator", in_channels=3, out_channels=1, downs=4, width=2, norm=norm, upsample=upsample),
        build_network(
            "resnet_generator", in_channels=3, out_channels=1, width=2, blocks=1, norm=norm, upsample=upsample
        ),
    ):
        made = network(image)
        assert made.shape == (2, 1, 32, 64)
        assert made.abs().max() <= 1
        made.square().sum().backward()
        assert all(parameter.grad is not None for parameter in network.parameters())


def test_residual_output_corrects_the_image_given() -> None:
    network = build_network("resnet_generator", in_channels=3, out_channels=3, width=2, blocks=1, residual_output=True)
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(network(image), (image + network.layers(image)).clamp(-1, 1))
    nn.init.constant_(network.layers[-2].bias, 100.0)
    assert network(image).max() == 1


def test_stargan_may_correct_the_image_given() -> None:
    network = build_network("stargan_generator", width=2, domains=2, blocks=1, residual_output=True)
    image, label = torch.rand(1, 3, 16, 16) * 2 - 1, torch.tensor([[0.0, 1.0]])
    correction = network.layers(torch.cat([image, label[:, :, None, None].expand(-1, -1, 16, 16)], dim=1))
    torch.testing.assert_close(network(image, label), (image + correction).clamp(-1, 1))


def test_borders_are_reflected() -> None:
    """A constant image stays constant through reflected borders; zeros would show."""
    network = build_network("resnet_generator", in_channels=1, out_channels=1, width=2, blocks=2, downs=0, norm="none")
    made = network(torch.full((1, 1, 16, 16), 0.7))
    torch.testing.assert_close(made, made[:, :, :1, :1].expand_as(made))


def test_local_enhancer_gives_the_global_part_half_the_size() -> None:
    network = build_network(
        "pix2pixhd_local_enhancer",
        in_channels=5,
        out_channels=3,
        width=2,
        global_downs=2,
        global_blocks=1,
        enhancers=2,
        local_blocks=1,
    )
    seen: list[tuple[int, ...]] = []
    network.global_part.register_forward_hook(lambda _, given, made: seen.extend([given[0].shape, made.shape]))
    assert network(torch.rand(1, 5, 32, 64)).shape == (1, 3, 32, 64)
    assert seen == [(1, 5, 8, 16), (1, 8, 8, 16)]
    names = [name for name, _ in network.named_parameters()]
    assert names[0].startswith("global_part")
    assert names[-1].startswith("enhancers.1.up")


def test_smaller_scales_average_only_pixels_that_exist() -> None:
    network = build_network("multiscale_discriminator", in_channels=1, width=2)
    torch.testing.assert_close(network.halve(torch.ones(1, 1, 8, 8)), torch.ones(1, 1, 4, 4))


def test_multiscale_features_come_finest_first_and_parameters_coarsest_first() -> None:
    network = build_network("multiscale_discriminator", in_channels=3, width=4, layers=3, scales=2)
    image = torch.rand(1, 3, 64, 64)
    finest, coarsest = network(image)
    assert len(finest) == len(coarsest) == 5
    assert finest[0].shape == (1, 4, 33, 33)
    assert coarsest[0].shape == (1, 4, 17, 17)
    with torch.no_grad():
        next(network.parameters()).zero_()
    after_finest, after_coarsest = network(image)
    torch.testing.assert_close(after_finest[-1], finest[-1])
    assert not torch.allclose(after_coarsest[-1], coarsest[-1])


def test_multiscale_widths_grow_to_512() -> None:
    with torch.device("meta"):
        network = build_network("multiscale_discriminator", in_channels=3, width=16, layers=6)
    widest = max(part.out_channels for part in network.modules() if isinstance(part, nn.Conv2d))
    assert widest == 512


def test_stargan_label_is_felt() -> None:
    """With reflected borders instance normalisation would erase a constant map."""
    torch.manual_seed(0)
    network = build_network("stargan_generator", width=4, domains=3, blocks=1)
    image = torch.rand(1, 3, 16, 16)
    first, second = (network(image, F.one_hot(torch.tensor([domain]), 3).float()) for domain in (0, 1))
    assert (first - second).abs().max() > 1e-3
    assert all(part.padding_mode == "zeros" for part in network.modules() if isinstance(part, nn.Conv2d))


def test_stargan_has_biases_and_slope_as_published() -> None:
    generator = build_network("stargan_generator", width=2)
    assert all(p.bias is None for p in generator.modules() if isinstance(p, nn.Conv2d | nn.ConvTranspose2d))
    discriminator = build_network("stargan_discriminator", image_size=(32, 64), width=2, layers=4)
    assert {part.negative_slope for part in discriminator.modules() if isinstance(part, nn.LeakyReLU)} == {0.01}
    source, domain = discriminator(torch.rand(2, 3, 32, 64))
    assert source.shape == (2, 1, 2, 4)
    assert domain.shape == (2, 5)
