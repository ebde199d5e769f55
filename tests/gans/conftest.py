"""Small folders of images, and the smallest configuration of every variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vo_gan.gans.run import configure

SIZE = ["--data.width", "16", "--data.height", "16"]
SOON = [
    *("--training.steps", "2", "--training.device", "cpu", "--training.validation_batches", "1"),
    *("--training.validate_every", "100", "--training.checkpoint_every", "100", "--training.log_every", "1"),
    *("--data.held_out", "0.3", "--data.batch", "4", "--data.validation_batch", "4", "--data.workers", "0"),
]
MLP = ["--model.latent", "4", "--model.generator_widths", "[8, 8]", "--model.discriminator_widths", "[8]"]
PATCH = ["--model.discriminator_width", "4", "--model.discriminator_layers", "1"]
VGG = ["--model.vgg_width", "4"]
SMALL: dict[str, list[str]] = {
    "gan": ["--data.source", "ring", *MLP],
    "cgan": ["--data.source", "digits", *MLP],
    "dcgan": ["--data.source", "digits", *SIZE, "--model.latent", "4", "--model.width", "4"],
    "wgan": ["--data.source", "ring", "--data.width", "0", "--data.height", "0", *MLP],
    "wgan_gp": ["--data.source", "digits", *SIZE, "--model.latent", "4", "--model.width", "4"],
    "pix2pix": ["--data.source", "pairs", *SIZE, "--model.width", "4", *PATCH],
    "cyclegan": ["--data.source", "pairs", *SIZE, "--model.width", "2", "--model.blocks", "1", *PATCH],
    "pix2pixhd": [
        *("--data.source", "pairs", *SIZE, "--model.width", "4", "--model.downs", "1", "--model.blocks", "1"),
        *(*PATCH, *VGG, "--model.perceptual", "0"),
    ],
    "deblurgan": [
        *("--data.source", "sharp", "--data.width", "16", "--data.height", "16", "--data.length", "6"),
        *("--data.kernel", "9", "--model.width", "2", "--model.blocks", "1", "--model.critic_width", "4"),
        *("--model.critic_layers", "1", *VGG),
    ],
    "stargan": [
        *("--data.source", "classes", *SIZE, "--model.width", "2", "--model.blocks", "1"),
        *("--model.discriminator_width", "2", "--model.critic_steps", "2"),
    ],
    "text_to_image": [
        *("--data.source", "shapes", *SIZE, "--model.width", "4", "--model.text", "8", "--model.projected", "4"),
        *("--model.latent", "4"),
    ],
    "coupled": [
        *("--data.source", "outlines", "--model.latent", "4", "--model.generator_widths", "[8, 8, 4, 4]"),
        *("--model.discriminator_widths", "[4, 4, 8]"),
    ],
}


def write_images(folder: Path, count: int, seed: int = 0, size: tuple[int, int] = (20, 18)) -> None:
    """Smooth coloured noise, named by number."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    for number in range(count):
        coarse = generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pairs/{A,B}`, `classes/{cold,warm}` and `sharp`, each of a few images."""
    root = tmp_path_factory.mktemp("images")
    for name in ("pairs/A", "classes/cold", "sharp"):
        write_images(root / name, 8)
    for name in ("pairs/B", "classes/warm"):
        write_images(root / name, 8, seed=1)
    return root


@pytest.fixture(autouse=True)
def _hasty_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vo_gan.gans.judges.STEPS", 5)


@pytest.fixture
def small(folders: Path) -> Any:
    """Makes the smallest configuration of a variant, with more arguments if wanted."""

    def made(variant: str, *arguments: str) -> Any:
        given = [str(folders / part) if (folders / part).is_dir() else part for part in SMALL[variant]]
        return configure(variant, None, [*SOON, *given, *arguments])

    return made
