"""Folders of the user's own: where the images are, and which belong together."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from vo_gan.errors import VoGanError
from vo_gan.gans.data.images import is_image

CAPTIONS = "captions.csv"
_DIGITS = re.compile(r"(\d+)")


def natural_key(path: Path) -> list[tuple[int, int | str]]:
    """Sorts `frame_10` after `frame_9`."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in _DIGITS.split(str(path)) if part]


def is_world(folder: Path) -> bool:
    """Whether a folder has KITTI odometry's layout."""
    return (folder / "sequences").is_dir()


def images_in(folder: Path) -> list[Path]:
    """All images below a folder, in natural order; of drives in KITTI's layout the left frames.

    Raises:
        VoGanError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder; expected a folder of images")
    pattern = "sequences/*/image_2/*" if is_world(folder) else "**/*"
    found = sorted((path for path in folder.glob(pattern) if path.is_file() and is_image(path)), key=natural_key)
    if not found:
        raise VoGanError(f"{folder}: holds no images (PNG, JPEG, TIFF, BMP, WebP or .npy)")
    return found


def two_folders(folder: Path) -> tuple[Path, Path] | None:
    """The folders of two domains in a folder: `A` and `B`, or `trainA` and `trainB`; None if they are not there."""
    for first, second in (("A", "B"), ("trainA", "trainB"), ("train_A", "train_B")):
        if (folder / first).is_dir() and (folder / second).is_dir():
            return folder / first, folder / second
    return None


def matching_pairs(first: Path, second: Path) -> list[tuple[Path, Path]]:
    """The images of two folders that have the same path in both, but for the suffix.

    Raises:
        VoGanError: see `images_in`; or no name is in both.
    """
    left, right = (
        {path.relative_to(root).with_suffix(""): path for path in images_in(root)} for root in (first, second)
    )
    pairs = [(path, right[name]) for name, path in left.items() if name in right]
    if not pairs:
        raise VoGanError(f"{first} and {second} hold no images of the same name: name the two of a pair alike")
    return pairs


def depth_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """The left frames of drives in KITTI's layout with their depth images.

    Raises:
        VoGanError: see `images_in`; or no frame has depth.
    """
    frames = images_in(folder)
    pairs = [(frame, frame.parents[1] / "depth_2" / f"{frame.stem}.png") for frame in frames]
    found = [pair for pair in pairs if pair[1].is_file()]
    if not found:
        raise VoGanError(f"{folder}: no frame has a depth image; expected sequences/NN/depth_2/NNNNNN.png")
    return found


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """The images of each sub-folder, by its name.

    Raises:
        VoGanError: there are less than two such sub-folders.
    """
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder; expected one with a sub-folder of images for each class")
    found = {}
    for path in sorted(folder.iterdir(), key=natural_key):
        if path.is_dir() and not path.name.startswith("."):
            found[path.name] = images_in(path)
    if len(found) < 2:
        raise VoGanError(f"{folder}: expected a sub-folder of images for each of at least two classes")
    return found


def captions_in(folder: Path) -> list[tuple[Path, str, str]]:
    """Image, caption and class of every row of `captions.csv` (columns file, caption and, if wanted, class).

    Without a class, each image is a class of its own: only its captions are true of it.

    Raises:
        VoGanError: the table or an image named in it is missing, or a column, or less than two classes.
    """
    table = folder / CAPTIONS
    try:
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VoGanError(
            f"{table} cannot be read: expected CSV with the columns file, caption and perhaps class"
        ) from (error)
    found = []
    for number, row in enumerate(rows, start=2):
        file, caption = row.get("file"), row.get("caption")
        if not file or not caption:
            raise VoGanError(f"{table}, line {number}: expected values in the columns file and caption")
        path = folder / file
        if not path.is_file():
            raise VoGanError(f"{table}, line {number}: {path} does not exist")
        found.append((path, caption, row.get("class") or file))
    if len({group for _, _, group in found}) < 2:
        raise VoGanError(f"{table}: expected images of at least two classes, else no caption is ever wrong")
    return found
