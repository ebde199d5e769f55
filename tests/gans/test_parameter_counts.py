"""Every published parameter count, at full width, without memory: weights on the meta device have none."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vo_gan.gans import build_network
from vo_gan.gans.networks import NETWORKS

Arguments = dict[str, Any]

TO_RGB = {"in_channels": 3, "out_channels": 3}
FROM_LABELS = {"in_channels": 36, "out_channels": 3}
DEBLUR = {**TO_RGB, "norm": "instance_tracked", "dropout": True, "residual_output": True}

COUNTS: list[tuple[str, Arguments, int]] = [
    ("mlp_generator", {}, 1_510_032),
    ("mlp_discriminator", {}, 533_505),
    ("cgan_generator", {}, 1_511_312),
    ("cgan_discriminator", {}, 932_865),
    ("cgan_generator", {"shape": (1, 32, 32)}, 1_757_412 - 100),
    ("cgan_discriminator", {"shape": (1, 32, 32)}, 1_055_845 - 100),
    ("cgan_paper_generator", {}, 2_413_984),
    ("cgan_paper_discriminator", {}, 1_224_351),
    ("dcgan_generator", {"width": 64}, 3_576_704),
    ("dcgan_discriminator", {"width": 64}, 2_765_568),
    ("dcgan_generator", {"latent": 100, "width": 128, "channels": 3}, 12_658_432),
    ("dcgan_discriminator", {"width": 128, "channels": 3}, 11_036_160),
    ("dcgan_generator", {"width": 128, "kernel": 5}, 18_855_040),
    ("unet_generator", {**TO_RGB, "norm": "batch"}, 54_413_955),
    ("unet_generator", {**TO_RGB, "norm": "instance"}, 54_409_603),
    ("unet_generator", {**TO_RGB, "downs": 7}, 41_828_995),
    ("patch_discriminator", {"in_channels": 6, "norm": "batch"}, 2_768_705),
    ("patch_discriminator", {"in_channels": 6, "norm": "instance"}, 2_767_809),
    ("patch_discriminator", {"in_channels": 3, "norm": "batch"}, 2_765_633),
    ("patch_discriminator", {"in_channels": 3, "norm": "instance"}, 2_764_737),
    ("patch_discriminator", {"in_channels": 3, "norm": "instance_tracked", "padding": 2}, 2_764_737),
    ("patch_discriminator", {"in_channels": 6, "layers": 1}, 139_585),
    ("patch_discriminator", {"in_channels": 6, "layers": 2}, 666_433),
    ("patch_discriminator", {"in_channels": 6, "layers": 4}, 6_964_033),
    ("patch_discriminator", {"in_channels": 6, "layers": 5}, 11_159_361),
    ("patch_discriminator", {"in_channels": 6, "layers": 6}, 15_354_689),
    # The PatchGAN of 3 channels, and a first layer for the other image.
    ("coupled_patch_discriminator", {}, 2_764_737 + 3_136),
    ("pixel_discriminator", {"in_channels": 6, "width": 64, "norm": "batch"}, 9_024),
    ("resnet_generator", {**TO_RGB, "norm": "instance"}, 11_378_179),
    ("resnet_generator", {**TO_RGB, "blocks": 6}, 7_837_699),
    ("resnet_generator", {**TO_RGB, "norm": "batch"}, 11_383_427),
    ("resnet_generator", DEBLUR, 11_378_179),
    # A later DeblurGAN lost the second convolution of its blocks by a slip of precedence; here one has to ask for it.
    ("resnet_generator", {**DEBLUR, "block_convolutions": 1}, 6_067_459),
    ("pix2pixhd_global_generator", {**FROM_LABELS}, 182_546_755),
    ("pix2pixhd_global_generator", {**TO_RGB}, 182_443_267),
    ("pix2pixhd_global_generator", {**TO_RGB, "downs": 3}, 45_593_347),
    ("pix2pixhd_local_enhancer", {**FROM_LABELS}, 182_857_059),
    ("pix2pixhd_local_enhancer", {**TO_RGB}, 182_701_827),
    ("multiscale_discriminator", {"in_channels": 39, "scales": 2}, 5_603_202),
    ("multiscale_discriminator", {"in_channels": 6, "scales": 2}, 5_535_618),
    ("multiscale_discriminator", {"in_channels": 39, "scales": 3}, 8_404_803),
    ("stargan_generator", {"width": 64, "domains": 5, "blocks": 6}, 8_430_528),
    ("stargan_discriminator", {"image_size": 128, "width": 64, "domains": 5, "layers": 6}, 44_762_048),
    ("stargan_generator", {"domains": 5 + 8 + 2}, 8_461_888),
    ("stargan_discriminator", {"image_size": 256, "domains": 5 + 8}, 45_147_072),
    ("text_to_image_generator", {"latent": 100, "width": 64, "text": 1024, "projected": 128}, 4_756_736),
    ("text_to_image_discriminator", {"width": 64, "text": 1024, "projected": 128}, 2_899_072),
    ("coupled_generator", {"latent": 100}, 7_842_694),
    ("coupled_discriminator", {}, 427_593),
    ("coupled_discriminator", {"classes": 10}, 432_603),
]


@pytest.mark.parametrize(("name", "arguments", "parameters"), COUNTS)
def test_published_parameter_counts(name: str, arguments: Arguments, parameters: int) -> None:
    with torch.device("meta"):
        network = build_network(name, **arguments)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_every_network_is_counted() -> None:
    assert {name for name, _, _ in COUNTS} == set(NETWORKS)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_batch_norm_has_its_usual_epsilon(name: str) -> None:
    """`BatchNorm1d(n, 0.8)`, a misread momentum, is in half the public GANs: it sets epsilon."""
    needed = {"in_channels": 3, "out_channels": 3} if "unet" in name or "resnet" in name or "hd" in name else {}
    needed = {"in_channels": 3} if name.split("_")[0] in ("patch", "pixel", "multiscale") else needed
    with torch.device("meta"):
        network = build_network(name, **needed)
    for module in network.modules():
        if hasattr(module, "eps"):
            assert (module.eps, module.momentum) == (1e-5, 0.1)
