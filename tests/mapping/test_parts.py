"""Fusing in parts: nothing depends on how the drive was cut, and an interrupted run goes on as if it had not been."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from vo_gan.cli import main
from vo_gan.mapping import fuse, fuse_track, join
from vo_gan.mapping.parts import Parts, stretches
from vo_gan.mapping.ply import read_cloud
from vo_gan.mapping.voxel_keys import LIMIT, cell_corner, cells_of, neighbouring_cells, pack, unpack
from vo_gan.mapping.voxels import ROW
from vo_gan.open3d_loader import load_open3d

RESULTS = ("cloud.ply", "mesh.ply", "map.png")

KILLED_AT_FRAME = """
import os, signal, sys
from pathlib import Path
from vo_gan.mapping import fuse
from vo_gan.mapping.track_folder import Track

fuse.PART_FRAMES = 2
read = Track.read_colour
def read_colour(self, drive, index):
    if index == 5:
        os.kill(os.getpid(), signal.{signal})
    return read(self, drive, index)
Track.read_colour = read_colour
from vo_gan.cli import main
sys.exit(main(["map", sys.argv[1], "--out", sys.argv[2], "--mesh"]))
"""


@pytest.fixture
def short_parts(monkeypatch):
    """Parts of two frames, joined a few voxels at a time."""
    monkeypatch.setattr(fuse, "PART_FRAMES", 2)
    monkeypatch.setattr(join, "JOINED_AT_A_TIME", 50)


def results(folder):
    return [(folder / name).read_bytes() for name in RESULTS]


def test_keys_tell_the_coordinates_and_lie_cell_by_cell():
    random = np.random.default_rng(0)
    index = np.concatenate(
        [random.integers(-LIMIT, LIMIT, (500, 3)), np.full((1, 3), -LIMIT), np.full((1, 3), LIMIT - 1)]
    )
    keys = pack(index, 5)
    assert (keys >= 0).all()
    np.testing.assert_array_equal(unpack(keys, 5), index)
    here = np.stack(np.meshgrid(*[np.arange(-64, 64, 16)] * 3), -1).reshape(-1, 3)
    order = np.argsort(pack(here, 5))
    changes = np.flatnonzero((np.diff(here[order] >> 5, axis=0) != 0).any(axis=1))
    assert len(changes) == 4**3 - 1  # every cell is one stretch
    cell = int(cells_of(pack(np.array([[33, -1, 0]]), 5), 5)[0])
    np.testing.assert_array_equal(cell_corner(cell, 5), [32, -32, 0])
    around = neighbouring_cells(cell, 5)
    assert len(around) == 27
    assert cell in around


def test_tables_come_back_cell_by_cell_and_no_cell_is_divided(tmp_path):
    parts = Parts(tmp_path / "parts", {"a": 1})
    random = np.random.default_rng(1)
    written = []
    for number in range(3):
        keys = np.unique(pack(random.integers(-40, 40, (300, 3)), 3))
        rows = random.random((len(keys), 7)).astype(np.float32)
        parts.write(number, {"cloud": (keys, rows, 3)}, {"frames": number})
        written.append((keys, rows))
    assert parts.counts(2) == {"frames": 2}
    assert parts.counts(3) is None
    read = [[], [], []]
    seen: set[int] = set()
    for spans in stretches(parts.tables("cloud", ROW), 40):
        cells = set()
        for number, (table, start, stop) in enumerate(spans):
            keys = table.keys(start, stop)
            cells |= set(cells_of(keys, 3).tolist())
            read[number].append((keys, table.rows(start, stop)))
        assert not cells & seen
        seen |= cells
    for (keys, rows), pieces in zip(written, read, strict=True):
        np.testing.assert_array_equal(np.concatenate([piece[0] for piece in pieces]), keys)
        np.testing.assert_array_equal(np.concatenate([piece[1] for piece in pieces]), rows)
    table = parts.tables("cloud", ROW)[1]
    some = np.array([0, 1, 5, 9, 10])
    np.testing.assert_array_equal(table.some_rows(some), written[1][1][some])


def test_parts_of_other_settings_are_thrown_away(tmp_path):
    Parts(tmp_path / "parts", {"voxel": 1}).write(0, {}, {"frames": 5})
    assert Parts(tmp_path / "parts", {"voxel": 1}).counts(0) == {"frames": 5}
    assert Parts(tmp_path / "parts", {"voxel": 2}).counts(0) is None


@pytest.mark.usefixtures("short_parts")
def test_a_map_in_parts_is_the_map_in_one(corridor, tmp_path, monkeypatch):
    cut = fuse_track(corridor, tmp_path / "cut", mesh=True)
    monkeypatch.setattr(fuse, "PART_FRAMES", 1000)
    monkeypatch.setattr(join, "JOINED_AT_A_TIME", 10**9)
    whole = fuse_track(corridor, tmp_path / "whole", mesh=True)
    (points, colours), (same_points, same_colours) = read_cloud(cut.cloud), read_cloud(whole.cloud)
    assert len(points) == len(same_points)
    np.testing.assert_allclose(points, same_points, atol=1e-5)
    assert np.abs(colours.astype(int) - same_colours).max() <= 1
    assert abs(cut.triangles - whole.triangles) < 0.002 * whole.triangles
    io = load_open3d().io
    vertices, same = (np.asarray(io.read_triangle_mesh(str(made.mesh)).vertices) for made in (cut, whole))
    assert abs(len(vertices) - len(same)) < 0.002 * len(same)
    np.testing.assert_allclose(vertices.mean(axis=0), same.mean(axis=0), atol=2e-3)


def test_the_mesh_has_no_cracks_between_its_patches(corridor, tmp_path):
    fuse_track(corridor, tmp_path, mesh=True, voxel_size=0.05, max_depth=12.0)
    mesh = load_open3d().io.read_triangle_mesh(str(tmp_path / "mesh.ply"))
    vertices, triangles = np.asarray(mesh.vertices), np.asarray(mesh.triangles)
    assert len(np.unique(vertices, axis=0)) == len(vertices)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    edges, times = np.unique(edges, axis=0, return_counts=True)
    # The seam at z = 0 (a cell of the 0.05 m grid is 12.8 m) runs across the ground, 1.6 m below the camera: at
    # z = 12.8 nothing is left, at x = 0 the whole length is.
    middle = vertices[edges].mean(axis=1)
    on_seam = (
        (np.abs(middle[:, 0]) < 1e-4) & (np.abs(middle[:, 1] - 1.6) < 0.1) & (middle[:, 2] > 4) & (middle[:, 2] < 10)
    )
    assert on_seam.sum() > 20
    assert np.mean(times[on_seam] == 2) > 0.99


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_after_a_kill_the_same_command_goes_on_to_the_same_bytes(corridor, tmp_path, name, monkeypatch, capfd):
    monkeypatch.setattr(fuse, "PART_FRAMES", 2)
    out = tmp_path / "out"
    script = KILLED_AT_FRAME.format(signal=name)
    killed = subprocess.run(
        [sys.executable, "-c", script, str(corridor), str(out)],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert killed.returncode == (-signal.SIGKILL if name == "SIGKILL" else 130), killed.stderr
    assert sorted(path.name for path in out.iterdir()) == [".map_parts"]
    if name == "SIGINT":
        assert "4 of 8 frames are fused and kept" in killed.stderr
        assert "The same command goes on" in killed.stderr
    assert main(["map", str(corridor), "--out", str(out), "--mesh"]) == 0
    assert "4 of 8 frames are there from an interrupted run" in capfd.readouterr().err
    assert sorted(path.name for path in out.iterdir()) == sorted(RESULTS)
    assert main(["map", str(corridor), "--out", str(tmp_path / "undisturbed"), "--mesh"]) == 0
    assert results(out) == results(tmp_path / "undisturbed")
