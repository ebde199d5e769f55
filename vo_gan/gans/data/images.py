"""Image files and arrays of any channels, 8 or 16 bit, as arrays in [-1, 1], and back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".npy")
LARGEST = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}
MAX_PIXELS = 100_000_000
NEAREST, FARTHEST = 1.0, 80.0
"""Metres of depth that become -1 and 1, by their logarithm."""
DEPTH_UNITS_PER_METRE = 256.0

Image = Float32[np.ndarray, "_ _ _"]
"""Channels, height, width."""


def is_image(path: Path) -> bool:
    """Whether a path is named like an image or array."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_stored(path: Path) -> np.ndarray:
    """The image `[h, w, c]` as it is stored: uint8 or uint16, or an array of floats; colours as RGB.

    Raises:
        VoGanError: missing, damaged, or of another kind.
    """
    try:
        data = np.fromfile(path, np.uint8)
        stored = np.load(path, allow_pickle=False) if path.suffix.lower() == ".npy" else _decode(data)
    except (OSError, ValueError, EOFError, cv2.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise VoGanError(f"{path} cannot be read as an image: {reason}") from error
    if stored is None:
        raise VoGanError(f"{path} cannot be read as an image: it is damaged, or none of {', '.join(SUFFIXES)}")
    if stored.ndim == 2:
        stored = stored[..., None]
    fits = stored.dtype in LARGEST or np.issubdtype(stored.dtype, np.floating)
    if stored.ndim != 3 or not fits or stored.size == 0 or stored.shape[0] * stored.shape[1] > MAX_PIXELS:
        raise VoGanError(
            f"{path} holds {stored.dtype} of shape {stored.shape}: expected height, width and perhaps channels, of 8 "
            "or 16 bits or floats in [0, 1]"
        )
    return stored


def read_image(path: Path, channels: int | None = None) -> Image:
    """The image in [-1, 1], whatever its bits.

    Args:
        channels: how many to return; grey becomes three equal ones and colours grey where wanted.

    Raises:
        VoGanError: see `read_stored`; or the channels do not fit.
    """
    stored = read_stored(path)
    values = stored.astype(np.float32) / LARGEST.get(stored.dtype, 1.0)
    if not np.isfinite(values).all():
        raise VoGanError(f"{path} holds values that are not finite")
    image = np.ascontiguousarray(2 * values.transpose(2, 0, 1) - 1)
    found = len(image)
    if channels is None or channels == found:
        return image
    if (found, channels) == (1, 3):
        return np.repeat(image, 3, axis=0)
    if found >= 3 and channels == 1:
        return np.tensordot(np.array([0.299, 0.587, 0.114], np.float32), image[:3], axes=1)[None]
    if (found, channels) == (4, 3):
        return image[:3]
    raise VoGanError(f"{path} has {found} channels, expected {channels} as in the other images")


def read_depth(path: Path) -> Image:
    """A 16-bit depth image (metres x 256, 0 = unknown) in [-1, 1]: logarithm of 1 to 80 metres; unknown is far.

    Raises:
        VoGanError: see `read_stored`; or it is no such image.
    """
    stored = read_stored(path)
    if stored.dtype != np.uint16 or stored.shape[2] != 1:
        raise VoGanError(f"{path} is no depth image: expected 16-bit grey, metres x 256")
    metres = stored.transpose(2, 0, 1).astype(np.float32) / np.float32(DEPTH_UNITS_PER_METRE)
    metres = np.where(metres == 0, FARTHEST, metres).clip(NEAREST, FARTHEST)
    return (2 * np.log(metres / NEAREST) / np.log(FARTHEST / NEAREST) - 1).astype(np.float32)


def stored_bits(path: Path) -> int:
    """8 or 16: what an image of this kind is written with."""
    return 8 if read_stored(path).dtype == np.uint8 else 16


def resize(image: Image, size: tuple[int, int], *, smooth: bool = True) -> Image:
    """The image at (width, height): averaged or interpolated, or, not `smooth`, by the nearest pixel."""
    height, width = image.shape[1:]
    if (width, height) == size:
        return image
    shrinks = size[0] <= width and size[1] <= height
    interpolation = (cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR) if smooth else cv2.INTER_NEAREST
    return np.stack([cv2.resize(plane, size, interpolation=interpolation) for plane in image])


def write_image(path: Path, image: Image, bits: int = 8) -> Path:
    """Write an image in [-1, 1] as PNG, or, where its channels are not 1, 3 or 4, as .npy; returns the file's path.

    Raises:
        VoGanError: see `replace_file`.
    """
    largest, kind = (255, np.uint8) if bits == 8 else (65535, np.uint16)
    stored: np.ndarray = np.rint((image.clip(-1, 1) + 1) / 2 * largest).astype(kind).transpose(1, 2, 0)
    if stored.shape[2] not in (1, 3, 4):
        buffer = io.BytesIO()
        np.save(buffer, stored)
        path = path.with_suffix(".npy")
        replace_file(path, buffer.getvalue())
        return path
    if stored.shape[2] >= 3:
        stored = stored[..., [2, 1, 0, 3][: stored.shape[2]]]
    replace_file(path, cv2.imencode(".png", stored)[1].tobytes())
    return path


@dataclass(frozen=True)
class Framing:
    """From stored images to the size trained on.

    Attributes:
        width: of the result.
        height: of the result.
        enlarge: images are first resized to this many times the size, then cropped.
        resize: off crops from images at their own size.
        crop: where: at random, or in the middle.
        flip: mirror half of them, at random.
    """

    width: int
    height: int
    enlarge: float = 1.0
    resize: bool = True
    crop: bool = True
    flip: bool = True

    def __call__(
        self, images: list[Image], generator: np.random.Generator, smooth: tuple[bool, ...] = (True, True)
    ) -> list[Image]:
        """The images, all cropped and mirrored alike.

        Raises:
            VoGanError: an image is smaller than the crop, or they differ in size.
        """
        images = [self.resized(image, smooth=soft) for image, soft in zip(images, smooth, strict=False)]
        height, width = images[0].shape[1:]
        if any(image.shape[1:] != (height, width) for image in images) or width < self.width or height < self.height:
            found = ", ".join(f"{image.shape[2]}x{image.shape[1]}" for image in images)
            raise VoGanError(f"cannot crop {self.width}x{self.height} from images of {found}: set data.resize true")
        left, top = (width - self.width) // 2, (height - self.height) // 2
        if self.crop:
            left = int(generator.integers(width - self.width + 1))
            top = int(generator.integers(height - self.height + 1))
        images = [image[:, top : top + self.height, left : left + self.width] for image in images]
        if self.flip and generator.random() < 0.5:
            images = [image[:, :, ::-1] for image in images]
        return [np.ascontiguousarray(image) for image in images]

    def resized(self, image: Image, *, smooth: bool = True) -> Image:
        """The image at the size that is cropped from."""
        if not self.resize:
            return image
        return resize(image, (round(self.width * self.enlarge), round(self.height * self.enlarge)), smooth=smooth)


def _decode(data: np.ndarray) -> np.ndarray | None:
    if not data.size:
        return None
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is not None and stored.ndim == 3 and stored.shape[2] >= 3:
        stored = stored[..., [2, 1, 0, *range(3, stored.shape[2])]]
    return stored
