"""Images of any size through networks that take only some: padded and cropped, or in overlapping tiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from vo_gan.errors import VoGanError
from vo_gan.gans.data.images import read_image, write_image
from vo_gan.gans.inference import Noise, Stats
from vo_gan.gans.variants import TranslationVariant
from vo_gan.progress import progress

TILE = 1024
"""Side of a tile, and of the largest image that is translated in one piece."""
OVERLAP = 1 / 8
"""Share of a tile that its neighbour covers, too."""

Translate = Callable[[Tensor], Tensor]


def translate_padded(
    translate: Translate, image: Float[Tensor, "1 c h w"], divisor: int, smallest: int
) -> Float[Tensor, "1 c2 h w"]:
    """The image, continued by its reflection up to the next size that fits, translated, and cropped again."""
    height, width = image.shape[-2:]
    down, right = (max(math.ceil(side / divisor) * divisor, smallest) - side for side in (height, width))
    mode = "reflect" if down < height and right < width else "replicate"
    return translate(F.pad(image, (0, right, 0, down), mode=mode))[..., :height, :width]


def translate_tiled(
    translate: Translate, image: Float[Tensor, "1 c h w"], divisor: int, smallest: int, tile: int = TILE
) -> Float[Tensor, "1 c2 h w"]:
    """The image in one piece up to `tile` pixels a side, else in tiles that fade into each other where they overlap.

    A tile is normalised by its own statistics, where the network normalises by the image.

    Raises:
        ValueError: the tile is smaller than the network takes.
    """
    height, width = image.shape[-2:]
    tile = tile // divisor * divisor
    if tile < smallest:
        raise ValueError(f"tiles must have at least {smallest} pixels a side")
    if height <= tile and width <= tile:
        return translate_padded(translate, image, divisor, smallest)
    overlap = max(round(OVERLAP * tile), 1)
    total: Tensor | None = None
    weights = torch.zeros(1, 1, height, width, device=image.device)
    for top in _starts(height, tile, overlap):
        for left in _starts(width, tile, overlap):
            part = image[..., top : top + tile, left : left + tile]
            made = translate_padded(translate, part, divisor, smallest)
            rows, columns = (_ramp(side, overlap).to(made) for side in made.shape[-2:])
            weight = rows[:, None] * columns
            if total is None:
                total = torch.zeros(1, made.shape[1], height, width, device=made.device)
            total[..., top : top + tile, left : left + tile] += weight * made
            weights[..., top : top + tile, left : left + tile] += weight
    assert total is not None
    return total / weights


def translate_files(
    variant: TranslationVariant,
    paths: Sequence[Path],
    out: Path,
    wanted: str = "",
    stats: Stats | None = None,
    noise: Noise | None = None,
    seed: int = 0,
    tile: int = TILE,
) -> Iterator[Path]:
    """Translate image files; yields each result's path, `out/NAME.png`, as it is written.

    Raises:
        VoGanError: an image is missing, broken or of other channels, two have one name, or the wish cannot be had.
    """
    names = [path.stem for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise VoGanError(f"{len(twice)} names occur twice ({twice[0]}, ...): their results would overwrite each other")
    variant.direction(wanted)
    backwards = wanted == "first"
    given, bits = (variant.shape.second if backwards else variant.shape.first), variant.shape.bits[not backwards]
    if tile < variant.smallest:
        raise VoGanError(f"--tile {tile} is too small for this network: give at least {variant.smallest}")
    images = [read_image(path, given[0]) for path in paths[:1]]  # a first mistake leaves no folder behind
    out.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(progress(paths, "translate", unit="image")):
        image = images[0] if number == 0 else read_image(path, given[0])
        made = translate_tiled(
            lambda part: variant.translate(part, wanted, stats, noise, seed),
            torch.from_numpy(image)[None].to(variant.device()),
            variant.divisor,
            variant.smallest,
            tile,
        )
        yield write_image(out / f"{path.stem}.png", made[0].float().cpu().numpy(), bits)


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin: evenly, the last one ending at the border."""
    if length <= tile:
        return [0]
    count = math.ceil((length - overlap) / (tile - overlap))
    return [round(number * (length - tile) / (count - 1)) for number in range(count)]


def _ramp(length: int, overlap: int) -> Float[Tensor, " length"]:
    """1 in the middle, falling towards both ends."""
    distance = torch.minimum(torch.arange(length), torch.arange(length).flip(0)) + 1
    return (distance / (overlap + 1)).clamp(max=1)
