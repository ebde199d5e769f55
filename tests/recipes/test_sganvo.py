from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from vo_gan.config import Config, DataConfig
from vo_gan.data import Snippet, SnippetDataset, make_run_loader, open_drive, open_drives
from vo_gan.engine import AVERAGE, TrainingConfig, load_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.geometry import chain_motions, invert_poses
from vo_gan.models import DepthConfig, PoseConfig, StackConfig
from vo_gan.odometry import Tracker
from vo_gan.pretrained import load_networks
from vo_gan.recipes import Sganvo, SganvoConfig
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.reconstruction import ReconstructionConfig
from vo_gan.recipes.sganvo import FeatureConfig
from vo_gan.training import train

SIZE = (128, 64)
SMALL = SganvoConfig(
    depth=DepthConfig(width=8, decoder_width=4),
    pose=PoseConfig(net="pairwise", features="convolutions", width=4),
    stack=StackConfig(layers=3, channels=[8, 6, 6], features=[6, 6]),
    adversarial=AdversarialConfig(width=4, layers=2, warmup_steps=1),
    features=FeatureConfig(adversarial=AdversarialConfig(discriminator="pixel_discriminator", width=4, warmup_steps=1)),
    learning_rate=1e-3,
)


def learner(config: SganvoConfig = SMALL, precision: str = "32-true") -> Sganvo:
    torch.manual_seed(0)
    made = Sganvo(config, SIZE)
    made.place(Fabric(accelerator="cpu", precision=precision), channels_last=True)  # type: ignore[arg-type]
    made.set_mode(training=True)
    return made


@pytest.fixture(scope="module")
def batches(tiny_world: Path) -> list[Snippet]:
    """Three batches of 4 frames along two drives."""
    dataset = SnippetDataset(open_drives(tiny_world), 4, SIZE)
    return [batch.to("cpu") for batch in make_run_loader(dataset, 2, 0, 0, False)][:3]


def weights(made: Sganvo, *names: str) -> list[torch.Tensor]:
    return [p.detach().clone() for name in names for p in made.networks[name].parameters()]


def test_all_networks_of_all_layers_learn(batches: list[Snippet]) -> None:
    made = learner()
    names = ("depth", "pose", "stack", "discriminator", "discriminator_1", "discriminator_2")
    assert set(made.networks) == set(names)
    assert set(made.optimisers) == {"generator", *names[3:]}
    before = {name: weights(made, name) for name in names}
    for number, batch in enumerate(batches):  # readers begin at zero: what is read learns from the second step on
        losses = made.step(batch, number)
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert {"temporal", "stereo", "features_1", "features_2", "fooling_discriminator_2"} <= set(losses)
    unchanged = {
        name: sum(torch.equal(a, b) for a, b in zip(before[name], weights(made, name), strict=True)) for name in names
    }
    assert unchanged == dict.fromkeys(names, 0)


@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("objective", ["lsgan", "wasserstein"])
def test_depth_of_the_stack_and_objective_are_configuration(
    batches: list[Snippet], layers: int, objective: str
) -> None:
    adversarial = replace(SMALL.adversarial, objective=objective)  # type: ignore[arg-type]
    features = replace(SMALL.features, adversarial=replace(SMALL.features.adversarial, objective=objective))  # type: ignore[arg-type]
    stack = StackConfig(layers=layers, channels=[8, 6, 6, 6], features=[6, 6, 6])
    made = learner(replace(SMALL, stack=stack, adversarial=adversarial, features=features))
    losses = made.step(batches[0], 0)
    assert sum(name.startswith("features_") for name in losses) == layers - 1
    assert sum(name.startswith("fooling_") for name in losses) == layers
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_adversaries_can_be_switched_off(batches: list[Snippet]) -> None:
    config = replace(
        SMALL,
        adversarial=replace(SMALL.adversarial, weight=0.0),
        features=replace(SMALL.features, adversarial_weights=[0.0, 0.0]),
    )
    made = learner(config)
    assert set(made.networks) == {"depth", "pose", "stack"}
    assert not any("discriminator" in name for name in made.step(batches[0], 0))


def test_a_pose_net_with_a_memory_of_its_own_is_refused() -> None:
    with pytest.raises(VoGanError, match=r"sganvo\.pose\.net is lstm"):
        Sganvo(replace(SMALL, pose=PoseConfig(net="lstm")), SIZE)


def test_going_on_from_the_snippet_before_is_one_longer_snippet(tiny_world: Path) -> None:
    """Two snippets of 4 frames with the state carried over, against one of 6: same motions, same depth."""
    made = learner()
    made.set_mode(training=False)
    remembering(made)
    drives = open_drives(tiny_world)
    whole = SnippetDataset(drives, 6, SIZE).batch([0]).to("cpu")
    short = SnippetDataset(drives, 4, SIZE)
    first, second = (replace(short.batch([item]).to("cpu"), starts=torch.tensor([item == 0])) for item in (0, 2))
    with torch.no_grad():
        expected = made.look(whole, whole)
        one = made.look(first, first)
        other = made.look(second, second, one.state)
        forgetful = made.look(second, second)
    torch.testing.assert_close(expected.motions[:, :3], one.motions)
    torch.testing.assert_close(expected.motions[:, 2:], other.motions)
    torch.testing.assert_close(expected.views.activations[0][2:], other.views.activations[0])
    torch.testing.assert_close(expected.state.context, other.state.context)
    assert not torch.allclose(forgetful.motions, other.motions)


def remembering(made: Sganvo) -> None:
    """Let depth and motion read the memory, as a trained network does."""
    torch.manual_seed(1)
    for name in ("depth", "pose"):
        for key, parameter in made.plain_networks()[name].named_parameters():
            if key.startswith("read_"):
                torch.nn.init.normal_(parameter, 0.0, 0.3)


def test_what_is_remembered_is_kept_until_a_run_starts(batches: list[Snippet]) -> None:
    made = learner()
    made.step(batches[0], 0)
    kept = made._state
    assert kept is not None
    assert not kept.context.requires_grad
    start = made._begin(made._plain("stack"), replace(batches[1], starts=torch.tensor([False, True])), kept)
    assert torch.equal(start.context[0], kept.context[0])
    assert not torch.equal(start.context[1], kept.context[1])


def test_a_failed_step_is_forgotten(batches: list[Snippet]) -> None:
    made = learner()
    made.step(batches[0], 0)
    with pytest.raises(ArithmeticError):
        made.step(replace(batches[1], images=batches[1].images * float("nan")), 1)
    assert made._state is None
    made.step(batches[2], 2)


def test_a_run_keeps_its_mirroring_and_colours(batches: list[Snippet]) -> None:
    made = learner()
    runs = [
        [generator.initial_seed() for generator in made.sample_generators(batch, n)] for n, batch in enumerate(batches)
    ]
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]
    assert runs[0] != [g.initial_seed() for g in learner().sample_generators(replace(batches[0], runs=None), 0)]


def test_consistent_depth_costs_nothing_and_contradicting_depth_something(batches: list[Snippet]) -> None:
    consistent = learner(replace(SMALL, reconstruction=ReconstructionConfig(consistency=0.5)))
    losses = consistent.step(batches[0], 0)
    assert losses["consistency"] > 0
    passage = consistent.look(batches[0], batches[0])
    depths = passage.views.source_depths
    assert depths is not None
    twice = replace(passage.views, source_depths=(2 * depths[0], 2 * depths[1]))
    figures = [consistent.reconstructor.figures(views)["consistency"] for views in (passage.views, twice)]
    assert figures[0] < 0.1
    assert 0.25 < figures[1] < 0.45  # one depth twice the other: 1/3


def test_bfloat16_agrees(batches: list[Snippet]) -> None:
    runs = []
    for precision in ("32-true", "bf16-mixed"):
        made = learner(replace(SMALL, adversarial=replace(SMALL.adversarial, weight=0.0)), precision)
        runs.append([made.step(batch, step)["temporal"].item() for step, batch in enumerate(batches)])
    assert runs[1] == pytest.approx(runs[0], rel=0.03)


def test_pictures_show_what_is_judged_and_the_path(batches: list[Snippet]) -> None:
    made = learner()
    made.set_mode(training=False)
    with torch.no_grad():
        for batch in batches:
            made.validate(batch)
        pictures = made.pictures(batches[0])
    assert {"reconstruction", "inverse_depth", "auto_mask", "discriminator_real", "trajectory"} <= set(pictures)
    assert all(image.shape[0] == 3 and image.min() >= 0 and image.max() <= 1 for image in pictures.values())
    assert len(made._path) == 1 + 3 * 2


CONFIG = Config(
    recipe="sganvo",
    data=DataConfig(width=SIZE[0], height=SIZE[1], frames=4, batch=2, workers=0, run=8),
    sganvo=replace(SMALL, ema=0.5),
    training=TrainingConfig(
        steps=6, device="cpu", schedule="constant", log_every=1, validate_every=3, checkpoint_every=2
    ),
)


def losses_of(run: Path) -> list[list[str]]:
    with (run / "metrics.csv").open() as file:
        return [row for row in csv.reader(file) if not row[1].startswith("speed/")]


@pytest.fixture(scope="module")
def trained(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six steps in one go."""
    config = replace(CONFIG, data=replace(CONFIG.data, root=str(tiny_world)))
    return train(config, tmp_path_factory.mktemp("runs") / "whole")


def test_resuming_is_exact_memory_included(tiny_world: Path, trained: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, data=replace(CONFIG.data, root=str(tiny_world)))
    train(replace(config, training=replace(config.training, steps=3)), tmp_path / "parts")
    train(config, tmp_path / "parts", resume=True)
    whole, parts = (load_checkpoint(run / "checkpoints" / "last") for run in (trained, tmp_path / "parts"))
    assert all(torch.equal(parts.tensors[name], tensor) for name, tensor in whole.tensors.items())
    memory = [each.state()["processes"][0]["extra"]["memory"]["hidden"][0] for each in (whole, parts)]
    assert torch.equal(*memory)
    # The first part validated and saved after its last step too.
    assert [row for row in losses_of(tmp_path / "parts") if row[1].startswith("train")] == [
        row for row in losses_of(trained) if row[1].startswith("train")
    ]


def test_a_tracker_sees_what_training_saw(tiny_world: Path, trained: Path) -> None:
    """One frame at a time, with the state alive, against a snippet of the whole drive; the average is what is used."""
    networks = load_networks(trained / "checkpoints" / "last")
    assert networks.stack is not None
    tensors = load_checkpoint(trained / "checkpoints" / "last").tensors
    key = "stack.sense.weight"
    assert torch.equal(networks.stack.sense.weight, tensors[key.replace("stack", "stack" + AVERAGE, 1)])
    assert not torch.equal(networks.stack.sense.weight, tensors[key])
    drive = open_drive(tiny_world / "sequences" / "01")
    made = learner()
    networks_by_name = {"depth": networks.depth, "pose": networks.pose, "stack": networks.stack}
    for name, network in networks_by_name.items():
        assert network is not None
        made.plain_networks()[name].load_state_dict(network.state_dict())
    made.set_mode(training=False)
    snippet = SnippetDataset([drive], len(drive), SIZE).batch([0]).to("cpu")
    with torch.no_grad():
        passage = made.look(snippet, snippet)
        depths = networks.depth.depth(passage.views.activations[0])
    expected = chain_motions(invert_poses(passage.motions[0].double().numpy()))
    tracker = Tracker(networks, drive.intrinsics(SIZE))
    tracked = [tracker.track(drive.read(index)) for index in range(len(drive))]
    np.testing.assert_allclose(np.stack([frame.world_from_camera for frame in tracked]), expected, atol=1e-4)
    for index in range(1, len(drive) - 1):
        np.testing.assert_allclose(tracked[index].depth, depths[index - 1, 0].numpy(), rtol=1e-3)
    assert tracker._state is not None
    assert tracker._state.context.shape == passage.state.context.shape


def test_tracking_with_a_stack_needs_intrinsics(trained: Path) -> None:
    with pytest.raises(VoGanError, match="--intrinsics"):
        Tracker(load_networks(trained))
