from __future__ import annotations

import contextlib
import copy

import pytest
import torch
from torch import Tensor, nn

from vo_gan.gans import Inference, at_test_time, build_network, default_inference


def unet(norm: str = "batch") -> nn.Module:
    torch.manual_seed(0)
    network = build_network("unet_generator", in_channels=3, out_channels=3, downs=6, width=4, norm=norm)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.1, 0.2)
    return network


@pytest.fixture
def images() -> Tensor:
    return (
        torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        * torch.tensor([0.3, 1, 3])[:, None, None, None]
    )


@pytest.mark.parametrize("norm", ["batch", "instance", "instance_tracked"])
def test_instance_statistics_do_not_depend_on_the_batch(images: Tensor, norm: str) -> None:
    network = unet(norm)
    with at_test_time(network, stats="instance", noise="off"):
        together = network(images)
        alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(together, alone)


def test_batch_statistics_are_those_of_training_mode(images: Tensor) -> None:
    network = unet()
    training = copy.deepcopy(network).train()
    for part in training.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    with at_test_time(network, stats="batch", noise="off"):
        tested = network(images)
        alone = network(images[:1])
    torch.testing.assert_close(tested, training(images))
    assert not torch.allclose(tested[:1], alone)
    with at_test_time(network, stats="instance", noise="off"):
        torch.testing.assert_close(network(images[:1]), alone)


def test_running_statistics_are_those_of_evaluation_mode(images: Tensor) -> None:
    network = unet()
    network(images)
    with at_test_time(network, stats="running", noise="off"):
        tested = network(images)
    torch.testing.assert_close(tested, network.eval()(images))


def test_noise_is_dropout(images: Tensor) -> None:
    network = unet("instance")
    for noise in ("on", True):
        with at_test_time(network, noise=noise):
            assert not torch.allclose(network(images), network(images))
    for noise in ("off", False):
        with at_test_time(network, noise=noise):
            torch.testing.assert_close(network(images), network(images))


@pytest.mark.parametrize("stats", ["batch", "instance", "running"])
@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_left_behind(images: Tensor, stats: str, training: bool) -> None:
    network = unet("instance_tracked").train(training)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with contextlib.suppress(KeyError), at_test_time(network, stats=stats):
        network(images)
        raise KeyError
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert all(module.training == training for module in network.modules())
    assert not any("forward" in vars(module) for module in network.modules())


def test_defaults_are_the_papers(images: Tensor) -> None:
    assert default_inference(unet()) == Inference(stats="batch", noise="on")
    stargan = build_network("stargan_generator", width=2, blocks=1)
    assert default_inference(stargan) == Inference(stats="instance", noise="off")
    assert default_inference(build_network("dcgan_generator", width=2)) == Inference(stats="running", noise="off")

    label = torch.eye(5)[:3]
    as_trained = copy.deepcopy(stargan).train()(images, label)
    with at_test_time(stargan):
        torch.testing.assert_close(stargan(images, label), as_trained)


def test_a_tracked_deblurgan_is_tested_on_its_own_statistics() -> None:
    torch.manual_seed(0)
    arguments = {"in_channels": 3, "out_channels": 3, "width": 2, "blocks": 1, "residual_output": True}
    tracked = build_network("resnet_generator", norm="instance_tracked", **arguments)
    plain = build_network("resnet_generator", norm="instance", **arguments)
    plain.load_state_dict(dict(tracked.named_parameters()))
    image = torch.rand(1, 3, 16, 16)
    with at_test_time(tracked, noise="off"):
        torch.testing.assert_close(tracked(image), plain(image))


def test_what_cannot_be_is_said() -> None:
    vectors = build_network("mlp_generator", widths=(4, 4))
    with pytest.raises(ValueError, match="vector"), at_test_time(vectors, stats="instance"):
        pass
    assert all(module.training for module in vectors.modules())


@pytest.mark.usefixtures("unchecked")
def test_unknown_values_are_named() -> None:
    with pytest.raises(ValueError, match="batchwise"), at_test_time(unet(), stats="batchwise"):
        pass
    with pytest.raises(ValueError, match="some"), at_test_time(unet(), noise="some"):
        pass
