from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vo_gan.gans.data.batches import Samples
from vo_gan.gans.data.digits import Digits
from vo_gan.gans.data.shapes import CaptionedShapes
from vo_gan.gans.figures import kid, psnr, ssim
from vo_gan.gans.judges import Classifier, caption_facts, judge_for, random_features, shapes_judge, train_classifier


def test_psnr_of_a_known_error() -> None:
    truth = torch.zeros(2, 3, 16, 16)
    assert psnr(truth + 0.2, truth).item() == pytest.approx(20.0, abs=1e-4)  # 0.1 of the whole range
    assert psnr(truth, truth).item() == pytest.approx(100.0)


def test_ssim_knows_equal_brighter_and_other_images() -> None:
    generator = torch.Generator().manual_seed(0)
    truth, other = (2 * torch.rand(1, 1, 32, 32, generator=generator) - 1 for _ in range(2))
    assert ssim(truth, truth).item() == pytest.approx(1.0, abs=1e-5)
    assert ssim(truth, other) < 0.2
    assert 0.9 < ssim(truth, truth + 0.05) < 1


def plain_kid(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


def test_kid_is_the_unbiased_estimate() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(7, 5)), generator.normal(1, 1, size=(9, 5))
    found = kid(torch.from_numpy(x).float(), torch.from_numpy(y).float())
    assert found.item() == pytest.approx(plain_kid(x, y), rel=1e-4)
    draws = [torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(seed)) for seed in range(200)]
    values = torch.stack([kid(a, b) for a, b in draws])
    assert abs(values.mean()) < 3 * values.std() / 200**0.5
    assert (values < 0).any()
    with pytest.raises(ValueError, match="two samples"):
        kid(torch.zeros(1, 3), torch.zeros(5, 3))


def test_the_digits_judge_knows_digits() -> None:
    classifier = train_classifier(Digits("training"), (10,), lambda batch: batch.labels[:, None], steps=120)
    unseen = Digits("validation").batch(range(360), np.random.default_rng(0))
    right = (classifier.classify(unseen.images)[:, 0] == unseen.labels).float().mean()
    assert right > 0.9


def test_judges_are_the_same_every_time_and_leave_chance_alone() -> None:
    before = torch.get_rng_state()
    data = Digits("training")
    batch = Digits("validation").batch(range(20), np.random.default_rng(0))
    found = [judge_for(data).features(batch.images) for _ in range(2)]
    assert torch.equal(*found)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(network.requires_grad for network in found)


def test_features_are_standardised() -> None:
    data = Digits("training")
    features = judge_for(data).features(data.batch(range(800), np.random.default_rng(0)).images)
    assert features.mean().abs() < 0.2
    assert 0.7 < features.std(dim=0).median() < 1.3


def test_random_features_tell_sets_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(60, 3, 4, 4, generator=generator), size=(16, 16))
    rough = torch.rand(30, 3, 16, 16, generator=generator)
    features = random_features(width=4)
    found = [features(images) for images in (smooth[:30], smooth[30:], rough)]
    assert kid(found[0], found[2]) > 5 * kid(found[0], found[1]).abs()
    assert random_features(width=4)(torch.rand(2, 1, 16, 16)).shape[0] == 2


class Known(Classifier):
    """Answers what the first pixels say."""

    def classify(self, image: Tensor) -> Tensor:
        return image[:, 0, 0, :5].long()


def test_agreement_counts_facts_and_whole_captions() -> None:
    judge = shapes_judge(Known(3, (4, 3, 4, 3, 4), width=2))
    batch = CaptionedShapes(16).batch(range(2), np.random.default_rng(0))
    made = torch.zeros(2, 3, 16, 16)
    for image, caption in zip(made, batch.captions, strict=True):
        image[0, 0, :5] = torch.tensor(caption_facts(caption)).float()
    assert judge.figures(made, batch) == {"agreement": 1.0, "whole_agreement": 1.0}
    made[0, 0, 0, 1] += 1
    figures = judge.figures(made, batch)
    assert figures["agreement"].item() == pytest.approx(0.9)
    assert figures["whole_agreement"] == 0.5
    assert judge.figures(made, Samples(("x",), made, torch.zeros(2, dtype=torch.int64))) == {}


def test_captions_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="does not say"):
        caption_facts("a dog")
