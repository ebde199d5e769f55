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
    assert world.run(parse(str(out), "--frames", "2", "--size", "64x32", "--workers", "1")) == 0
    assert len(list(out.glob("sequences/00/image_3/*.png"))) == 2
    assert "1 x 2 stereo frames" in capsys.readouterr().out


@pytest.mark.parametrize("size", ["64", "64x", "64x32x3", "ax32", "64x-32", ""])
def test_malformed_size_is_refused(tmp_path: Path, size: str) -> None:
    with pytest.raises(VoGanError, match="--size"):
        world.run(parse(str(tmp_path / "out"), f"--size={size}"))
