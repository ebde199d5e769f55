"""Imported generators give the original networks' output. Those are written again here, from the papers, with the names
and the order that their authors' code gives to the weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vo_gan.cli import main
from vo_gan.errors import VoGanError
from vo_gan.gans.run import load_variant
from vo_gan.published_gans import import_gan


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        part = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        other = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.conv_block = nn.Sequential(*part, nn.ReLU(), *other)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class Resnet(nn.Module):
    def __init__(self, width: int = 4, blocks: int = 2, tracked: bool = False) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]
        for w in (width, 2 * width):
            parts += [nn.Conv2d(w, 2 * w, 3, 2, 1), nn.InstanceNorm2d(2 * w), nn.ReLU()]
        parts += [Block(4 * width) for _ in range(blocks)]
        for w in (4 * width, 2 * width):
            parts += [
                nn.ConvTranspose2d(w, w // 2, 3, 2, 1, output_padding=1),
                nn.InstanceNorm2d(w // 2, track_running_stats=tracked),
                nn.ReLU(),
            ]
        self.model = nn.Sequential(*parts, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class Unet(nn.Module):
    """Nested, as the authors write it: a level holds the one inside it."""

    def __init__(self, outer: int, inner: int, given: int | None, inside: Unet | None, outermost: bool = False) -> None:
        super().__init__()
        self.outermost = outermost
        down = nn.Conv2d(outer if given is None else given, inner, 4, 2, 1, bias=False)
        up = nn.ConvTranspose2d(inner * (1 if inside is None else 2), outer, 4, 2, 1, bias=outermost)
        if outermost:
            parts = [down, inside, nn.ReLU(), up, nn.Tanh()]
        elif inside is None:
            parts = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, nn.BatchNorm2d(outer)]
        else:
            parts = [nn.LeakyReLU(0.2), down, nn.BatchNorm2d(inner), inside, nn.ReLU(), up, nn.BatchNorm2d(outer)]
        self.model = nn.Sequential(*parts)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], dim=1)


class Star(nn.Module):
    def __init__(self, width: int = 4, domains: int = 3) -> None:
        super().__init__()

        def norm(w: int) -> nn.Module:
            return nn.InstanceNorm2d(w, affine=True, track_running_stats=True)

        class Residual(nn.Module):
            def __init__(self, w: int) -> None:
                super().__init__()
                first = [nn.Conv2d(w, w, 3, 1, 1, bias=False), norm(w), nn.ReLU()]
                self.main = nn.Sequential(*first, nn.Conv2d(w, w, 3, 1, 1, bias=False), norm(w))

            def forward(self, x: Tensor) -> Tensor:
                return x + self.main(x)

        parts: list[nn.Module] = [nn.Conv2d(3 + domains, width, 7, 1, 3, bias=False), norm(width), nn.ReLU()]
        for w in (width, 2 * width):
            parts += [nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False), norm(2 * w), nn.ReLU()]
        parts += [Residual(4 * width), Residual(4 * width)]
        for w in (4 * width, 2 * width):
            parts += [nn.ConvTranspose2d(w, w // 2, 4, 2, 1, bias=False), norm(w // 2), nn.ReLU()]
        self.main = nn.Sequential(*parts, nn.Conv2d(width, 3, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        return self.main(torch.cat([x, label[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1))


@pytest.fixture
def image() -> Tensor:
    return 2 * torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 1


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    return network


def test_cyclegan_both_ways(tmp_path: Path, image: Tensor) -> None:
    ways = [randomised(Resnet(), seed) for seed in (1, 2)]
    files = []
    for name, way in zip("AB", ways, strict=True):
        files.append(tmp_path / f"latest_net_G_{name}.pth")
        torch.save(way.state_dict(), files[-1])
    import_gan("cyclegan", files, tmp_path / "out")
    variant, config = load_variant(tmp_path / "out")
    assert config.model.blocks == 2
    with torch.no_grad():
        for wanted, way in zip(("second", "first"), ways, strict=True):
            torch.testing.assert_close(variant.translate(image, wanted), way(image), atol=2e-5, rtol=0)  # type: ignore[attr-defined]


def test_old_statistics_are_dropped_by_name(tmp_path: Path, image: Tensor, capsys: pytest.CaptureFixture[str]) -> None:
    old = randomised(Resnet(tracked=True))
    torch.save(old.state_dict(), tmp_path / "G.pth")
    arguments = ["--as", "cyclegan", "--out", str(tmp_path / "out")]
    assert main(["import", str(tmp_path / "G.pth"), *arguments]) == 0
    assert "running_mean (model." in capsys.readouterr().err
    variant, _ = load_variant(tmp_path / "out")
    with torch.no_grad():
        made = variant.translate(image)  # type: ignore[attr-defined]
        torch.testing.assert_close(made, old(image), atol=2e-5, rtol=0)
    with pytest.raises(VoGanError, match="to_first"):
        variant.translate(image, "first")  # type: ignore[attr-defined]


def test_pix2pix(tmp_path: Path, image: Tensor) -> None:
    inside: Unet | None = None
    for outer, inner in ((32, 32), (16, 32), (8, 16), (4, 8)):
        inside = Unet(outer, inner, None, inside)
    original = randomised(Unet(1, 4, 3, inside, outermost=True))
    torch.save(original.state_dict(), tmp_path / "G.pth")
    config = import_gan("pix2pix", [tmp_path / "G.pth"], tmp_path / "out")
    assert (config.model.downs, config.model.norm, config.shape.second[0]) == (5, "batch", 1)
    variant, _ = load_variant(tmp_path / "out")
    with torch.no_grad():
        expected = original.train()(image)  # by the image's own statistics
        made = variant.translate(image, noise="off")  # type: ignore[attr-defined]
    torch.testing.assert_close(made, expected, atol=2e-5, rtol=0)


def test_stargan_through_the_command_line(tmp_path: Path, image: Tensor) -> None:
    original = randomised(Star())
    torch.save(original.state_dict(), tmp_path / "200000-G.pth")
    out = str(tmp_path / "out")
    classes = ["--classes", "fog,rain,night"]
    assert main(["import", str(tmp_path / "200000-G.pth"), "--as", "stargan", *classes, "--out", out]) == 0
    variant, _ = load_variant(tmp_path / "out")
    with torch.no_grad():
        expected = original(image, torch.tensor([[0.0, 1.0, 0.0]]))
        torch.testing.assert_close(variant.translate(image, "rain"), expected, atol=2e-5, rtol=0)  # type: ignore[attr-defined]
    cv2.imwrite(str(tmp_path / "street.png"), np.zeros((33, 47, 3), np.uint8))
    target = str(tmp_path / "made")
    assert main(["gan", "translate", out, str(tmp_path / "street.png"), "--to", "night", "--out", target]) == 0
    assert cv2.imread(f"{target}/street.png").shape == (33, 47, 3)


@pytest.mark.parametrize("kind", ["pix2pix", "cyclegan", "stargan"])
def test_other_weights_are_named(tmp_path: Path, kind: str) -> None:
    torch.save({"weight": torch.zeros(3, 3, 3, 3), "bias": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(VoGanError, match=rf"other\.pth is no {kind} generator"):
        import_gan(kind, [tmp_path / "other.pth"], tmp_path / "out")  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_discriminator_or_half_a_generator_is_refused(tmp_path: Path) -> None:
    weights = Resnet().state_dict()
    weights.pop(next(key for key in reversed(weights) if key.endswith("bias")))
    torch.save(weights, tmp_path / "G.pth")
    with pytest.raises(VoGanError, match="do not fit"):
        import_gan("cyclegan", [tmp_path / "G.pth"], tmp_path / "out")
    with pytest.raises(VoGanError, match="one generator"):
        import_gan("pix2pix", [tmp_path / "G.pth"] * 2, tmp_path / "out")
