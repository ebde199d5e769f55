"""Runs side by side: over the same frames, with the figures of the evaluation and the differences between them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.compare import compare, evaluate_runs, read_result
from vo_gan.evaluation.trajectory import evaluate_trajectory
from vo_gan.geometry.poses import chain_motions
from vo_gan.odometry.trajectory import Trajectory, write_kitti

FIGURES = ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "rpe_m", "rpe_deg")


def road(noise: float = 0.0, scale: float = 1.0, count: int = 400) -> Trajectory:
    """Some 400 m with bends."""
    random = np.random.default_rng(5)
    angle = 0.03 * np.sin(np.arange(count) / 30) + 0.1 * noise * random.normal(size=count)
    motions = np.tile(np.eye(4), (count, 1, 1))
    motions[:, 0, 0] = motions[:, 2, 2] = np.cos(angle)
    motions[:, 0, 2], motions[:, 2, 0] = np.sin(angle), -np.sin(angle)
    motions[:, :3, 3] = scale * (np.array([0.0, 0.0, 1.0]) + noise * random.normal(size=(count, 3)))
    return Trajectory(chain_motions(motions), None, np.arange(count + 1))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    for name, trajectory in (("good", road(0.005)), ("long", road(0.005, 1.03)), ("noisy", road(0.05))):
        write_kitti(tmp_path / f"{name}.txt", trajectory)
    return [tmp_path / f"{name}.txt" for name in ("good", "long", "noisy")]


def test_figures_and_differences(paths: list[Path]) -> None:
    runs, notes = evaluate_runs(road(), paths, "se3")
    comparison = compare(runs)
    assert notes == comparison.notes == []
    assert comparison.keys == list(FIGURES)
    alone = evaluate_trajectory(road(), road(0.005, 1.03), "se3")
    for key in FIGURES:
        assert runs[1].figures[key] == pytest.approx(getattr(alone, key), abs=1e-6)
        difference = comparison.differences["long"][key]
        assert difference.value == pytest.approx(runs[1].figures[key] - runs[0].figures[key])  # type: ignore[operator]
        interval = difference.interval
        assert interval is not None
        assert interval.low <= difference.value <= interval.high
    longer = comparison.differences["long"]["t_rel_percent"].interval
    assert longer is not None
    assert longer.low > 2.0
    turning = comparison.differences["long"]["rpe_deg"].interval
    assert turning is not None
    assert turning.low == pytest.approx(0.0, abs=1e-6)
    assert turning.high == pytest.approx(0.0, abs=1e-6)
    noise = comparison.differences["noisy"]["rpe_m"].interval
    assert noise is not None
    assert noise.low > 0.01


def test_runs_are_compared_over_common_frames(paths: list[Path], tmp_path: Path) -> None:
    whole = road(0.005)
    write_kitti(tmp_path / "part.txt", whole.take(np.arange(100, 350)))
    runs, notes = evaluate_runs(road(), [paths[0], tmp_path / "part.txt"], "se3")
    assert notes == ["compared over the 250 frames that all runs have"]
    comparison = compare(runs)
    for key in FIGURES:
        assert comparison.differences["part"][key].value == pytest.approx(0.0, abs=1e-9), key
    write_kitti(tmp_path / "other.txt", whole.take(np.arange(100)))
    with pytest.raises(VoGanError, match="no frame of the truth in common"):
        evaluate_runs(road(), [tmp_path / "part.txt", tmp_path / "other.txt"], "se3")


def test_an_undefined_figure_has_no_difference(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_kitti(tmp_path / f"{name}.txt", road(0.01, count=60))
    runs, _ = evaluate_runs(road(count=60), [tmp_path / "a.txt", tmp_path / "b.txt"], "se3")
    assert compare(runs).keys == ["ate_m", "rpe_m", "rpe_deg"]


def test_results_of_json(tmp_path: Path) -> None:
    for name, value, crop in (("a", 0.1, "garg"), ("b", 0.15, "none")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"abs_rel": value, "rmse": None, "crop": crop}))
    comparison = compare([read_result(tmp_path / "a.json"), read_result(tmp_path / "b.json")])
    assert comparison.keys == ["abs_rel"]
    difference = comparison.differences["b"]["abs_rel"]
    assert difference.value == pytest.approx(0.05)
    assert difference.interval is None
    assert comparison.notes == ["not the same crop: a garg, b none"]
    (tmp_path / "batch.json").write_text(json.dumps({"mean": {"ate_m": 2.0}, "alignment": "se3"}))
    assert read_result(tmp_path / "batch.json").figures["ate_m"] == 2.0
    for text in ("{", "[1]", '{"loss": 1}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(VoGanError, match=r"a.json: (cannot be read|holds none of the figures)"):
            read_result(tmp_path / "a.json")
