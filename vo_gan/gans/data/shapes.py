"""Two coloured shapes beside or above each other, drawn and described by us: captions whose truth can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from vo_gan.gans.data.batches import Captioned, Data, DataShape
from vo_gan.gans.data.words import word_numbers

SHAPES = ("circle", "square", "triangle")
COLOURS = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 80, 220), "yellow": (230, 210, 50)}
PLACES = ("above", "below", "left of", "right of")
OPPOSITE = {"above": "below", "below": "above", "left of": "right of", "right of": "left of"}
_FINER = 4
"""Shapes are drawn this many times larger and averaged down, for smooth edges."""


@dataclass(frozen=True)
class Scene:
    """A first shape somewhere relative to a second one."""

    shape: str
    colour: str
    place: str
    second_shape: str
    second_colour: str

    def caption(self) -> str:
        """Such as "a red circle above a blue square"."""
        return f"a {self.colour} {self.shape} {self.place} a {self.second_colour} {self.second_shape}"

    def turned(self) -> Scene:
        """The same scene told from the other shape."""
        return Scene(self.second_shape, self.second_colour, OPPOSITE[self.place], self.shape, self.colour)

    def same_as(self, other: Scene) -> bool:
        """Whether both look alike: told the same way or the other way round."""
        return other in (self, self.turned())


def draw_scene(scene: Scene, size: int, generator: np.random.Generator) -> UInt8[np.ndarray, "size size 3"]:
    """The scene on a light background; sizes and positions vary a little."""
    image = np.full((size * _FINER, size * _FINER, 3), 245, np.uint8)
    offset = {"above": (0, -1), "below": (0, 1), "left of": (-1, 0), "right of": (1, 0)}[scene.place]
    centre = np.array([0.5, 0.5]) + generator.uniform(-0.04, 0.04, 2)
    parts = ((scene.shape, scene.colour, 1), (scene.second_shape, scene.second_colour, -1))
    for shape, colour, side in parts:
        middle = centre + side * 0.23 * np.array(offset)
        radius = generator.uniform(0.17, 0.2)
        _draw(image, shape, COLOURS[colour], size * _FINER * middle, size * _FINER * radius)
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def random_scene(generator: np.random.Generator) -> Scene:
    """Any of the 576 scenes; told the other way round it is another one that looks the same."""
    colours = list(COLOURS)
    shape, second = (SHAPES[number] for number in generator.integers(0, len(SHAPES), 2))
    colour, second_colour = (colours[number] for number in generator.integers(0, len(colours), 2))
    return Scene(shape, colour, PLACES[int(generator.integers(0, len(PLACES)))], second, second_colour)


def wrong_scene(scene: Scene, generator: np.random.Generator) -> Scene:
    """A scene that does not look like this one; every second one differs in a single fact."""
    while True:
        other = random_scene(generator)
        if generator.random() < 0.5:
            name = fields(Scene)[int(generator.integers(len(fields(Scene))))].name
            other = replace(scene, **{name: getattr(other, name)})
        if not other.same_as(scene):
            return other


class CaptionedShapes(Data):
    """Scenes drawn anew in every batch.

    Args:
        size: of the images, pixels.
        images: of an epoch.
    """

    def __init__(self, size: int = 64, images: int = 6400) -> None:
        self.size, self.images = size, images
        self.shape = DataShape(first=[3, size, size])

    def __len__(self) -> int:
        return self.images

    def batch(self, items: Sequence[int], generator: np.random.Generator) -> Captioned:
        """As many scenes as items are asked for."""
        scenes = [random_scene(generator) for _ in items]
        wrong = [wrong_scene(scene, generator).caption() for scene in scenes]
        images = np.stack([draw_scene(scene, self.size, generator) for scene in scenes])
        captions = tuple(scene.caption() for scene in scenes)
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
        return Captioned(captions, tensor.contiguous(), word_numbers(captions), word_numbers(wrong), captions)


def _draw(image: np.ndarray, shape: str, colour: tuple[int, int, int], middle: np.ndarray, radius: float) -> None:
    x, y = middle.tolist()
    if shape == "circle":
        cv2.circle(image, (round(x), round(y)), round(radius), colour, -1)
        return
    if shape == "square":
        corners = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    else:
        corners = [(0.0, -1.05), (1.05, 0.8), (-1.05, 0.8)]
    points = np.array([(x + radius * right, y + radius * down) for right, down in corners])
    cv2.fillPoly(image, [points.round().astype(np.int32)], colour)
