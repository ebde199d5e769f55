"""Depth figures of whole sets: folders of maps, and KITTI raw drives by a split file with LiDAR as truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import AspectError, DepthFigures, ImageFigures, Protocol, evaluate_image, summarise
from vo_gan.evaluation.lidar import LidarTruth, Projection
from vo_gan.evaluation.maps import SUFFIXES, pair_maps, read_map
from vo_gan.evaluation.split import SplitEntry, read_split
from vo_gan.progress import progress

ENDINGS = (".npy", ".png", "_depth.npy", "_depth.png")
"""What may follow the frame's number in the name of an estimate; the first that is there is read. `vo-gan depth` writes
the last two, of which the array has more digits."""


def evaluate_depth_folders(truth: Path, estimate: Path, protocol: Protocol) -> DepthFigures:
    """Figures of a folder of depth maps (16-bit PNG, metres x 256, or float .npy) against a folder of true ones.

    Files belong together by name.

    Raises:
        VoGanError: a folder or file is unreadable or empty, no names agree, or an estimate's aspect ratio is another
            than the truth's; files are named.
    """
    pairs, missing = pair_maps(truth, estimate)

    def results() -> Iterable[ImageFigures]:
        for truth_path, estimate_path in progress(pairs, "evaluating depth", unit="image"):
            try:
                yield evaluate_image(read_map(truth_path), read_map(estimate_path), protocol, estimate_path.name)
            except AspectError as error:
                raise VoGanError(f"{estimate_path}: {error} (truth: {truth_path})") from None

    return summarise(results(), protocol, missing=missing)


def evaluate_depth_split(
    root: Path, split: Path, estimate: Path, protocol: Protocol, projection: Projection = "exact"
) -> DepthFigures:
    """Figures of the images of a split of the KITTI raw data against their LiDAR scans.

    Args:
        root: the folder of the KITTI raw data, with a folder per date.
        split: which images, see `vo_gan.evaluation.split`.
        estimate: estimated depth, see `find_estimates`.
        protocol: what counts.
        projection: how a scan becomes a depth map, see `vo_gan.evaluation.lidar`.

    Returns:
        The figures of the images that have both a scan and an estimate. `missing_images` counts the lines of the split
        that lack one of them.

    Raises:
        VoGanError: the split, the calibration or a map is unreadable, there is no estimate or no scan at all, or an
            estimate's aspect ratio is another than that of the camera.
    """
    entries = read_split(split)
    estimates = find_estimates(estimate, split, entries)
    truth = LidarTruth(root, projection)
    pairs = [
        (entry, path)
        for entry, path in zip(entries, estimates, strict=True)
        if path is not None and truth.scan(entry).is_file()
    ]
    if not pairs:
        raise VoGanError(
            f"{root}: has the LiDAR scan of none of the {sum(path is not None for path in estimates)} estimated images "
            f"of {split}; expected such as {truth.scan(entries[0])} (KITTI's `synced+rectified data`)"
        )

    def results() -> Iterable[ImageFigures]:
        for entry, path in progress(pairs, "evaluating depth", unit="image"):
            try:
                yield evaluate_image(truth.read(entry), read_map(path), protocol, str(entry))
            except AspectError as error:
                raise VoGanError(f"{path}: {error} (truth: {truth.scan(entry)})") from None

    return summarise(
        results(), protocol, missing=len(entries) - len(pairs), truth_source=f"KITTI LiDAR, {projection} projection"
    )


def find_estimates(folder: Path, split: Path, entries: Sequence[SplitEntry]) -> list[Path | None]:
    """The file with the estimate of every line of a split, None where there is none.

    Two layouts are known: that of the images, DATE/DRIVE/image_0C/data/FRAME followed by one of `ENDINGS`; and maps
    numbered in the order of the split, from 000000 on, one per line.

    Raises:
        VoGanError: the folder is missing or has neither layout, or the numbered maps are not as many as the lines.
    """
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder; expected the estimated depth of the images of {split}")
    if any((folder / entry.date).is_dir() for entry in entries):
        found = [_first(folder / entry.image_folder, entry.frame) for entry in entries]
        if any(path is not None for path in found):
            return found
    numbered = {
        int(path.stem): path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES and path.stem.isdecimal()
    }
    if not numbered:
        raise VoGanError(
            f"{folder}: holds no depth of an image of {split}; expected files such as "
            f"{entries[0].image_folder / entries[0].frame}.png, or 000000.png and so on in the order of the split"
        )
    if sorted(numbered) != list(range(len(entries))):
        raise VoGanError(
            f"{folder}: holds {len(numbered)} numbered maps, {min(numbered)} to {max(numbered)}, and {split} has "
            f"{len(entries)} lines; expected one map per line, numbered from 0 in this order"
        )
    return [numbered[index] for index in range(len(entries))]


def _first(folder: Path, frame: str) -> Path | None:
    return next((path for ending in ENDINGS if (path := folder / f"{frame}{ending}").is_file()), None)
