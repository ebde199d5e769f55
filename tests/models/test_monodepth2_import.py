"""Imported Monodepth2 weights give the original networks' output. The networks are written again here, from the paper
and the layout of the published files, so that nothing is shared with what is tested."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vo_gan.cli import main
from vo_gan.errors import VoGanError
from vo_gan.odometry import Tracker
from vo_gan.pretrained import load_networks
from vo_gan.published import import_monodepth2

SIZE = (192, 64)


class Block(nn.Module):
    def __init__(self, a: int, b: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        if stride == 2:
            self.downsample = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x) if hasattr(self, "downsample") else x
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + shortcut)


class Resnet18(nn.Module):
    def __init__(self, images: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3 * images, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.fc = nn.Linear(512, 1000)


class Encoder(nn.Module):
    def __init__(self, images: int) -> None:
        super().__init__()
        self.encoder = Resnet18(images)

    def forward(self, image: Tensor) -> list[Tensor]:
        net = self.encoder
        features = [F.relu(net.bn1(net.conv1((image - 0.45) / 0.225)))]
        features.append(net.layer1(F.max_pool2d(features[-1], 3, 2, 1)))
        for layer in (net.layer2, net.layer3, net.layer4):
            features.append(layer(features[-1]))
        return features


class Conv3x3(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(a, b, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (1, 1, 1, 1), mode="reflect"))


class ConvBlock(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv = Conv3x3(a, b)

    def forward(self, x: Tensor) -> Tensor:
        return F.elu(self.conv(x))


class DepthDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        encoder, own = [64, 64, 128, 256, 512], [16, 32, 64, 128, 256]
        layers: list[nn.Module] = []
        for i in range(4, -1, -1):
            layers.append(ConvBlock(512 if i == 4 else own[i + 1], own[i]))
            layers.append(ConvBlock(own[i] + (encoder[i - 1] if i > 0 else 0), own[i]))
        layers += [Conv3x3(own[s], 1) for s in range(4)]
        self.decoder = nn.ModuleList(layers)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        x, outputs = features[-1], {}
        for i in range(4, -1, -1):
            x = F.interpolate(self.decoder[2 * (4 - i)](x), scale_factor=2, mode="nearest")
            if i > 0:
                x = torch.cat([x, features[i - 1]], 1)
            x = self.decoder[2 * (4 - i) + 1](x)
            if i < 4:
                outputs[i] = torch.sigmoid(self.decoder[10 + i](x))
        return [outputs[i] for i in range(4)]


class PoseDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleList(
            [nn.Conv2d(512, 256, 1), nn.Conv2d(256, 256, 3, 1, 1), nn.Conv2d(256, 256, 3, 1, 1), nn.Conv2d(256, 12, 1)]
        )

    def forward(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        x = F.relu(self.net[0](features[-1]))
        x = F.relu(self.net[1](x))
        x = F.relu(self.net[2](x))
        x = 0.01 * self.net[3](x).mean(3).mean(2).view(-1, 2, 1, 6)
        return x[:, 0, 0, :3], x[:, 0, 0, 3:]


def randomise(network: nn.Module, seed: int) -> nn.Module:
    """Untrained running statistics are 0 and 1, which would hide a mistake with them."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.8, 1.2, generator=generator)
    return network.eval()


@pytest.fixture(scope="module")
def originals() -> dict[str, nn.Module]:
    torch.manual_seed(3)
    networks = {"encoder": Encoder(1), "depth": DepthDecoder(), "pose_encoder": Encoder(2), "pose": PoseDecoder()}
    return {name: randomise(network, seed) for seed, (name, network) in enumerate(networks.items())}


def save(folder: Path, originals: dict[str, nn.Module], *, stereo: bool) -> list[Path]:
    files = []
    for name, network in originals.items():
        state = dict(network.state_dict())
        if name == "encoder":
            state |= {"width": SIZE[0], "height": SIZE[1], "use_stereo": stereo}
        torch.save(state, folder / f"{name}.pth")
        files.append(folder / f"{name}.pth")
    return files


@pytest.mark.parametrize("stereo", [False, True])
def test_output_is_that_of_the_originals(tmp_path: Path, originals: dict[str, nn.Module], stereo: bool) -> None:
    config = import_monodepth2(save(tmp_path, originals, stereo=stereo)[::-1], tmp_path / "out")
    networks = load_networks(tmp_path / "out")
    images = torch.rand(2, 3, SIZE[1], SIZE[0], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = originals["depth"](originals["encoder"](images))
        activations = networks.depth(images)
        axis_angle, translation = originals["pose"](originals["pose_encoder"](torch.cat([images[:1], images[1:]], 1)))
        motion = networks.pose(images[None])[0, 0]
    assert config.scale == ("metric" if stereo else "relative")
    for ours, theirs in zip(activations, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    unit = 5.4 if stereo else 1.0
    lowest, highest = 1 / 100, 1 / 0.1
    torch.testing.assert_close(networks.depth.depth(activations[0]), unit / (lowest + (highest - lowest) * expected[0]))
    torch.testing.assert_close(motion[:3, 3], unit * translation[0], rtol=1e-5, atol=1e-8)
    angle = axis_angle[0].norm()
    x, y, z = axis_angle[0] / angle
    cross = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = torch.eye(3) + angle.sin() * cross + (1 - angle.cos()) * cross @ cross
    torch.testing.assert_close(motion[:3, :3], rotation, rtol=0, atol=1e-6)


def test_imported_weights_track(tmp_path: Path, originals: dict[str, nn.Module]) -> None:
    import_monodepth2(save(tmp_path, originals, stereo=True), tmp_path / "out")
    tracker = Tracker(load_networks(tmp_path / "out"))
    frames = np.random.default_rng(0).integers(0, 256, (3, SIZE[1], SIZE[0], 3), dtype=np.uint8)
    tracked = [tracker.track(frame) for frame in frames]
    images = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        _, translation = originals["pose"](originals["pose_encoder"](torch.cat([images[:1], images[1:2]], 1)))
    # The camera's own movement is the inverse of how it moves the points.
    assert np.linalg.norm(tracked[1].world_from_camera[:3, 3]) == pytest.approx(
        5.4 * translation.norm().item(), rel=1e-4
    )


def test_the_command_line_imports_tracks_and_predicts(tmp_path: Path, originals: dict[str, nn.Module]) -> None:
    files = save(tmp_path, originals, stereo=False)
    assert main(["import", *map(str, files), "--as", "monodepth2", "--out", str(tmp_path / "out")]) == 0
    frames = tmp_path / "frames"
    frames.mkdir()
    for index, frame in enumerate(np.random.default_rng(0).integers(0, 256, (3, 90, 240, 3), dtype=np.uint8)):
        cv2.imwrite(str(frames / f"{index}.png"), frame)
    weights = ["--weights", str(tmp_path / "out"), "--device", "cpu"]
    assert main(["track", str(frames), *weights, "--out", str(tmp_path / "track")]) == 0
    assert json.loads((tmp_path / "track" / "track.json").read_text())["scale"] == "relative"
    assert main(["depth", str(frames / "0.png"), *weights, "--out", str(tmp_path / "depth")]) == 0
    assert np.load(tmp_path / "depth" / "0_depth.npy").shape == (90, 240)


def test_depth_alone_needs_refinement_to_track(tmp_path: Path, originals: dict[str, nn.Module]) -> None:
    import_monodepth2(save(tmp_path, originals, stereo=True)[:2], tmp_path / "out")
    with pytest.raises(VoGanError, match="--refine"):
        Tracker(load_networks(tmp_path / "out"))


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


def test_a_file_with_code_is_refused_and_not_run(tmp_path: Path, originals: dict[str, nn.Module]) -> None:
    files = save(tmp_path, originals, stereo=False)
    torch.save({"encoder.conv1.weight": Malicious(tmp_path / "ran")}, files[0])
    with pytest.raises(VoGanError, match=r"encoder\.pth is refused"):
        import_monodepth2(files, tmp_path / "out")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [[0], [1], [0, 1, 2], [0, 1, 3]])
def test_missing_parts_are_named(tmp_path: Path, originals: dict[str, nn.Module], kept: list[int]) -> None:
    files = save(tmp_path, originals, stereo=False)
    with pytest.raises(VoGanError, match=r"\.pth"):
        import_monodepth2([files[index] for index in kept], tmp_path / "out")


def test_other_files_are_named(tmp_path: Path, originals: dict[str, nn.Module]) -> None:
    files = save(tmp_path, originals, stereo=False)
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(VoGanError, match=r"other\.pth is none of"):
        import_monodepth2([*files, tmp_path / "other.pth"], tmp_path / "out")
    files[1].write_bytes(files[1].read_bytes()[:1000])
    with pytest.raises(VoGanError, match=r"depth\.pth"):
        import_monodepth2(files, tmp_path / "out")
