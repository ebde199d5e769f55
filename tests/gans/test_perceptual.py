from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from vo_gan.errors import VoGanError
from vo_gan.gans.perceptual import Vgg, perceptual_loss, style_loss


def colour_and_brightness(image: torch.Tensor) -> list[torch.Tensor]:
    return [image, image.mean(dim=1, keepdim=True)]


def test_perceptual_loss_is_the_weighted_distance_of_features() -> None:
    made, wanted = torch.rand(2, 3, 8, 8, requires_grad=True), torch.rand(2, 3, 8, 8, requires_grad=True)
    loss = perceptual_loss(colour_and_brightness, made, wanted, weights=[0.5, 2.0], distance="mse")
    expected = 0.5 * F.mse_loss(made, wanted) + 2 * F.mse_loss(made.mean(1), wanted.mean(1))
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert made.grad is not None
    assert wanted.grad is None
    plain = perceptual_loss(colour_and_brightness, made, wanted)
    torch.testing.assert_close(plain, F.l1_loss(made, wanted) + F.l1_loss(made.mean(1), wanted.mean(1)))


def test_style_does_not_see_places_and_content_does() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 8, 8)
    shuffled = image.flatten(2)[:, :, torch.randperm(64)].reshape(1, 3, 8, 8)
    assert style_loss(colour_and_brightness, shuffled, image).item() == pytest.approx(0, abs=1e-10)
    assert perceptual_loss(colour_and_brightness, shuffled, image) > 0.1
    assert style_loss(colour_and_brightness, 1 - image, image) > 1e-4
    assert style_loss(colour_and_brightness, image.repeat(1, 1, 2, 1), image).item() == pytest.approx(0, abs=1e-10)


@pytest.mark.usefixtures("unchecked")
def test_wrong_arguments_are_named() -> None:
    image = torch.rand(1, 3, 8, 8)
    with pytest.raises(ValueError, match="1 weights for 2"):
        perceptual_loss(colour_and_brightness, image, image, weights=[1.0])
    with pytest.raises(ValueError, match="cosine"):
        perceptual_loss(colour_and_brightness, image, image, distance="cosine")
    with pytest.raises(ValueError, match="relu9_1"):
        Vgg(19, taps=("relu9_1",))


def test_vgg_taps_are_torchvisions_layers() -> None:
    """relu1_1 ... relu5_1 of VGG19 are layers 1, 6, 11, 20, 29; conv3_3 is 14, before its ReLU."""
    assert Vgg(19, width=8).taps == [1, 6, 11, 20, 29]
    assert Vgg(16, taps=("relu1_2", "relu2_2", "relu3_3", "relu4_3"), width=8).taps == [3, 8, 15, 22]
    network = Vgg(19, taps=("conv3_3",), width=8)
    assert network.taps == [14]
    assert len(network.features) == 15
    assert not any(parameter.requires_grad for parameter in network.parameters())
    (features,) = network(torch.rand(1, 3, 16, 16))
    assert features.shape == (1, 32, 4, 4)
    assert features.min() < 0


def test_vgg_reads_weights_and_refuses_others(tmp_path: Path) -> None:
    whole = Vgg(16, width=8, taps=("pool5",))
    torch.save({**whole.state_dict(), "classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")
    part = Vgg(16, taps=("relu2_2",), width=8, weights=tmp_path / "vgg.pth", normalise=True)
    assert torch.equal(part.features[0].weight, whole.features[0].weight)
    mean = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None].expand(1, 3, 8, 8)
    torch.testing.assert_close(part(mean)[0], part.features(torch.zeros(1, 3, 8, 8)))
    (tmp_path / "text.pth").write_text("no weights")
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "other.pth")
    for name in ("text.pth", "other.pth", "missing.pth"):
        with pytest.raises(VoGanError, match=name):
            Vgg(16, width=8, weights=tmp_path / name)
