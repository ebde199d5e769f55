from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.commands import data
from vo_gan.errors import VoGanError


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    for index in range(4):
        cv2.imwrite(str(tmp_path / f"{index}.jpg"), np.full((20, 30, 3), 40 * index, np.uint8))
    (tmp_path / "intrinsics.txt").write_text("30 30 14.5 9.5")
    return tmp_path


def check(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    data.add_arguments(parser)
    return data.run(parser.parse_args(["check", *arguments]))


def test_says_what_is_there(frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(frames)) == 0
    out = capsys.readouterr().out
    assert "frames: 4 of 30x20" in out
    assert "fx 30.00" in out
    assert "1 drive(s) (frames), 4 frames, 0 problem(s)" in out


@pytest.mark.parametrize("options", [[], ["--fast"]])
def test_names_what_is_wrong(frames: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    path = frames / "2.jpg"
    path.write_bytes(path.read_bytes()[:300])
    assert check(str(frames), *options) == 1
    captured = capsys.readouterr()
    assert f"PROBLEM: {path}" in captured.out
    assert "1 problem(s)" in captured.out


def test_nothing_there_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match="no drive there"):
        check(str(tmp_path))
