"""Whole worlds on disk: layout, determinism, stopping and bad input."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.world import DIFFICULTIES, EXTRAS, WorldOptions, render_world
from vo_gan.world.drive import lay_streets

SIZE = (64, 32)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world") / "one"
    render_world(out, sequences=1, frames=12, size=SIZE, seed=4, workers=1)
    return out


def test_layout_is_kittis(world: Path) -> None:
    sequence = world / "sequences" / "00"
    names = [f"{i:06d}.png" for i in range(12)]
    for folder, kind, shape in (
        ("image_2", np.uint8, (32, 64, 3)),
        ("image_3", np.uint8, (32, 64, 3)),
        ("depth_2", np.uint16, (32, 64)),
    ):
        assert sorted(path.name for path in (sequence / folder).iterdir()) == names
        image = cv2.imread(str(sequence / folder / names[3]), cv2.IMREAD_UNCHANGED)
        assert image.dtype == kind
        assert image.shape == shape
    times = np.loadtxt(sequence / "times.txt")
    np.testing.assert_allclose(times, 0.1 * np.arange(12), atol=1e-9)
    lines = dict(line.split(": ") for line in (sequence / "calib.txt").read_text().splitlines())
    assert set(lines) == {"P0", "P1", "P2", "P3", "Tr"}
    left, right = (np.array(lines[name].split(), float).reshape(3, 4) for name in ("P2", "P3"))
    assert left[0, 0] == pytest.approx(718.856 * 64 / 1241)
    assert left[0, 2] == pytest.approx((607.19 + 0.5) * 64 / 1241 - 0.5)
    assert (left[:, 3] == 0).all()
    assert right[0, 3] == pytest.approx(-0.54 * left[0, 0])
    assert np.loadtxt(world / "poses" / "00.txt").shape == (12, 12)


def test_first_pose_is_the_identity(world: Path) -> None:
    first = np.loadtxt(world / "poses" / "00.txt")[0].reshape(3, 4)
    np.testing.assert_allclose(first, np.eye(3, 4), atol=1e-9)


def test_depth_has_near_and_far_and_sky(world: Path) -> None:
    depth = cv2.imread(str(world / "sequences/00/depth_2/000000.png"), cv2.IMREAD_UNCHANGED) / 256.0
    assert depth[-1].max() < 12.0
    assert depth.max() > 20.0
    assert depth.max() <= 255.0


def test_same_seed_gives_the_same_bytes_with_two_workers(world: Path, tmp_path: Path) -> None:
    render_world(tmp_path / "two", sequences=1, frames=12, size=SIZE, seed=4, workers=2)
    assert digests(tmp_path / "two") == digests(world)


def test_finished_frames_are_kept_and_missing_ones_made(world: Path) -> None:
    before = digests(world)
    images = world / "sequences" / "00" / "image_2"
    kept, missing = images / "000004.png", images / "000007.png"
    written = kept.stat().st_mtime_ns
    missing.unlink()
    render_world(world, sequences=1, frames=12, size=SIZE, seed=4, workers=1)
    assert kept.stat().st_mtime_ns == written
    assert digests(world) == before


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX process groups")
def test_killed_render_leaves_no_broken_image_and_can_go_on(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    code = (
        "import sys; from pathlib import Path; from vo_gan.world import render_world\n"
        "if __name__ == '__main__':\n"
        f"    render_world(Path(sys.argv[1]), 1, 12, {SIZE}, 4, workers=1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(out)], start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(out.glob("sequences/00/image_2/*.png")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    images = [path for path in out.rglob("*.png") if not path.name.startswith(".")]
    assert images
    assert all(cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None for path in images)
    render_world(out, sequences=1, frames=12, size=SIZE, seed=4, workers=1)
    assert digests(out) == digests(world)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": (0, 32)}, "size"),
        ({"size": (64, -1)}, "size"),
        ({"size": (64, 5000)}, "size"),
        ({"sequences": 0}, "sequences"),
        ({"frames": -3}, "frames"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"first_sequence": -1}, "first sequence"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    good = {"sequences": 1, "frames": 2, "size": SIZE, "seed": 0}
    with pytest.raises(VoGanError, match=said):
        render_world(tmp_path / "out", **{**good, **wrong})
    assert not (tmp_path / "out").exists()


def test_foreign_folder_and_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(VoGanError, match="not a world"):
        render_world(tmp_path / "letters", 1, 1, SIZE, 0)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]
    with pytest.raises(VoGanError, match="is a file"):
        render_world(tmp_path / "letters" / "dear.txt", 1, 1, SIZE, 0)


def test_world_of_other_parameters_is_refused(world: Path) -> None:
    before = digests(world)
    with pytest.raises(VoGanError, match="other parameters"):
        render_world(world, 1, 12, SIZE, 6)
    assert digests(world) == before


def test_broken_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text("{")
    with pytest.raises(VoGanError, match=r"world\.json"):
        render_world(tmp_path, 1, 1, SIZE, 0)


def test_resume_allows_other_files_but_no_other_drives(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    render_world(tmp_path, 1, 1, SIZE, 4, workers=1, resume=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "sequences/00/image_2/000000.png").exists()
    (tmp_path / "world.json").unlink()
    with pytest.raises(VoGanError, match="not a world"):
        render_world(tmp_path, 1, 1, SIZE, 4, resume=True)


def test_world_of_other_options_is_refused_and_the_difference_named(world: Path) -> None:
    with pytest.raises(VoGanError, match="shadows False, now True"):
        render_world(world, 1, 12, SIZE, 4, options=DIFFICULTIES["easy"])


def test_a_full_disk_is_one_message_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name.endswith(".png.new"):
            write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(VoGanError, match=r"cannot write .*\.png: No space left.*Free some space"):
        render_world(tmp_path / "out", 1, 2, SIZE, 4, workers=1)
    assert not list((tmp_path / "out").rglob("*.png*"))


def test_a_shorter_drive_is_the_beginning_of_a_longer_one(world: Path, tmp_path: Path) -> None:
    render_world(tmp_path / "short", 1, 3, SIZE, 4, workers=1)
    before = digests(world)
    for name, digest in digests(tmp_path / "short").items():
        if name.endswith(".png"):
            assert before[name] == digest
    short, long = (np.loadtxt(folder / "poses" / "00.txt") for folder in (tmp_path / "short", world))
    np.testing.assert_array_equal(short, long[:3])


def test_record_names_the_parameters(world: Path) -> None:
    record = json.loads((world / "world.json").read_text())
    assert (record["seed"], record["frames"], record["width"], record["height"]) == (4, 12, 64, 32)


def test_all_ground_truth_is_written(tmp_path: Path) -> None:
    options = WorldOptions(traffic=True, extras=EXTRAS)
    render_world(tmp_path / "out", 1, 2, SIZE, 4, workers=1, options=options)
    folder = tmp_path / "out" / "sequences" / "00"
    for name, kind, channels in (
        ("disparity_2", np.uint16, 1),
        ("flow_2", np.uint16, 3),
        ("normals_2", np.uint16, 3),
        ("semantic_2", np.uint8, 1),
        ("moving_2", np.uint8, 1),
    ):
        image = cv2.imread(str(folder / name / "000001.png"), cv2.IMREAD_UNCHANGED)
        assert image.dtype == kind
        assert image.shape == ((32, 64, 3) if channels == 3 else (32, 64))
    depth = cv2.imread(str(folder / "depth_2" / "000000.png"), cv2.IMREAD_UNCHANGED) / 256.0
    disparity = cv2.imread(str(folder / "disparity_2" / "000000.png"), cv2.IMREAD_UNCHANGED) / 256.0
    seen = depth > 0
    np.testing.assert_allclose(disparity[seen], 718.856 * 64 / 1241 * 0.54 / depth[seen], atol=4e-3, rtol=4e-3)
    flow = cv2.cvtColor(cv2.imread(str(folder / "flow_2" / "000000.png"), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
    assert set(np.unique(flow[..., 2])) == {0, 1}


def test_other_seed_and_other_sequence_are_other_towns(world: Path, tmp_path: Path) -> None:
    render_world(tmp_path / "next", sequences=1, frames=1, size=SIZE, seed=4, workers=1, first_sequence=100)
    other = digests(tmp_path / "next")["sequences/100/image_2/000000.png"]
    assert other != digests(world)["sequences/00/image_2/000000.png"]
    positions = {lay_streets(seed, number).junctions[0].position for seed, number in ((4, 0), (4, 100), (3, 0))}
    assert len(positions) == 3
