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
from vo_gan.files import replace_file
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
    names = [path.stem for path in images]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise VoGanError(f"{len(twice)} names occur twice ({twice[0]}, ...): their results would overwrite each other")
    out.mkdir(parents=True, exist_ok=True)
    predict = DepthPredictor(networks, device=device)
    for path in progress(images, "depth", unit="image"):
        frame = decode_image(path)
        depth = resize_depth(predict(frame), (frame.shape[1], frame.shape[0]))
        array = io.BytesIO()
        np.save(array, depth)
        replace_file(out / f"{path.stem}_depth.npy", array.getvalue())
        replace_file(out / f"{path.stem}_color.png", cv2.imencode(".png", color_depth(depth)[..., ::-1])[1].tobytes())
        replace_file(out / f"{path.stem}_depth.png", encode_depth(depth))
        yield out / f"{path.stem}_depth.png"


def resize_depth(depth: Float32[np.ndarray, "h w"], size: tuple[int, int]) -> Float32[np.ndarray, "h2 w2"]:
    """Depth at another (width, height), interpolated in inverse depth, which is what networks are smooth in."""
    return 1.0 / cv2.resize(1.0 / depth, size, interpolation=cv2.INTER_LINEAR)


def color_depth(depth: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """A depth map as RGB: inverse depth from its 2nd to its 98th percentile, near is bright."""
    nearness = 1.0 / depth
    low, high = np.percentile(nearness, (2, 98))
    scaled = np.clip((nearness - low) / max(high - low, 1e-9), 0, 1)
    return cv2.applyColorMap((scaled * 255).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1].copy()
