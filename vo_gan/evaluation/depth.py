"""Figures of estimated depth, by the protocol of Eigen et al. (NIPS 2014) and the crop of Garg et al. (ECCV 2016).

With d the estimated and t the true depth of the pixels where the truth is known and at most 80 m:

| figure | formula, averaged over the pixels of an image |
|---|---|
| `abs_rel` | abs(d - t) / t |
| `sq_rel` | (d - t)^2 / t, metres |
| `rmse` | square root of the mean of (d - t)^2, metres |
| `rmse_log` | square root of the mean of (ln d - ln t)^2 |
| `delta1`, `delta2`, `delta3` | share of pixels with max(d / t, t / d) < 1.25, 1.25^2, 1.25^3 |

and every figure is the mean over images, as in the published tables. Estimates of another size are resized in inverse
depth, scaled if that is asked for, and clamped to [0.001, 80] m, in this order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Float32

from vo_gan.errors import VoGanError
from vo_gan.evaluation.maps import sizes

Crop = Literal["garg", "eigen", "none"]
CROPS: tuple[Crop, ...] = get_args(Crop)

MIN_DEPTH, MAX_DEPTH = 1e-3, 80.0

CROP_EDGES: dict[Crop, tuple[float, float, float, float]] = {
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
    "none": (0.0, 1.0, 0.0, 1.0),
}
"""Top, bottom, left and right edge as shares of height and width, rounded down to pixels. Garg's is the one of nearly
all tables; Eigen's own was found by trial by the authors of Monodepth (`evaluate_kitti.py`)."""

ASPECT_TOLERANCE = 0.1
"""Largest relative difference between the aspect ratios of truth and estimate that passes for a resized image."""


METRICS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "delta1", "delta2", "delta3")


@dataclass(frozen=True)
class ImageFigures:
    """What one image has. Without a pixel to compare `metrics` is empty and `scale` 0.

    Attributes:
        wanted: pixels whose true depth counts.
        known: those of them with an estimate.
        metrics: the figures of `METRICS`, in order.
        scale: median(truth) / median(estimate).
        truth_size: (width, height) of the truth.
        estimate_size: (width, height) of the estimate before it was resized.
        name: of the estimate's file, where there is one.
    """

    wanted: int
    known: int
    metrics: tuple[float, ...]
    scale: float
    truth_size: tuple[int, int]
    estimate_size: tuple[int, int]
    name: str = ""


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
        scale_min: smallest ratio of an image.
        scale_max: largest ratio of an image.
        coverage_percent: share of the true pixels of all images with an estimate; the others count nowhere else.
        images: number of images compared.
        empty_images: number of images without a pixel to compare.
        missing_images: number of images of the truth without an estimate.
        median_scale: whether every estimate was multiplied by its ratio first.
        crop: which part of the image counts.
        max_depth: largest true depth that counts, metres.
        truth_resolution: sizes of the true maps, in which errors are counted.
        estimate_resolution: sizes of the estimates before they were resized.
        truth_source: what the truth was made from.
        per_image: the figures of every image, in order.
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
    scale_min: float | None
    scale_max: float | None
    coverage_percent: float | None
    images: int
    empty_images: int
    missing_images: int
    median_scale: bool
    crop: Crop
    max_depth: float
    truth_resolution: str
    estimate_resolution: str
    truth_source: str
    per_image: tuple[ImageFigures, ...]

    def to_json(self) -> dict[str, float | int | str | bool | None]:
        """Flat keys for `--json`, without the single images; beside a null stands `<key>_reason`."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "per_image"}
        reason = "no image has a pixel with both a true and an estimated depth"
        return values | {f"{key}_reason": reason for key, value in values.items() if value is None}


@dataclass(frozen=True)
class Protocol:
    """What counts, and what is done to an estimate first.

    Attributes:
        median_scale: multiply every estimate by median(truth) / median(estimate), for depth without a scale.
        crop: `garg` for the part of a KITTI image that LiDAR reaches.
        max_depth: true depths above it do not count, metres.
    """

    median_scale: bool = False
    crop: Crop = "none"
    max_depth: float = MAX_DEPTH


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
        median_scale: see `Protocol`, as the next two.
        crop: see there.
        max_depth: see there.

    Raises:
        VoGanError: an estimate's aspect ratio is another than the truth's.
        ValueError: not equally many.
    """
    protocol = Protocol(median_scale, crop, max_depth)
    return summarise((evaluate_image(t, e, protocol) for t, e in zip(truth, estimate, strict=True)), protocol)


def crop_mask(crop: Crop, shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Which pixels of an image of `shape` = (height, width) count."""
    top, bottom, left, right = CROP_EDGES[crop]
    mask = np.zeros(shape, bool)
    mask[int(top * shape[0]) : int(bottom * shape[0]), int(left * shape[1]) : int(right * shape[1])] = True
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


class AspectError(VoGanError):
    """An estimate that cannot be a resized version of the truth's image."""


def evaluate_image(
    truth: Float[np.ndarray, "h w"], estimate: Float[np.ndarray, "eh ew"], protocol: Protocol, name: str = ""
) -> ImageFigures:
    """Figures of one depth map, see `evaluate_depth`.

    Raises:
        AspectError: the estimate's aspect ratio is another than the truth's.
    """
    shape = (truth.shape[0], truth.shape[1])
    height, width = estimate.shape
    truth_size, estimate_size = (shape[1], shape[0]), (width, height)
    if truth_size != estimate_size:
        if abs(width * shape[0] / (height * shape[1]) - 1.0) > ASPECT_TOLERANCE:
            raise AspectError(
                f"an estimate of {width}x{height} pixels cannot be of the same image as a truth of "
                f"{shape[1]}x{shape[0]}: the aspect ratios differ by more than {ASPECT_TOLERANCE:.0%}"
            )
        estimate = resize_depth(estimate, shape)
    wanted = (truth > MIN_DEPTH) & (truth < protocol.max_depth) & crop_mask(protocol.crop, shape)
    known = wanted & np.isfinite(estimate) & (estimate > 0)
    if not known.any():
        return ImageFigures(int(wanted.sum()), 0, (), 0.0, truth_size, estimate_size, name)
    t, d = truth[known].astype(np.float64), estimate[known].astype(np.float64)
    scale = float(np.median(t) / np.median(d))
    if protocol.median_scale:
        d = d * scale
    d = d.clip(MIN_DEPTH, protocol.max_depth)
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
    return ImageFigures(
        int(wanted.sum()), int(known.sum()), tuple(map(float, metrics)), scale, truth_size, estimate_size, name
    )


def summarise(
    results: Iterable[ImageFigures], protocol: Protocol, *, missing: int = 0, truth_source: str = "depth maps"
) -> DepthFigures:
    """Means over the images that have a pixel to compare.

    Args:
        results: of every image.
        protocol: by which they were made.
        missing: number of images of the truth without an estimate.
        truth_source: what the truth was made from.
    """
    images = tuple(results)
    compared = [image for image in images if image.known]
    wanted = sum(image.wanted for image in images)
    values: dict[str, float | None] = dict.fromkeys((*METRICS, "scale_median", "scale_std", "scale_min", "scale_max"))
    if compared:
        means = np.mean([image.metrics for image in compared], axis=0)
        scales = np.array([image.scale for image in compared])
        median = float(np.median(scales))
        values = dict(zip(METRICS, map(float, means), strict=True))
        values |= {"scale_median": median, "scale_std": float(np.std(scales / median))}
        values |= {"scale_min": float(scales.min()), "scale_max": float(scales.max())}
    return DepthFigures(
        **values,
        coverage_percent=100.0 * sum(image.known for image in images) / wanted if wanted else None,
        images=len(compared),
        empty_images=len(images) - len(compared),
        missing_images=missing,
        median_scale=protocol.median_scale,
        crop=protocol.crop,
        max_depth=protocol.max_depth,
        truth_resolution=sizes(image.truth_size for image in images),
        estimate_resolution=sizes(image.estimate_size for image in images),
        truth_source=truth_source,
        per_image=images,
    )
