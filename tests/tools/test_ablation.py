"""The table that compares configurations."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
TINY = [
    *("--sganvo.depth.width", "8", "--sganvo.depth.decoder_width", "4", "--sganvo.pose.features", "convolutions"),
    *("--sganvo.pose.width", "4", "--sganvo.stack.channels", "[4, 4, 4, 4]", "--sganvo.stack.features", "[4, 4, 4]"),
    *("--sganvo.adversarial.width", "4", "--data.width", "128", "--data.height", "64", "--data.batch", "2"),
    *("--data.workers", "0", "--training.device", "cpu", "--training.precision", "fp32", "--training.steps", "1"),
]


@pytest.fixture(scope="module")
def ablation() -> ModuleType:
    """The tool as a module."""
    sys.path.insert(0, str(TOOLS))
    try:
        specification = importlib.util.spec_from_file_location("ablation", TOOLS / "ablation.py")
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    return module


def test_a_table_has_means_spread_and_gaps(ablation: ModuleType) -> None:
    rows = {
        "learned": [
            {"t_rel_percent": 4.0, "r_rel_deg_per_100m": 1.0, "ate_m": 2.0, "abs_rel": 0.1},
            {"t_rel_percent": 6.0, "r_rel_deg_per_100m": 1.0, "ate_m": None, "abs_rel": 0.1},
        ],
        "baseline": [{"t_rel_percent": None, "ate_m": 12.5}],
    }
    lines = ablation.table(rows).splitlines()
    assert lines[2] == "| learned | 2 | 5 ± 1.4 | 1 ± 0 | 2 | 0.1 ± 0 |"
    assert lines[3] == "| baseline | 1 | - | - | 12.5 | - |"


def test_means_leave_out_what_a_drive_has_not(ablation: ModuleType) -> None:
    assert ablation.mean_over([{"a": 1.0, "b": None}, {"a": 3.0, "b": 4.0}]) == {"a": 2.0, "b": 4.0}
    assert ablation.mean_over([{"b": None}]) == {"b": None}


def test_runs_and_figures_are_made_once(
    ablation: ModuleType,
    tiny_world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configs = Path(__file__).parents[2] / "configs" / "ablations"
    arguments = ["ablation.py", str(configs / "layers_1.yaml"), str(configs / "adversarial_off.yaml")]
    arguments += ["--train", str(tiny_world), "--test", str(tiny_world / "sequences" / "01"), "--seeds", "3"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--out", str(tmp_path), *TINY])
    assert ablation.main() == 0
    first = capsys.readouterr().out
    assert all(
        label in first for label in ("layers_1 |", "adversarial_off, refined |", "constant velocity", "OpenCV stereo")
    )

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    shipped = ["ablation.py", "--weights", str(tmp_path / "layers_1_3"), "--test", str(tiny_world / "sequences" / "01")]
    monkeypatch.setattr(sys, "argv", [*shipped, "--out", str(tmp_path / "weights")])
    assert ablation.main() == 0
    row = next(line for line in first.splitlines() if line.startswith("| layers_1 |"))
    assert row.replace("layers_1", "layers_1_3") in capsys.readouterr().out

    monkeypatch.setattr(sys, "argv", [*arguments, "--out", str(tmp_path), *TINY])
    monkeypatch.setattr(ablation, "train", refuse)
    monkeypatch.setattr(ablation, "network_figures", refuse)
    assert ablation.main() == 0
    assert capsys.readouterr().out == first == (tmp_path / "table.md").read_text()


def test_a_missing_configuration_is_named(
    ablation: ModuleType,
    tiny_world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["ablation.py", "none.yaml", "--train", str(tiny_world), "--test", str(tiny_world / "sequences" / "01")]
    monkeypatch.setattr(sys, "argv", [*arguments, "--out", str(tmp_path)])
    assert ablation.main() == 2
    assert "none.yaml does not exist" in capsys.readouterr().err
