"""One number per voxel, ordered so that neighbours in space are mostly neighbours in order."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

AXIS_BITS = 21
"""Bits of a key per axis: a map may reach 2^20 voxels in every direction (105 km at 0.1 m)."""

LIMIT = 1 << (AXIS_BITS - 1)
"""The first index, in either direction, that has no key."""


def pack(index: Int64[np.ndarray, "n 3"], cell_bits: int) -> Int64[np.ndarray, " n"]:
    """Keys of integer coordinates.

    The upper bits of x, y and z come first and name the cell, a cube of 2^cell_bits voxels; the lower bits follow and
    name the voxel in it. Sorted keys therefore lie cell by cell, and a cell is one stretch of a sorted table.

    Args:
        index: x, y, z, each at least -LIMIT and below LIMIT.
        cell_bits: logarithm of a cell's edge in voxels.
    """
    shifted = index + LIMIT
    cell, inside = shifted >> cell_bits, shifted & ((1 << cell_bits) - 1)
    return (_join(cell, AXIS_BITS - cell_bits) << (3 * cell_bits)) | _join(inside, cell_bits)


def unpack(keys: Int64[np.ndarray, " n"], cell_bits: int) -> Int64[np.ndarray, "n 3"]:
    """The coordinates that `pack` was given."""
    cell = _split(cells_of(keys, cell_bits), AXIS_BITS - cell_bits)
    inside = _split(keys & ((1 << (3 * cell_bits)) - 1), cell_bits)
    return ((cell << cell_bits) | inside) - LIMIT


def cells_of(keys: Int64[np.ndarray, " n"], cell_bits: int) -> Int64[np.ndarray, " n"]:
    """The number of the cell that each voxel lies in."""
    return keys >> (3 * cell_bits)


def neighbouring_cells(cell: int, cell_bits: int) -> Int64[np.ndarray, " n"]:
    """The numbers of a cell and of those that share a face, an edge or a corner with it: up to 27, sorted."""
    bits = AXIS_BITS - cell_bits
    around = _split(np.array([cell]), bits) + np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    inside = ((around >= 0) & (around < (1 << bits))).all(axis=1)
    return np.sort(_join(around[inside], bits))


def cell_corner(cell: int, cell_bits: int) -> Int64[np.ndarray, " 3"]:
    """Coordinates of the first voxel of a cell."""
    return (_split(np.array([cell]), AXIS_BITS - cell_bits)[0] << cell_bits) - LIMIT


def _join(triple: Int64[np.ndarray, "n 3"], bits: int) -> Int64[np.ndarray, " n"]:
    return (triple[:, 0] << (2 * bits)) | (triple[:, 1] << bits) | triple[:, 2]


def _split(number: Int64[np.ndarray, " n"], bits: int) -> Int64[np.ndarray, "n 3"]:
    return (number[:, None] >> np.array([2 * bits, bits, 0])) & ((1 << bits) - 1)
