"""Figures of estimated depth, by the protocol of Eigen et al. (NIPS 2014) with the crop of Garg et al. (ECCV 2016).

With d the estimated and t the true depth of the pixels where the truth is known and at most 80 m:

| figure | formula, averaged over the pixels of an image |
|---|---|
| `abs_rel` | abs(d - t) / t |
| `sq_rel` | (d - t)^2 / t, metres |
| `rmse` | square root of the mean of (d - t)^2, metres |
| `rmse_log` | square root of the mean of (ln d - ln t)^2 |
| `delta1`, `delta2`, `delta3` | share of pixels with max(d / t, t / d) < 1.25, 1.25^2, 1.25^3 |

and every figure is the mean over images, as in the published tables. Estimates are clamped to [0.001, 80] m.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Float32

from vo_gan.errors import VoGanError
from vo_gan.evaluation.maps import pair_maps, read_map
from vo_gan.progress import progress

Crop = Literal["garg", "none"]
CROPS: tuple[Crop, ...] = get_args(Crop)

MIN_DEPTH, MAX_DEPTH = 1e-3, 80.0

GARG_ROWS = (0.40810811, 0.99189189)
GARG_COLUMNS = (0.03594771, 0.96405229)

ASPECT_TOLERANCE = 0.1
"""Largest relative difference between the aspect ratios of truth and estimate that passes for a resized image."""


@dataclass(frozen=True)
class DepthFigures:
    """Means over images; see the module for the formulas. A figure is None if no image had a pixel to compare.

    Attributes:
        abs_rel: absolute relative error.
        sq_rel: squared relative error, metres.
        rmse: root mean square error, metres.
        rmse_log: root mean square error of natural logarithms.
        delta1: share of pixels within a factor 1.25.
        delta2: share of pixels within a factor 1.25^2.
        delta3: share of pixels within a factor 1.25^3.
        scale_median: median over images of median(truth) / median(estimate), whether or not it was applied.
        scale_std: standard deviation over images of that ratio, divided by `scale_median`.
        coverage_percent: share of the true pixels of all images with an estimate; the others count nowhere else.
        images: number of images compared.
        empty_images: number of images without a pixel to compare.
        missing_images: number of images of the truth without an estimate.
        median_scale: whether every estimate was multiplied by its ratio first.
        crop: which part of the image counts.
        max_depth: largest true depth that counts, metres.
    """

    abs_rel: float | None
    sq_rel: float | None
    rmse: float | None
    rmse_log: float | None
    delta1: float | None
    delta2: float | None
    delta3: float | None
    scale_median: float | None
    scale_std: float | None
    coverage_percent: float | None
    images: int
    empty_images: int
    missing_images: int
    median_scale: bool
    crop: Crop
    max_depth: float

    def to_json(self) -> dict[str, float | int | str | bool | None]:
        """Flat keys for `--json`; beside a null stands `<key>_reason`."""
        values = asdict(self)
        reason = "no image has a pixel with both a true and an estimated depth"
        return values | {f"{key}_reason": reason for key, value in values.items() if value is None}


def evaluate_depth(
    truth: Iterable[Float[np.ndarray, "_ _"]],
    estimate: Iterable[Float[np.ndarray, "_ _"]],
    *,
    median_scale: bool = False,
    crop: Crop = "none",
    max_depth: float = MAX_DEPTH,
) -> DepthFigures:
    """Figures of depth maps against the truth.

    Args:
        truth: true depth of every image in metres, 0 = unknown; `[n, h, w]`, or one array per image.
        estimate: estimated depth, equally many, 0 = unknown. Of another size, it is resized to the truth's.
        median_scale: multiply every estimate by median(truth) / median(estimate) first, for depth without a scale.
        crop: `garg` for the part of a KITTI image that LiDAR reaches.
        max_depth: true depths above it do not count, metres.

    Raises:
        VoGanError: an estimate's aspect ratio is another than the truth's.
        ValueError: not equally many.
    """
    pairs = zip(truth, estimate, strict=True)
    return _figures(
        (_image_figures(t, e, median_scale, crop, max_depth) for t, e in pairs), 0, median_scale, crop, max_depth
    )


def evaluate_depth_folders(
    truth: Path,
    estimate: Path,
    *,
    median_scale: bool = False,
    crop: Crop = "none",
    max_depth: float = MAX_DEPTH,
) -> DepthFigures:
    """Figures of a folder of depth maps (16-bit PNG, metres x 256, or float .npy) against a folder of true ones.

    Files belong together by name. See `evaluate_depth` for the arguments.

    Raises:
        VoGanError: a folder or file is unreadable, no names agree, or an estimate's aspect ratio is another than the
            truth's; files are named.
    """
    pairs, missing = pair_maps(truth, estimate)

    def results() -> Iterable[_ImageFigures]:
        for truth_path, estimate_path in progress(pairs, "evaluating depth", unit="image"):
            try:
                yield _image_figures(read_map(truth_path), read_map(estimate_path), median_scale, crop, max_depth)
            except _AspectError as error:
                raise VoGanError(f"{estimate_path}: {error} (truth: {truth_path})") from None

    return _figures(results(), missing, median_scale, crop, max_depth)


def crop_mask(crop: Crop, shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Which pixels of an image of `shape` = (height, width) count."""
    mask = np.zeros(shape, bool)
    if crop == "none":
        mask[:] = True
    else:
        top, bottom = (int(share * shape[0]) for share in GARG_ROWS)
        left, right = (int(share * shape[1]) for share in GARG_COLUMNS)
        mask[top:bottom, left:right] = True
    return mask


def resize_depth(depth: Float[np.ndarray, "eh ew"], shape: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    """Depth at another size, by linear interpolation of inverse depth over the known pixels.

    Args:
        depth: metres, 0 = unknown.
        shape: (height, width) wanted.

    Returns:
        Metres; 0 where less than half of the weight comes from known pixels.
    """
    import cv2

    known = (depth > 0).astype(np.float32)
    inverse = np.divide(1.0, depth, out=np.zeros(depth.shape, np.float32), where=depth > 0, casting="same_kind")
    size = (shape[1], shape[0])
    weight = cv2.resize(known, size, interpolation=cv2.INTER_LINEAR)
    weighted = cv2.resize(inverse, size, interpolation=cv2.INTER_LINEAR)
    resized = np.zeros(shape, np.float32)
    np.divide(weight, weighted, out=resized, where=(weight >= 0.5) & (weighted > 0))
    return resized


class _AspectError(VoGanError):
    """An estimate that cannot be a resized version of the truth's image."""


METRICS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "delta1", "delta2", "delta3")


@dataclass(frozen=True)
class _ImageFigures:
    """Of one image: pixels that count, those of them with an estimate, the figures over these, and the scale.

    Without such a pixel `metrics` is empty and `ratio` 0.
    """

    wanted: int
    known: int
    metrics: tuple[float, ...]
    ratio: float


def _image_figures(
    truth: Float[np.ndarray, "h w"],
    estimate: Float[np.ndarray, "eh ew"],
    median_scale: bool,
    crop: Crop,
    max_depth: float,
) -> _ImageFigures:
    shape = (truth.shape[0], truth.shape[1])
    if estimate.shape != shape:
        height, width = estimate.shape
        if abs(width * shape[0] / (height * shape[1]) - 1.0) > ASPECT_TOLERANCE:
            raise _AspectError(
                f"an estimate of {width}x{height} pixels cannot be of the same image as a truth of "
                f"{shape[1]}x{shape[0]}: the aspect ratios differ by more than {ASPECT_TOLERANCE:.0%}"
            )
        estimate = resize_depth(estimate, shape)
    wanted = (truth > MIN_DEPTH) & (truth < max_depth) & crop_mask(crop, shape)
    known = wanted & np.isfinite(estimate) & (estimate > 0)
    if not known.any():
        return _ImageFigures(int(wanted.sum()), 0, (), 0.0)
    t, d = truth[known].astype(np.float64), estimate[known].astype(np.float64)
    ratio = float(np.median(t) / np.median(d))
    if median_scale:
        d = d * ratio
    d = d.clip(MIN_DEPTH, max_depth)
    squares = (d - t) ** 2
    factor = np.maximum(d / t, t / d)
    metrics = (
        (np.abs(d - t) / t).mean(),
        (squares / t).mean(),
        np.sqrt(squares.mean()),
        np.sqrt(((np.log(d) - np.log(t)) ** 2).mean()),
        (factor < 1.25).mean(),
        (factor < 1.25**2).mean(),
        (factor < 1.25**3).mean(),
    )
    return _ImageFigures(int(wanted.sum()), int(known.sum()), tuple(map(float, metrics)), ratio)


def _figures(
    results: Iterable[_ImageFigures], missing: int, median_scale: bool, crop: Crop, max_depth: float
) -> DepthFigures:
    """Means over the images that have a pixel to compare."""
    images = list(results)
    compared = [image for image in images if image.known]
    wanted = sum(image.wanted for image in images)
    values: dict[str, float | None] = dict.fromkeys((*METRICS, "scale_median", "scale_std"))
    if compared:
        means = np.mean([image.metrics for image in compared], axis=0)
        ratios = np.array([image.ratio for image in compared])
        values = dict(zip(METRICS, map(float, means), strict=True))
        values["scale_median"] = float(np.median(ratios))
        values["scale_std"] = float(np.std(ratios / np.median(ratios)))
    return DepthFigures(
        **values,
        coverage_percent=100.0 * sum(image.known for image in images) / wanted if wanted else None,
        images=len(compared),
        empty_images=len(images) - len(compared),
        missing_images=missing,
        median_scale=median_scale,
        crop=crop,
        max_depth=max_depth,
    )
