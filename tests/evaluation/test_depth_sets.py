"""Depth figures of folders and of splits of the KITTI raw data, and every way in which they can be wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.depth import Protocol
from vo_gan.evaluation.depth_sets import evaluate_depth_folders, evaluate_depth_split, find_estimates
from vo_gan.evaluation.lidar import LidarTruth
from vo_gan.evaluation.split import SplitEntry, read_split

TRUTH = np.array([[2.0, 4.0], [10.0, 0.0]])
ESTIMATE = np.array([[3.0, 4.0], [5.0, 7.0]])
PLAIN = Protocol()

DATE, DRIVE = "2011_09_26", "2011_09_26_drive_0001_sync"


def write_png(path: Path, depth: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    cv2.imwrite(str(path), np.rint(depth * 256).astype(np.uint16))


def test_folders_of_png_and_npy(tmp_path: Path) -> None:
    for name in ("000000", "000001", "000002"):
        write_png(tmp_path / "gt" / f"{name}.png", TRUTH)
    write_png(tmp_path / "est" / "000000.png", ESTIMATE)
    np.save(tmp_path / "est" / "000002.npy", TRUTH.astype(np.float32))
    figures = evaluate_depth_folders(tmp_path / "gt", tmp_path / "est", PLAIN)
    assert (figures.images, figures.missing_images) == (2, 1)
    assert figures.abs_rel == pytest.approx(1 / 6)
    assert [image.name for image in figures.per_image] == ["000000.png", "000002.npy"]


def test_broken_folders_are_named(tmp_path: Path) -> None:
    truth, estimate = tmp_path / "gt", tmp_path / "est"
    write_png(truth / "a.png", TRUTH)
    estimate.mkdir()
    with pytest.raises(VoGanError, match=r"est: holds no PNG or NPY file; .*check --est"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    write_png(estimate / "b.png", TRUTH)
    with pytest.raises(VoGanError, match="none of its 1 PNG or NPY files"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    (estimate / "b.png").unlink()
    with pytest.raises(VoGanError, match="nowhere: no such file or folder; check --est"):
        evaluate_depth_folders(truth, tmp_path / "nowhere", PLAIN)
    with pytest.raises(VoGanError, match="one of each"):
        evaluate_depth_folders(truth, truth / "a.png", PLAIN)


def test_broken_maps_are_named(tmp_path: Path) -> None:
    truth, estimate = tmp_path / "gt", tmp_path / "est"
    write_png(truth / "a.png", TRUTH)
    estimate.mkdir()
    cv2.imwrite(str(estimate / "a.png"), np.zeros((2, 2), np.uint8))
    with pytest.raises(VoGanError, match=r"a.png: is uint8 of shape \(2, 2\); expected a 16-bit grey PNG"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    (estimate / "a.png").write_bytes((truth / "a.png").read_bytes()[:40])
    with pytest.raises(VoGanError, match=r"a.png: cannot be decoded"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    write_png(estimate / "a.png", np.ones((2, 9)))
    with pytest.raises(VoGanError, match=r"est/a.png: .*9x2 pixels"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    np.save(estimate / "a.npy", TRUTH)
    with pytest.raises(VoGanError, match="stands for the same frame"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    (estimate / "a.png").unlink()
    np.save(estimate / "a.npy", np.array([{"code": 1}]), allow_pickle=True)
    with pytest.raises(VoGanError, match=r"a.npy: cannot be read"):
        evaluate_depth_folders(truth, estimate, PLAIN)
    np.save(estimate / "a.npy", np.ones((2, 2), int))
    with pytest.raises(VoGanError, match=r"a.npy: holds int64"):
        evaluate_depth_folders(truth, estimate, PLAIN)


@pytest.mark.parametrize(
    "line",
    [
        f"{DATE}/{DRIVE} 0000000069 l",
        f"{DATE}/{DRIVE} 69 l",
        f"{DATE}/{DRIVE}/image_02/data/0000000069.png",
        f"{DATE}/{DRIVE}/image_02/data/0000000069.jpg {DATE}/{DRIVE}/image_03/data/0000000069.jpg",
    ],
)
def test_both_formats_of_a_split(tmp_path: Path, line: str) -> None:
    (tmp_path / "split.txt").write_text(f"{line}\n\n{line.replace('69', '70')}\n")
    first, second = read_split(tmp_path / "split.txt")
    assert first == SplitEntry(DATE, DRIVE, "0000000069", 2)
    assert second.frame == "0000000070"
    assert str(first) == f"{DATE}/{DRIVE}/image_02/data/0000000069"


def test_the_right_camera_of_a_split(tmp_path: Path) -> None:
    (tmp_path / "split.txt").write_text(f"{DATE}/{DRIVE} 5 r\n{DATE}/{DRIVE}/image_03/data/0000000005.png\n")
    assert [entry.camera for entry in read_split(tmp_path / "split.txt")] == [3, 3]


@pytest.mark.parametrize(
    "line",
    [
        f"{DATE}/{DRIVE} 69",
        f"{DATE}/{DRIVE} 69 x",
        f"../{DRIVE} 69 l",
        f"{DATE}/../{DATE}/{DRIVE} 69 l",
        f"/etc/{DATE}/{DRIVE} 69 l",
        f"{DATE}/{DRIVE}/image_02/data/../0000000069.png",
        "09 000010 l",
    ],
)
def test_foreign_splits_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "split.txt").write_text(f"{DATE}/{DRIVE} 68 l\n{line}\n")
    with pytest.raises(VoGanError, match=r"split.txt, line 2: .* names no image"):
        read_split(tmp_path / "split.txt")
    (tmp_path / "split.txt").write_text("\n")
    with pytest.raises(VoGanError, match=r"split.txt: is empty"):
        read_split(tmp_path / "split.txt")
    with pytest.raises(VoGanError, match=r"none.txt: no such file"):
        read_split(tmp_path / "none.txt")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two frames with a scan of a wall 10 m before the camera, and a split of three."""
    folder = tmp_path / "raw" / DATE
    scans = folder / DRIVE / "velodyne_points" / "data"
    scans.mkdir(parents=True)
    (folder / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.27\n")
    (folder / "calib_cam_to_cam.txt").write_text(
        "R_rect_00: 1 0 0 0 1 0 0 0 1\nS_rect_02: 60 20\nP_rect_02: 30 0 29.5 0 0 30 9.5 0 0 0 1 0\n"
    )
    y, z = np.meshgrid(np.linspace(-9, 9, 80), np.linspace(-3, 3, 40))
    wall = np.stack((np.full(y.shape, 10.27), y, z, np.full(y.shape, 0.5)), axis=-1).reshape(-1, 4)
    for frame in (3, 4):
        wall.astype(np.float32).tofile(scans / f"{frame:010d}.bin")
    (tmp_path / "split.txt").write_text("".join(f"{DATE}/{DRIVE} {frame} l\n" for frame in (3, 4, 5)))
    return tmp_path / "raw"


def test_split_against_scans(raw: Path, tmp_path: Path) -> None:
    images = tmp_path / "est" / DATE / DRIVE / "image_02" / "data"
    write_png(images / "0000000003.png", np.full((20, 60), 10.0))
    write_png(images / "0000000005.png", np.full((20, 60), 10.0))
    np.save(images / "0000000004_depth.npy", np.full((10, 30), 5.0, np.float32))
    write_png(images / "0000000004_depth.png", np.full((10, 30), 1.0))
    figures = evaluate_depth_split(raw, tmp_path / "split.txt", tmp_path / "est", PLAIN)
    assert [image.metrics[0] for image in figures.per_image] == pytest.approx([0.0, 0.5], abs=1e-4)
    assert (figures.images, figures.missing_images) == (2, 1)
    assert (figures.truth_resolution, figures.estimate_resolution) == ("60x20", "30x10, 60x20")
    assert figures.truth_source == "KITTI LiDAR, exact projection"
    published = evaluate_depth_split(raw, tmp_path / "split.txt", tmp_path / "est", PLAIN, "published")
    assert published.per_image[0].metrics[0] == pytest.approx(0.27 / 10.27, rel=1e-4)  # the scanner's own axis
    assert published.truth_source == "KITTI LiDAR, published projection"
    scaled = evaluate_depth_split(raw, tmp_path / "split.txt", tmp_path / "est", Protocol(median_scale=True))
    assert scaled.abs_rel == pytest.approx(0.0, abs=1e-4)
    assert scaled.scale_max == pytest.approx(2.0, rel=1e-4)


def test_numbered_estimates_go_with_the_lines(raw: Path, tmp_path: Path) -> None:
    split, entries = tmp_path / "split.txt", read_split(tmp_path / "split.txt")
    for index, depth in enumerate((10.0, 20.0, 30.0)):
        write_png(tmp_path / "est" / f"{index:06d}.png", np.full((20, 60), depth))
    figures = evaluate_depth_split(raw, split, tmp_path / "est", PLAIN)
    assert [image.metrics[0] for image in figures.per_image] == pytest.approx([0.0, 1.0], abs=1e-4)
    (tmp_path / "est" / "000001.png").unlink()
    with pytest.raises(VoGanError, match=r"est: holds 2 numbered maps, 0 to 2, and .*split.txt has 3 lines"):
        find_estimates(tmp_path / "est", split, entries)


def test_broken_sets_are_named(raw: Path, tmp_path: Path) -> None:
    split, estimates = tmp_path / "split.txt", tmp_path / "est"
    with pytest.raises(VoGanError, match="est: no such folder"):
        evaluate_depth_split(raw, split, estimates, PLAIN)
    estimates.mkdir()
    with pytest.raises(VoGanError, match="est: holds no depth of an image of"):
        evaluate_depth_split(raw, split, estimates, PLAIN)
    for index in range(3):
        write_png(estimates / f"{index:06d}.png", np.ones((20, 60)))
    with pytest.raises(VoGanError, match="has the LiDAR scan of none of the 3 estimated images"):
        evaluate_depth_split(tmp_path, split, estimates, PLAIN)
    write_png(estimates / "000001.png", np.ones((20, 20)))
    with pytest.raises(VoGanError, match=r"000001.png: an estimate of 20x20 pixels cannot be"):
        evaluate_depth_split(raw, split, estimates, PLAIN)
    scan = LidarTruth(raw).scan(read_split(split)[0])
    scan.write_bytes(scan.read_bytes()[:-3])
    with pytest.raises(VoGanError, match=r"0000000003.bin: has \d+ bytes, no whole number of points"):
        evaluate_depth_split(raw, split, estimates, PLAIN)
