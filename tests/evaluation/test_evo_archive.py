"""Archives that evo itself opens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.evo_archive import write_evo_archive
from vo_gan.evaluation.trajectory import align_trajectories, evaluate_aligned
from vo_gan.odometry.trajectory import Trajectory


def spiral(noise: float = 0.0, times: bool = False) -> Trajectory:
    angle = np.linspace(0, 6, 120)
    poses = np.tile(np.eye(4), (120, 1, 1))
    poses[:, 0, 3], poses[:, 2, 3] = angle * np.cos(angle), angle * np.sin(angle)
    poses[:, :3, 3] += noise * np.random.default_rng(0).normal(size=(120, 3))
    return Trajectory(poses, 100.0 + 0.1 * np.arange(120) if times else None, np.arange(120))


@pytest.mark.parametrize("times", [True, False])
def test_evo_loads_what_was_measured(tmp_path: Path, times: bool) -> None:
    from evo.tools.file_interface import load_res_file

    aligned = align_trajectories(spiral(times=times), spiral(0.1, times).take(np.arange(5, 100)), "se3")
    path = tmp_path / "a.zip"
    write_evo_archive(path, aligned, "run a")
    result = load_res_file(path, load_trajectories=True)
    assert result.stats["rmse"] == pytest.approx(evaluate_aligned(aligned).ate_m)
    assert len(result.np_arrays["error_array"]) == 95
    assert result.info["est_name"] == "run a"
    assert "alignment se3" in result.info["title"]
    assert set(result.trajectories) == {"truth", "run a"}
    loaded = result.trajectories["run a"]
    np.testing.assert_allclose(loaded.positions_xyz, aligned.estimate.world_from_camera[:, :3, 3], atol=1e-6)
    if times:
        np.testing.assert_allclose(loaded.timestamps, aligned.estimate.times)
    assert list(tmp_path.iterdir()) == [path]


def test_evo_res_compares_two(tmp_path: Path) -> None:
    for name, noise in (("good", 0.01), ("bad", 0.3)):
        write_evo_archive(tmp_path / f"{name}.zip", align_trajectories(spiral(), spiral(noise), "se3"), name)
    command = [sys.executable, "-c", "import sys; from evo.cli.entry_points import res; sys.exit(res())"]
    done = subprocess.run(
        [*command, "good.zip", "bad.zip", "--save_table", "table.csv"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = (tmp_path / "table.csv").read_text()
    assert "good" in table
    assert "bad" in table


def test_no_errors_without_a_scale(tmp_path: Path) -> None:
    still = Trajectory(np.tile(np.eye(4), (120, 1, 1)), None, np.arange(120))
    with pytest.raises(VoGanError, match=r"a.zip: there are no errors to write: the estimate does not move"):
        write_evo_archive(tmp_path / "a.zip", align_trajectories(spiral(), still, "sim3"), "still")
    assert not list(tmp_path.iterdir())
