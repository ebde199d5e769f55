from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from vo_gan.config import Config, DataConfig
from vo_gan.data import Snippet, SnippetDataset, make_loader, open_drives
from vo_gan.engine import AVERAGE, TrainingConfig, load_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.models import CoupledViewsConfig
from vo_gan.pretrained import load_networks, load_pair_networks
from vo_gan.recipes import CoupledSynthesis, CoupledSynthesisConfig
from vo_gan.recipes.coupled import CoupledDiscriminatorConfig, PairLossesConfig
from vo_gan.training import train

SIZE = (128, 64)
EVERY_LOSS = PairLossesConfig(perceptual=0.1, style=0.1, consistency=0.1)
PIXELS_ALONE = PairLossesConfig(adversarial=0.0, feature_matching=0.0, smoothness=0.0)
SMALL = CoupledSynthesisConfig(
    views=CoupledViewsConfig(width=8, decoder_width=4, candidates=12),
    losses=EVERY_LOSS,
    discriminator=CoupledDiscriminatorConfig(width=4, layers=2, warmup_steps=1),
    learning_rate=2e-3,
    vgg_width=4,
)


def learner(config: CoupledSynthesisConfig = SMALL, features: object = None) -> CoupledSynthesis:
    torch.manual_seed(0)
    made = CoupledSynthesis(config, SIZE, features=features)  # type: ignore[arg-type]
    made.place(Fabric(accelerator="cpu"), channels_last=True)
    made.set_mode(training=True)
    return made


@pytest.fixture(scope="module")
def batches(tiny_world: Path) -> list[Snippet]:
    """Batches of 4 pairs of two drives."""
    dataset = SnippetDataset(open_drives(tiny_world), 1, SIZE)
    return [batch.to("cpu") for batch in make_loader(dataset, 4, 0, 0, True)]


@pytest.mark.parametrize("right", ["selection", "rgb"])
@pytest.mark.parametrize("objective", ["nonsaturating", "minimax", "lsgan", "hinge", "wasserstein"])
def test_both_sides_learn_under_every_objective(batches: list[Snippet], right: str, objective: str) -> None:
    config = replace(
        SMALL,
        views=replace(SMALL.views, right=right),  # type: ignore[arg-type]
        discriminator=replace(SMALL.discriminator, objective=objective),  # type: ignore[arg-type]
    )
    made = learner(config)
    before = {
        f"{name}.{key}": parameter.detach().clone()
        for name in made.networks
        for key, parameter in made.networks[name].named_parameters()
        if key.endswith("weight")  # a bias that real and fake logits share is of no effect to a Wasserstein critic
    }
    for number, batch in enumerate(batches[:2]):
        losses = made.step(batch, number)
    assert all(torch.isfinite(loss) for loss in losses.values())
    every = {"left", "right", "perceptual", "style", "consistency", "adversarial", "feature_matching"}
    assert every | {"generators", "discriminators"} == set(losses) - {"smoothness"}
    assert ("smoothness" in losses) == (right == "selection")
    for name, parameter in before.items():
        network, _, key = name.partition(".")
        assert not torch.equal(dict(made.networks[network].named_parameters())[key], parameter), name


def test_what_has_no_weight_is_not_computed(batches: list[Snippet]) -> None:
    def never(_image: torch.Tensor) -> list[torch.Tensor]:
        raise AssertionError("features were computed")

    made = learner(replace(SMALL, losses=PIXELS_ALONE), never)
    assert set(made.networks) == {"views"}
    assert set(made.optimisers) == {"views"}
    assert set(made.step(batches[0], 0)) == {"left", "right", "generators"}
    matched = learner(replace(SMALL, losses=replace(PIXELS_ALONE, feature_matching=1.0)))
    assert set(matched.step(batches[0], 0)) == {"left", "right", "feature_matching", "generators", "discriminators"}


def test_any_features_serve(batches: list[Snippet]) -> None:
    seen = []

    def mean_colour(image: torch.Tensor) -> list[torch.Tensor]:
        seen.append(image.shape[0])
        return [image.mean((2, 3), keepdim=True)]

    made = learner(replace(SMALL, losses=replace(PIXELS_ALONE, perceptual=1.0)), mean_colour)
    losses = made.step(batches[0], 0)
    assert losses["perceptual"] > 0
    assert seen == [8, 8]  # both views of four pairs, real and synthesised


def test_adversarial_weights_grow_from_nothing(batches: list[Snippet]) -> None:
    config = replace(SMALL, losses=PairLossesConfig(smoothness=0.0, adversarial=1.0, feature_matching=2.0))
    made = learner(replace(config, discriminator=replace(config.discriminator, warmup_steps=100)))
    losses = made.step(batches[0], 49)
    expected = losses["left"] + losses["right"] + 0.5 * losses["adversarial"] + losses["feature_matching"]
    torch.testing.assert_close(losses["generators"], expected)


def test_the_views_of_a_mirrored_pair_change_places(batches: list[Snippet]) -> None:
    """Mirrored or not, what is at x in the right view is at x + disparity in the left one, never at x - disparity."""
    batch = batches[0]
    texture = torch.rand(4, 1, 3, 64, 128)
    batch = replace(batch, images=texture, right=texture.roll(-3, -1), has_right=torch.ones(4, 1, dtype=torch.bool))
    made = learner()
    mirrored = 0
    for step in range(6):
        left, right = made.pairs(batch, step)
        torch.testing.assert_close(right[..., 3:-3], left.roll(-3, -1)[..., 3:-3])
        again, _ = made.pairs(batch, step)
        assert torch.equal(left, again)
        unaugmented = made.pairs(batch)[0]
        mirrored += int(((left - unaugmented).flatten(1).abs().mean(1) > 0.2).sum())
    assert 4 < mirrored < 20


def test_frames_without_a_right_view_are_refused(batches: list[Snippet]) -> None:
    batch = replace(batches[0], has_right=torch.tensor([[True], [False], [True], [True]]))
    with pytest.raises(VoGanError, match=r"image_2/\d+\.png: has no right view"):
        learner().step(batch, 0)


def test_one_disparity_everywhere_is_consistent_and_the_image_comes_back(batches: list[Snippet]) -> None:
    """There and back by the same shift, the image is the same but at its border; by another, it is not."""
    made = learner(replace(SMALL, views=replace(SMALL.views, residual=0.0, largest_disparity=11 / 128)))
    head = made.plain_networks()["views"].right_head
    with torch.no_grad():
        head.choose.conv.weight.zero_()
    left = batches[0].images[:, 0]
    found = []
    for candidate in (0, 5):
        with torch.no_grad():
            head.choose.conv.bias.copy_(100.0 * torch.nn.functional.one_hot(torch.tensor(candidate), 12))
            found.append(made._inconsistency(left, made.synthesise(left)).item())
    assert found[0] == pytest.approx(0, abs=1e-6)
    other = made.synthesise(left.roll(8, -1))
    assert found[1] < 0.2 * made._inconsistency(left, other).item()


def test_pictures_and_figures(batches: list[Snippet]) -> None:
    made = learner()
    made.set_mode(training=False)
    with torch.no_grad():
        figures, pictures = made.validate(batches[0]), made.pictures(batches[0])
    assert figures["psnr_unmoved"] > 5
    assert {"left", "right", "left_synthesised", "right_synthesised", "right_error", "disparity"} == set(pictures)
    assert all(image.shape == (3, 64, 128) and image.min() >= 0 and image.max() <= 1 for image in pictures.values())


CONFIG = Config(
    recipe="coupled",
    data=DataConfig(width=SIZE[0], height=SIZE[1], frames=1, batch=4, workers=0),
    coupled=replace(SMALL, ema=0.5),
    training=TrainingConfig(
        steps=4, device="cpu", schedule="constant", log_every=1, validate_every=2, checkpoint_every=2, best="psnr"
    ),
)


def losses_of(run: Path) -> list[list[str]]:
    with (run / "metrics.csv").open() as file:
        return [row for row in csv.reader(file) if row[1].startswith("train/")]


@pytest.fixture(scope="module")
def trained(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four steps in one go."""
    config = replace(CONFIG, data=replace(CONFIG.data, root=str(tiny_world)))
    return train(config, tmp_path_factory.mktemp("runs") / "whole")


def test_resuming_is_exact(tiny_world: Path, trained: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, data=replace(CONFIG.data, root=str(tiny_world)))
    train(replace(config, training=replace(config.training, steps=2)), tmp_path / "parts")
    train(config, tmp_path / "parts", resume=True)
    whole, parts = (load_checkpoint(run / "checkpoints" / "last") for run in (trained, tmp_path / "parts"))
    assert all(torch.equal(parts.tensors[name], tensor) for name, tensor in whole.tensors.items())
    assert losses_of(tmp_path / "parts") == losses_of(trained)


def test_a_checkpoint_knows_its_cameras_and_its_recipe(trained: Path) -> None:
    networks = load_pair_networks(trained)
    assert networks.size == SIZE
    assert networks.rig.baseline == pytest.approx(0.54, rel=0.01)
    assert 0.4 < networks.rig.focal < 0.8
    tensors = load_checkpoint(trained / "checkpoints" / "best").tensors
    key = "trunk.encoder.conv1.weight"
    assert torch.equal(networks.views.state_dict()[key], tensors[f"views{AVERAGE}.{key}"])
    with pytest.raises(VoGanError, match="recipe coupled, which estimate no motion"):
        load_networks(trained)


def test_a_short_training_beats_the_image_itself(tiny_world: Path, tmp_path: Path) -> None:
    """On held-out frames the synthesised right view is closer to the real one than the left one is; the loss falls."""
    config = replace(
        CONFIG,
        data=replace(CONFIG.data, root=str(tiny_world), batch=6),
        coupled=replace(SMALL, losses=replace(PIXELS_ALONE, smoothness=1e-3), augment=False),
        training=replace(CONFIG.training, steps=45, validate_every=45, checkpoint_every=45),
    )
    run = train(config, tmp_path / "short")
    with (run / "metrics.csv").open() as file:
        rows = list(csv.reader(file))
    right = [float(value) for _, name, value in rows if name == "train/right"]
    assert sum(right[-5:]) < 0.85 * sum(right[:5])
    figures = {name: float(value) for _, name, value in rows if name.startswith("validation/")}
    assert figures["validation/psnr"] > figures["validation/psnr_unmoved"] + 1.0
