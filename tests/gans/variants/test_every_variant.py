"""What holds for all twelve: they train, resume, load and are used; their sides are kept apart."""

from __future__ import annotations

import csv
import dataclasses
import inspect
import random
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor

from vo_gan.engine import load_checkpoint
from vo_gan.gans.data import DataBatches, open_data
from vo_gan.gans.run import find_variant, load_variant, train_gan
from vo_gan.gans.variants import VARIANTS, LatentVariant, TranslationVariant, Variant

WISHES = {"cgan": ["3"], "text_to_image": ["a red circle above a blue square"]}


def placed(config: Any, fabric: Fabric | None = None) -> tuple[Variant, Iterator[Any]]:
    """The variant of a configuration, ready to train, and its batches."""
    variant = find_variant(config.variant)
    data, _ = open_data(config.data, variant.needs)
    torch.manual_seed(0)
    learner = variant(config.model, data.shape, config.seed)
    learner.place(fabric or Fabric(accelerator="cpu", devices=1), channels_last=False)
    return learner, chain.from_iterable(repeat(DataBatches(data, config.data.batch)))


def snapshot(learner: Variant) -> dict[str, list[Tensor]]:
    return {
        name: [parameter.detach().clone() for parameter in network.parameters()]
        for name, network in learner.plain_networks().items()
    }


def changed(before: dict[str, list[Tensor]], after: dict[str, list[Tensor]]) -> set[str]:
    return {
        name for name in before if any(not torch.equal(a, b) for a, b in zip(before[name], after[name], strict=True))
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_trains_loads_without_flags_and_is_used(name: str, small: Any, tmp_path: Path) -> None:
    run = train_gan(small(name), tmp_path / "run")
    assert list((run / "pictures").glob("*_0000002.png"))
    assert list((run / "tensorboard").iterdir())
    with (run / "metrics.csv").open() as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert any(row.startswith("validation/") for row in names)
    variant, config = load_variant(run)
    assert config.variant == name
    saved = load_checkpoint(run / "checkpoints" / "best").tensors
    for key, value in variant.for_use(variant.generators[0]).state_dict().items():
        assert torch.equal(value, saved[f"{variant.generators[0]}.{key}"])
    if isinstance(variant, LatentVariant):
        first = variant.sample(3, seed=1, wanted=WISHES.get(name, ()))
        assert torch.equal(first, variant.sample(3, seed=1, wanted=WISHES.get(name, ())))
        assert not torch.equal(first, variant.sample(3, seed=2, wanted=WISHES.get(name, ())))
    else:
        assert isinstance(variant, TranslationVariant)
        made = variant.translate(torch.zeros(2, 3, 32, 16), next(iter(variant.wishes()), ""))
        assert made.shape == (2, 3, 32, 16)


@pytest.mark.parametrize("name", VARIANTS)
def test_no_parameter_has_two_optimisers_or_none(name: str, small: Any) -> None:
    learner, _ = placed(small(name))
    seen: set[int] = set()
    for optimiser in learner.optimisers.values():
        group = {id(p) for g in optimiser.param_groups for p in g["params"]}
        assert not group & seen
        seen |= group
    assert seen == {id(p) for network in learner.plain_networks().values() for p in network.parameters()}


@pytest.mark.parametrize("name", VARIANTS)
def test_an_update_trains_its_own_side_with_fresh_gradients(
    name: str, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No update leaves gradients behind or reaches the other side; none goes through weights that changed since."""
    learner, batches = placed(small(name))
    own = {
        optimiser: {
            network
            for network, module in learner.plain_networks().items()
            if {id(p) for p in module.parameters()} & {id(p) for g in chosen.param_groups for p in g["params"]}
        }
        for optimiser, chosen in learner.optimisers.items()
    }
    trained: dict[str, set[str]] = {optimiser: set() for optimiser in own}
    plain = Variant.update

    def update(self: Variant, optimiser: str, loss: Tensor) -> Tensor:
        before = snapshot(self)
        norm = plain(self, optimiser, loss)
        trained[optimiser] |= changed(before, snapshot(self))
        assert all(p.grad is None for network in self.plain_networks().values() for p in network.parameters())
        return norm

    monkeypatch.setattr(Variant, "update", update)
    for step in range(6 if name != "wgan" else 100):
        losses = learner.step(next(batches), step)
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert trained == own


@pytest.mark.parametrize("name", VARIANTS)
def test_an_average_follows_the_generator(name: str, small: Any) -> None:
    learner, batches = placed(small(name, "--model.ema", "0.5"))
    generator = learner.generators[0]
    start = snapshot(learner)[generator]
    learner.set_mode(training=True)
    for step in range(5 if name != "wgan" else 100):
        learner.step(next(batches), step)
    steps = 1 if name in ("wgan", "wgan_gp") else 2 if name == "stargan" else 5
    assert learner.for_use(generator) is not learner.plain_networks()[generator]
    average, now = (list(module.parameters()) for module in (learner.for_use(generator), learner.plain(generator)))
    if steps == 1:
        for first, mean, last in zip(start, average, now, strict=True):
            torch.testing.assert_close(mean, (first + last) / 2)
    apart = sum((a - b).abs().sum().item() for a, b in zip(average, now, strict=True))
    moved = sum((a - b).abs().sum().item() for a, b in zip(start, now, strict=True))
    assert 0 < apart < moved


@pytest.mark.parametrize("name", ["wgan", "dcgan", "cyclegan", "pix2pix"])
def test_resuming_is_exact(name: str, small: Any, tmp_path: Path) -> None:
    """A latent variant with counters, one with batch norm, one with replay pools, one with dropout."""
    options = ["--training.validate_every", "2", "--model.ema", "0.5", "--data.batch", "2"]
    if name == "cyclegan":
        options += ["--model.pool", "3"]
    if name == "wgan":
        options += ["--model.thorough_steps", "3"]
    config = small(name, *options, "--training.steps", "8", "--training.schedule", "constant")
    random.seed(0)
    whole = train_gan(config, tmp_path / "whole")
    random.seed(0)
    first = dataclasses.replace(config, training=dataclasses.replace(config.training, steps=4))
    train_gan(first, tmp_path / "parts")
    train_gan(config, tmp_path / "parts", resume=True)
    last = [load_checkpoint(run / "checkpoints" / "last") for run in (whole, tmp_path / "parts")]
    assert last[0].tensors.keys() == last[1].tensors.keys()
    for key, value in last[0].tensors.items():
        assert torch.equal(value, last[1].tensors[key]), key
    assert same(last[0].state(), last[1].state())


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def test_every_setting_is_explained() -> None:
    for variant in VARIANTS.values():
        text = " ".join(inspect.getdoc(kind) or "" for kind in variant.Config.__mro__)
        for entry in dataclasses.fields(variant.Config):
            assert f"{entry.name}:" in text, (variant.variant, entry.name)


def test_bf16_trains_too(small: Any) -> None:
    for name in ("pix2pix", "wgan_gp", "deblurgan", "text_to_image"):
        learner, batches = placed(small(name), Fabric(accelerator="cpu", devices=1, precision="bf16-mixed"))
        for step in range(5):
            losses = learner.step(next(batches), step)
        assert all(torch.isfinite(loss) for loss in losses.values())
