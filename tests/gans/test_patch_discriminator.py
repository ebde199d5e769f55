from __future__ import annotations

import pytest
import torch

from vo_gan.gans import build_network


@pytest.mark.parametrize(
    ("channels", "layers", "norm", "parameters"),
    [
        (6, 3, "batch", 2_768_705),
        (6, 3, "instance", 2_767_809),
        (3, 3, "batch", 2_765_633),
        (3, 3, "instance", 2_764_737),
        (6, 1, "batch", 139_585),
        (6, 2, "batch", 666_433),
        (6, 4, "batch", 6_964_033),
        (6, 6, "batch", 15_354_689),
    ],
)
def test_published_parameter_counts(channels: int, layers: int, norm: str, parameters: int) -> None:
    network = build_network("patch_discriminator", in_channels=channels, layers=layers, norm=norm)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_a_logit_sees_70_pixels_and_256_pixels_give_30_logits() -> None:
    network = build_network("patch_discriminator", in_channels=3, width=8, norm="none")
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    logits = network(image)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero(as_tuple=True)
    assert rows.max() - rows.min() + 1 == 70
    assert columns.max() - columns.min() + 1 == 70


@pytest.mark.usefixtures("unchecked")
def test_unknown_names_are_named() -> None:
    with pytest.raises(ValueError, match="patch_discriminator"):
        build_network("patchgan")
    with pytest.raises(ValueError, match="group"):
        build_network("patch_discriminator", in_channels=3, norm="group")
