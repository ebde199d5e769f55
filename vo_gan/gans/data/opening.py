"""From a kind of data or a folder, and what a variant needs, to a data set for training and one for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from vo_gan.errors import VoGanError
from vo_gan.gans.data import folders
from vo_gan.gans.data.batches import Data
from vo_gan.gans.data.digits import DigitOutlines, Digits
from vo_gan.gans.data.images import Framing, read_image
from vo_gan.gans.data.ring import Ring
from vo_gan.gans.data.sets import BlurredFiles, CaptionedFiles, ImageFiles, PairFiles, TwoDomains
from vo_gan.gans.data.shapes import CaptionedShapes

Need = Literal["samples", "images", "labelled", "aligned", "unaligned", "blurred", "captioned"]
Layout = Literal["auto", "halves", "folders", "depth"]
Item = TypeVar("Item")

BUILT_IN: dict[str, tuple[Need, ...]] = {
    "ring": ("samples",),
    "digits": ("samples", "images", "labelled"),
    "outlines": ("unaligned",),
    "shapes": ("samples", "images", "captioned"),
}
"""The data that need no files, and what they serve as."""

EXPECTED: dict[Need, str] = {
    "samples": "a folder of images",
    "images": "a folder of images",
    "labelled": "a folder with a sub-folder of images for each class",
    "aligned": "images with the two of a pair side by side, or folders A and B (or --data.second) of equally named "
    "images, or drives with depth in KITTI's layout",
    "unaligned": "folders A and B, or a second folder by --data.second",
    "blurred": "a folder of sharp images, which are blurred here, or folders A (blurred) and B (sharp)",
    "captioned": "a folder with captions.csv (columns file, caption and perhaps class)",
}


@dataclass(frozen=True)
class GanDataConfig:
    """What to train on, and how images are fitted.

    Attributes:
        source: a folder, or `ring`, `digits`, `outlines` (digits and their edges) or `shapes` (with captions).
        second: folder of the second domain, where it is not in `source`.
        layout: of pairs: `halves` of one image, two `folders`, image and `depth` of drives; `auto` looks.
        width: of the images trained on, pixels; 0 is that of the first image.
        height: the same, of the height.
        resize: off crops from the images at their own size.
        enlarge: resize to this many times the size, then crop at random.
        flip: mirror half of the images (never captioned ones, in which left would become wrong).
        kernel: side of blur kernels, pixels.
        length: of the camera's movement during an exposure, pixels.
        batch: items of a step.
        validation_batch: items of a batch of validation; some figures need many.
        held_out: share of the images, the last of each class, that is kept for validation.
        workers: threads that read ahead.
    """

    source: str = ""
    second: str = ""
    layout: Layout = "auto"
    width: int = 0
    height: int = 0
    resize: bool = True
    enlarge: float = 1.0
    flip: bool = False
    kernel: int = 64
    length: float = 60.0
    batch: int = 64
    validation_batch: int = 100
    held_out: float = 0.1
    workers: int = 1


def open_data(config: GanDataConfig, need: Need) -> tuple[Data, Data]:
    """The data to train on and to validate on.

    Raises:
        VoGanError: the source does not serve the need, is missing, or an image is unreadable.
    """
    if not config.source:
        raise VoGanError(f"no data: give --data, {EXPECTED[need]}, or one of {', '.join(_serving(need)) or 'them'}")
    if config.source in BUILT_IN:
        return _built_in(config, need)
    folder = Path(config.source)
    if not folder.is_dir():
        known = f", or one of {', '.join(_serving(need))}" if _serving(need) else ""
        raise VoGanError(f"{folder}: no such folder; expected {EXPECTED[need]}{known}")
    match need:
        case "samples" | "images":
            training, held_out = _split(folders.images_in(folder), config.held_out)
            framings = _framings(config, training[0])
            return ImageFiles(training, framings[0]), ImageFiles(held_out, framings[1])
        case "labelled":
            return _labelled(config, folder)
        case "aligned":
            return _aligned(config, folder)
        case "unaligned":
            return _unaligned(config, folder)
        case "blurred":
            if config.second or folders.two_folders(folder):
                return _aligned(config, folder)
            training, held_out = _split(folders.images_in(folder), config.held_out)
            framings = _framings(config, training[0])
            make = [
                BlurredFiles(paths, framing, config.kernel, config.length)
                for paths, framing in zip((training, held_out), framings, strict=True)
            ]
            return make[0], make[1]
        case "captioned":
            rows = folders.captions_in(folder)
            learnt, kept = _split(rows, config.held_out)
            framings = _framings(config, rows[0][0], flip=False)
            return CaptionedFiles(learnt, framings[0]), CaptionedFiles(kept if len(kept) > 1 else learnt, framings[1])


def _serving(need: Need) -> list[str]:
    return [kind for kind, served in BUILT_IN.items() if need in served]


def _built_in(config: GanDataConfig, need: Need) -> tuple[Data, Data]:
    kind = config.source
    if need not in BUILT_IN[kind]:
        raise VoGanError(f"{kind} does not serve here: expected {EXPECTED[need]}")
    if config.width != config.height:
        raise VoGanError(f"{kind} are square: set data.width and data.height alike, not {config.width}x{config.height}")
    match kind:
        case "ring":
            return Ring(), Ring()
        case "digits":
            return Digits("training", config.width or 8), Digits("validation", config.width or 8)
        case "outlines":
            return DigitOutlines("training", config.width or 28), DigitOutlines("validation", config.width or 28)
        case _:
            size = config.width or 64
            return CaptionedShapes(size), CaptionedShapes(size)


def _split(items: Sequence[Item], share: float) -> tuple[list[Item], list[Item]]:
    """All but the last, and the last; one item is for both."""
    if not 0 < share < 1:
        raise VoGanError(f"data.held_out is a share between 0 and 1, not {share}")
    if len(items) < 2:
        return list(items), list(items)
    cut = len(items) - max(round(share * len(items)), 1)
    return list(items[:cut]), list(items[cut:])


def _framings(config: GanDataConfig, path: Path, *, halves: bool = False, flip: bool = True) -> tuple[Framing, Framing]:
    """For training, and for validation: nothing at random."""
    height, width = read_image(path).shape[1:]
    width = width // 2 if halves else width
    size = (config.width or width, config.height or height)
    learning = Framing(*size, enlarge=config.enlarge, resize=config.resize, crop=True, flip=config.flip and flip)
    return learning, Framing(*size, resize=config.resize, crop=False, flip=False)


def _labelled(config: GanDataConfig, folder: Path) -> tuple[Data, Data]:
    found = folders.class_folders(folder)
    parts: list[tuple[list[Path], list[int]]] = [([], []), ([], [])]
    for number, images in enumerate(found.values()):
        for (paths, labels), chosen in zip(parts, _split(images, config.held_out), strict=True):
            paths += chosen
            labels += [number] * len(chosen)
    framings = _framings(config, parts[0][0][0])
    made = [
        ImageFiles(paths, framing, labels, list(found))
        for (paths, labels), framing in zip(parts, framings, strict=True)
    ]
    return made[0], made[1]


def _aligned(config: GanDataConfig, folder: Path) -> tuple[Data, Data]:
    layout: str = config.layout
    domains = (folder, Path(config.second)) if config.second else folders.two_folders(folder)
    if layout == "auto":
        layout = "folders" if domains else "depth" if folders.is_world(folder) else "halves"
    match layout:
        case "folders":
            if domains is None:
                raise VoGanError(f"{folder}: expected {EXPECTED['aligned']}")
            pairs = folders.matching_pairs(*domains)
        case "depth":
            pairs = folders.depth_pairs(folder)
        case _:
            pairs = [(path, path) for path in folders.images_in(folder)]
    training, held_out = _split(pairs, config.held_out)
    framings = _framings(config, pairs[0][0], halves=layout == "halves")
    depth = layout == "depth"
    return PairFiles(training, framings[0], depth), PairFiles(held_out, framings[1], depth)


def _unaligned(config: GanDataConfig, folder: Path) -> tuple[Data, Data]:
    domains = (folder, Path(config.second)) if config.second else folders.two_folders(folder)
    if domains is None:
        raise VoGanError(f"{folder}: expected {EXPECTED['unaligned']}")
    first, second = (folders.images_in(domain) for domain in domains)
    framings = _framings(config, first[0])
    same = [path.relative_to(domains[0]) for path in first] == [path.relative_to(domains[1]) for path in second]
    (first, first_kept), (second, second_kept) = (_split(images, config.held_out) for images in (first, second))
    learning = TwoDomains(first, second, framings[0], aligned=False)
    return learning, TwoDomains(first_kept, second_kept, framings[1], aligned=same)
