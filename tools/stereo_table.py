"""The learned matcher beside OpenCV's SGBM on real and rendered pairs whose disparity is known.

    python tools/stereo_table.py --weights RUN [--real DIR] [--world DRIVE ...] [--every 30] [--json F] [--pictures D]

Real pairs: `stereo/middlebury` (motorcycle, cones) and `stereo/kitti_object` under the folder that `--real`, or else
VO_GAN_REAL_DATA, names. For each data set, both matchers at every pixel (SGBM's holes filled from the background, as
KITTI's devkit does), SGBM where it gives a disparity, the network at those pixels, and the network at as many pixels of
its own choice; besides, the scene's median disparity everywhere. Figures are those of `vo_gan.evaluation.stereo`, here
over the pixels that a row gives a disparity; `coverage` is how many those are.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vo_gan.data import open_drive
from vo_gan.data.calibration import baseline_of, projection_matrix, read_keyed_numbers
from vo_gan.data.decode import decode_image
from vo_gan.data.depth_files import read_depth_image
from vo_gan.errors import VoGanError
from vo_gan.evaluation.stereo import StereoFigures, evaluate_stereo
from vo_gan.odometry import LearnedMatcher, SgbmMatcher
from vo_gan.pretrained import load_matcher
from vo_gan.stereo_images import color_disparity

COLUMNS = ("epe_px", "bad1_percent", "bad2_percent", "bad3_percent", "d1_percent", "coverage_percent")


@dataclass(frozen=True)
class KnownPair:
    """A pair with its true disparity, pixels, 0 = unknown."""

    name: str
    left: np.ndarray
    right: np.ndarray
    truth: np.ndarray


def middlebury(folder: Path) -> Iterator[KnownPair]:
    """The two pairs of `stereo/middlebury`, occluded pixels included."""
    views = [decode_image(folder / f"motorcycle_{side}.png") for side in ("left", "right")]
    truth = np.load(folder / "motorcycle_disp.npz")["arr_0"]
    yield KnownPair("motorcycle", views[0], views[1], np.where(np.isfinite(truth), truth, np.float32(0.0)))
    views = [decode_image(folder / f"cones_{side}.png") for side in ("left", "right")]
    truth, mask = (decode_image(folder / f"cones_{name}.png")[..., 0] for name in ("gt", "mask"))
    yield KnownPair("cones", views[0], views[1], np.where(mask > 0, truth, 0).astype(np.float32))


def kitti_object(folder: Path) -> Iterator[KnownPair]:
    """The pairs of `stereo/kitti_object`, with the disparity that their depth gives."""
    for path in sorted((folder / "calib").iterdir()):
        entries = read_keyed_numbers(path)
        left_camera, right_camera = (projection_matrix(path, entries, key) for key in ("P2", "P3"))
        scale = float(left_camera[0, 0]) * baseline_of(path, left_camera, right_camera, "P2 and P3")
        views = [decode_image(folder / side / f"{path.stem}.jpg") for side in ("image_2", "image_3")]
        depth = read_depth_image(folder / "depth" / f"{path.stem}.png", (views[0].shape[1], views[0].shape[0]))
        yield KnownPair(path.stem, views[0], views[1], _disparity(scale, depth))


def rendered(folder: Path, every: int) -> Iterator[KnownPair]:
    """Every so many frames of a drive with depth images; what has no depth (the sky) is left out."""
    drive = open_drive(folder)
    if drive.baseline is None:
        raise VoGanError(f"{folder}: has no right views; give a stereo drive")
    scale = float(drive.intrinsics()[0, 0]) * drive.baseline
    for index in range(0, len(drive), every):
        depth = drive.read_depth(index)
        if depth is None:
            raise VoGanError(f"{drive.frame_name(index)}: has no depth to compare with; give a rendered drive")
        yield KnownPair(
            f"{folder.name}_{index}", drive.read(index), drive.read(index, side="right"), _disparity(scale, depth)
        )


def compare(pairs: list[KnownPair], matcher: LearnedMatcher, pictures: Path | None) -> dict[str, StereoFigures]:
    """Figures of all pairs together, by row of the table."""
    truths: dict[str, list[np.ndarray]] = {}
    found: dict[str, list[np.ndarray]] = {}
    sgbm = SgbmMatcher(confidence=False)
    for pair in pairs:
        ours, theirs = matcher.disparity(pair.left, pair.right), sgbm.disparity(pair.left, pair.right)
        assert ours.confidence is not None
        least = np.quantile(ours.confidence, 1.0 - theirs.density)
        everywhere = np.full_like(pair.truth, np.median(pair.truth[pair.truth > 0]))
        rows = {
            "median disparity": everywhere,
            "SGBM, filled": theirs.filled().disparity,
            "network": ours.disparity,
            "SGBM": theirs.disparity,
            "network, SGBM's pixels": np.where(theirs.disparity > 0, ours.disparity, np.float32(0.0)),
            "network, as many": ours.confident(float(least)).disparity,
        }
        for name, disparity in rows.items():
            truths.setdefault(name, []).append(pair.truth)
            found.setdefault(name, []).append(disparity)
        if pictures is not None:
            draw(pictures / f"{pair.name}.png", pair, rows)
    figures = {}
    for name, disparities in found.items():
        given = [np.where(d > 0, t, np.float32(0.0)) for t, d in zip(truths[name], disparities, strict=True)]
        over_given, over_all = evaluate_stereo(given, disparities), evaluate_stereo(truths[name], disparities)
        figures[name] = StereoFigures(**(vars(over_given) | {"coverage_percent": over_all.coverage_percent}))
    return figures


def draw(path: Path, pair: KnownPair, rows: dict[str, np.ndarray]) -> None:
    """The left view, the truth, the network and SGBM, one below the other, in colours of one scale each."""
    shown = [color_disparity(values) for values in (pair.truth, rows["network"], rows["SGBM"])]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.concatenate([pair.left, *shown])[..., ::-1])


def _disparity(scale: float, depth: np.ndarray) -> np.ndarray:
    disparity = np.zeros_like(depth)
    np.divide(np.float32(scale), depth, out=disparity, where=depth > 0)
    return disparity


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, metavar="DIR", help="checkpoint or run of recipe stereo")
    parser.add_argument("--real", type=Path, metavar="DIR", help="real data (VO_GAN_REAL_DATA)")
    parser.add_argument("--world", type=Path, nargs="+", metavar="DRIVE", help="rendered drives not trained on")
    parser.add_argument("--every", type=int, default=30, help="frames from one pair of a drive to the next (30)")
    parser.add_argument("--iterations", type=int, help="corrections by the network (as it was trained)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw every pair there")
    arguments = parser.parse_args()
    matcher = LearnedMatcher(load_matcher(arguments.weights), iterations=arguments.iterations)
    real = arguments.real or os.environ.get("VO_GAN_REAL_DATA")
    sets: dict[str, list[KnownPair]] = {}
    if real:
        sets["Middlebury"] = list(middlebury(Path(real) / "stereo" / "middlebury"))
        sets["KITTI object"] = list(kitti_object(Path(real) / "stereo" / "kitti_object"))
    if arguments.world:
        towns = [pair for drive in arguments.world for pair in rendered(drive, arguments.every)]
        sets["unseen town" if len(arguments.world) == 1 else f"{len(arguments.world)} unseen towns"] = towns
    everything = {}
    for name, pairs in sets.items():
        folder = None if arguments.pictures is None else arguments.pictures / name.replace(" ", "_")
        figures = compare(pairs, matcher, folder)
        everything[name] = {row: each.to_json() for row, each in figures.items()}
        print(f"\n{name}: {len(pairs)} pairs, {figures['network'].resolution}")
        print(f"{'':24}" + "".join(f"{column.split('_')[0]:>10}" for column in COLUMNS))
        for row, each in figures.items():
            print(f"{row:24}" + "".join(f"{getattr(each, column):10.2f}" for column in COLUMNS))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
