"""Does a GAN of this library help a drive? Drives tracked as they are, translated, and at their best.

    python tools/gan_odometry.py --weights demo/train --gan runs/weathers --to clear --drives NIGHT --best CLEAR --out D

NIGHT and CLEAR are rendered worlds of one seed, so that the same drives are in both. Each is followed by vo_gan with
the networks of `--weights`, the pose net alone and refined (alignment se3), and by OpenCV's corners and essential
matrix, which knows no scale (alignment sim3). Figures are means over the drives; translated frames are kept as PNGs.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from baselines import klt_essential_odometry
from gan_experiments import Row, table
from jaxtyping import Float, Float32, UInt8
from real_data_report import track, trajectory_of

from vo_gan.data import Drive, open_drives
from vo_gan.data.drive import Side
from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment
from vo_gan.evaluation.trajectory import TrajectoryFigures, evaluate_trajectory
from vo_gan.gans.data.folders import natural_key
from vo_gan.gans.run import load_variant
from vo_gan.gans.translation import translate_files
from vo_gan.gans.variants import TranslationVariant
from vo_gan.odometry import Networks
from vo_gan.odometry.trajectory import Trajectory
from vo_gan.pretrained import load_networks


class TranslatedDrive(Drive):
    """A drive whose left frames are other images of the same size.

    Args:
        drive: what it was.
        images: PNG files, one per frame.
    """

    def __init__(self, drive: Drive, images: list[Path]) -> None:
        if len(images) != len(drive):
            raise VoGanError(f"{drive.name}: {len(images)} translated images for {len(drive)} frames")
        self.drive, self.images = drive, images
        self.name, self.kind, self.size, self.baseline = drive.name, drive.kind, drive.size, None
        self.times, self.world_from_camera = drive.times, drive.world_from_camera

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read`; there are no right frames."""
        assert side == "left"
        image = cv2.imread(str(self.images[index]))
        assert image is not None
        if size is not None and size != self.size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(image[..., ::-1])

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`."""
        return self.drive.intrinsics(size)

    def has_right(self, index: int) -> bool:  # noqa: ARG002
        """None has."""
        return False

    def frame_name(self, index: int, side: Side = "left") -> str:  # noqa: ARG002
        """See `Drive.frame_name`."""
        return str(self.images[index])

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """See `Drive.read_depth`."""
        return self.drive.read_depth(index)


def translated(drive: Drive, run: Path, wanted: str, out: Path) -> TranslatedDrive:
    """The drive through a trained GAN, its dropout off; images that are there already are not made again."""
    paths = [Path(drive.frame_name(index)) for index in range(len(drive))]
    found = sorted(out.glob("*.png"), key=natural_key)
    if len(found) != len(paths):
        variant, _ = load_variant(run)
        if not isinstance(variant, TranslationVariant):
            raise VoGanError(
                f"{run} is a {variant.variant}, which makes images from noise; expected one that translates"
            )
        found = list(translate_files(variant, paths, out, wanted, noise="off"))
    return TranslatedDrive(drive, found)


def figures_of(drive: Drive, networks: Networks) -> dict[str, TrajectoryFigures]:
    """Figures of each way to follow the drive."""
    if drive.world_from_camera is None:
        raise VoGanError(f"{drive.name}: has no true poses; expected a rendered world")
    truth = trajectory_of(drive, drive.world_from_camera)
    ways: dict[str, tuple[Callable[[], Trajectory], Alignment]] = {
        "vo_gan": (lambda: track(drive, networks, refine=True).trajectory, "se3"),
        "pose net alone": (lambda: track(drive, networks, refine=False).trajectory, "se3"),
        "OpenCV corners": (lambda: klt_essential_odometry(drive), "sim3"),
    }
    return {name: evaluate_trajectory(truth, follow(), alignment) for name, (follow, alignment) in ways.items()}


def rows_of(kind: str, drives: list[Drive], networks: Networks) -> list[Row]:
    """Means over the drives, and the ATE of each."""
    found = [figures_of(drive, networks) for drive in drives]
    rows = []
    for way in found[0]:
        figures = [each[way] for each in found]
        rows.append(
            {"frames": kind, "followed by": way, "alignment": figures[0].alignment}
            | {name: mean_of(figures, name) for name in ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "rpe_deg")}
            | {"ATE of each": " ".join(f"{each.ate_m:.2f}" for each in figures if each.ate_m is not None)}
        )
    return rows


def mean_of(figures: list[TrajectoryFigures], name: str) -> float | str:
    """The mean of a figure, where it is defined for every drive."""
    values = [getattr(each, name) for each in figures]
    return "-" if None in values else statistics.mean(values)


def main() -> None:
    """Follow the drives in every way, print the table and keep it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="odometry networks, such as demo/train")
    parser.add_argument("--gan", type=Path, required=True, help="a run that translates")
    parser.add_argument("--to", default="", help="the domain wanted, where the run knows several")
    parser.add_argument("--drives", type=Path, required=True, help="drives in KITTI odometry's layout, with poses")
    parser.add_argument("--best", type=Path, help="the same drives as they would be at their best")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    networks = load_networks(given.weights)
    drives = open_drives(given.drives)
    changed: list[Drive] = [translated(drive, given.gan, given.to, given.out / drive.name) for drive in drives]
    rows = rows_of("as they are", drives, networks) + rows_of("translated", changed, networks)
    if given.best is not None:
        rows += rows_of("at their best", open_drives(given.best), networks)
    print(table(rows))
    (given.out / "odometry.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
