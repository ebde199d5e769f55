from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from vo_gan.data import Snippet, SnippetDataset, open_drives
from vo_gan.engine import NonFiniteError
from vo_gan.errors import VoGanError
from vo_gan.models import DepthConfig, PoseConfig
from vo_gan.recipes import Ganvo, GanvoConfig
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.reconstruction import ReconstructionConfig, distance_to_aligned

SIZE = (128, 64)
SMALL = GanvoConfig(
    depth=DepthConfig(width=8, decoder_width=4),
    pose=PoseConfig(features="convolutions", width=4, hidden=16),
    adversarial=AdversarialConfig(width=4, layers=2, warmup_steps=1),
    learning_rate=1e-3,
)


def learner(config: GanvoConfig = SMALL, precision: str = "32-true") -> Ganvo:
    torch.manual_seed(0)
    made = Ganvo(config, SIZE)
    made.place(Fabric(accelerator="cpu", precision=precision), channels_last=True)
    return made


@pytest.fixture(scope="module")
def batch(tiny_world: Path) -> Snippet:
    dataset = SnippetDataset(open_drives(tiny_world), 4, SIZE)
    return dataset.batch([0, 5]).to("cpu")


def weights(networks: dict[str, torch.nn.Module], *names: str) -> list[torch.Tensor]:
    return [p.detach().clone() for name in names for p in networks[name].parameters()]


def test_no_parameter_has_two_optimisers() -> None:
    optimisers = learner().optimisers
    groups = {name: {id(p) for g in o.param_groups for p in g["params"]} for name, o in optimisers.items()}
    assert not groups["generator"] & groups["discriminator"]
    networks = learner().networks
    assert len(groups["generator"]) == sum(len(list(networks[name].parameters())) for name in ("depth", "pose"))


def test_each_update_leaves_the_other_side_alone(batch: Snippet, monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner()
    changed: dict[str, tuple[bool, bool]] = {}
    plain = Ganvo.update

    def update(self: Ganvo, name: str, loss: torch.Tensor) -> torch.Tensor:
        before = [weights(self.networks, "depth", "pose"), weights(self.networks, "discriminator")]
        norm = plain(self, name, loss)
        after = [weights(self.networks, "depth", "pose"), weights(self.networks, "discriminator")]
        changed[name] = tuple(  # type: ignore[assignment]
            any(not torch.equal(a, b) for a, b in zip(*sides, strict=True)) for sides in zip(before, after, strict=True)
        )
        return norm

    monkeypatch.setattr(Ganvo, "update", update)
    made.step(batch, 5)
    assert changed == {"generator": (True, False), "discriminator": (False, True)}


def test_weight_zero_has_no_discriminator(batch: Snippet) -> None:
    config = GanvoConfig(SMALL.depth, SMALL.pose, adversarial=AdversarialConfig(weight=0.0))
    made = learner(config)
    assert set(made.networks) == {"depth", "pose"}
    assert set(made.step(batch, 0)) == {"temporal", "smoothness", "stereo", "generator"}


@pytest.mark.parametrize("objective", ["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"])
def test_every_objective_trains(batch: Snippet, objective: str) -> None:
    adversarial = AdversarialConfig(objective=objective, width=4, layers=2)  # type: ignore[arg-type]
    losses = learner(GanvoConfig(SMALL.depth, SMALL.pose, adversarial=adversarial)).step(batch, 0)
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("depth", ["resnet", "ganvo"])
@pytest.mark.parametrize("pose", ["lstm", "pairwise", "cells"])
def test_every_network_gets_a_gradient(batch: Snippet, depth: str, pose: str) -> None:
    config = GanvoConfig(
        depth=DepthConfig(generator=depth, width=8, latent=16),  # type: ignore[arg-type]
        pose=PoseConfig(net=pose, features="convolutions", width=4, hidden=8),  # type: ignore[arg-type]
    )
    made = learner(config)
    before = weights(made.networks, "depth", "pose")
    made.step(batch, 0)
    same = [torch.equal(a, b) for a, b in zip(before, weights(made.networks, "depth", "pose"), strict=True)]
    # Monodepth2's pose decoder has a second motion that nothing uses: its outputs share tensors with the first.
    assert sum(same) == 0


def test_real_and_fake_are_masked_alike(batch: Snippet) -> None:
    made = learner()
    seen: list[torch.Tensor] = []
    made.networks["discriminator"].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].detach()))
    made.step(batch, 0)
    _, real, fake = seen
    outside = (fake == 0).all(dim=1)
    assert outside.any()
    assert (real.abs().sum(dim=1)[outside] == 0).all()


def test_without_right_views_there_is_no_stereo_loss(batch: Snippet) -> None:
    mono = Snippet(
        batch.images,
        torch.zeros_like(batch.right),
        torch.zeros_like(batch.has_right),
        batch.intrinsics,
        batch.right_from_left,
        batch.names,
    )
    assert "stereo" not in learner().step(mono, 0)
    some = Snippet(
        batch.images,
        batch.right,
        torch.tensor([[True] * 4, [False] * 4]),
        batch.intrinsics,
        batch.right_from_left,
        batch.names,
    )
    assert "stereo" in learner().step(some, 0)


def test_the_true_depth_and_motion_reconstruct_better_than_standing_still(tiny_world: Path) -> None:
    """The whole chain of conventions at once: poses, intrinsics, disparity's sign, order of frames."""
    import numpy as np

    from vo_gan.geometry import invert_poses, relative_motions

    drives = open_drives(tiny_world)
    drive = drives[0]
    snippet = SnippetDataset([drive], 3, SIZE).batch([4]).to("cpu")
    made = learner(GanvoConfig(SMALL.depth, SMALL.pose, reconstruction=ReconstructionConfig(auto_mask=False)))
    made.set_mode(training=False)
    views = made.look(snippet, snippet)
    motions = relative_motions(drive.world_from_camera[4:7])  # previous from next
    true = torch.from_numpy(np.stack([motions[0], invert_poses(motions[1])])).float()
    object.__setattr__(views, "source_from_target", (true[:1], true[1:]))
    depth = torch.from_numpy(drive.read_depth(5)).float()[None, None]
    depth = torch.where(depth > 0, depth, 200.0)
    with torch.no_grad():
        error = made.reconstructor.reconstruct(views, depth, None).error
        stereo = made.reconstructor.stereo_error(views, depth)
        identity = made.reconstructor.identity_errors(views).mean()
        swapped = (views.source_from_target[1], views.source_from_target[0])
        object.__setattr__(views, "source_from_target", swapped)
        wrong = made.reconstructor.reconstruct(views, depth, None).error
    assert error < 0.5 * identity
    assert error < 0.5 * wrong
    assert stereo < 0.5 * identity


def test_alignment_pulls_a_wrong_motion_to_the_true_one(tiny_world: Path) -> None:
    from dataclasses import replace

    from vo_gan.geometry import invert_poses, relative_motions

    drive = open_drives(tiny_world)[0]
    snippet = SnippetDataset([drive], 3, SIZE).batch([4]).to("cpu")
    made = learner()
    made.set_mode(training=False)
    views = made.look(snippet, snippet)
    true = torch.from_numpy(invert_poses(relative_motions(drive.world_from_camera[5:7]))).float()
    depth = torch.from_numpy(drive.read_depth(5)).float()[None, None]
    depth = torch.where(depth > 0, depth, 200.0)
    too_short = true.clone()
    too_short[:, 2, 3] += 0.4  # the car goes forward: points come nearer, z falls
    too_short.requires_grad_()
    pulled = distance_to_aligned(replace(views, source_from_target=(true, too_short)), depth)
    pulled.backward()
    assert 0.2 < pulled < 0.8
    assert too_short.grad is not None
    assert too_short.grad[0, 2, 3] > 0.5
    lost = true.clone()
    lost[:, 1, 3] = 50.0  # no pixel is seen any more: only standing still can be aligned
    back = distance_to_aligned(replace(views, source_from_target=(true, lost)), depth)
    assert 49 < back < 55
    at_rest = distance_to_aligned(replace(views, source_from_target=(true, true)), depth)
    assert at_rest < 0.3 * pulled


def test_alignment_teaches_the_pose_net_alone(batch: Snippet) -> None:
    made = learner(GanvoConfig(SMALL.depth, SMALL.pose, reconstruction=ReconstructionConfig(alignment=1.0)))
    seen = made.look(batch, batch)
    losses, _ = made.reconstructor.losses(seen, 100)
    losses["alignment"].backward()
    assert all(parameter.grad is None for parameter in made.networks["depth"].parameters())
    assert any(parameter.grad is not None for parameter in made.networks["pose"].parameters())
    assert "alignment" not in made.reconstructor.losses(seen, 99)[0]
    assert "alignment" not in learner().reconstructor.losses(seen, 100)[0]


def test_augmented_steps_depend_on_the_step_alone(batch: Snippet) -> None:
    first, again = (learner().step(batch, 17)["temporal"] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, learner().step(batch, 18)["temporal"])


def test_bfloat16_agrees(batch: Snippet) -> None:
    config = GanvoConfig(SMALL.depth, SMALL.pose, adversarial=AdversarialConfig(weight=0.0))
    runs = []
    for precision in ("32-true", "bf16-mixed"):
        made = learner(config, precision)
        runs.append([made.step(batch, step)["temporal"].item() for step in range(4)])
    assert runs[1] == pytest.approx(runs[0], rel=0.03)


def test_nan_frames_stop_the_step(batch: Snippet) -> None:
    images = batch.images.clone()
    images[0, 1] = float("nan")
    made = learner()
    before = weights(made.networks, "depth", "pose")
    poisoned = Snippet(images, batch.right, batch.has_right, batch.intrinsics, batch.right_from_left, batch.names)
    with pytest.raises(NonFiniteError, match="generator"):
        made.step(poisoned, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, weights(made.networks, "depth", "pose"), strict=True))


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(VoGanError, match="divide by 32"):
        Ganvo(SMALL, (208, 64))


def test_published_resnet_weights_start_both_encoders(tmp_path: Path) -> None:
    from vo_gan.models import ResnetEncoder

    torch.manual_seed(5)
    published = ResnetEncoder()
    torch.save(published.state_dict() | {"fc.weight": torch.zeros(1000, 512)}, tmp_path / "resnet18.pth")
    config = GanvoConfig(depth=DepthConfig(encoder_weights=str(tmp_path / "resnet18.pth")))
    made = Ganvo(config, SIZE)
    image = torch.rand(1, 3, 64, 128)
    networks = [made.networks["depth"].encoder.eval(), made.networks["pose"].encoder.eval(), published.eval()]
    expected = networks[2](image)[-1]
    torch.testing.assert_close(networks[0](image)[-1], expected)
    # Two copies of one image look to the pose net's encoder as one does to the original.
    torch.testing.assert_close(networks[1](torch.cat((image, image), 1))[-1], expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(VoGanError, match="other"):
        Ganvo(GanvoConfig(depth=DepthConfig(encoder_weights=str(tmp_path / "other.pth"))), SIZE)
