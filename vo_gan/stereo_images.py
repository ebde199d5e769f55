"""Disparity of stereo pairs in files, written as pictures and arrays."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from vo_gan.data.calibration import pinhole
from vo_gan.data.decode import decode_image
from vo_gan.data.frame_files import list_frames, match_right
from vo_gan.depth_images import color_depth
from vo_gan.errors import VoGanError
from vo_gan.evaluation.maps import UNITS
from vo_gan.files import replace_file
from vo_gan.odometry.disparity import DisparityMap, Matcher
from vo_gan.odometry.pair_check import check_pair
from vo_gan.progress import progress, say
from vo_gan.tracking import encode_depth


@dataclass(frozen=True)
class PairFiles:
    """A stereo pair, and where its results go.

    Attributes:
        left: image file.
        right: image file.
        name: of the pair among several; empty for the only one.
    """

    left: Path
    right: Path
    name: str = ""


@dataclass(frozen=True)
class StereoCamera:
    """What turns disparity into depth.

    Attributes:
        intrinsics: fx, fy, cx, cy in pixels of the images.
        baseline: distance of the cameras in metres.
    """

    intrinsics: tuple[float, float, float, float]
    baseline: float


def find_pairs(left: Path, right: Path) -> list[PairFiles]:
    """Two images, or the images of two folders that have the same names but for their endings.

    Raises:
        VoGanError: one is a folder and the other a file, something is missing, or no two names agree.
    """
    for path in (left, right):
        if not path.exists():
            raise VoGanError(f"{path}: no such file or folder; expected an image, or a folder of images")
    if left.is_dir() != right.is_dir():
        raise VoGanError(f"{left} and {right}: give two images or two folders, not one of each")
    if not left.is_dir():
        return [PairFiles(left, right)]
    frames = list_frames(left)
    list_frames(right)  # so that a folder without images is told from one with other names
    matched = match_right(frames, right)
    if len(matched) < len(frames):
        say(
            f"{right} has a right view for {len(matched)} of the {len(frames)} images in {left}; only those are matched"
        )
    return [PairFiles(frames[index], path, frames[index].stem) for index, path in matched.items()]


def match_files(
    pairs: Sequence[PairFiles],
    matcher: Matcher,
    out: Path,
    *,
    camera: StereoCamera | None = None,
    least_confidence: float | None = None,
    check: bool = True,
) -> Iterator[Path]:
    """Match pairs, write what was found into `out`, and yield the path of each disparity image.

    Of a single pair, `disparity.png` (uint16, pixels x 256, 0 = unknown), `disparity.npy` (float32), `color.png`, with
    confidence `confidence.png` (uint8, x 255) and, with a camera, `depth.png` (uint16, metres x 256) and `depth.npy`.
    Of several, the same in folders `disparity`, `disparity_npy`, `color`, `confidence`, `depth`, `depth_npy`, each file
    with the name of its left image: what `vo-gan evaluate stereo --est OUT/disparity` reads.

    Args:
        pairs: of which each is looked at before it is matched.
        matcher: what finds the disparity.
        out: where it goes.
        camera: for depth.
        least_confidence: leave out the disparity of pixels with less.
        check: refuse pairs that are none or are swapped, see `vo_gan.odometry.pair_check`.

    Raises:
        VoGanError: an image is missing or broken, sizes differ, or a check failed; of a refused pair nothing is
            written.
    """
    for pair in progress(pairs, "match", unit="pair"):
        left, right = decode_image(pair.left), decode_image(pair.right)
        if check:
            check_pair(left, right, (str(pair.left), str(pair.right)), "match them all the same: --no-check")
        elif left.shape != right.shape:
            raise VoGanError(f"{pair.left} and {pair.right} have different sizes; rectify them together")
        if camera is not None:
            pinhole(camera.intrinsics, f"--intrinsics for {pair.left}", (left.shape[1], left.shape[0]))
        found = matcher.disparity(left, right)
        if least_confidence is not None:
            found = found.confident(least_confidence)
        for file, data in _encoded(found, camera).items():
            path = out / file if not pair.name else out / _folder(file) / f"{pair.name}{Path(file).suffix}"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise VoGanError(
                    f"cannot write to {path.parent}: {error.strerror}. Give --out another folder"
                ) from error
            replace_file(path, data)
        yield out / ("disparity.png" if not pair.name else f"disparity/{pair.name}.png")


def encode_disparity(disparity: Float32[np.ndarray, "h w"]) -> bytes:
    """A disparity map (pixels, 0 = unknown) as a 16-bit PNG of pixels x 256; what is known is at least 1.

    Raises:
        VoGanError: a disparity of 256 pixels or more, which the format cannot hold.
    """
    if (largest := float(disparity.max(initial=0.0))) * UNITS > 65535:
        raise VoGanError(
            f"a disparity of {largest:.0f} pixels is more than a 16-bit image holds (256): halve the size of the images"
        )
    coded = np.maximum(np.rint(disparity * UNITS), disparity > 0).astype(np.uint16)
    return cv2.imencode(".png", coded)[1].tobytes()


def color_disparity(disparity: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A disparity map as RGB: from its 2nd to its 98th percentile, near is bright; unknown is black."""
    return color_depth(np.divide(np.float32(1.0), disparity, out=np.zeros_like(disparity), where=disparity > 0))


def _encoded(found: DisparityMap, camera: StereoCamera | None) -> dict[str, bytes]:
    """The contents of all files of a pair, before any of them is written."""
    files = {
        "disparity.npy": _array(found.disparity),
        "color.png": _picture(color_disparity(found.disparity)[..., ::-1]),
    }
    if found.confidence is not None:
        files["confidence.png"] = _picture(np.rint(255.0 * found.confidence).astype(np.uint8))
    if camera is not None:
        depth = found.depth(camera.intrinsics[0], camera.baseline)
        files |= {"depth.npy": _array(depth), "depth.png": encode_depth(depth)}
    return files | {"disparity.png": encode_disparity(found.disparity)}


def _folder(file: str) -> str:
    return file.removesuffix(".png").replace(".", "_")


def _array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _picture(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()
