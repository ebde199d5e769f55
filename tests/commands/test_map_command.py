"""`vo-gan map` and `vo-gan view` as they are called."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.commands import map as map_command
from vo_gan.commands import view as view_command
from vo_gan.errors import VoGanError


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Four frames towards a wall 8 m away, in two colours."""
    frames, folder = tmp_path / "frames", tmp_path / "track"
    frames.mkdir()
    (folder / "depth").mkdir(parents=True)
    poses = np.tile(np.eye(4), (4, 1, 1))
    poses[:, 2, 3] = 0.2 * np.arange(4)
    image = np.full((48, 64, 3), (30, 60, 200), np.uint8)
    image[:, 32:] = (200, 60, 30)
    for index, pose in enumerate(poses):
        cv2.imwrite(str(frames / f"{index:03d}.png"), image)
        depth = np.full((48, 64), round((8 - pose[2, 3]) * 256), np.uint16)
        cv2.imwrite(str(folder / f"depth/{index:06d}.png"), depth)
    np.savetxt(folder / "trajectory_kitti.txt", poses[:, :3].reshape(-1, 12))
    intrinsics = [60, 60, 32, 24]
    properties = {
        "format_version": 1,
        "source": str(frames),
        "kind": "frames",
        "selection": None,
        "source_intrinsics": intrinsics,
        "frames": 4,
        "size": [64, 48],
        "intrinsics": intrinsics,
        "scale": "metric",
    }
    (folder / "track.json").write_text(json.dumps(properties))
    return folder


def run(command, *words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def test_results_go_to_the_track_folder_and_are_named(track, capsys):
    assert run(map_command, track, "--mesh", "--voxel-size", 0.2) == 0
    printed = capsys.readouterr().out
    for name in ("cloud.ply", "mesh.ply", "map.png"):
        assert (track / name).stat().st_size > 0
        assert str(track / name) in printed
    assert "0.2 m, range 40 m" in printed
    assert "4 frames" in printed
    assert "Open3D" not in printed


def test_results_go_where_out_says(track, tmp_path):
    out = tmp_path / "a/b"
    assert run(map_command, track, "--out", out, "--stride", 2, "--max-depth", 9) == 0
    assert sorted(path.name for path in out.iterdir()) == ["cloud.ply", "map.png"]
    assert not (track / "map.png").exists()


def test_a_moved_source_is_found_with_its_option(track, tmp_path):
    (tmp_path / "frames").rename(tmp_path / "moved")
    with pytest.raises(VoGanError, match="--source"):
        run(map_command, track)
    assert not (track / "cloud.ply").exists()
    assert run(map_command, track, "--source", tmp_path / "moved") == 0


def test_view_without_display_is_refused(track, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(VoGanError, match="no display"):
        run(view_command, track)


def test_declaring_the_commands_imports_nothing_heavy():
    script = (
        "import sys, vo_gan.commands.map, vo_gan.commands.view;"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'cv2', 'open3d')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
