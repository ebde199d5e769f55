"""Coloured point clouds and meshes as PLY, the format that every point-cloud program opens, written piece by piece."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from vo_gan.errors import VoGanError

HEADER_BYTES = 512
"""Room for the header, which says how many points there are and so is written last. A comment fills what is over."""

VERTEX = np.dtype([("position", "<f4", 3), ("colour", "u1", 3)])
FACE = np.dtype([("corners", "u1"), ("vertices", "<i4", 3)])


class PlyWriter:
    """Writes a binary little-endian PLY file: points with colours, or a mesh of them.

    The file appears under its name when the `with` block ends, and not at all if that ends with an error. In memory
    are only the vertices on seams.
    """

    def __init__(self, path: Path, *, mesh: bool = False) -> None:
        """Prepare to write `path`, with triangles if it is to be a mesh."""
        self.path = path
        self.vertices = self.triangles = 0
        self._mesh = mesh
        self._seams: dict[bytes, int] = {}
        self._points_path = path.with_name(f".{path.name}.new")
        self._faces_path = path.with_name(f".{path.name}.faces.new")

    def __enter__(self) -> PlyWriter:
        """Open the temporary files.

        Raises:
            VoGanError: they cannot be written.
        """
        try:
            self._points: IO[bytes] = self._points_path.open("wb")
            self._points.write(bytes(HEADER_BYTES))
            self._faces: IO[bytes] = self._faces_path.open("w+b")
        except OSError as error:
            raise self._cannot_write(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Put the file together and in place; or, after an error, remove what there is of it."""
        try:
            if kind is None:
                self._faces.seek(0)
                shutil.copyfileobj(self._faces, self._points)
                self._points.seek(0)
                self._points.write(self._header())
                self._points.close()
                os.replace(self._points_path, self.path)
        except OSError as failure:
            raise self._cannot_write(failure) from failure
        finally:
            for file, path in ((self._points, self._points_path), (self._faces, self._faces_path)):
                with suppress(OSError):
                    file.close()
                path.unlink(missing_ok=True)

    def add_points(self, points: Float32[np.ndarray, "n 3"], colours: UInt8[np.ndarray, "n 3"]) -> None:
        """Append points with RGB colours.

        Raises:
            VoGanError: the disk is full.
        """
        rows = np.empty(len(points), VERTEX)
        rows["position"], rows["colour"] = points, colours
        self._append(self._points, rows)
        self.vertices += len(points)

    def add_patch(
        self,
        points: Float32[np.ndarray, "n 3"],
        colours: UInt8[np.ndarray, "n 3"],
        triangles: Int64[np.ndarray, "m 3"],
        seam: Bool[np.ndarray, " n"],
    ) -> None:
        """Append a piece of a mesh, joined to the pieces before it.

        Args:
            points: its vertices.
            colours: RGB.
            triangles: indices among `points`.
            seam: vertices that other pieces may share; those of equal coordinates become one.

        Raises:
            VoGanError: the disk is full.
        """
        known = {int(i): self._seams.get(points[i].tobytes(), -1) for i in np.flatnonzero(seam)}
        new = np.ones(len(points), bool)
        new[[i for i, number in known.items() if number >= 0]] = False
        numbers = np.cumsum(new) - 1 + self.vertices
        for i, number in known.items():
            if number >= 0:
                numbers[i] = number
            else:
                self._seams[points[i].tobytes()] = int(numbers[i])
        rows = np.empty(len(triangles), FACE)
        rows["corners"], rows["vertices"] = 3, numbers[triangles]
        self._append(self._faces, rows)
        self.triangles += len(triangles)
        self.add_points(points[new], colours[new])

    def _append(self, file: IO[bytes], rows: np.ndarray) -> None:
        try:
            file.write(rows.tobytes())
        except OSError as error:
            raise self._cannot_write(error) from error

    def _header(self) -> bytes:
        lines = [
            "ply",
            "format binary_little_endian 1.0",
            f"element vertex {self.vertices}",
            *(f"property float {axis}" for axis in ("x", "y", "z")),
            *(f"property uchar {channel}" for channel in ("red", "green", "blue")),
        ]
        if self._mesh:
            lines += [f"element face {self.triangles}", "property list uchar int vertex_indices"]
        end = "\nend_header\n"
        text = "\n".join([*lines, "comment "])
        return (text.ljust(HEADER_BYTES - len(end), ".") + end).encode("ascii")

    def _cannot_write(self, error: OSError) -> VoGanError:
        return VoGanError(
            f"{self.path}: cannot be written ({error.strerror or error}). Free some space, or name another folder "
            "with --out."
        )


def read_cloud(path: Path) -> tuple[Float32[np.ndarray, "n 3"], UInt8[np.ndarray, "n 3"]]:
    """Points and RGB colours of a cloud that `PlyWriter` wrote.

    Raises:
        VoGanError: the file is missing, or another kind of PLY file or none.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            rows = np.fromfile(file, VERTEX)
    except OSError as error:
        raise VoGanError(f"{path}: cannot be read ({error.strerror}). Make it with `vo-gan map`.") from error
    expected = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n".encode()
    if not header.startswith(expected) or not header.endswith(b"\nend_header\n"):
        raise VoGanError(f"{path}: is not a cloud that `vo-gan map` wrote. Make it again.")
    return np.ascontiguousarray(rows["position"]), np.ascontiguousarray(rows["colour"])
