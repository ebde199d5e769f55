"""The command `vo-gan world`."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from vo_gan.commands import world
from vo_gan.errors import VoGanError


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    world.add_arguments(parser)
    return parser.parse_args(words)


def test_command_renders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert world.run(parse(str(out), "--frames", "2", "--size", "64x32", "--seed", "4", "--workers", "1")) == 0
    assert len(list(out.glob("sequences/00/image_3/*.png"))) == 2
    assert "1 x 2 stereo frames" in capsys.readouterr().out


@pytest.mark.parametrize("size", ["64", "64x", "64x32x3", "ax32", "64x-32", ""])
def test_malformed_size_is_refused(tmp_path: Path, size: str) -> None:
    with pytest.raises(VoGanError, match="--size"):
        world.run(parse(str(tmp_path / "out"), f"--size={size}"))


def test_preset_and_switches_make_the_options(tmp_path: Path) -> None:
    words = ["--difficulty", "hard", "--no-noise", "--weather", "night", "--truth", "flow,normals"]
    options = world._options(parse(str(tmp_path), *words, "--intrinsics", "50,50,31,15", "--baseline", "0.3"))
    assert (options.traffic, options.noise, options.weather, options.baseline) == (True, False, "night", 0.3)
    assert options.written == ("flow", "normals", "moving")
    assert options.camera((64, 32)).intrinsics == (50.0, 50.0, 31.0, 15.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--difficulty", "extreme"), "difficulty 'extreme'"),
        (("--weather", "hail"), "weather 'hail'"),
        (("--truth", "flow,deepness"), "ground truth 'deepness'"),
        (("--baseline", "-1"), "baseline"),
        (("--frames", "-5"), "frames"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(VoGanError, match=said):
        world.run(parse(str(tmp_path / "out"), "--size", "64x32", *words))
    assert not (tmp_path / "out").exists()
