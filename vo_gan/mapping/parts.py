"""A map on its way: what each stretch of the drive adds is put on disk, and joined when all stretches are done.

A part is a set of tables, each of keys in ascending order (`vo_gan.mapping.voxel_keys`) with a row of values for every
key. Rows of the same key in several parts belong to the same voxel and add up. A table is read in stretches of cells,
so joining takes no more memory for a long drive than for a short one.

A part counts once its record is there, which is written last; whatever else a killed run leaves is written anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.mapping.voxel_keys import cells_of

RECORD = "map.json"
"""What the parts are of: the track and the settings."""

Rows = Shaped[np.ndarray, "n ..."]


@dataclass(frozen=True)
class Table:
    """Keys and rows of one part on disk.

    Attributes:
        path: of its files, without their endings.
        row: type of a row.
        cells: numbers of the cells that have voxels in it, ascending.
        starts: index of the first voxel of each cell, and the number of voxels at the end.
    """

    path: Path
    row: np.dtype
    cells: Int64[np.ndarray, " m"]
    starts: Int64[np.ndarray, " k"]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Indices of the voxels in the cells with numbers `first` to `last`, as a range."""
        low, high = np.searchsorted(self.cells, [first, last + 1])
        return int(self.starts[low]), int(self.starts[high])

    def keys(self, start: int, stop: int) -> Int64[np.ndarray, " n"]:
        """Keys of a range of voxels."""
        return np.fromfile(self.path.with_suffix(".keys"), np.int64, stop - start, offset=8 * start)

    def rows(self, start: int, stop: int) -> Rows:
        """Rows of a range of voxels."""
        return np.fromfile(self.path.with_suffix(".rows"), self.row, stop - start, offset=self.row.itemsize * start)

    def some_rows(self, indices: Int64[np.ndarray, " n"]) -> Rows:
        """Rows of some voxels, by their indices, ascending."""
        breaks = np.flatnonzero(np.diff(indices) != 1) + 1
        runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(indices, breaks) if len(run)]
        return np.concatenate([np.empty(0, self.row), *(self.rows(*run) for run in runs)])


class Parts:
    """The folder of the parts of one map."""

    def __init__(self, folder: Path, description: Mapping[str, Any]) -> None:
        """Make the folder, or take the one that an interrupted run has left.

        Args:
            folder: where the parts go; nothing else is kept there.
            description: what they depend on. Parts that were made with another one are thrown away.

        Raises:
            VoGanError: the folder cannot be made.
        """
        self.folder = folder
        wanted = json.dumps(dict(description), indent=1, sort_keys=True)
        record = folder / RECORD
        try:
            if not record.is_file() or record.read_text(encoding="utf-8") != wanted:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
        except OSError as error:
            raise VoGanError(f"{folder}: cannot be made ({error.strerror}). Name another folder with --out.") from error
        replace_file(record, wanted.encode())

    def remove(self) -> None:
        """Delete the folder with all parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def counts(self, part: int) -> dict[str, int] | None:
        """What was counted while a part was made; None if the part is not there."""
        path = self._record(part)
        return json.loads(path.read_text(encoding="utf-8"))["counts"] if path.is_file() else None

    def totals(self) -> Counter[str]:
        """What was counted in all parts that are there."""
        records = self.folder.glob("[0-9]*.json")
        return sum((Counter(self.counts(int(record.stem))) for record in records), Counter())

    def write(
        self, part: int, tables: Mapping[str, tuple[Int64[np.ndarray, " n"], Rows, int]], counts: Mapping[str, int]
    ) -> None:
        """Keep a part.

        Args:
            part: its number.
            tables: by name: keys, ascending; their rows; and the logarithm of a cell's edge.
            counts: numbers to keep with it.

        Raises:
            VoGanError: the disk is full or cannot be written.
        """
        index = {}
        try:
            for name, (keys, rows, cell_bits) in tables.items():
                path = self._table(part, name)
                keys.tofile(path.with_suffix(".keys"))
                rows.tofile(path.with_suffix(".rows"))
                cells, starts = np.unique(cells_of(keys, cell_bits), return_index=True)
                index[name] = {"cells": cells.tolist(), "starts": [*starts.tolist(), len(keys)]}
        except OSError as error:
            raise VoGanError(
                f"{self.folder}: cannot be written ({error.strerror or error}). Free some space, or name another "
                "folder with --out."
            ) from error
        replace_file(self._record(part), json.dumps({"counts": dict(counts), "tables": index}).encode())

    def tables(self, name: str, row: np.dtype) -> list[Table]:
        """A table of all parts that are there, in order."""
        tables = []
        for record in sorted(self.folder.glob("[0-9]*.json")):
            index = json.loads(record.read_text(encoding="utf-8"))["tables"][name]
            cells, starts = (np.array(index[what], np.int64) for what in ("cells", "starts"))
            tables.append(Table(self._table(int(record.stem), name), row, cells, starts))
        return tables

    def _record(self, part: int) -> Path:
        return self.folder / f"{part:05d}.json"

    def _table(self, part: int, name: str) -> Path:
        return self.folder / f"{part:05d}_{name}"


def stretches(tables: list[Table], most: int) -> Iterator[list[tuple[Table, int, int]]]:
    """Go through the cells of several tables together, in ascending order of their numbers.

    Args:
        tables: the same table of every part.
        most: voxels to take at a time; more only where a single cell has more.

    Yields:
        every table with the range of its voxels in the next cells. No cell is divided.
    """
    cells = np.unique(np.concatenate([table.cells for table in tables]))
    sizes = np.zeros(len(cells), np.int64)
    for table in tables:
        sizes[np.searchsorted(cells, table.cells)] += np.diff(table.starts)
    first = 0
    while first < len(cells):
        last = max(first, int(np.searchsorted(np.cumsum(sizes[first:]), most, side="right")) + first - 1)
        yield [(table, *table.span(int(cells[first]), int(cells[last]))) for table in tables]
        first = last + 1


def file_stamp(path: Path) -> list[int]:
    """Size and time of change of a file, which tell whether it is still the same."""
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]
