"""Coloured point clouds as PLY, the format that every point-cloud program opens."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8


def encode_ply(points: Float32[np.ndarray, "n 3"], colours: UInt8[np.ndarray, "n 3"]) -> bytes:
    """A binary little-endian PLY file of points with RGB colours."""
    vertices = np.empty(len(points), np.dtype([("position", "<f4", 3), ("colour", "u1", 3)]))
    vertices["position"] = points
    vertices["colour"] = colours
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(points)}",
        *(f"property float {axis}" for axis in ("x", "y", "z")),
        *(f"property uchar {channel}" for channel in ("red", "green", "blue")),
        "end_header",
    ]
    return ("\n".join(header) + "\n").encode("ascii") + vertices.tobytes()
