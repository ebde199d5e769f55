from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from vo_gan.data import open_drives
from vo_gan.data.drive_pairs import PairDataset, PairSampling
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.engine import NonFiniteError
from vo_gan.errors import VoGanError
from vo_gan.losses import Target
from vo_gan.losses.matching import column_loss, reconstruction_from_right, sequence_loss
from vo_gan.models import MatcherConfig
from vo_gan.recipes import Stereo, StereoConfig

SMALL = StereoConfig(
    matcher=MatcherConfig(width=8, features=16, hidden=16, iterations=2), iterations=2, learning_rate=2e-3
)


def learner(config: StereoConfig = SMALL) -> Stereo:
    torch.manual_seed(0)
    made = Stereo(config)
    made.place(Fabric(accelerator="cpu", precision="32-true"), channels_last=True)
    return made


@pytest.fixture(scope="module")
def batch(tiny_world: Path) -> StereoPairs:
    return PairDataset(open_drives(tiny_world), (96, 48), PairSampling(), missing_is_far=True).batch([0, 9, 15])


def test_it_learns_the_true_disparity(batch: StereoPairs) -> None:
    made = learner(replace(SMALL, augment=False))
    first = made.step(batch, 0)["epe_px"]
    for step in range(1, 40):
        last = made.step(batch, step)
    spread = (batch.disparity - batch.disparity.median()).abs().mean()
    assert last["epe_px"] < 0.6 * first
    assert last["epe_px"] < 0.8 * spread


def test_without_depth_it_learns_to_explain_the_pair(batch: StereoPairs) -> None:
    blind = replace(batch, mask=torch.zeros_like(batch.mask))
    made = learner(replace(SMALL, supervised=0.0, photometric=1.0, augment=False, learning_rate=4e-3))
    losses = made.step(blind, 0)
    assert set(losses) == {"photometric", "smoothness", "epe_px"}
    first = made.validate(blind)
    assert set(first) == {"photometric"}
    for step in range(1, 40):
        made.step(blind, step)
    made.set_mode(training=False)
    with torch.no_grad():
        assert made.validate(batch)["photometric"] < 0.95 * first["photometric"]


def test_the_true_disparity_explains_the_pair_best(batch: StereoPairs) -> None:
    target = Target.of(batch.left)
    everywhere = torch.zeros_like(batch.disparity)  # says of no pixel that the right camera sees something else there

    def error(disparity: torch.Tensor) -> float:
        return float(reconstruction_from_right(disparity, target, batch.right, disparity.median() + everywhere))

    flat = torch.full_like(batch.disparity, float(batch.disparity.median()))
    assert error(batch.disparity) < 0.7 * error(flat)


def test_later_predictions_weigh_more() -> None:
    truth, known = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2, dtype=torch.bool)
    bad, good = torch.full((1, 1, 2, 2), 4.0), torch.full((1, 1, 2, 2), 1.0)
    assert sequence_loss([bad, good], truth, known, growth=0.5) == pytest.approx((0.5 * 4 + 1) / 1.5)
    known[..., 0] = False
    assert sequence_loss([torch.where(known, good, bad)], truth, known) == pytest.approx(1.0)
    assert sequence_loss([bad], truth, torch.zeros_like(known)) == 0.0


def test_the_column_loss_is_least_at_the_true_column() -> None:
    """Features a quarter the size; a disparity of 10 pixels is two columns and a half."""
    known = torch.ones(1, 1, 4, 32, dtype=torch.bool)

    def loss(*columns: int) -> float:
        shares = torch.full((1, 1, 8, 8), 1e-9)
        for row in range(8):
            for column in columns:
                shares[0, 0, row, max(row - column, 0)] = 1.0 / len(columns)
        return float(column_loss(shares.log(), torch.full((1, 1, 4, 32), 10.0), known, 4))

    assert loss(2, 3) == pytest.approx(-torch.tensor(0.5).log().item(), abs=1e-3)
    assert loss(2) == pytest.approx(loss(3), abs=1e-3)
    assert loss(2, 3) <= loss(2) + 1e-6
    assert loss(4) > 5.0
    known[:] = False
    assert loss(4) == 0.0


def test_augmented_steps_depend_on_the_step_alone(batch: StereoPairs) -> None:
    first, again = (learner().step(batch, 17)["supervised"] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, learner().step(batch, 18)["supervised"])


def test_the_average_is_validated(batch: StereoPairs) -> None:
    made = learner(replace(SMALL, ema=0.9))
    made.step(batch, 0)
    made.set_mode(training=False)
    with torch.no_grad():
        averaged = made.validate(batch)["epe_px"]
        made.networks["matcher_average"].load_state_dict(made.plain_networks()["matcher"].state_dict())
        assert made.validate(batch)["epe_px"] != averaged


def test_pictures_are_pictures(batch: StereoPairs) -> None:
    made = learner()
    made.set_mode(training=False)
    with torch.no_grad():
        pictures = made.pictures(batch)
    assert set(pictures) == {"left", "right", "disparity", "true_disparity"}
    assert all(each.shape == (3, 48, 96) and 0 <= each.min() <= each.max() <= 1 for each in pictures.values())


def test_what_cannot_be_learned_is_refused(batch: StereoPairs) -> None:
    with pytest.raises(VoGanError, match="nothing to learn from"):
        Stereo(replace(SMALL, supervised=0.0))
    with pytest.raises(VoGanError, match=r"stereo\.iterations is 0"):
        Stereo(replace(SMALL, iterations=0))
    with pytest.raises(VoGanError, match="ema"):
        Stereo(replace(SMALL, ema=1.0))
    made = learner()
    broken = replace(batch, left=torch.full_like(batch.left, torch.nan))
    with pytest.raises(NonFiniteError):
        made.step(broken, 0)
