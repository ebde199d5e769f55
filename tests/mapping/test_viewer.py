"""What the window is told to show, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.cli import main
from vo_gan.commands.view import _true_way
from vo_gan.mapping.viewer import flight_poses, spread_colours


@pytest.fixture
def turned_truth(tmp_path, straight):
    """A file with the truth of the whole drive: doubled in scale, turned, and with two frames before those tracked."""
    angle = 0.7
    world = np.eye(4)
    world[:3, :3] = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    world[:3, 3] = [5, -3, 2]
    poses = world @ np.concatenate([straight[:2], straight])
    poses[:, :3, 3] = (poses[:, :3, 3] - world[:3, 3]) * 2 + world[:3, 3]
    path = tmp_path / "truth.txt"
    np.savetxt(path, poses[:, :3].reshape(-1, 12))
    return path


def test_the_truth_is_matched_from_the_first_tracked_frame_and_laid_over_the_track(
    corridor, turned_truth, straight, capsys
):
    way = _true_way(corridor, turned_truth, "sim3")
    assert "8 of 8 frames matched, alignment sim3 (scale 2)" in capsys.readouterr().out
    np.testing.assert_allclose(way.positions[2:], straight[:, :3, 3], atol=1e-5)
    assert np.nanmax(way.error) < 1e-4
    stiff = _true_way(corridor, turned_truth, "se3")
    assert np.nanmax(stiff.error) > 1.0


def test_the_alignment_follows_the_scale_of_the_track(corridor, turned_truth, edit_track_json, capsys):
    _true_way(corridor, turned_truth, None)
    assert "alignment se3" in capsys.readouterr().out
    edit_track_json(corridor, scale="relative")
    _true_way(corridor, turned_truth, None)
    assert "alignment sim3" in capsys.readouterr().out


def test_colours_run_from_blue_to_red():
    colours = spread_colours(np.array([-1.0, 0.0, 5.0, 10.0, 11.0]), 0.0, 10.0)
    np.testing.assert_array_equal(colours[0], colours[1])
    np.testing.assert_array_equal(colours[3], colours[4])
    assert colours[2].argmax() == 1
    assert colours[3].argmax() == 0


def test_the_flight_is_behind_and_above_the_cameras(straight):
    flight = flight_poses(straight, 0.1)
    moved = np.einsum("nij,nj->ni", np.linalg.inv(straight[:, :3, :3]), flight[:, :3, 3] - straight[:, :3, 3])
    np.testing.assert_allclose(moved, np.tile([0, -2.0, -4.0], (len(straight), 1)), atol=1e-9)


def test_without_a_display_the_command_says_so_before_any_work(corridor, monkeypatch, capsys):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["view", str(corridor), "--mesh", "--gt", "missing.txt"]) == 2
    assert "no display" in capsys.readouterr().err
    assert not (corridor / "mesh.ply").exists()
