"""What a synthesised right view is worth, beside the real right camera's and beside baselines, as one table.

    python tools/coupled_table.py "unseen/sequences/00" "$VO_GAN_REAL_DATA/kitti_odometry/sequences/00[60:100]" \
        --weights runs/coupled --depth-weights runs/ganvo --every 10 --picture pairs.png

Every drive is one not trained on, with right views, each perhaps with a range of frames. All is measured at the size of
the drive's frames:

- synthesised pair: the view synthesiser's right view, and what the matcher finds in that pair; filled: with a disparity
  of the background where it finds nothing.
- its selection alone: the disparities by which the right view was selected, without a matcher.
- left view shifted: by the median disparity of the real pair, the best that one number can do. It is told the answer.
- depth generator: the left view warped by a mono depth generator, and the disparity that this depth is. Once more on
  those pixels alone that the matcher found in the synthesised pair.
- real pair: what the same matcher finds in the real views.

Columns: PSNR and SSIM of the right view against the real one; end-point error and share of errors over 3 px of the
disparity against the real pair's, and against the truth where there is one; depth AbsRel and share within a factor of
1.25, in metres and median-scaled, against the truth or, without one, against the real pair's depth (which the column
`depth against` names); share of those pixels that have an estimate.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vo_gan.data import Drive, open_drives
from vo_gan.data.stereo_drives import with_right_views
from vo_gan.depth_images import color_depth, resize_depth
from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import evaluate_depth
from vo_gan.evaluation.depth import resize_depth as resize_known_depth
from vo_gan.evaluation.stereo import StereoFigures, evaluate_stereo
from vo_gan.gans.figures import psnr, ssim
from vo_gan.geometry.splat import splat_disparity
from vo_gan.odometry import DepthPredictor, Matcher, PairDepthPredictor, PairNetworks
from vo_gan.odometry.disparity import fill_background
from vo_gan.pretrained import SGBM, choose_matcher, load_networks, load_pair_networks
from vo_gan.progress import progress

MAX_DEPTH = 80.0
PICTURED = 4
"""Frames of a drive in the picture."""

SYNTHESISED, FILLED, SELECTION = "synthesised pair", "synthesised pair, filled", "its selection alone"
SHIFTED, DIRECT, THERE = "left view shifted", "depth generator", "depth generator, pixels of the pair"
REAL = "real pair"

Image = UInt8[np.ndarray, "h w 3"]
Disparity = Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class Row:
    """The figures of one way to a right view, to disparity and to depth; None where it has none."""

    drive: str
    way: str
    psnr_db: float | None
    ssim: float | None
    real_epe_px: float | None
    real_bad3_percent: float | None
    true_epe_px: float | None
    true_bad3_percent: float | None
    depth_against: str
    abs_rel: float | None
    delta1: float | None
    abs_rel_median_scaled: float | None
    delta1_median_scaled: float | None
    coverage_percent: float | None


@dataclass
class Found:
    """What one way made of a drive: views, compared already, and disparities, 0 = unknown."""

    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    disparity: list[Disparity] = field(default_factory=list)


@dataclass(frozen=True)
class Ways:
    """Everything that makes right views and disparities.

    Attributes:
        pairs: the view synthesiser and the matcher.
        matcher: the same matcher.
        direct: the depth generator; None for none.
    """

    pairs: PairDepthPredictor
    matcher: Matcher
    direct: DepthPredictor | None

    @staticmethod
    def of(networks: PairNetworks, matcher: Matcher, depth_weights: Path | None) -> Ways:
        """All of them, on the CPU."""
        direct = None if depth_weights is None else DepthPredictor(load_networks(depth_weights))
        return Ways(PairDepthPredictor(networks, matcher), matcher, direct)

    def of_frame(
        self, left: Image, right: Image, focal: float, baseline: float
    ) -> dict[str, tuple[Image | None, Disparity]]:
        """The right view, if it makes one, and the disparity of the left view, by every way."""
        height, width = left.shape[:2]
        reach = np.float32(focal * width * baseline)
        real = self.matcher.disparity(left, right).disparity
        pair = self.pairs(left, focal)
        depth = pair.depth if pair.depth.shape == real.shape else resize_known_depth(pair.depth, (height, width))
        matched = np.divide(reach, depth, out=np.zeros_like(depth), where=depth > 0)
        ways: dict[str, tuple[Image | None, Disparity]] = {
            SYNTHESISED: (_resized(pair.right, (width, height)), matched),
            FILLED: (None, fill_background(matched)),
        }
        own = self.pairs.selected_disparity(left)
        if own is not None:
            ways[SELECTION] = (None, _resized(own * (width / own.shape[1]), (width, height)))
        middle = np.float32(np.median(real[real > 0]) if (real > 0).any() else 0.0)
        ways[SHIFTED] = (warped(left, np.full_like(real, middle)), np.full_like(real, middle))
        if self.direct is not None:
            disparity = reach / resize_depth(self.direct(left), (width, height))
            ways[DIRECT] = (warped(left, disparity), disparity)
            ways[THERE] = (None, np.where(matched > 0, disparity, np.float32(0)))
        ways[REAL] = (None, real)
        return ways


def warped(left: Image, disparity: Disparity) -> Image:
    """The right view of a left one, by its disparity; what it does not show, the background beside it covers."""
    splatted = splat_disparity(torch.from_numpy(disparity)[None, None])
    seen = torch.where(splatted.mask, splatted.disparity, 0)[0, 0].numpy()
    columns = np.arange(left.shape[1], dtype=np.float32) + fill_background(seen)
    rows = np.repeat(np.arange(left.shape[0], dtype=np.float32)[:, None], left.shape[1], axis=1)
    return cv2.remap(left, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def table_of(drive: Drive, ways: Ways, every: int, shown: list[np.ndarray] | None) -> list[Row]:
    """All rows of a drive.

    Args:
        drive: all frames have right views.
        ways: what is compared.
        every: of so many frames one counts.
        shown: where pictures go, one for each frame pictured; None for none.
    """
    assert drive.baseline is not None
    focal = float(drive.intrinsics()[0, 0]) / drive.size[0]
    reach = np.float32(focal * drive.size[0] * drive.baseline)
    indices = range(0, len(drive), every)
    pictured = set(list(indices)[:: max(len(indices) // PICTURED, 1)][:PICTURED])
    found: dict[str, Found] = {}
    truths: list[np.ndarray | None] = []
    for index in progress(indices, drive.name):
        left, right = drive.read(index), drive.read(index, side="right")
        truths.append(drive.read_depth(index))
        made = ways.of_frame(left, right, focal, drive.baseline)
        for way, (view, disparity) in made.items():
            kept = found.setdefault(way, Found())
            kept.disparity.append(disparity)
            if view is not None:
                kept.psnr.append(float(psnr(_signed(view), _signed(right))))
                kept.ssim.append(float(ssim(_signed(view), _signed(right))))
        if shown is not None and index in pictured:
            shown.append(_picture(left, right, made, truths[-1], reach))
    known = [truth for truth in truths if truth is not None]
    true = known if len(known) == len(truths) else None
    return [_row(drive.name, way, values, found[REAL].disparity, true, reach) for way, values in found.items()]


def _row(
    drive: str, way: str, found: Found, real: list[Disparity], truth: list[np.ndarray] | None, reach: np.float32
) -> Row:
    against_real = None if way == REAL else evaluate_stereo(real, found.disparity)
    against_truth = None if truth is None else evaluate_stereo([_over(reach, d) for d in truth], found.disparity)
    depths = [_over(reach, disparity) for disparity in found.disparity]
    wanted = truth if truth is not None else [_over(reach, disparity) for disparity in real]
    metric, scaled = (evaluate_depth(wanted, depths, median_scale=it, max_depth=MAX_DEPTH) for it in (False, True))
    itself = way == REAL and truth is None
    return Row(
        drive=drive,
        way=way,
        psnr_db=float(np.mean(found.psnr)) if found.psnr else None,
        ssim=float(np.mean(found.ssim)) if found.ssim else None,
        real_epe_px=_of(against_real, "epe_px"),
        real_bad3_percent=_of(against_real, "bad3_percent"),
        true_epe_px=_of(against_truth, "epe_px"),
        true_bad3_percent=_of(against_truth, "bad3_percent"),
        depth_against="truth" if truth is not None else REAL,
        abs_rel=None if itself else metric.abs_rel,
        delta1=None if itself else metric.delta1,
        abs_rel_median_scaled=None if itself else scaled.abs_rel,
        delta1_median_scaled=None if itself else scaled.delta1,
        coverage_percent=metric.coverage_percent,
    )


def _over(reach: np.float32, values: np.ndarray) -> np.ndarray:
    """Depth from disparity or disparity from depth; 0 stays 0, unknown."""
    return np.divide(reach, values, out=np.zeros(values.shape, np.float32), where=values > 0)


def _of(figures: StereoFigures | None, name: str) -> float | None:
    return None if figures is None else getattr(figures, name)


def _signed(image: Image) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1.0


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return image if image.shape[1::-1] == size else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def _picture(
    left: Image,
    right: Image,
    made: dict[str, tuple[Image | None, Disparity]],
    truth: np.ndarray | None,
    reach: np.float32,
) -> np.ndarray:
    """Left, right and synthesised view and where that is wrong; below, depth: of the truth or the real pair, of the
    synthesised pair, of its selection or filled, and of the depth generator."""
    view = made[SYNTHESISED][0]
    assert view is not None
    error = np.abs(view.astype(np.int16) - right).astype(np.uint8)
    goal = truth if truth is not None else _over(reach, made[REAL][1])
    below = [made[SYNTHESISED], made.get(SELECTION, made[FILLED]), made.get(DIRECT, made[SHIFTED])]
    depths = [goal, *(_over(reach, disparity) for _, disparity in below)]
    rows = [np.hstack([left, right, view, error]), np.hstack([color_depth(depth) for depth in depths])]
    return np.vstack(rows)


def print_table(rows: Sequence[Row]) -> None:
    """As markdown."""
    headings = ["", "PSNR dB", "SSIM", "EPE px", "bad-3 %", "true EPE px", "true bad-3 %"]
    headings += ["depth against", "AbsRel", "delta1", "AbsRel scaled", "delta1 scaled", "coverage %"]
    digits = (2, 3, 2, 1, 2, 1, 0, 3, 3, 3, 3, 1)
    for drive in dict.fromkeys(row.drive for row in rows):
        print(f"\n### {drive}\n\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
        for row in (row for row in rows if row.drive == drive):
            values = list(asdict(row).values())[2:]
            cells = [_cell(value, places) for value, places in zip(values, digits, strict=True)]
            print(f"| {row.way} | {' | '.join(cells)} |")


def _cell(value: float | str | None, places: int) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.{places}f}"


def drives_of(paths: Sequence[str]) -> Iterator[Drive]:
    """The drives named, as far as they have right views.

    Raises:
        VoGanError: one is none, or has no right views.
    """
    for path in paths:
        parts = with_right_views(open_drives(Path(path).parent, [Path(path).name]))
        if not parts:
            raise VoGanError(f"{path}: has no right views; expected a stereo drive")
        yield from parts


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all drives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "drives", nargs="+", metavar="DRIVE", help="a drive not trained on, such as sequences/00[60:100]"
    )
    parser.add_argument("--weights", type=Path, required=True, help="run of the recipe coupled")
    parser.add_argument("--depth-weights", type=Path, help="run of a depth generator, to compare with")
    parser.add_argument("--matcher", default=SGBM, help="sgbm, or a run of the recipe stereo (sgbm)")
    parser.add_argument("--every", type=int, default=1, help="of so many frames take one (1)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--picture", type=Path, help="PNG with some frames of the first drive")
    given = parser.parse_args(arguments)
    matcher = choose_matcher(given.matcher, confidence=False)
    ways = Ways.of(load_pair_networks(given.weights), matcher, given.depth_weights)
    rows: list[Row] = []
    for number, drive in enumerate(drives_of(given.drives)):
        shown: list[np.ndarray] | None = [] if given.picture is not None and number == 0 else None
        rows += table_of(drive, ways, given.every, shown)
        if shown:
            cv2.imwrite(str(given.picture), np.vstack(shown)[..., ::-1])
    print_table(rows)
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
