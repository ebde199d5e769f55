from __future__ import annotations

from typing import Any

import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.gans import Probabilities, build_network

pytestmark = pytest.mark.usefixtures("unchecked")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("patchgan", {}, "patch_discriminator"),
        ("patch_discriminator", {}, "in_channels"),
        ("patch_discriminator", {"in_channels": 3, "depth": 3}, "depth.*Its arguments"),
        ("patch_discriminator", {"in_channels": 3, "norm": "group"}, "group"),
        ("patch_discriminator", {"in_channels": 3, "layers": 0}, "at least one"),
        ("unet_generator", {"in_channels": 3, "out_channels": 3, "width": 2, "downs": 1}, "at least 2"),
        ("unet_generator", {"in_channels": 3, "out_channels": 3, "width": 2, "upsample": "shuffle"}, "shuffle"),
        ("resnet_generator", {"in_channels": 3, "out_channels": 1, "residual_output": True}, "residual_output"),
        (
            "resnet_generator",
            {"in_channels": 3, "out_channels": 3, "width": 2, "block_convolutions": 3},
            "1 or 2 convolutions",
        ),
        ("pix2pixhd_local_enhancer", {"in_channels": 3, "out_channels": 3, "enhancers": 0}, "at least one"),
        ("multiscale_discriminator", {"in_channels": 3, "scales": 0}, "at least one"),
        ("dcgan_generator", {"size": 48}, "48"),
        ("stargan_discriminator", {"image_size": 32}, "32x32"),
        ("coupled_generator", {"widths": (8, 4)}, "4 shared maps"),
        ("coupled_discriminator", {"widths": (8, 4)}, "3 widths"),
        ("mlp_generator", {"norm": "instance"}, "instance"),
        ("mlp_generator", {"output": "relu"}, "relu"),
    ],
)
def test_what_cannot_be_built_is_said(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build_network(name, **arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("unet_generator", {"in_channels": 3, "out_channels": 3, "downs": 4}, (24, 32)),
        ("unet_generator", {"in_channels": 3, "out_channels": 3, "downs": 6}, (32, 64)),
        ("resnet_generator", {"in_channels": 3, "out_channels": 3}, (30, 32)),
        ("resnet_generator", {"in_channels": 3, "out_channels": 3}, (4, 32)),
        ("pix2pixhd_local_enhancer", {"in_channels": 3, "out_channels": 3, "global_downs": 2}, (20, 32)),
        ("patch_discriminator", {"in_channels": 3}, (16, 64)),
        ("multiscale_discriminator", {"in_channels": 3, "layers": 3, "scales": 3}, (3, 3)),
        ("dcgan_discriminator", {}, (32, 32)),
        ("stargan_discriminator", {"layers": 3}, (64, 64)),
    ],
)
def test_images_that_do_not_fit_are_refused(name: str, arguments: dict[str, Any], size: tuple[int, int]) -> None:
    network = build_network(name, width=2, **arguments)
    with pytest.raises(VoGanError, match=r"images of \d+x\d+ (do not fit|are too small)"):
        network(torch.rand(2, 3, *size))


def test_probabilities_are_the_sigmoid_of_logits() -> None:
    image = torch.rand(2, 3, 64, 64)
    patches = build_network("patch_discriminator", in_channels=3, width=4, norm="none")
    torch.testing.assert_close(Probabilities(patches)(image), torch.sigmoid(patches(image)))

    scales = build_network("multiscale_discriminator", in_channels=3, width=4)
    for probability, features in zip(Probabilities(scales)(image), scales(image), strict=True):
        torch.testing.assert_close(probability, torch.sigmoid(features[-1]))

    stargan = build_network("stargan_discriminator", image_size=64, width=4, layers=3)
    torch.testing.assert_close(Probabilities(stargan)(image), torch.sigmoid(stargan(image)[0]))

    coupled = build_network("coupled_discriminator", widths=(2, 3, 4))
    digits = torch.rand(2, 1, 28, 28)
    two_class = torch.softmax(coupled(digits, digits), dim=1)[:, 1]
    torch.testing.assert_close(Probabilities(coupled)(digits, digits), two_class)


@pytest.mark.parametrize(
    ("name", "arguments", "inputs"),
    [
        ("patch_discriminator", {"in_channels": 3, "width": 4, "norm": "none"}, [(2, 3, 64, 64)]),
        ("pixel_discriminator", {"in_channels": 3, "width": 4, "norm": "none"}, [(2, 3, 4, 4)]),
        ("multiscale_discriminator", {"in_channels": 3, "width": 4, "norm": "none"}, [(2, 3, 64, 64)]),
        ("dcgan_discriminator", {"width": 4, "norm": "none"}, [(2, 3, 64, 64)]),
        ("stargan_discriminator", {"image_size": 64, "width": 4, "layers": 3}, [(2, 3, 64, 64)]),
        ("text_to_image_discriminator", {"width": 4}, [(2, 3, 64, 64), (2, 1024)]),
        ("coupled_discriminator", {}, [(2, 1, 28, 28), (2, 1, 28, 28)]),
        ("mlp_discriminator", {}, [(2, 1, 28, 28)]),
        ("cgan_discriminator", {}, [(2, 1, 28, 28), (2, 10)]),
        ("cgan_paper_discriminator", {}, [(2, 1, 28, 28), (2, 10)]),
    ],
)
def test_verdicts_are_logits(name: str, arguments: dict[str, Any], inputs: list[tuple[int, ...]]) -> None:
    """No sigmoid hides in a network: large weights give verdicts beyond any probability."""
    network = build_network(name, **arguments)
    images = [torch.rand(size) for size in inputs]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(100.0)
    logits = torch.cat([verdict.flatten() for verdict in network.verdicts(network(*images))])
    assert logits.abs().max() > 1
