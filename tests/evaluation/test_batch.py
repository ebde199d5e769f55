"""Many sequences: found by name, the same figures however the work is divided, and bad ones left out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.batch import Job, evaluate_batch, find_jobs, mean_figures, pooled_figures, unpaired
from vo_gan.evaluation.kitti import segment_errors
from vo_gan.odometry.trajectory import Trajectory, read_trajectory, write_kitti, write_tum

NAMES = ("00", "01", "02", "05")


def circle(radius: float, count: int, error: float = 0.0) -> Trajectory:
    angle = np.linspace(0.0, 5.0, count)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(angle)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(angle), -np.sin(angle)
    poses[:, 0, 3], poses[:, 2, 3] = radius * (1 - np.cos(angle)), radius * np.sin(angle)
    poses[:, :3, 3] *= 1 + error
    return Trajectory(poses, 0.1 * np.arange(count), np.arange(count))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Four sequences; the estimate of one is a track folder, of another a TUM file."""
    truth, estimate = tmp_path / "gt", tmp_path / "est"
    truth.mkdir()
    estimate.mkdir()
    for index, name in enumerate(NAMES):
        radius, error = 30.0 + 20 * index, 0.01 * (index + 1)
        write_kitti(truth / f"{name}.txt", circle(radius, 300))
        if name == "01":
            (estimate / name).mkdir()
            write_kitti(estimate / name / "trajectory_kitti.txt", circle(radius, 300, error))
            (estimate / name / "track.json").write_text(json.dumps({"size": [416, 128], "selection": None}))
        elif name == "02":
            write_tum(estimate / f"{name}.tum", circle(radius, 300, error))
        else:
            write_kitti(estimate / f"{name}.txt", circle(radius, 300, error))
    return truth, estimate


def test_mean_and_pooled(folders: tuple[Path, Path]) -> None:
    jobs = find_jobs(*folders, "none", "exact")
    outcomes = evaluate_batch(jobs, 1)
    assert outcomes is not None
    assert [one.name for one in outcomes] == list(NAMES)
    figures = [one.figures for one in outcomes if one.figures is not None]
    assert mean_figures(outcomes)["ate_m"] == pytest.approx(np.mean([one.ate_m for one in figures]))
    errors = [
        segment_errors(
            read_trajectory(job.truth).world_from_camera,
            circle(30.0 + 20 * index, 300, 0.01 * (index + 1)).world_from_camera,
            np.arange(300),
        ).translation
        for index, job in enumerate(jobs)
    ]
    pooled = pooled_figures(outcomes)["t_rel_percent"]
    assert pooled == pytest.approx(100 * np.mean(np.concatenate(errors)), rel=1e-6)
    assert pooled != pytest.approx(mean_figures(outcomes)["t_rel_percent"], rel=1e-3)


def test_the_same_in_any_order_and_number_of_processes(folders: tuple[Path, Path]) -> None:
    jobs = find_jobs(*folders, "sim3", "exact")
    alone = evaluate_batch(jobs, 1)
    assert evaluate_batch(jobs, 2) == alone
    backwards = evaluate_batch(jobs[::-1], 1)
    assert backwards is not None
    assert backwards[::-1] == alone


def test_ranks_of_torchrun_share_the_work(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ranks with the environment that torchrun gives them: rank 0, here, has what one process has."""
    jobs = find_jobs(*folders, "se3", "exact")
    alone = evaluate_batch(jobs, 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    for name, value in {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    code = (
        "import sys; from pathlib import Path; from vo_gan.evaluation.batch import evaluate_batch, find_jobs; "
        "print(evaluate_batch(find_jobs(Path(sys.argv[1]), Path(sys.argv[2]), 'se3', 'exact'), 1))"
    )
    other = subprocess.Popen([sys.executable, "-c", code, *map(str, folders)], stdout=subprocess.PIPE, text=True)
    monkeypatch.setenv("RANK", "0")
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(evaluate_batch, jobs, 1).result(timeout=200) == alone
    assert other.communicate(timeout=100)[0].strip() == "None"
    assert other.returncode == 0


def test_a_bad_file_does_not_stop_the_others(folders: tuple[Path, Path]) -> None:
    (folders[1] / "00.txt").write_text("1 2 3\n")
    outcomes = evaluate_batch(find_jobs(*folders, "se3", "exact"), 1)
    assert outcomes is not None
    assert outcomes[0].figures is None
    assert "00.txt, line 1: has 3 columns" in outcomes[0].error
    assert all(one.figures is not None for one in outcomes[1:])
    missing = Job("09", folders[0] / "none.txt", folders[1] / "00.txt", "se3", "exact")
    failed = evaluate_batch([missing], 1)
    assert failed is not None
    assert "none.txt: no such file" in failed[0].error
    assert mean_figures(failed)["ate_m"] is pooled_figures(failed)["t_rel_percent"] is None


def test_what_has_no_partner_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_kitti(folders[0] / "08.txt", circle(30, 10))
    write_kitti(folders[1] / "11.txt", circle(30, 10))
    assert unpaired(*folders) == ["08", "11"]
    write_kitti(folders[1] / "02.txt", circle(30, 10))
    with pytest.raises(VoGanError, match=r"02.txt: 02.tum stands for the same sequence"):
        find_jobs(*folders, "se3", "exact")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VoGanError, match=r"empty: holds no trajectory; expected NN.txt.*or track folders"):
        find_jobs(folders[0], tmp_path / "empty", "se3", "exact")
    with pytest.raises(VoGanError, match=r"nowhere: no such folder; check --gt"):
        find_jobs(tmp_path / "nowhere", folders[1], "se3", "exact")
    write_kitti(tmp_path / "empty" / "77.txt", circle(30, 10))
    with pytest.raises(VoGanError, match=r"none of its 1 trajectories \(77\) has the name of one of the 5"):
        find_jobs(folders[0], tmp_path / "empty", "se3", "exact")
