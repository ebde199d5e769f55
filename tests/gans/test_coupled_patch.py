from __future__ import annotations

import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.gans import feature_matching, gradient_penalty
from vo_gan.gans.coupled_patch import CoupledPatchDiscriminator


def parameters(modules: list[torch.nn.Module]) -> set[int]:
    return {id(parameter) for module in modules for parameter in module.parameters()}


@pytest.mark.parametrize("private", [1, 2, 4])
def test_first_layers_are_private_and_last_ones_the_same_objects(private: int) -> None:
    judges = CoupledPatchDiscriminator(width=4, layers=3, private=private)
    first, second = judges.layers_of(0), judges.layers_of(1)
    assert len(first) == len(second) == 5
    assert [a is b for a, b in zip(first, second, strict=True)] == [False] * private + [True] * (5 - private)
    assert parameters(first) & parameters(second) == parameters(first[private:])
    assert not parameters(first[:private]) & parameters(second[:private])
    assert parameters(first) | parameters(second) == {id(parameter) for parameter in judges.parameters()}


def test_each_image_is_judged_by_its_own_discriminator() -> None:
    judges = CoupledPatchDiscriminator(width=4)
    pair = torch.rand(2, 2, 3, 64, 96)
    (logits,) = judges.verdicts(judges(pair))
    for domain in range(2):
        alone = pair[:, domain]
        for layer in judges.layers_of(domain):
            alone = layer(alone)
        torch.testing.assert_close(logits[2 * domain : 2 * domain + 2], alone)
    (swapped,) = judges.verdicts(judges(pair.flip(1)))
    assert not torch.allclose(swapped, logits.roll(2, 0))


def test_its_features_can_be_matched_and_its_gradient_penalised() -> None:
    judges = CoupledPatchDiscriminator(width=4)
    real, fake = torch.rand(2, 2, 3, 64, 96), torch.rand(2, 2, 3, 64, 96, requires_grad=True)
    assert feature_matching([judges(real)], [judges(real)]) == 0
    feature_matching([judges(real)], [judges(fake)]).backward()
    assert fake.grad is not None
    assert (fake.grad.abs().amax(dim=(0, 2, 3, 4)) > 0).all()
    gradient_penalty(judges, real, fake).backward()
    assert all(p.grad is not None for name, p in judges.named_parameters() if name.endswith("weight"))


def test_what_cannot_be_is_refused() -> None:
    for private in (0, 5):
        with pytest.raises(ValueError, match="at least one is private and one shared"):
            CoupledPatchDiscriminator(private=private)
    with pytest.raises(VoGanError, match="too small"):
        CoupledPatchDiscriminator(width=4)(torch.rand(1, 2, 3, 16, 16))
