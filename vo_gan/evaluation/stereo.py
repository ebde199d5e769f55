"""Figures of estimated disparity: end-point error, bad-N (Middlebury) and D1 (KITTI 2015).

Occlusion is the truth's affair: KITTI and Middlebury publish one truth for all pixels and one for those that both
cameras see (`disp_occ_0`, `disp_noc_0`), and the figures hold for the pixels that the given truth knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vo_gan.errors import VoGanError
from vo_gan.evaluation.maps import pair_maps, read_map, sizes
from vo_gan.progress import progress


@dataclass(frozen=True)
class StereoFigures:
    """Over all pixels of all images together whose true disparity is known. None if there is no such pixel.

    Attributes:
        epe_px: mean absolute error over the pixels that have an estimate.
        bad1_percent: pixels wrong by more than 1 px. A pixel without an estimate is wrong, here and below.
        bad2_percent: pixels wrong by more than 2 px.
        bad3_percent: pixels wrong by more than 3 px.
        d1_percent: pixels wrong by more than 3 px and more than 5 % of the true disparity.
        coverage_percent: pixels that have an estimate.
        density_percent: pixels of the images that have a true disparity.
        images: number of images compared.
        missing_images: number of images of the truth without an estimate.
        resolution: sizes of the images.
    """

    epe_px: float | None
    bad1_percent: float | None
    bad2_percent: float | None
    bad3_percent: float | None
    d1_percent: float | None
    coverage_percent: float | None
    density_percent: float | None
    images: int
    missing_images: int
    resolution: str

    def to_json(self) -> dict[str, float | int | str | None]:
        """Flat keys for `--json`; beside a null stands `<key>_reason`."""
        values = asdict(self)
        known = "no image has a pixel with a true disparity" if self.images else "there is no image"
        both = "no image has a pixel with both a true and an estimated disparity"
        nothing = [key for key, value in values.items() if value is None]
        return values | {f"{key}_reason": both if key == "epe_px" else known for key in nothing}


def evaluate_stereo(
    truth: Iterable[Float[np.ndarray, "_ _"]], estimate: Iterable[Float[np.ndarray, "_ _"]]
) -> StereoFigures:
    """Figures of disparity maps against the truth.

    Args:
        truth: true disparity of every image in pixels, 0 = unknown; `[n, h, w]`, or one array per image.
        estimate: estimated disparity of the same sizes, equally many; not finite or not positive = unknown.

    Raises:
        VoGanError: an estimate has another size than its truth. It is not resized: a disparity is a number of pixels.
        ValueError: not equally many.
    """
    return _figures((_counts(t, e) for t, e in zip(truth, estimate, strict=True)), 0)


def evaluate_stereo_files(truth: Path, estimate: Path) -> StereoFigures:
    """Figures of disparity files (16-bit PNG, pixels x 256, or float .npy) against true ones.

    Args:
        truth: a file, or a folder of them.
        estimate: a file, or a folder of files with the same names.

    Raises:
        VoGanError: something is unreadable, no names agree, or sizes differ; files are named.
    """
    pairs, missing = pair_maps(truth, estimate)

    def results() -> Iterable[_Counts]:
        for truth_path, estimate_path in progress(pairs, "evaluating disparity", unit="image"):
            try:
                yield _counts(read_map(truth_path), read_map(estimate_path))
            except _SizeError as error:
                raise VoGanError(f"{estimate_path}: {error} (truth: {truth_path})") from None

    return _figures(results(), missing)


class _SizeError(VoGanError):
    """An estimate of another size than its truth."""


@dataclass(frozen=True)
class _Counts:
    """Of one image: its size, known true pixels, those with an estimate, the sum of their errors, and how many are
    wrong."""

    size: tuple[int, int]
    pixels: int
    covered: int
    error: float
    bad: tuple[int, int, int]
    d1: int


def _counts(truth: Float[np.ndarray, "h w"], estimate: Float[np.ndarray, "eh ew"]) -> _Counts:
    if truth.shape != estimate.shape:
        raise _SizeError(
            f"an estimate of {estimate.shape[1]}x{estimate.shape[0]} pixels cannot be compared with a truth of "
            f"{truth.shape[1]}x{truth.shape[0]}: a disparity is a number of pixels, so write it at the truth's size"
        )
    known = np.isfinite(truth) & (truth > 0)
    t, d = truth[known].astype(np.float64), estimate[known].astype(np.float64)
    covered = np.isfinite(d) & (d > 0)
    error = np.abs(d[covered] - t[covered])
    absent = len(t) - len(error)
    return _Counts(
        size=(truth.shape[1], truth.shape[0]),
        pixels=len(t),
        covered=len(error),
        error=float(error.sum()),
        bad=(absent + int((error > 1).sum()), absent + int((error > 2).sum()), absent + int((error > 3).sum())),
        d1=absent + int(((error > 3) & (error > 0.05 * t[covered])).sum()),
    )


def _figures(results: Iterable[_Counts], missing: int) -> StereoFigures:
    images = list(results)
    pixels = sum(image.pixels for image in images)
    covered = sum(image.covered for image in images)
    area = sum(image.size[0] * image.size[1] for image in images)

    def percent(count: int) -> float | None:
        return 100.0 * count / pixels if pixels else None

    bad = [percent(sum(image.bad[level] for image in images)) for level in range(3)]
    return StereoFigures(
        epe_px=sum(image.error for image in images) / covered if covered else None,
        bad1_percent=bad[0],
        bad2_percent=bad[1],
        bad3_percent=bad[2],
        d1_percent=percent(sum(image.d1 for image in images)),
        coverage_percent=percent(covered),
        density_percent=100.0 * pixels / area if area else None,
        images=len(images),
        missing_images=missing,
        resolution=sizes(image.size for image in images),
    )
