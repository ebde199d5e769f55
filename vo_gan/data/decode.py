"""Strict and fast decoding of PNG and JPEG frames.

OpenCV returns an image, grey from somewhere on, for a JPEG that was cut short. So the marker that ends an image is
looked for in the bytes that are decoded; and the header is read first, which refuses what is no 8-bit image or
declares a size that would fill the memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from vo_gan.errors import VoGanError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
"""File name endings, in lower case, of the frames that vo_gan reads."""

MAX_PIXELS = 50_000_000
"""A header that declares more is refused before anything is decoded."""

HEADER_BYTES = 65_536
TAIL_BYTES = 4_096

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
JPEG_END = b"\xff\xd9"
JPEG_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
JPEG_START_OF_SCAN = 0xDA
JPEG_APP1 = 0xE1
EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True)
class ImageHeader:
    """What a file's header says.

    Attributes:
        jpeg: JPEG, else PNG.
        size: (width, height) of the decoded image, after a rotation that EXIF asks for.
        upright: EXIF asks for no rotation or mirroring.
        grey: one channel.
        bits: per channel.
        body: offset after which the end marker must come.
    """

    jpeg: bool
    size: tuple[int, int]
    upright: bool
    grey: bool
    bits: int
    body: int


def parse_header(data: bytes, path: Path) -> ImageHeader:
    """Read an image header from the first bytes of a file.

    Raises:
        VoGanError: no PNG or JPEG, cut inside the header, more than 8 bits per channel, CMYK, or an impossible or
            unreasonable size; `path` is named.
    """
    if not data:
        raise VoGanError(f"{path}: is empty, expected a PNG or JPEG image")
    try:
        if data.startswith(PNG_SIGNATURE):
            header = _png_header(data)
        elif data.startswith(b"\xff\xd8"):
            header = _jpeg_header(data, path)
        else:
            raise VoGanError(f"{path}: is neither PNG nor JPEG; convert it, or remove it from the folder")
    except (struct.error, IndexError):
        raise VoGanError(f"{path}: ends inside the image header; the file was cut short, copy it again") from None
    width, height = header.size
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise VoGanError(
            f"{path}: its header declares {width}x{height} pixels, expected at most {MAX_PIXELS // 10**6} million"
        )
    if header.bits > 8:
        raise VoGanError(f"{path}: has {header.bits} bits per channel, expected 8; convert the frames to 8 bits")
    return header


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of an image file from its header, without decoding.

    Raises:
        VoGanError: see `parse_header`; or the file cannot be read.
    """
    return check_file(path).size


def check_file(path: Path, native: tuple[int, int] | None = None) -> ImageHeader:
    """Look at an image's header and last bytes only: what can be known of its integrity without decoding.

    Args:
        path: the file.
        native: (width, height) that the image must have.

    Raises:
        VoGanError: missing or unreadable, see `parse_header`, not of size `native`, or the end marker is missing.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            length = file.seek(0, 2)
            if length > HEADER_BYTES:
                file.seek(max(HEADER_BYTES, length - TAIL_BYTES))
                tail = file.read()
            else:
                tail = b""
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        header = parse_header(head, path)
        _require_end(head + tail, header, path)
    except VoGanError:
        if length <= HEADER_BYTES:
            raise
        data = _read_bytes(path)  # a header or padding longer than the pieces read
        header = parse_header(data, path)
        _require_end(data, header, path)
    _require_size(header, native, path)
    return header


def decode_image(
    path: Path, size: tuple[int, int] | None = None, native: tuple[int, int] | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """Decode a PNG or JPEG as RGB; grey becomes three equal channels, transparency is dropped.

    A JPEG that shrinks to at most half is decoded at 1/2, 1/4 or 1/8, which needs fewer inverse transforms.

    Args:
        path: the file.
        size: (width, height) to resize to, averaging areas; None for the size in the file.
        native: (width, height) that the file must have.

    Raises:
        VoGanError: missing, damaged or cut short, not 8 bits per channel, or not of size `native`.
    """
    data = _read_bytes(path)
    header = parse_header(data, path)
    _require_size(header, native, path)
    _require_end(data, header, path)
    reduction = _reduction(header, size) if size is not None else 1
    flags = cv2.IMREAD_GRAYSCALE if header.grey else cv2.IMREAD_COLOR_RGB
    flags |= {1: 0, 2: 16, 4: 32, 8: 64}[reduction]
    if not header.jpeg:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise VoGanError(f"{path}: cannot be decoded ({error.err}); copy it again") from error
    if image is None:
        raise VoGanError(f"{path}: is damaged and cannot be decoded; copy it again")
    if size is not None:
        image = _resize(image, size, (header.size[0] / reduction, header.size[1] / reduction))
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if header.grey else image


def _reduction(header: ImageHeader, size: tuple[int, int]) -> int:
    """The largest of 8, 4, 2 by which a JPEG can be decoded smaller and still be no smaller than `size`; else 1."""
    if header.jpeg and header.upright:
        for factor in (8, 4, 2):
            if size[0] * factor <= header.size[0] and size[1] * factor <= header.size[1]:
                return factor
    return 1


def _resize(image: np.ndarray, size: tuple[int, int], covered: tuple[float, float]) -> np.ndarray:
    """Resize the part of an image, from its top left corner, that has the size `covered`.

    A decoder that reduces by 2, 4 or 8 rounds sizes up, so of its last column and row only a part belongs to the
    picture. Where it did, the exact mapping is sampled bilinearly, from less than twice the resolution.
    """
    height, width = image.shape[:2]
    if covered != (width, height):
        scale_x, scale_y = covered[0] / size[0], covered[1] / size[1]
        mapping = np.array([[scale_x, 0.0, 0.5 * scale_x - 0.5], [0.0, scale_y, 0.5 * scale_y - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, mapping, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if size == (width, height):
        return image
    shrinks = size[0] <= width and size[1] <= height
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> VoGanError:
    if isinstance(error, FileNotFoundError):
        return VoGanError(f"{path}: no such file; expected a frame there")
    return VoGanError(f"{path}: cannot be read ({error.strerror}); expected a PNG or JPEG image")


def _require_size(header: ImageHeader, native: tuple[int, int] | None, path: Path) -> None:
    if native is not None and header.size != native:
        raise VoGanError(
            f"{path}: is {header.size[0]}x{header.size[1]} pixels, but the drive's first frame is "
            f"{native[0]}x{native[1]}; all frames of a drive must have one size"
        )


def _require_end(data: bytes, header: ImageHeader, path: Path) -> None:
    end = JPEG_END if header.jpeg else PNG_END
    if not data.endswith(end) and data.rfind(end, header.body) < 0:
        raise VoGanError(f"{path}: the end of the image is missing; the file was cut short, copy it again")


def _png_header(data: bytes) -> ImageHeader:
    """The IHDR chunk (PNG specification, 11.2.2); colour type 0 is grey."""
    width, height, bits, colour_type = struct.unpack_from(">IIBB", data, 16)
    return ImageHeader(jpeg=False, size=(width, height), upright=True, grey=colour_type == 0, bits=bits, body=33)


def _jpeg_header(data: bytes, path: Path) -> ImageHeader:
    """Walk the marker segments (ITU-T T.81, B.1) to the frame header and on to the first scan."""
    frame: tuple[int, int, int, int] | None = None
    orientation = 1
    offset = 2
    while True:
        if data[offset] != 0xFF:
            raise VoGanError(f"{path}: its JPEG header is damaged at byte {offset}; copy the file again")
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        (length,) = struct.unpack_from(">H", data, offset + 2)
        if marker in JPEG_FRAME_MARKERS:
            frame = struct.unpack_from(">BHHB", data, offset + 4)
        elif marker == JPEG_APP1 and data[offset + 4 : offset + 10] == b"Exif\0\0":
            orientation = _exif_orientation(data[offset + 10 : offset + 2 + length])
        offset += 2 + length
        if marker == JPEG_START_OF_SCAN:
            break
    if frame is None:
        raise VoGanError(f"{path}: its JPEG header declares no image; copy the file again")
    bits, height, width, channels = frame
    if channels not in (1, 3):
        raise VoGanError(f"{path}: is a JPEG of {channels} channels (CMYK?); convert it to RGB or grey")
    size = (height, width) if orientation >= 5 else (width, height)
    return ImageHeader(jpeg=True, size=size, upright=orientation == 1, grey=channels == 1, bits=bits, body=offset)


def _exif_orientation(tiff: bytes) -> int:
    """The orientation tag of an Exif block (TIFF 6.0, first directory); 1 (upright) where it has none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * entry)
            if tag == EXIF_ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
