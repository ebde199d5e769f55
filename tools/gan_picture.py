"""A picture of what the GANs of `tools/gan_experiments.py` make of data that they were not trained on.

    python tools/gan_picture.py RUNS docs/gans.png

RUNS is the folder that the experiments were run with as `--out`.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vo_gan.depth_images import color_depth
from vo_gan.files import replace_file
from vo_gan.gans.data import DataBatches, open_data
from vo_gan.gans.data.images import FARTHEST, NEAREST
from vo_gan.gans.data.shapes import CaptionedShapes
from vo_gan.gans.run import load_variant

SEED = 0
COLUMNS = 6
Panel = tuple[str, Tensor | np.ndarray]


def finished(runs: Path, name: str) -> tuple[Any, Any]:
    """A variant and its configuration."""
    return load_variant(runs / f"{name}_{SEED}" / "checkpoints" / "last")


def weathers(runs: Path) -> list[Panel]:
    """An unseen clear frame in every weather."""
    variant, config = finished(runs, "stargan")
    _, unseen = open_data(config.data, "labelled")
    batch: Any = next(iter(DataBatches(unseen, len(unseen), shuffle=False)))
    image = batch.images[batch.labels == config.shape.classes.index("clear")][:1]
    return [("StarGAN, given", image[0])] + [
        (f"to {name}", variant.translate(image, name)[0]) for name in config.shape.classes
    ]


def pairs(runs: Path) -> list[Panel]:
    """Fog to clear, and blurred to sharp: given, made, true."""
    panels: list[Panel] = []
    for name, need, title in (("cyclegan", "unaligned", "CycleGAN"), ("deblurgan", "blurred", "DeblurGAN")):
        variant, config = finished(runs, name)
        _, unseen = open_data(config.data, need)  # type: ignore[arg-type]
        batch: Any = unseen.batch([len(unseen) // 2], np.random.default_rng(SEED))
        made = variant.translate(batch.first, noise="off")
        panels += [(f"{title}, given", batch.first[0]), ("made", made[0]), ("true", batch.second[0])]
    return panels


def depths(runs: Path) -> list[Panel]:
    """Depth from an image: given, made, true."""
    panels: list[Panel] = []
    for name, title, item in (("pix2pix", "pix2pix", 0), ("pix2pixhd", "pix2pixHD", -1)):
        variant, config = finished(runs, name)
        _, unseen = open_data(config.data, "aligned")
        batch: Any = unseen.batch([item % len(unseen)], np.random.default_rng(SEED))
        made = variant.translate(batch.first)
        panels += [(f"{title}, given", batch.first[0]), ("made", _coloured(made)), ("true", _coloured(batch.second))]
    return panels


def small(runs: Path) -> list[Panel]:
    """Captions, classes, and pairs."""
    variant, config = finished(runs, "text_to_image")
    size = config.shape.first[1]
    batch: Any = next(iter(DataBatches(CaptionedShapes(size), 3, seed=7)))
    panels: list[Panel] = [
        (caption.replace(" above", "\nabove").replace(" left", "\nleft").replace(" below", "\nbelow"), image)
        for caption, image in zip(batch.captions, variant.make_like(batch), strict=True)
    ]
    digits, _ = finished(runs, "cgan")
    dcgan, _ = finished(runs, "dcgan_end")
    coupled, _ = finished(runs, "coupled")
    for title, images, columns in (
        ("CGAN: 0 to 9", digits.sample(20, seed=1, wanted=list("0123456789")), 5),
        ("DCGAN", dcgan.sample(20, seed=1), 5),
        ("CoupledGAN: pairs", coupled.sample(12, seed=1), 3),
    ):
        panels.append((title, _sheet(images, columns)))
    return panels


def _sheet(images: Tensor, columns: int) -> Tensor:
    rows = [torch.cat(list(images[start : start + columns]), dim=2) for start in range(0, len(images), columns)]
    return torch.cat(rows, dim=1)


def _coloured(depth: Tensor) -> np.ndarray:
    """A depth image of `vo_gan.gans.data.images.read_depth`; near is bright."""
    metres = NEAREST * (FARTHEST / NEAREST) ** ((depth[0, 0].numpy() + 1) / 2)
    return color_depth(metres.astype(np.float32))


def draw(rows: list[list[Panel]], path: Path) -> None:
    """All panels with their titles, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.2), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), COLUMNS)
    for row, panels in zip(axes, rows, strict=True):
        for cell, (title, image) in zip(row, panels, strict=True):
            if isinstance(image, Tensor):
                shown = ((image + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
                cell.imshow(shown.squeeze(), cmap="gray", vmin=0, vmax=1)
            else:
                cell.imshow(image)
            cell.set_title(title, fontsize=8, pad=3)
        for cell in row:
            cell.axis("off")
    picture = io.BytesIO()
    canvas.print_png(picture)
    replace_file(path, picture.getvalue())


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, metavar="RUNS")
    parser.add_argument("picture", type=Path, metavar="PNG")
    given = parser.parse_args()
    draw([part(given.runs) for part in (weathers, pairs, depths, small)], given.picture)


if __name__ == "__main__":
    main()
