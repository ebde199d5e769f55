from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data.decode import check_file, decode_image, image_size
from vo_gan.errors import VoGanError


def smooth(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width) / 30, np.arange(height) / 30)
    return np.stack((128 + 90 * np.sin(x), 128 + 90 * np.sin(y), 128 + 90 * np.sin(x + y)), -1).astype(np.uint8)


def save(path: Path, rgb: np.ndarray) -> Path:
    cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97] if path.suffix == ".jpg" else [])
    return path


def test_png_comes_back_as_rgb(tmp_path: Path) -> None:
    image = smooth(50, 30)
    assert np.array_equal(decode_image(save(tmp_path / "a.png", image)), image)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_grey_becomes_three_equal_channels(tmp_path: Path, suffix: str) -> None:
    grey = smooth(50, 30)[..., 0]
    cv2.imwrite(str(tmp_path / f"a{suffix}"), grey, [cv2.IMWRITE_JPEG_QUALITY, 100] if suffix == ".jpg" else [])
    image = decode_image(tmp_path / f"a{suffix}", (25, 15))
    assert image.shape == (15, 25, 3)
    assert np.array_equal(image[..., 0], image[..., 1])
    assert np.array_equal(image[..., 0], image[..., 2])
    expected = cv2.resize(grey, (25, 15), interpolation=cv2.INTER_AREA)
    assert np.abs(image[..., 0].astype(int) - expected).max() <= 3


@pytest.mark.parametrize("native", [(640, 192), (641, 193), (623, 181)])
@pytest.mark.parametrize("target", [(320, 90), (150, 45), (75, 22), (400, 100)])
def test_reduced_decoding_neither_shifts_nor_stretches(
    tmp_path: Path, native: tuple[int, int], target: tuple[int, int]
) -> None:
    path = save(tmp_path / "a.jpg", smooth(*native))
    whole = decode_image(path)
    expected = cv2.resize(whole, target, interpolation=cv2.INTER_AREA).astype(float)[..., 2]
    found = decode_image(path, target).astype(float)[..., 2]
    gradient_y, gradient_x = np.gradient(expected)
    x = np.broadcast_to(np.linspace(0, 1, target[0])[None], expected.shape)
    basis = np.stack((gradient_x, gradient_x * x, gradient_y), -1).reshape(-1, 3)
    shift, stretch, down = np.linalg.lstsq(basis, (found - expected).ravel(), rcond=None)[0]
    assert max(abs(shift), abs(shift + stretch), abs(down)) < 0.05


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_cut_short_is_refused_by_name(tmp_path: Path, suffix: str, share: float) -> None:
    path = save(tmp_path / f"frame{suffix}", smooth(400, 120))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    for look in (decode_image, check_file):
        with pytest.raises(VoGanError, match=f"frame{suffix}"):
            look(path)


def test_one_missing_byte_of_a_jpeg_is_seen(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth(400, 120))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VoGanError, match="cut short"):
        decode_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("padding", [10, 100_000])
def test_bytes_after_the_end_do_no_harm(tmp_path: Path, suffix: str, padding: int) -> None:
    path = save(tmp_path / f"a{suffix}", smooth(40, 20))
    path.write_bytes(path.read_bytes() + b"\0" * padding)
    assert decode_image(path).shape == (20, 40, 3)
    assert check_file(path).size == (40, 20)


def test_flipped_bit_in_a_png_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", smooth(100, 50))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))
    check_file(path)  # its header and end are whole
    with pytest.raises(VoGanError, match="damaged"):
        decode_image(path)


def test_huge_header_is_refused_before_decoding(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\xaeB`\x82")
    with pytest.raises(VoGanError, match="30000x30000"):
        decode_image(tmp_path / "a.png")


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((10, 10), 4000, np.uint16))
    with pytest.raises(VoGanError, match="16 bits"):
        decode_image(tmp_path / "a.png")


def test_transparency_is_dropped(tmp_path: Path) -> None:
    rgb = smooth(20, 10)
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack((rgb[..., ::-1], np.full((10, 20), 7, np.uint8))))
    assert np.array_equal(decode_image(tmp_path / "a.png"), rgb)


def test_palette_and_one_bit_png(tmp_path: Path) -> None:
    def png(bits: int, colour_type: int, extra: bytes, row: bytes) -> bytes:
        def chunk(name: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

        header = struct.pack(">IIBBBBB", 2, 1, bits, colour_type, 0, 0, 0)
        pixels = chunk(b"IDAT", zlib.compress(b"\0" + row))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + pixels + chunk(b"IEND", b"")

    data = b"\x00\x00\xff\x0a\x14\x1e"
    palette = struct.pack(">I", 6) + b"PLTE" + data + struct.pack(">I", zlib.crc32(b"PLTE" + data))
    (tmp_path / "palette.png").write_bytes(png(8, 3, palette, b"\x00\x01"))
    assert decode_image(tmp_path / "palette.png").tolist() == [[[0, 0, 255], [10, 20, 30]]]
    (tmp_path / "bit.png").write_bytes(png(1, 0, b"", b"\x40"))
    assert decode_image(tmp_path / "bit.png").tolist() == [[[0] * 3, [255] * 3]]


def test_exif_rotation_is_applied_to_image_and_size(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth(300, 100))
    upright = decode_image(path)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, 0x0112, 3, 1, 6, 0)
    block = b"Exif\0\0" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:])
    assert image_size(path) == (100, 300)
    assert np.array_equal(decode_image(path), np.rot90(upright, -1))
    assert decode_image(path, (40, 120)).shape == (120, 40, 3)


def test_cmyk_jpeg_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth(40, 20))
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 9] = 4
    path.write_bytes(bytes(data))
    with pytest.raises(VoGanError, match="4 channels"):
        decode_image(path)


def test_other_formats_missing_files_and_sizes_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"GIF89a")
    with pytest.raises(VoGanError, match="neither PNG nor JPEG"):
        decode_image(tmp_path / "a.png")
    with pytest.raises(VoGanError, match="no such file"):
        decode_image(tmp_path / "b.png")
    with pytest.raises(VoGanError, match=r"40x20.*41x20"):
        decode_image(save(tmp_path / "c.png", smooth(40, 20)), native=(41, 20))
