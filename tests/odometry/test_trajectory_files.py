"""Trajectory files: what is written comes back, and every defect is named with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.odometry.trajectory import (
    Trajectory,
    read_times,
    read_trajectory,
    write_euroc,
    write_kitti,
    write_trajectory,
    write_tum,
)

Write = Callable[[str], Path]


def random_trajectory(count: int, seed: int = 0, times: bool = True) -> Trajectory:
    """Poses with rotations by any angle up to pi."""
    random = np.random.default_rng(seed)
    rotations = np.linalg.qr(random.normal(size=(count, 3, 3)))[0]
    rotations *= np.sign(np.linalg.det(rotations))[:, None, None]
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = rotations
    poses[:, :3, 3] = random.normal(scale=100.0, size=(count, 3))
    stamps = 1.3e9 + np.cumsum(random.uniform(0.01, 1.0, count)) if times else None
    return Trajectory(poses, stamps, np.arange(count))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "trajectory.txt"
        path.write_text(text)
        return path

    return write_file


IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0"
STILL = "0 0 0 0 0 0 1"


def test_kitti_round_trip(tmp_path: Path) -> None:
    written = random_trajectory(50, times=False)
    write_kitti(tmp_path / "a.txt", written)
    read = read_trajectory(tmp_path / "a.txt")
    np.testing.assert_allclose(read.world_from_camera, written.world_from_camera, atol=1e-9)
    np.testing.assert_array_equal(read.frames, written.frames)
    assert read.times is None
    assert len((tmp_path / "a.txt").read_text().splitlines()[0].split()) == 12


def test_kitti_with_gaps_keeps_the_frame_indices(tmp_path: Path) -> None:
    whole = random_trajectory(9)
    kept = np.array([2, 3, 7])
    write_kitti(tmp_path / "a.txt", Trajectory(whole.world_from_camera[kept], None, kept))
    read = read_trajectory(tmp_path / "a.txt")
    np.testing.assert_array_equal(read.frames, kept)
    np.testing.assert_allclose(read.world_from_camera, whole.world_from_camera[kept], atol=1e-9)


def test_tum_round_trip_at_any_rotation(tmp_path: Path) -> None:
    written = random_trajectory(200)
    half_turns = np.array([np.diag([1.0, -1, -1, 1]), np.diag([-1.0, 1, -1, 1]), np.diag([-1.0, -1, 1, 1]), np.eye(4)])
    written.world_from_camera[:4] = half_turns
    write_tum(tmp_path / "a.txt", written)
    read = read_trajectory(tmp_path / "a.txt")
    np.testing.assert_allclose(read.world_from_camera, written.world_from_camera, atol=1e-9)
    assert read.times is not None
    assert written.times is not None
    np.testing.assert_allclose(read.times, written.times, atol=1e-6)


def test_tum_agrees_with_evo(tmp_path: Path) -> None:
    from evo.core.trajectory import PoseTrajectory3D

    written = random_trajectory(30)
    write_tum(tmp_path / "a.txt", written)
    columns = np.loadtxt(tmp_path / "a.txt")
    evo = PoseTrajectory3D(
        positions_xyz=columns[:, 1:4], orientations_quat_wxyz=columns[:, [7, 4, 5, 6]], timestamps=columns[:, 0]
    )
    np.testing.assert_allclose(np.array(evo.poses_se3), written.world_from_camera, atol=1e-9)


def test_tum_and_euroc_need_times(tmp_path: Path) -> None:
    for write_file in (write_tum, write_euroc):
        with pytest.raises(ValueError, match="times"):
            write_file(tmp_path / "a.txt", random_trajectory(3, times=False))


def test_euroc_round_trip(tmp_path: Path) -> None:
    written = random_trajectory(100)
    write_euroc(tmp_path / "a.csv", written)
    read = read_trajectory(tmp_path / "a.csv")
    np.testing.assert_allclose(read.world_from_camera, written.world_from_camera, atol=1e-9)
    assert read.times is not None
    assert written.times is not None
    np.testing.assert_allclose(read.times, written.times, rtol=0, atol=5e-7)


def test_euroc_is_what_evo_reads(tmp_path: Path) -> None:
    from evo.tools.file_interface import read_euroc_csv_trajectory

    written = random_trajectory(30)
    write_euroc(tmp_path / "a.csv", written)
    assert (tmp_path / "a.csv").read_text().startswith("#timestamp [ns],p_RS_R_x [m]")
    evo = read_euroc_csv_trajectory(tmp_path / "a.csv")
    np.testing.assert_allclose(np.array(evo.poses_se3), written.world_from_camera, atol=1e-9)
    np.testing.assert_allclose(evo.timestamps, written.times, rtol=0, atol=5e-7)


def test_euroc_ground_truth_has_more_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    """A line of the data set's own form: 17 columns, quaternion w first, here a quarter turn about z."""
    half = np.sqrt(0.5)
    path = tmp_path / "data.csv"
    row = f"1403636580838555648, 4.5, -1.75, 0.75, {half}, 0.0, 0.0, {half}" + ", 0.1" * 9
    path.write_text(f"\ufeff#timestamp, p_RS_R_x [m]\n{row}\n", encoding="utf-8")
    read = read_trajectory(path)
    assert read.times is not None
    assert read.times[0] == pytest.approx(1403636580.838555648, abs=1e-6)
    np.testing.assert_allclose(read.world_from_camera[0, :3, 3], [4.5, -1.75, 0.75])
    np.testing.assert_allclose(read.world_from_camera[0, :3, :3] @ [1.0, 0, 0], [0, 1, 0], atol=1e-12)


def test_write_trajectory_chooses_the_format(tmp_path: Path) -> None:
    written = random_trajectory(4)
    for name, columns in (("kitti", 12), ("tum", 8), ("euroc", 8)):
        write_trajectory(tmp_path / name, written, name)  # type: ignore[arg-type]
        line = (tmp_path / name).read_text().splitlines()[-1]
        assert len(line.split("," if name == "euroc" else None)) == columns
        np.testing.assert_allclose(
            read_trajectory(tmp_path / name).world_from_camera, written.world_from_camera, atol=1e-9
        )


def test_times_file(tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    path.write_text("0.000000e+00\n1.037e-01\n2.1e-01\n")
    np.testing.assert_array_equal(read_times(path), [0.0, 0.1037, 0.21])
    path.write_text("0.1\n0.1\n")
    with pytest.raises(VoGanError, match=r"times.txt, line 2: time 0.1 does not come after 0.1"):
        read_times(path)
    path.write_text("0.1 0.2\n")
    with pytest.raises(VoGanError, match=r"times.txt, line 1: has 2 columns; expected one time"):
        read_times(path)


def test_take_keeps_what_belongs_together() -> None:
    whole = random_trajectory(9)
    part = whole.take(np.array([1, 5]))
    assert part.times is not None
    assert whole.times is not None
    np.testing.assert_array_equal(part.world_from_camera, whole.world_from_camera[[1, 5]])
    np.testing.assert_array_equal(part.times, whole.times[[1, 5]])
    np.testing.assert_array_equal(part.frames, [1, 5])


def test_rounded_rotations_are_made_exact(write: Write) -> None:
    poses = random_trajectory(20).world_from_camera[:, :3]
    path = write("\n".join(" ".join(f"{value:.3e}" for value in pose.ravel()) for pose in poses))
    rotations = read_trajectory(path).world_from_camera[:, :3, :3]
    assert np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max() < 1e-12
    assert np.abs(rotations - poses[:, :, :3]).max() < 2e-3
    as_printed = read_trajectory(path, orthonormalise=False).world_from_camera[:, :3, :3]
    assert np.abs(np.swapaxes(as_printed, 1, 2) @ as_printed - np.eye(3)).max() > 1e-5


def test_one_pose_comments_and_line_ends(write: Write) -> None:
    assert len(read_trajectory(write(IDENTITY))) == 1
    read = read_trajectory(write(f"# time x y z qx qy qz qw\r\n\r\n0.5 {STILL}\r\n0.6 {STILL}\r\n"))
    np.testing.assert_array_equal(read.times, [0.5, 0.6])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f"{IDENTITY}\n{IDENTITY[:-2]}\n", 2, "has 11 columns"),
        (f"{IDENTITY}\n\n0 {IDENTITY}\n", 3, "has 13 columns, the lines before it have 12"),
        (f"{IDENTITY} 1 2", 1, "has 14 columns"),
        (f"{IDENTITY}\n{IDENTITY[:-1]}nan\nnan{IDENTITY[1:]}\n", 2, "not finite.*2 of 3 poses"),
        (f"{IDENTITY}\n{IDENTITY[:-1]}inf\n", 2, "not finite"),
        (f"{IDENTITY}\n1,5 0 0 0 0 1 0 0 0 0 1 0\n", 2, "could not convert"),
        (f"{IDENTITY}\n1 0.02 0 0 0 1 0 0 0 0 1 0\n", 2, "deviates from orthonormal by 0.02"),
        (f"{IDENTITY}\n0 0 0 0 0 0 0 0 0 0 0 0\n", 2, "deviates from orthonormal"),
        (f"{IDENTITY}\n{IDENTITY}\n1 0 0 0 0 1 0 0 0 0 -1 0\n", 3, "determinant -1"),
        (f"0 {IDENTITY}\n2 {IDENTITY}\n2 {IDENTITY}\n", 3, "frame index 2 does not come after 2"),
        (f"0.5 {IDENTITY}\n", 1, "no frame index"),
        (f"-1 {IDENTITY}\n", 1, "no frame index"),
        (f"# comment\n0.1 {STILL}\n0.3 {STILL}\n0.2 {STILL}\n", 4, "time 0.2.* does not come after 0.3"),
        (f"0.1 {STILL}\n0.1 {STILL}\n", 2, "time 0.1"),
        ("0.1 0 0 0 0 0 0 0.9\n", 1, "quaternion.* has length 0.9"),
        ("0.1 0 0 0 0 0 0 0\n", 1, "quaternion.* has length 0"),
        ("#t\n100,0,0,0,1,0,0,0\n200,0,0,0,1,0,0\n", 3, "has 7 columns"),
        ("100,0,0,0,1,0,0,0\n200,0,0,,1,0,0,0\n", 2, "could not convert"),
        ("100,0,0,0,1,0,0,0\n200,0,0,nan,1,0,0,0\n", 2, "not finite"),
        ("200,0,0,0,1,0,0,0\n100,0,0,0,1,0,0,0\n", 2, "time 1e-07 does not come after"),
    ],
)
def test_defects_are_named(write: Write, text: str, line: int, message: str) -> None:
    with pytest.raises(VoGanError, match=f"trajectory.txt, line {line}: .*{message}"):
        read_trajectory(write(text))


def test_slightly_skew_rotation_is_accepted(write: Write) -> None:
    assert len(read_trajectory(write("1 0.009 0 0 0 1 0 0 0 0 1 0"))) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_empty_file(write: Write, text: str) -> None:
    with pytest.raises(VoGanError, match=r"trajectory.txt: is empty"):
        read_trajectory(write(text))


def test_no_text_file(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match=r"missing.txt: no such file"):
        read_trajectory(tmp_path / "missing.txt")
    with pytest.raises(VoGanError, match="cannot be read"):
        read_trajectory(tmp_path)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(VoGanError, match=r"binary.txt: cannot be read"):
        read_trajectory(tmp_path / "binary.txt")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_kitti(path, random_trajectory(3))
    before = path.read_bytes()

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", disk_full)
    with pytest.raises(VoGanError, match="No space left"):
        write_kitti(path, random_trajectory(5))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_inconsistent_trajectory_is_refused(unchecked: None) -> None:  # noqa: ARG001
    with pytest.raises(ValueError, match="at least one pose"):
        Trajectory(np.empty((0, 4, 4)), None, np.arange(0))
    with pytest.raises(ValueError, match="equally many"):
        Trajectory(np.tile(np.eye(4), (3, 1, 1)), None, np.arange(2))
