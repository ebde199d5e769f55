"""Depth of single images, written as pictures and arrays."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vo_gan.data.decode import decode_image
from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import resize_depth as resize_known_depth
from vo_gan.files import replace_file
from vo_gan.odometry.pair_predictor import PairDepthPredictor
from vo_gan.odometry.predictor import DepthPredictor, Networks
from vo_gan.progress import progress
from vo_gan.tracking import encode_depth


def predict_depth_images(
    images: Sequence[Path], networks: Networks, out: Path, device: torch.device | str = "cpu"
) -> Iterator[Path]:
    """Depth of each image at the image's own size; yields the depth image's path as it is written.

    Raises:
        VoGanError: an image is missing or broken, or two images have one name.
    """
    _require_names(images)
    out.mkdir(parents=True, exist_ok=True)
    predict = DepthPredictor(networks, device=device)
    for path in progress(images, "depth", unit="image"):
        frame = decode_image(path)
        yield _write_depth(out, path.stem, resize_depth(predict(frame), (frame.shape[1], frame.shape[0])))


def predict_pair_depth_images(
    images: Sequence[Path], predict: PairDepthPredictor, out: Path, fx: float | None = None
) -> Iterator[Path]:
    """Depth of each image by way of a synthesised pair, which is written too, as NAME_left.png and NAME_right.png.

    Depth is 0 where the matcher found none; yields the depth image's path as it is written.

    Args:
        images: of the camera trained with, or all of one other camera.
        predict: from a frame to its pair and depth.
        out: folder for the results.
        fx: of that other camera, its focal length in pixels.

    Raises:
        VoGanError: an image is missing or broken, or two images have one name.
    """
    _require_names(images)
    out.mkdir(parents=True, exist_ok=True)
    for path in progress(images, "pairs and depth", unit="image"):
        frame = decode_image(path)
        height, width = frame.shape[:2]
        found = predict(frame, None if fx is None else fx / width)
        for side, view in (("left", found.left), ("right", found.right)):
            replace_file(out / f"{path.stem}_{side}.png", _encode_picture(view))
        yield _write_depth(out, path.stem, resize_known_depth(found.depth, (height, width)))


def _require_names(images: Sequence[Path]) -> None:
    names = [path.stem for path in images]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise VoGanError(f"{len(twice)} names occur twice ({twice[0]}, ...): their results would overwrite each other")


def _write_depth(out: Path, name: str, depth: Float32[np.ndarray, "h w"]) -> Path:
    """Write a depth map (metres, 0 = unknown) as array, picture and, last, as the depth image whose path it returns."""
    array = io.BytesIO()
    np.save(array, depth)
    replace_file(out / f"{name}_depth.npy", array.getvalue())
    replace_file(out / f"{name}_color.png", _encode_picture(color_depth(depth)))
    replace_file(out / f"{name}_depth.png", encode_depth(depth))
    return out / f"{name}_depth.png"


def _encode_picture(image: UInt8[np.ndarray, "h w 3"]) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def resize_depth(depth: Float32[np.ndarray, "h w"], size: tuple[int, int]) -> Float32[np.ndarray, "h2 w2"]:
    """Depth at another (width, height), interpolated in inverse depth, which is what networks are smooth in."""
    return 1.0 / cv2.resize(1.0 / depth, size, interpolation=cv2.INTER_LINEAR)


def color_depth(depth: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A depth map as RGB: inverse depth from its 2nd to its 98th percentile, near is bright; 0, unknown, is black."""
    known = depth > 0
    nearness = np.divide(1.0, depth, out=np.zeros_like(depth), where=known)
    low, high = np.percentile(nearness[known], (2, 98)) if known.any() else (0.0, 1.0)
    scaled = np.clip((nearness - low) / max(high - low, 1e-9), 0, 1)
    picture = cv2.applyColorMap((scaled * 255).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1]
    return np.where(known[..., None], picture, np.uint8(0))
