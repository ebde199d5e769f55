"""What is particular to a variant, and the traps of public ports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from vo_gan.engine import load_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.gans.data import DataBatches, open_data
from vo_gan.gans.run import find_variant, load_variant, train_gan
from vo_gan.gans.variants import Variant
from vo_gan.gans.variants.variant import adam


def placed(config: Any) -> tuple[Any, Iterator[Any]]:
    variant = find_variant(config.variant)
    data, _ = open_data(config.data, variant.needs)
    torch.manual_seed(0)
    learner = variant(config.model, data.shape, config.seed)
    learner.place(Fabric(accelerator="cpu", devices=1), channels_last=False)
    return learner, chain.from_iterable(repeat(DataBatches(data, config.data.batch)))


@pytest.mark.parametrize(
    ("name", "judge"),
    [
        ("gan", "discriminator"),
        ("dcgan", "discriminator"),
        ("wgan_gp", "critic"),
        ("pix2pix", "discriminator"),
        ("deblurgan", "critic"),
        ("stargan", "discriminator"),
        ("text_to_image", "discriminator"),
        ("coupled", "discriminator"),
    ],
)
def test_the_generator_is_judged_by_the_discriminator_as_it_is_now(
    name: str, judge: str, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the generator's update the discriminator, asked again, says what it said: its own step came before."""
    learner, batches = placed(small(name))
    network = learner.plain(judge)
    said: list[tuple[tuple[Tensor, ...], Any]] = []
    network.register_forward_hook(lambda _module, given, found: said.append((given, found)))
    checked = []
    plain = Variant.update

    def update(self: Variant, optimiser: str, loss: Tensor) -> Tensor:
        if optimiser == "generator":
            given, found = said[-1]
            with torch.no_grad():
                again = network(*given)
            for now, before in zip(network.verdicts(again), network.verdicts(found), strict=True):
                torch.testing.assert_close(now, before)
            checked.append(name)
        return plain(self, optimiser, loss)

    monkeypatch.setattr(Variant, "update", update)
    for step in range(5):
        learner.step(next(batches), step)
    assert checked


def test_weights_are_clipped_and_the_bound_is_met(small: Any) -> None:
    learner, batches = placed(small("wgan", "--model.clip", "0.02", "--model.rate", "0.01"))
    for step in range(3):
        learner.step(next(batches), step)
        largest = max(float(p.detach().abs().max()) for p in learner.plain("critic").parameters())
        assert largest == pytest.approx(0.02)
    assert max(float(p.detach().abs().max()) for p in learner.plain("generator").parameters()) > 0.02


def test_the_critic_is_thorough_at_first_and_now_and_then(small: Any) -> None:
    options = ["--model.thorough_steps", "4", "--model.thorough_first", "2", "--model.thorough_every", "3"]
    learner, batches = placed(small("wgan", *options, "--model.critic_steps", "2"))
    due = [step for step in range(20) if "generator" in learner.step(next(batches), step)]
    assert due == [3, 7, 9, 13, 15, 17]  # 4 and 4 at first; 2; 4 for the fourth (number 3); 2; 2


def test_rates_fall_to_zero(small: Any, tmp_path: Path) -> None:
    config = small("pix2pix", "--training.steps", "6")
    run = train_gan(config, tmp_path / "run")
    rates = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines() if "rate/generator" in line]
    assert [float(rate) for _, _, rate in rates] == pytest.approx([2e-4, 2e-4, 2e-4, 4e-4 / 3, 2e-4 / 3, 0.0])
    assert float(rates[-1][2]) == 0.0


def test_wrong_captions_count_against(small: Any) -> None:
    """A discriminator that only tells real from made, and does not read, pays for real images with wrong captions."""
    learner, batches = placed(small("text_to_image"))
    batch = next(batches)
    losses = learner.step(batch, 0)
    alike = learner.step(type(batch)(**{**vars(batch), "wrong": batch.words}), 0)
    assert not torch.equal(losses["mismatched"], alike["mismatched"])
    assert all(not torch.equal(right, wrong) for right, wrong in zip(batch.words, batch.wrong, strict=True))


@pytest.mark.parametrize("encoder", ["learned", "hashed"])
def test_word_order_is_read(small: Any, encoder: str) -> None:
    learner, _ = placed(small("text_to_image", "--model.encoder", encoder))
    first, second, again = learner.conditions_of(
        ["a red circle above a blue square", "a blue circle above a red square", "a red circle above a blue square"], 3
    )[0]
    assert torch.equal(first, again)
    assert not torch.allclose(first, second, atol=1e-3)


def test_the_learned_text_encoder_learns_with_the_discriminator(small: Any) -> None:
    learner, batches = placed(small("text_to_image"))
    before = [p.detach().clone() for p in learner.plain("text").parameters()]
    learner.step(next(batches), 0)
    after = list(learner.plain("text").parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_enhancer_begins_with_the_global_stage(small: Any, tmp_path: Path) -> None:
    coarse = train_gan(small("pix2pixhd"), tmp_path / "coarse")
    options = ["--model.stage", "enhancer", "--model.start", str(coarse), "--data.width", "32", "--data.height", "32"]
    config = small("pix2pixhd", *options, "--model.fixed_steps", "2", "--model.scales", "3", "--model.ema", "0.9")
    fine = train_gan(config, tmp_path / "fine")
    before, after = (load_checkpoint(run / "checkpoints" / "last").tensors for run in (coarse, fine))
    kept = [key for key in after if key.startswith("generator.global_part.")]
    assert kept
    for key in kept:
        assert torch.equal(after[key], before[key.replace("global_part.", "layers.")])
    averaged = load_variant(fine)[0].for_use()
    assert torch.equal(
        dict(averaged.named_parameters())["global_part.0.weight"], after["generator.global_part.0.weight"]
    )
    longer = small("pix2pixhd", *options, "--model.fixed_steps", "1", "--training.steps", "3")
    later = load_checkpoint(train_gan(longer, tmp_path / "longer") / "checkpoints" / "last").tensors
    assert any(not torch.equal(later[key], after[key]) for key in kept)
    with pytest.raises(VoGanError, match="does not fit"):
        train_gan(small("pix2pixhd", *options, "--model.width", "8"), tmp_path / "other")


def test_coupled_networks_share_content_and_nothing_else(small: Any) -> None:
    """The discriminators share their last layers, the generators their first: a gradient of one domain tells."""
    learner, _ = placed(small("coupled"))
    generator, discriminator = learner.plain("generator"), learner.plain("discriminator")
    first, _ = generator(torch.randn(2, 4))
    first.sum().backward()
    assert all(p.grad is None for p in generator.second.parameters())
    assert all(p.grad is not None for p in generator.shared.parameters())
    discriminator(first.detach(), torch.zeros_like(first))[:2].sum().backward()
    assert all(not p.grad.any() for p in discriminator.second.parameters())
    assert all(p.grad.any() for p in discriminator.judge.parameters())


def test_the_pool_reaches_the_discriminators(small: Any) -> None:
    learner, batches = placed(small("cyclegan", "--model.pool", "4"))
    for step in range(3):
        learner.step(next(batches), step)
    assert [len(pool) for pool in learner.pools.values()] == [4, 4]


def test_points_are_learned(small: Any, tmp_path: Path) -> None:
    options = ["--model.norm", "none", "--model.generator_widths", "[64,64]", "--model.discriminator_widths", "[64,64]"]
    run = train_gan(
        small(
            "gan",
            *("--training.steps", "300", "--training.validate_every", "50", "--data.batch", "64", *options),
            *("--data.validation_batch", "400", "--model.generator_rate", "1e-3", "--model.discriminator_rate", "1e-3"),
        ),
        tmp_path / "run",
    )
    found = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines() if "validation/kid" in line]
    assert float(found[-1][2]) < 0.3 * float(found[0][2])


def test_adam_in_one_pass_is_adam() -> None:
    networks = []
    for ours in (True, False):
        torch.manual_seed(0)
        network = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        parameters = network.parameters()
        plain = torch.optim.Adam(parameters, 1e-2, (0.5, 0.999), weight_decay=1e-3) if not ours else None
        optimiser = plain or adam(parameters, 1e-2, weight_decay=1e-3)
        for _ in range(5):
            optimiser.zero_grad()
            network(torch.randn(2, 3, 8, 8)).square().mean().backward()
            optimiser.step()
        networks.append(network)
    torch.testing.assert_close(networks[0].weight, networks[1].weight)


def test_a_wish_is_one_of_the_domains(small: Any) -> None:
    learner, _ = placed(small("stargan"))
    with pytest.raises(VoGanError, match=r"cold\|warm"):
        learner.direction("hot")
