"""Pictures of trajectories: every line is there, and matplotlib is left as it was."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.evaluation.plots import plot_trajectories
from vo_gan.odometry.trajectory import Trajectory


def straight(count: int = 20, sideways: float = 0.0) -> Trajectory:
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 2, 3] = np.arange(count)
    poses[:, 0, 3] = sideways * np.arange(count) ** 2
    return Trajectory(poses, None, np.arange(count))


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("sideways", [0.0, 0.2])
def test_plot_shows_every_line(tmp_path: Path, count: int, sideways: float) -> None:
    """Also of one pose and of a straight road; the estimate's colour and the truth's grey are both there."""
    path = tmp_path / "plot.png"
    plot_trajectories(path, straight(count), {"estimate": straight(count, sideways)}, "title")
    image = np.asarray(cv2.imread(str(path)), int)
    assert min(image.shape[:2]) > 400
    red, blue = image[..., 2], image[..., 0]
    assert ((red > 180) & (blue < 120)).sum() > 50
    assert (image.std(axis=(0, 1)) > 5).all()


def test_plot_without_truth_and_without_anything(tmp_path: Path) -> None:
    plot_trajectories(tmp_path / "plot.png", None, {"estimate": straight()}, "title")
    assert (tmp_path / "plot.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="no trajectory"):
        plot_trajectories(tmp_path / "plot.png", None, {}, "title")


def test_plot_is_the_same_every_time_and_changes_no_settings(tmp_path: Path) -> None:
    import matplotlib

    def settings() -> dict[str, object]:
        return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}

    before = settings()
    for name in ("a.png", "b.png"):
        plot_trajectories(tmp_path / name, straight(), {"estimate": straight(20, 0.1)}, "title")
    assert settings() == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
