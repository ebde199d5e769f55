"""`vo-gan gan` and its exit codes, through the whole command line."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from vo_gan.cli import main
from vo_gan.gans.run import configure
from vo_gan.gans.variants import VARIANTS

CONFIGS = sorted((Path(__file__).parents[2] / "configs" / "gans").glob("*.yaml"))
SOON = [
    *("--training.steps", "2", "--device", "cpu", "--training.validation_batches", "1", "--data.batch", "4"),
    *("--data.validation_batch", "8", "--data.workers", "0"),
]
MLP = ["--model.latent", "4", "--model.generator_widths", "[8,8]", "--model.discriminator_widths=[8]"]


@pytest.fixture(autouse=True)
def _hasty_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vo_gan.gans.judges.STEPS", 2)


def test_list_names_every_variant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gan", "list"]) == 0
    shown = capsys.readouterr().out
    for name, variant in VARIANTS.items():
        assert f"{name}: {variant.learns}" in shown
        assert variant.paper in shown
    assert "54,413,955" in shown  # the U-Net of pix2pix
    assert "11,378,179" in shown  # the residual generator of CycleGAN


def test_train_resume_and_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out = str(tmp_path / "run"), str(tmp_path / "out")
    train = ["gan", "train", "cgan", "--data", "digits", "--out", run, *SOON, *MLP]
    assert main(train) == 0
    assert main(train) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*train, "--training.steps", "3", "--resume"]) == 0
    assert yaml.safe_load((tmp_path / "run" / "checkpoints" / "last" / "config.yaml").read_text())["shape"]["classes"]
    assert main(["gan", "sample", run, "--count", "5", "--label", "3", "--label", "8", "--out", out]) == 0
    assert capsys.readouterr().out.split()[-1] == f"{out}/samples.png"
    assert cv2.imread(f"{out}/000004.png", cv2.IMREAD_UNCHANGED).shape == (8, 8)


def test_points_are_written_as_numbers(tmp_path: Path) -> None:
    run, out = str(tmp_path / "run"), tmp_path / "out"
    assert main(["gan", "train", "gan", "--data", "ring", "--out", run, *SOON, *MLP]) == 0
    assert main(["gan", "sample", run, "--count", "70", "--out", str(out), "--seed", "3"]) == 0
    points = np.loadtxt(out / "samples.csv", delimiter=",")
    assert points.shape == (70, 2)
    assert len(np.unique(points, axis=0)) == 70
    assert cv2.imread(str(out / "samples.png")) is not None


def test_translate(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for number in range(8):
        image = np.random.default_rng(number).integers(0, 256, (16, 32, 3), dtype=np.uint8)
        cv2.imwrite(str(pairs / f"{number}.png"), image)
    small = ["--model.width", "2", "--model.discriminator_width", "2", "--model.discriminator_layers", "1"]
    size = ["--data.width", "16", "--data.height", "16"]
    run, out = str(tmp_path / "run"), str(tmp_path / "out")
    assert main(["gan", "train", "pix2pix", "--data", str(pairs), "--out", run, *SOON, *small, *size]) == 0
    images = [str(pairs / "0.png"), str(pairs / "1.png")]
    assert main(["gan", "translate", run, *images, "--out", out, "--stats", "instance", "--noise", "off"]) == 0
    assert cv2.imread(f"{out}/1.png").shape == (16, 32, 3)
    assert main(["gan", "translate", run, images[0], "--to", "fog", "--out", out]) == 2
    assert main(["gan", "sample", run, "--out", out]) == 2


def test_the_configuration_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gan", "train", "pix2pix", "--print_config", "--model.l1", "7"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert (shown["model"]["l1"], shown["epochs"], shown["data"]["batch"]) == (7.0, 200, 1)
    assert main(["gan", "train", "pix2pix", "--print_config", "--training.steps", "7"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["epochs"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "vae", "--data", "ring", "--out", "x"], "no variant 'vae'"),
        (["train", "gan", "--data", "ring"], "--out"),
        (["train", "gan", "--out", "x"], "--data"),
        (["train", "gan", "--data", "nowhere", "--out", "x"], "nowhere: no such folder"),
        (["train", "dcgan", "--data", "ring", "--out", "x"], "ring does not serve"),
        (["train", "gan", "--data", "ring", "--out", "x", "--model.lantent", "3"], "did you mean model.latent"),
        (["train", "gan", "--data", "ring", "--out", "x", "--model.objective", "vae"], "model.objective"),
        (["train", "gan", "--data", "ring", "--out", "x", "--model.ema", "1"], "model.ema"),
        (["train", "gan", "--data", "ring", "--out", "x", "--resume"], "no checkpoint"),
        (["train", "gan", "--config", "none.yaml", "--data", "ring", "--out", "x"], "none.yaml does not exist"),
        (["train", "dcgan", "--data", "digits", "--data.width", "20", "--data.height", "20", "--out", "x"], "20x20"),
        (["sample", "nowhere", "--out", "x"], "nowhere is no checkpoint"),
        (["translate", "nowhere", "a.png", "--out", "x"], "nowhere is no checkpoint"),
        (["list", "--model.latent", "3"], "unrecognized"),
    ],
)
def test_mistakes_are_one_message(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["gan", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configurations_are_valid(path: Path) -> None:
    variant = yaml.safe_load(path.read_text())["variant"]
    assert configure(variant, path).variant == variant
