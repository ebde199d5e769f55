"""Pinhole calibration as files hold it, checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from vo_gan.data.tables import parse_numbers, read_lines
from vo_gan.errors import VoGanError
from vo_gan.geometry import resize_intrinsics

CAMERA_PAIRS = ((2, 3), (0, 1))
"""KITTI's left and right cameras in order of preference: colour, then grey."""


def read_keyed_numbers(path: Path) -> dict[str, str]:
    """A KITTI calibration file: lines `KEY: values`. The values stay text until `numbers_of` reads one of them.

    Raises:
        VoGanError: missing or unreadable.
    """
    entries = {}
    for line in read_lines(path, "a KITTI calibration"):
        key, colon, values = line.partition(":")
        if colon:
            entries[key.strip()] = values
    return entries


def numbers_of(path: Path, entries: Mapping[str, str], key: str, count: int) -> Float64[np.ndarray, " n"]:
    """The `count` finite numbers under `key`.

    Raises:
        VoGanError: the key is missing, or has another number of values, or one that is not finite.
    """
    if key not in entries:
        raise VoGanError(
            f"{path}: has no line `{key}:`; expected {count} numbers there (it has {', '.join(entries) or 'none'})"
        )
    where = f"{path}, line `{key}:`"
    values = parse_numbers(entries[key], where)
    if len(values) != count:
        raise VoGanError(f"{where}: has {len(values)} numbers, expected {count}")
    return np.array(values, dtype=np.float64)


def projection_matrix(path: Path, entries: Mapping[str, str], key: str) -> Float64[np.ndarray, "3 4"]:
    """The projection matrix of a rectified camera, K [I | t].

    Raises:
        VoGanError: see `numbers_of`; also a focal length that is not positive or a third row other than (0, 0, 1).
    """
    projection = numbers_of(path, entries, key, 12).reshape(3, 4)
    if projection[0, 0] <= 0 or projection[1, 1] <= 0 or not np.allclose(projection[2, :3], (0.0, 0.0, 1.0)):
        raise VoGanError(
            f"{path}, line `{key}:`: is no projection matrix of a rectified camera (fx = {projection[0, 0]:g}, "
            f"fy = {projection[1, 1]:g}, third row {projection[2, :3].tolist()}); expected fx, fy > 0 and 0 0 1"
        )
    return projection


def check_principal_point(path: Path, matrix: Float64[np.ndarray, "3 3"], size: tuple[int, int]) -> None:
    """Refuse intrinsics whose principal point lies outside the image: they belong to an image of another size.

    Raises:
        VoGanError: names `path`, from which the intrinsics come.
    """
    cx, cy = matrix[0, 2], matrix[1, 2]
    if not (0 <= cx <= size[0] - 1 and 0 <= cy <= size[1] - 1):
        raise VoGanError(
            f"{path}: principal point ({cx:g}, {cy:g}) lies outside the image of {size[0]}x{size[1]} pixels; the "
            "intrinsics seem to belong to frames of another size. Scale them with the frames"
        )


def pinhole(
    values: tuple[float, float, float, float], source: Path | str, size: tuple[int, int]
) -> Float64[np.ndarray, "3 3"]:
    """The matrix of (fx, fy, cx, cy) in pixels, checked against the image.

    Raises:
        VoGanError: not finite, a focal length <= 0, or a principal point outside the image; `source` is named.
    """
    fx, fy, cx, cy = values
    if not np.isfinite(values).all() or fx <= 0 or fy <= 0:
        raise VoGanError(
            f"{source}: fx, fy, cx, cy = {fx:g}, {fy:g}, {cx:g}, {cy:g}; expected finite pixels with fx, fy > 0"
        )
    matrix = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    check_principal_point(Path(source), matrix, size)
    return matrix


def baseline_of(path: Path, left: Float64[np.ndarray, "3 4"], right: Float64[np.ndarray, "3 4"], keys: str) -> float:
    """Metres from the left to the right camera centre, from their projection matrices: (P_l[0,3] - P_r[0,3]) / fx.

    Raises:
        VoGanError: the right camera is not to the right of the left one.
    """
    baseline = float((left[0, 3] - right[0, 3]) / left[0, 0])
    if baseline <= 0:
        raise VoGanError(
            f"{path}: {keys} give a baseline of {baseline:g} m, expected the right camera to the right of the left "
            "one. Mend the calibration, or remove the right images to read the drive as monocular"
        )
    return baseline


def scaled(
    matrix: Float64[np.ndarray, "3 3"], native: tuple[int, int], size: tuple[int, int] | None
) -> Float64[np.ndarray, "3 3"]:
    """Intrinsics after resizing frames from `native` to `size` (unchanged if None); see `resize_intrinsics`."""
    if size is None or size == native:
        return matrix.copy()
    return resize_intrinsics(torch.from_numpy(matrix), native, size).numpy()


def camera_from_reference(projection: Float64[np.ndarray, "3 4"]) -> Float64[np.ndarray, "4 4"]:
    """The constant offset of a rectified camera: takes points of camera 0 to the camera with P = K [I | t]."""
    transform = np.eye(4)
    transform[:3, 3] = np.linalg.solve(projection[:, :3], projection[:, 3])
    return transform
