"""Does the driving world behave like driving for software that knows nothing of it?

    python tools/world_check.py [--frames 1000] [--size 640x192] [--seed 0] [--difficulty easy] [--json FILE]
    python tools/world_check.py --world DIR [--sequence 00]

Renders a drive, or takes one that is there, and measures

- OpenCV's stereo odometry (`tools.baselines`) by the KITTI metric and the absolute trajectory error,
- the median relative error of OpenCV's semi-global matching against the true depth,
- how well the right view warped by the true disparity reproduces the left one, and the frame before warped by true
  depth and motion the frame after it: peak signal-to-noise ratio over the pixels that both views see.

The last two come from frames spread evenly over the drive. Every figure stands beside the range that is asked for.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from tools.baselines import sgbm_depth, stereo_pnp_odometry
from vo_gan.data import Drive, open_drives
from vo_gan.errors import VoGanError
from vo_gan.evaluation.trajectory import evaluate_trajectory
from vo_gan.geometry import invert_poses
from vo_gan.odometry.trajectory import Trajectory
from vo_gan.progress import progress

SAMPLES = 100
"""Frames that stand for the drive in the figures of images; bounds the memory, too."""

ERRORS_PER_FRAME = 20_000
"""Largest number of depth errors that a frame adds to the median; the pixels are then spread evenly over the frame."""

CREASE = 0.05
"""Relative bend of the inverse depth over three pixels above which a pixel lies on an edge, and is no part of one
surface: neither depth nor colour can be interpolated there."""

SAME_SURFACE = 0.02
"""Largest relative difference of the depths of a point in two frames."""

SAME_DISPARITY = 1.0
"""Pixels by which a surface must be nearer, in disparity, to hide another one behind it."""

NEAREST = 2.2
"""Metres from which on something may stand beside the road. What is nearer to the right camera than that, nothing is;
but what stands just outside the left view at this distance hides part of the right one, by its right border."""

ASKED: dict[str, tuple[str, str, float, float]] = {
    "length_m": ("length of the drive", "m", 800.0, math.inf),
    "t_rel_percent": ("stereo odometry, t_rel", "%", 0.3, 3.0),
    "sgbm_median_depth_error_percent": ("stereo matching, median depth error", "%", 0.0, 3.0),
    "right_view_psnr_db": ("right view by disparity", "dB", 32.0, math.inf),
    "previous_frame_psnr_db": ("frame before by depth and motion", "dB", 32.0, math.inf),
}
"""Of a figure: what to call it, its unit, and the smallest and largest value that is asked for."""

Mask = Bool[np.ndarray, "h w"]
Values = Float32[np.ndarray, "h w"]


class SquaredErrors:
    """Squared differences of colours (0 to 255), frame by frame."""

    def __init__(self) -> None:
        self._sums: list[float] = []
        self._counts: list[int] = []
        self._pixels = 0

    def add(self, image: UInt8[np.ndarray, "h w 3"], rebuilt: Float32[np.ndarray, "h w 3"], mask: Mask) -> None:
        """Count the pixels of a mask."""
        difference = image[mask].astype(np.float64) - rebuilt[mask]
        self._sums.append(float((difference**2).sum()))
        self._counts.append(difference.size)
        self._pixels += image.size

    @property
    def psnr(self) -> float | None:
        """Peak signal-to-noise ratio of all pixels together in dB; None if there are none."""
        return _psnr(sum(self._sums), sum(self._counts))

    @property
    def worst(self) -> float | None:
        """The ratio of the worst frame."""
        ratios = (_psnr(total, count) for total, count in zip(self._sums, self._counts, strict=True))
        return min((ratio for ratio in ratios if ratio is not None), default=None)

    @property
    def share_percent(self) -> float:
        """Pixels that were compared, of all."""
        return 100.0 * sum(self._counts) / max(self._pixels, 1)


def _psnr(squares: float, count: int) -> float | None:
    if count == 0:
        return None
    return 10.0 * math.log10(255.0**2 * count / squares) if squares > 0 else math.inf


@dataclass(frozen=True)
class Truth:
    """A left frame and what is known of it.

    Attributes:
        image: RGB.
        depth: metres, 0 = sky.
        edge: pixels on the border of a surface.
        moving: pixels of what moves; nowhere if the drive has no such masks.
    """

    image: UInt8[np.ndarray, "h w 3"]
    depth: Values
    edge: Mask
    moving: Mask


def read_truth(drive: Drive, index: int) -> Truth:
    """Read a frame with its depth and, where there is one, its mask of moving objects.

    Raises:
        VoGanError: the frame has no depth image, or a file cannot be read.
    """
    depth = drive.read_depth(index)
    if depth is None:
        raise VoGanError(f"{drive.frame_name(index)}: has no true depth; expected a drive that `vo-gan world` rendered")
    frame = Path(drive.frame_name(index))
    mask = frame.parents[1] / "moving_2" / f"{frame.stem}.png"
    moving = np.zeros(depth.shape, bool)
    if mask.is_file():
        found = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        if found is None or found.shape != depth.shape:
            raise VoGanError(f"{mask}: expected a grey image of the frame's size")
        moving = found > 0
    return Truth(drive.read(index), depth, depth_edges(depth), moving)


def depth_edges(depth: Values) -> Mask:
    """Pixels where a plane through their neighbours, whose inverse depth is linear in the image, misses the depth."""
    inverse = _inverse(depth)
    padded = np.pad(inverse, 1, mode="reflect", reflect_type="odd")
    middle = padded[1:-1, 1:-1]
    across = np.abs(padded[1:-1, :-2] + padded[1:-1, 2:] - 2.0 * middle)
    down = np.abs(padded[:-2, 1:-1] + padded[2:, 1:-1] - 2.0 * middle)
    return np.maximum(across, down) > CREASE * inverse


def right_view(truth: Truth, right: UInt8[np.ndarray, "h w 3"], focal: float) -> tuple[np.ndarray, Mask]:
    """The left frame rebuilt from the right one, and where that is possible.

    Args:
        truth: the left frame.
        right: RGB.
        focal: focal length in pixels times the baseline in metres.
    """
    disparity = focal * _inverse(truth.depth)
    row, column = _pixels(disparity)
    x = column - disparity
    inside = (x >= 0) & (x < x.shape[1] - focal / NEAREST) & (truth.depth > 0)
    # What the right camera sees is the nearest of the surfaces that land on a pixel: a depth buffer of disparities.
    cells = [side.astype(np.intp).clip(0) for side in (np.floor(x), np.ceil(x))]
    rows = row.astype(np.intp)
    nearest = np.zeros_like(disparity)
    for cell in cells:
        np.maximum.at(nearest, (rows[inside], cell[inside]), disparity[inside])
    in_front = np.maximum(nearest[rows, cells[0]], nearest[rows, cells[1]])
    visible = inside & ~truth.edge & (in_front - disparity < SAME_DISPARITY)
    return _sample(right, x, row), visible


def previous_view(
    truth: Truth, before: Truth, intrinsics: Float64[np.ndarray, "3 3"], before_from_now: Float64[np.ndarray, "4 4"]
) -> tuple[np.ndarray, Mask]:
    """A frame rebuilt from the frame before it, and where that is possible: what stands still and both frames see."""
    row, column = _pixels(truth.depth)
    rays = np.stack((column, row, np.ones_like(row)), axis=-1) @ np.linalg.inv(intrinsics).T.astype(np.float32)
    turn, shift = before_from_now[:3, :3].astype(np.float32), before_from_now[:3, 3].astype(np.float32)
    points = (rays * truth.depth[..., None]) @ turn.T + shift
    z = np.maximum(points[..., 2], 1e-3)
    x, y = (float(intrinsics[i, i]) * points[..., i] / z + float(intrinsics[i, 2]) for i in (0, 1))
    height, width = truth.depth.shape
    inside = (truth.depth > 0) & (points[..., 2] > 0) & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    same = np.abs(z * _sample(_inverse(before.depth), x, y) - 1.0) < SAME_SURFACE
    unusable = _sample((before.edge | before.moving).astype(np.float32), x, y) > 0
    return _sample(before.image, x, y), inside & same & ~unusable & ~truth.edge & ~truth.moving


def _pixels(image: Values) -> tuple[Values, Values]:
    """Row and column of every pixel."""
    row, column = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in image.shape), indexing="ij")
    return row, column


def _sample(image: np.ndarray, x: Values, y: Values) -> np.ndarray:
    """Bilinear interpolation of an image, as float32."""
    return cv2.remap(image.astype(np.float32), x, y, cv2.INTER_LINEAR)


def _inverse(depth: Values) -> Values:
    """1 / depth; 0, infinitely far, for the sky."""
    return np.divide(1.0, depth, out=np.zeros_like(depth), where=depth > 0)


def check_images(drive: Drive, samples: int) -> dict[str, float | None]:
    """The figures of images, from frames spread over a drive.

    Raises:
        VoGanError: a frame without right view, depth or pose, or one that cannot be read.
    """
    if drive.baseline is None or drive.world_from_camera is None:
        raise VoGanError(f"{drive.name}: expected a drive with right views and true poses")
    intrinsics = drive.intrinsics()
    focal = float(intrinsics[0, 0]) * drive.baseline
    from_right, from_before = SquaredErrors(), SquaredErrors()
    depth_errors: list[np.ndarray] = []
    matched, matchable = 0, 0
    indices = np.unique(np.linspace(1, len(drive) - 1, samples).round().astype(int)).tolist()
    for index in progress(indices, "comparing views"):
        truth, before = read_truth(drive, index), read_truth(drive, index - 1)
        right = drive.read(index, side="right")
        from_right.add(truth.image, *right_view(truth, right, focal))
        before_from_now = invert_poses(drive.world_from_camera[index - 1]) @ drive.world_from_camera[index]
        from_before.add(truth.image, *previous_view(truth, before, intrinsics, before_from_now))
        depth = sgbm_depth(truth.image, right, float(intrinsics[0, 0]), drive.baseline)
        known = (depth > 0) & (truth.depth > 0)
        errors = np.abs(depth[known] / truth.depth[known] - 1.0)
        depth_errors.append(errors[:: max(1, math.ceil(len(errors) / ERRORS_PER_FRAME))])
        matched, matchable = matched + int(known.sum()), matchable + int((truth.depth > 0).sum())
    errors = np.concatenate(depth_errors)
    return {
        "sgbm_median_depth_error_percent": 100.0 * float(np.median(errors)) if errors.size else None,
        "sgbm_coverage_percent": 100.0 * matched / max(matchable, 1),
        "right_view_psnr_db": from_right.psnr,
        "right_view_worst_frame_psnr_db": from_right.worst,
        "right_view_pixels_percent": from_right.share_percent,
        "previous_frame_psnr_db": from_before.psnr,
        "previous_frame_worst_frame_psnr_db": from_before.worst,
        "previous_frame_pixels_percent": from_before.share_percent,
    }


def check_odometry(drive: Drive) -> dict[str, float | None]:
    """The figures of OpenCV's stereo odometry; those that the drive is too short for are None.

    Raises:
        VoGanError: no true poses, or a frame without right view or one that cannot be read.
    """
    if drive.world_from_camera is None:
        raise VoGanError(f"{drive.name}: expected a drive with true poses")
    truth = Trajectory(drive.world_from_camera, drive.times, np.arange(len(drive)))
    figures = evaluate_trajectory(truth, stereo_pnp_odometry(drive))
    return {
        "length_m": figures.path_m,
        "t_rel_percent": figures.t_rel_percent,
        "r_rel_deg_per_100m": figures.r_rel_deg_per_100m,
        "ate_m": figures.ate_m,
        "rpe_m": figures.rpe_m,
        "rpe_deg": figures.rpe_deg,
    }


def render(folder: Path, arguments: argparse.Namespace) -> None:
    """Render the drive that the command line asks for."""
    from vo_gan.world import render_world
    from vo_gan.world.options import preset

    options = replace(preset(arguments.difficulty), extras=("moving",))
    size = (arguments.size[0], arguments.size[1])
    render_world(folder, 1, arguments.frames, size, arguments.seed, workers=arguments.workers, options=options)


def report(figures: dict[str, float | None]) -> None:
    """Print all figures, and those that something is asked of once more with the range."""
    for key, value in figures.items():
        print(f"  {key:36} {'undefined' if value is None else f'{value:.4g}'}")
    print()
    for key, (name, unit, low, high) in ASKED.items():
        value = figures[key]
        asked = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
        verdict = "undefined" if value is None else "ok" if low <= value <= high else "outside"
        shown = "-" if value is None else f"{value:.2f}"
        print(f"{name:36} {shown:>8} {unit:3} (asked: {asked}) {verdict}")


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of a text such as 416x128."""
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    """Render if need be, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, help="a world that is there already, instead of rendering one")
    parser.add_argument("--sequence", default="00", help="which drive of --world (default: 00)")
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--size", type=parse_size, default=(640, 192), metavar="WxH")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--difficulty", default="easy", choices=("off", "easy", "medium", "hard"))
    parser.add_argument("--workers", type=int, help="rendering processes (default: one per core)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"frames to compare (default: {SAMPLES})")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.world or Path(name) / "world"
        if arguments.world is None:
            render(folder, arguments)
        (drive,) = open_drives(folder, [arguments.sequence])
        figures = check_odometry(drive) | check_images(drive, arguments.samples)
        record = folder / "world.json"
        seed = json.loads(record.read_text()).get("seed") if record.is_file() else None
        size = f"{drive.size[0]}x{drive.size[1]}"
        print(f"{len(drive)} frames of {size}, seed {seed}\n")
        report(figures)
        if arguments.json is not None:
            difficulty = None if arguments.world else arguments.difficulty
            found = {"frames": len(drive), "size": size, "seed": seed, "difficulty": difficulty}
            arguments.json.write_text(json.dumps(figures | found, indent=2) + "\n")


if __name__ == "__main__":
    main()
