"""Files that hold a number per pixel: depth in metres or disparity in pixels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vo_gan.errors import VoGanError

UNITS = 256.0
"""Steps of a 16-bit PNG per metre or per pixel of disparity, as in KITTI's; 0 means unknown."""

SUFFIXES = (".png", ".npy")


def read_map(path: Path) -> Float32[np.ndarray, "h w"]:
    """Metres or pixels from a 16-bit grey PNG (value / 256) or a `.npy` array of floats.

    Returns:
        The values, 0 = unknown. In a `.npy` file everything that is not finite or not positive is unknown.

    Raises:
        VoGanError: unreadable, or neither of the two; the message names the file.
    """
    if path.suffix == ".npy":
        return _read_array(path)
    import cv2

    encoded = _read_bytes(path)
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED) if encoded else None
    if image is None or image.dtype != np.uint16 or image.ndim != 2:
        found = "cannot be decoded" if image is None else f"is {image.dtype} of shape {image.shape}"
        raise VoGanError(f"{path}: {found}; expected a 16-bit grey PNG (value x 256, 0 = unknown) or a float .npy file")
    return image.astype(np.float32) / np.float32(UNITS)


def pair_maps(truth: Path, estimate: Path) -> tuple[list[tuple[Path, Path]], int]:
    """The files of two folders that have the same name but for the suffix; or the two files themselves.

    Returns:
        Pairs of (truth, estimate) in order of names, and how many files of the truth have no estimate.

    Raises:
        VoGanError: one is a folder and the other a file, something is missing, or no two names agree.
    """
    if truth.is_file() and estimate.is_file():
        return [(truth, estimate)], 0
    for path, name in ((truth, "--gt"), (estimate, "--est")):
        if not path.exists():
            raise VoGanError(f"{path}: no such file or folder; check {name}")
    if truth.is_file() != estimate.is_file():
        raise VoGanError(f"{truth} and {estimate}: give two files or two folders, not one of each")
    true_files, estimates = _by_stem(truth), _by_stem(estimate)
    for path, files, name in ((truth, true_files, "--gt"), (estimate, estimates, "--est")):
        if not files:
            raise VoGanError(f"{path}: holds no PNG or NPY file; expected one per image; check {name}")
    common = sorted(true_files.keys() & estimates.keys())
    if not common:
        raise VoGanError(
            f"{estimate}: none of its {len(estimates)} PNG or NPY files has the name of one of the {len(true_files)} "
            f"in {truth}; files belong together when their names agree up to the suffix"
        )
    return [(true_files[stem], estimates[stem]) for stem in common], len(true_files) - len(common)


def sizes(of: Iterable[tuple[int, int]]) -> str:
    """The different sizes among (width, height), such as `1241x376, 1242x375`."""
    return ", ".join(f"{width}x{height}" for width, height in sorted(set(of)))


def _by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES:
            continue
        if path.stem in files:
            raise VoGanError(f"{path}: {files[path.stem].name} stands for the same frame; keep one of the two")
        files[path.stem] = path
    return files


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VoGanError(f"{path}: cannot be read ({error.strerror}); expected a 16-bit PNG or a .npy file") from error


def _read_array(path: Path) -> Float32[np.ndarray, "h w"]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected a .npy file of floats") from error
    if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.floating) or array.ndim != 2:
        found = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise VoGanError(f"{path}: holds {found}; expected floats of shape (height, width)")
    values = array.astype(np.float32)
    return np.where(np.isfinite(values) & (values > 0), values, np.float32(0.0))
