from __future__ import annotations

import pytest
import torch

from vo_gan.gans import build_network


@pytest.mark.parametrize(("layers", "pixels"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_logit_sees_so_many_pixels(layers: int, pixels: int) -> None:
    network = build_network("patch_discriminator", in_channels=1, width=2, layers=layers, norm="none")
    image = torch.rand(1, 1, 256, 256, requires_grad=True)
    logits = network(image)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero(as_tuple=True)
    assert rows.max() - rows.min() + 1 == pixels
    assert columns.max() - columns.min() + 1 == pixels


def test_256_pixels_give_30_logits() -> None:
    network = build_network("patch_discriminator", in_channels=3, width=2)
    assert network(torch.rand(1, 3, 256, 256)).shape == (1, 1, 30, 30)
    deblurgan = build_network("patch_discriminator", in_channels=3, width=2, norm="instance", padding=2)
    assert deblurgan(torch.rand(1, 3, 256, 256)).shape == (1, 1, 35, 35)


def test_a_pixel_is_judged_alone() -> None:
    network = build_network("pixel_discriminator", in_channels=3, width=4, norm="none")
    image = torch.rand(1, 3, 5, 6, requires_grad=True)
    logits = network(image)
    assert logits.shape == (1, 1, 5, 6)
    logits[0, 0, 2, 3].backward()
    assert image.grad[0].abs().sum(0).nonzero().tolist() == [[2, 3]]
