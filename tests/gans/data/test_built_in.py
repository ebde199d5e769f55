from __future__ import annotations

import numpy as np
import pytest
import torch

from vo_gan.gans.data import DataBatches
from vo_gan.gans.data.digits import DigitOutlines, Digits, outline
from vo_gan.gans.data.ring import DEVIATION, RADIUS, Ring, centres, ring_figures
from vo_gan.gans.data.shapes import COLOURS, PLACES, CaptionedShapes, Scene, draw_scene, random_scene, wrong_scene
from vo_gan.gans.data.words import word_numbers
from vo_gan.gans.judges import caption_facts


def test_the_ring_is_eight_gaussians() -> None:
    points = Ring().batch(range(4000), np.random.default_rng(0))
    torch.testing.assert_close(points.images.norm(dim=1).mean().item(), RADIUS, atol=0.01, rtol=0)
    assert torch.bincount(points.labels).tolist() == pytest.approx([500] * 8, rel=0.2)
    spread = (points.images - centres()[points.labels]).std().item()
    assert spread == pytest.approx(DEVIATION, rel=0.05)


def test_modes_and_quality_count() -> None:
    near = centres()[[0, 0, 3]].repeat(100, 1)
    far = torch.zeros(300, 2)
    figures = ring_figures(torch.cat([near, far]))
    assert (figures["modes"].item(), figures["quality"].item()) == (2, 0.5)
    few = torch.cat([near, centres()[5][None]])
    assert ring_figures(few)["modes"] == 2  # one point in three hundred is no mode
    assert ring_figures(torch.cat([near, centres()[[5]].repeat(50, 1) + 0.2]))["reached"] == 3
    whole = Ring().batch(range(2000), np.random.default_rng(0)).images
    assert ring_figures(whole)["modes"] == 8
    assert ring_figures(whole)["quality"] > 0.98


def test_digits_are_split_and_labelled() -> None:
    learning, unseen = Digits("training"), Digits("validation")
    assert len(learning) + len(unseen) == 1797
    assert learning.images.min() == -1
    assert learning.images.max() == 1
    known = {image.numpy().tobytes() for image in learning.images}
    assert sum(image.numpy().tobytes() in known for image in unseen.images) < 5
    larger = Digits("training", 16)
    assert larger.shape.first == [1, 16, 16]
    assert torch.equal(larger.labels, learning.labels)


def test_no_pair_of_digit_and_outline_is_seen_in_training() -> None:
    data = DigitOutlines("training", 28)
    for digit in data.first[:20]:
        own = outline((digit[0].numpy() + 1) / 2)
        assert (data.second[:, 0] / 2 + 0.5 - torch.from_numpy(own)).abs().amax(dim=(1, 2)).min() > 1e-3
    pairs = DigitOutlines("validation", 28).batch([3, 4], np.random.default_rng(0))
    assert pairs.aligned
    expected = outline((pairs.first[0, 0].numpy() + 1) / 2)
    np.testing.assert_allclose((pairs.second[0, 0].numpy() + 1) / 2, expected, atol=1e-6)


def test_digits_with_outlines_are_shifted_within_their_margin_in_training() -> None:
    data = DigitOutlines("training", 28)
    seen = [data.batch([5], np.random.default_rng(chance)).first for chance in range(40)]
    assert len({image.numpy().tobytes() for image in seen}) > 10
    for image in seen:
        assert image.sum() == pytest.approx(data.first[5].sum().item(), abs=1e-3)
        assert image[0, 0, [0, 1, -2, -1]].max() == image[0, 0, :, [0, 1, -2, -1]].max() == -1


def test_scenes_are_drawn_as_they_are_told() -> None:
    generator = np.random.default_rng(0)
    offsets = {"above": (0, -1), "below": (0, 1), "left of": (-1, 0), "right of": (1, 0)}
    for place in PLACES:
        image = draw_scene(Scene("square", "red", place, "circle", "blue"), 64, generator).astype(float)
        middles = []
        for colour in ("red", "blue"):
            rows, columns = np.nonzero(np.abs(image - COLOURS[colour]).max(axis=2) < 20)
            assert len(rows) > 100
            middles.append(np.array([columns.mean(), rows.mean()]))
        direction = middles[0] - middles[1]
        wanted = np.array(offsets[place])
        assert direction @ wanted > 20
        assert abs(direction @ wanted[::-1]) < 8


def test_wrong_captions_are_really_wrong() -> None:
    generator = np.random.default_rng(0)
    for _ in range(2000):
        scene = random_scene(generator)
        wrong = wrong_scene(scene, generator)
        assert caption_facts(scene.caption()) != caption_facts(wrong.caption())
    told = Scene("circle", "red", "above", "square", "blue")
    assert told.turned().caption() == "a blue square below a red circle"
    assert told.same_as(told.turned())
    assert caption_facts(told.caption()) == caption_facts(told.turned().caption())
    assert not told.same_as(Scene("circle", "red", "below", "square", "blue"))


def test_shapes_come_with_right_and_wrong_words() -> None:
    batch = next(iter(DataBatches(CaptionedShapes(16), 8)))
    assert torch.equal(batch.words, word_numbers(batch.captions))  # type: ignore[attr-defined]
    assert (batch.words != batch.wrong).any(dim=1).all()  # type: ignore[attr-defined]
    other = next(iter(DataBatches(CaptionedShapes(16), 8, seed=1)))
    assert other.captions != batch.captions  # type: ignore[attr-defined]


def test_words_are_numbers_everywhere_the_same() -> None:
    rows = word_numbers(["a red circle", "A red, circle.", "", "circle red a"])
    assert torch.equal(rows[0], rows[1])
    assert not rows[2].any()
    assert not torch.equal(rows[0], rows[3])
    assert rows[0].sort().values.equal(rows[3].sort().values)
    assert rows[0, :3].tolist() == [1084, 4825, 2922]
