"""Ctrl-C and SIGTERM, sent to a real process that tracks, leave a valid, shorter track and say how to go on."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from vo_gan.cli import main
from vo_gan.config import Config, DataConfig, to_plain
from vo_gan.engine import save_checkpoint
from vo_gan.mapping.track_folder import read_track
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.recipes import GanvoConfig

SIZE = (128, 64)
FRAMES = 3000
SECONDS = 600.0
"""For the process to get going; a busy machine takes its time."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of small networks, fresh from their initialisation."""
    depth, pose = DepthConfig(width=8), PoseConfig(features="convolutions", width=4, hidden=8)
    config = Config(data=DataConfig(width=SIZE[0], height=SIZE[1]), ganvo=GanvoConfig(depth=depth, pose=pose))
    torch.manual_seed(0)
    networks = {"depth": build_depth_generator(depth, SIZE), "pose": build_pose_net(pose)}
    folder = tmp_path_factory.mktemp("weights")
    save_checkpoint(folder / "tiny", networks, to_plain(config))
    return folder / "tiny"


@pytest.fixture(scope="module")
def long_drive(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of many frames, all of them links to a few."""
    folder = tmp_path_factory.mktemp("frames")
    frames = sorted((tiny_world / "sequences" / "00" / "image_2").iterdir())
    for index in range(FRAMES):
        (folder / f"{index:06d}.png").symlink_to(frames[index % len(frames)])
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_track_is_a_shorter_track(
    long_drive: Path, weights: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "my track"
    command = ["track", str(long_drive), "--weights", str(weights), "--out", str(out), "--device", "cpu"]
    command += ["--intrinsics", "74,121,62,31", "--no-refine"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vo_gan", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started = time.monotonic()
    while not (out / "depth" / "000005.png").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - started < SECONDS
        time.sleep(0.02)
    process.send_signal(number)
    _, shown = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in shown

    track = read_track(out)
    assert 6 <= len(track) < FRAMES
    assert track.read_depth(len(track) - 1).shape == (64, 128)
    assert f"is a valid track of the first {len(track)} of {FRAMES} frames" in shown
    assert f"Track the whole drive: {shlex.join(['vo-gan', *command])}" in shown
    if number == signal.SIGINT:
        # The rest, by the very command that was said, but for its last frame.
        (rest,) = re.findall(r"Track the rest as a drive of its own: vo-gan (.*)", shown)
        words = shlex.split(rest)
        words[words.index("--frames") + 1] += str(len(track) + 3)
        assert main([*words, "--no-refine"]) == 0
        described = json.loads((Path(words[words.index("--out") + 1]) / "track.json").read_text())
        assert described["selection"] == [len(track), len(track) + 3]
