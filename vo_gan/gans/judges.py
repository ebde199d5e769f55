"""What validation looks with: features to compare sets of images in, and whether a sample is what was asked for.

Nothing is downloaded: small classifiers learn from the training data itself in seconds, and where there is nothing to
learn from, features are those of a random network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.data.batches import Captioned, Data, DataBatches, Pairs, Samples
from vo_gan.gans.data.ring import Ring, ring_figures
from vo_gan.gans.data.shapes import COLOURS, PLACES, SHAPES, CaptionedShapes
from vo_gan.gans.data.words import split_words
from vo_gan.gans.figures import FeatureVectors, mean_and_deviation, same_share
from vo_gan.gans.perceptual import Vgg

STEPS = 300
"""Steps in which a classifier learns."""

STANDARD_ITEMS = 256
"""Items from which the scale of features is taken."""

Figures = Callable[[Tensor, Any], dict[str, Tensor]]
FACTS = (len(PLACES), len(SHAPES), len(COLOURS), len(SHAPES), len(COLOURS))
"""What is told of a scene of shapes: the place of the first, then shape and colour of both."""


@dataclass(frozen=True)
class Judge:
    """What validation looks with.

    Attributes:
        features: vectors in which sets of images are compared.
        figures: more figures of samples made for the conditions of a batch.
    """

    features: FeatureVectors
    figures: Figures = field(default=lambda *_: {})


class Classifier(nn.Module):
    """A small network that answers several questions about an image, and the features that it answers from.

    Args:
        channels: of the images.
        answers: how many answers each question has.
        width: channels of the first layer.
    """

    def __init__(self, channels: int, answers: tuple[int, ...], width: int = 16) -> None:
        super().__init__()
        self.answers = answers

        def stage(inputs: int, outputs: int) -> list[nn.Module]:
            return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

        self.layers = nn.Sequential(
            *stage(channels, width),
            nn.AvgPool2d(2),
            *stage(width, 2 * width),
            nn.AvgPool2d(2),
            *stage(2 * width, 4 * width),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(64 * width, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, sum(answers))

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _"]]:
        """Logits of the answers to each question."""
        return list(self.head(self.layers(image)).split(self.answers, dim=1))

    def features(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 64"]:
        """What the answers are read from."""
        return self.layers(image)

    def classify(self, image: Float[Tensor, "b c h w"]) -> Tensor:
        """The likeliest answers `[b, questions]`."""
        return torch.stack([logits.argmax(dim=1) for logits in self(image)], dim=1)


def train_classifier(
    data: Data, answers: tuple[int, ...], truth: Callable[[Any], Tensor], steps: int | None = None, width: int = 16
) -> Classifier:
    """A classifier of a data set's images; the same every time, and the global random state is left alone.

    Args:
        data: with batches that have `images`.
        answers: how many answers each question has.
        truth: the right answers `[b, questions]` of a batch.
        steps: of training, 64 images each; `STEPS` if None.
        width: see `Classifier`.
    """
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(0)
        network = Classifier(data.shape.first[0], answers, width)
        optimiser = torch.optim.Adam(network.parameters(), 2e-3)
        batches = DataBatches(data, min(64, len(data)), seed=1)
        done, epoch = 0, 0
        steps = STEPS if steps is None else steps
        while done < steps:
            batches.set_position(epoch, 0)
            for batch in batches:
                logits = network(batch.images)  # type: ignore[attr-defined]
                wanted = truth(batch)
                loss = torch.stack([F.cross_entropy(part, wanted[:, number]) for number, part in enumerate(logits)])
                optimiser.zero_grad()
                loss.sum().backward()
                optimiser.step()
                done += 1
                if done == steps:
                    break
            epoch += 1
    return network.eval().requires_grad_(False)


def caption_facts(caption: str) -> list[int]:
    """The numbers of `FACTS` for a caption of `CaptionedShapes`, told so that the first is above or left.

    Raises:
        ValueError: the caption is not of that kind.
    """
    words = split_words(caption)
    if len(words) < 7:
        raise ValueError(f"{caption!r} does not say what two shapes there are")
    place = " ".join(words[3:-3])
    first, second = (
        (list(COLOURS).index(words[1]), SHAPES.index(words[2])),
        (
            list(COLOURS).index(words[-2]),
            SHAPES.index(words[-1]),
        ),
    )
    if place in ("below", "right of"):
        first, second = second, first
        place = {"below": "above", "right of": "left of"}[place]
    return [PLACES.index(place), first[1], first[0], second[1], second[0]]


def judge_for(data: Data, steps: int | None = None) -> Judge:
    """What suits a data set, of which it is given the training part; classifiers learn for `steps`, see `STEPS`."""
    if isinstance(data, Ring):
        return Judge(lambda points: points, lambda made, _: ring_figures(made))
    if isinstance(data, CaptionedShapes):
        judge = shapes_judge(train_classifier(data, FACTS, _facts, steps))
    elif data.shape.classes:
        judge = labels_judge(train_classifier(data, (len(data.shape.classes),), _labels, steps))
    else:
        judge = Judge(random_features())
    return replace(judge, features=standardised(judge.features, data))


def standardised(features: FeatureVectors, data: Data) -> FeatureVectors:
    """The features with mean 0 and deviation 1 over a data set, so that no scale of theirs is in a figure."""
    batch: Any = next(iter(DataBatches(data, min(STANDARD_ITEMS, len(data)), seed=2)))
    with torch.no_grad():
        found = features(batch.second if isinstance(batch, Pairs) else batch.images)
    mean, deviation = found.mean(dim=0), found.std(dim=0, correction=0)
    deviation = deviation.clamp(min=float(0.01 * deviation.max()))
    return lambda images: (features(images) - mean.to(images.device)) / deviation.to(images.device)


def labels_judge(classifier: Classifier) -> Judge:
    """Features of a classifier, and how often it finds the class that was asked for."""

    def figures(made: Tensor, batch: Samples) -> dict[str, Tensor]:
        return {"agreement": same_share(classifier.to(made.device).classify(made)[:, 0], batch.labels)}

    return Judge(lambda images: classifier.to(images.device).features(images), figures)


def shapes_judge(classifier: Classifier) -> Judge:
    """Features of a classifier of shapes, and how many of a caption's five facts it finds."""

    def figures(made: Tensor, batch: Any) -> dict[str, Tensor]:
        if not isinstance(batch, Captioned):
            return {}
        right = classifier.to(made.device).classify(made) == _facts(batch).to(made.device)
        return {"agreement": right.float().mean(), "whole_agreement": right.all(dim=1).float().mean()}

    return Judge(lambda images: classifier.to(images.device).features(images), figures)


def random_features(width: int = 16) -> FeatureVectors:
    """Statistics of a random VGG's features, the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Vgg(16, ("relu1_2", "relu2_2", "relu3_3"), width=width)

    def features(images: Tensor) -> Tensor:
        three = images[:, :3] if images.shape[1] >= 3 else images[:, :1].expand(-1, 3, -1, -1)
        return torch.cat([mean_and_deviation(part) for part in network.to(images.device)(three)], dim=1)

    return features


def _labels(batch: Samples) -> Tensor:
    return batch.labels[:, None]


def _facts(batch: Captioned) -> Tensor:
    return torch.tensor([caption_facts(caption) for caption in batch.captions])
