"""Frames of a real town: views warped into one another, and what every option changes and leaves alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from vo_gan.world import DIFFICULTIES, WorldOptions
from vo_gan.world.camera import kitti_camera
from vo_gan.world.drive import plan_drive
from vo_gan.world.recorder import Recorder, StereoFrame
from vo_gan.world.truth import DEPTH_SCALE

SIZE = (416, 128)
SMALL = (208, 64)
SEED, FRAMES = 4, 60


@pytest.fixture(scope="module")
def plain() -> Recorder:
    """A recorder without any difficulty."""
    return Recorder(SEED, 0, FRAMES, SIZE, WorldOptions())


@pytest.fixture(scope="module")
def small() -> StereoFrame:
    """A frame at 208x64 without any difficulty."""
    return Recorder(SEED, 0, FRAMES, SMALL, WorldOptions()).record(20)


def warp(
    source: np.ndarray, source_depth: np.ndarray, depth: np.ndarray, source_from_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sample a source view where the target's points lie in it; the mask keeps what the source sees as well."""
    fx, fy, cx, cy = kitti_camera(SIZE).intrinsics
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float64)
    points = np.stack([(x - cx) / fx, (y - cy) / fy, np.ones_like(x)], axis=-1) * depth[..., None]
    points = points @ source_from_target[:3, :3].T + source_from_target[:3, 3]
    z = np.maximum(points[..., 2], 1e-3)
    x, y = points[..., 0] / z * fx + cx, points[..., 1] / z * fy + cy
    mask = (depth > 0) & (points[..., 2] > 0.1) & (x >= 0) & (x < SIZE[0] - 1) & (y >= 0) & (y < SIZE[1] - 1)
    column, row = (np.where(mask, np.floor(v), 0).astype(int) for v in (x, y))
    for i in (0, 1):
        for j in (0, 1):
            beside = source_depth[np.minimum(row + i, SIZE[1] - 1), np.minimum(column + j, SIZE[0] - 1)]
            mask &= np.abs(beside - z) < 0.02 * z
    image = cv2.remap(source.astype(np.float32), x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    return image, mask


def decibels(one: np.ndarray, two: np.ndarray, mask: np.ndarray) -> float:
    """Peak signal-to-noise ratio inside a mask."""
    error = ((one.astype(np.float64) - two.astype(np.float64)) ** 2)[mask].mean()
    return float(10 * np.log10(255.0**2 / error))


def depth_of(frame: StereoFrame) -> np.ndarray:
    return frame.truth["depth"] / DEPTH_SCALE


def test_right_view_warped_by_disparity_is_the_left(plain: Recorder) -> None:
    shifted = np.eye(4)
    shifted[0, 3] = -0.54
    for index in (3, 50):
        frame = plain.record(index)
        depth = depth_of(frame)
        disparity = kitti_camera(SIZE).intrinsics[0] * 0.54 / np.maximum(depth, 1e-3)
        right_depth = np.zeros_like(depth)
        rows, columns = np.nonzero((depth > 0) & (np.arange(SIZE[0]) >= disparity))
        order = np.argsort(-depth[rows, columns])
        rows, columns = rows[order], columns[order]
        landed = columns - disparity[rows, columns]
        for shift in (np.floor(landed), np.ceil(landed)):
            right_depth[rows, shift.astype(int)] = depth[rows, columns]
        image, mask = warp(frame.right, right_depth, depth, shifted)
        assert mask.mean() > 0.3
        assert decibels(image, frame.left, mask) > 32.0
        assert decibels(frame.right, frame.left, mask) < 25.0


def test_previous_view_warped_by_depth_and_pose_is_this_view(plain: Recorder) -> None:
    poses = plan_drive(SEED, 0, FRAMES).poses(FRAMES)
    for index in (3, 50):
        before, frame = plain.record(index - 1), plain.record(index)
        before_from_now = np.linalg.inv(poses[index - 1]) @ poses[index]
        image, mask = warp(before.left, depth_of(before), depth_of(frame), before_from_now)
        assert mask.mean() > 0.3
        assert decibels(image, frame.left, mask) > 32.0
        assert decibels(before.left, frame.left, mask) < 26.0


def test_most_parts_of_the_image_have_contrast(plain: Recorder) -> None:
    frame = plain.record(30)
    grey = cv2.cvtColor(frame.left, cv2.COLOR_RGB2GRAY).astype(np.float64)
    contrast = grey.reshape(8, 16, 26, 16).std(axis=(1, 3))
    nothing_but_sky = (depth_of(frame) == 0).reshape(8, 16, 26, 16).all(axis=(1, 3))
    assert (contrast[~nothing_but_sky] > 2.5).mean() > 0.9


@pytest.mark.parametrize("weather", ["overcast", "fog", "rain", "dusk", "night", "rolling"])
def test_weather_changes_the_picture_and_nothing_else(small: StereoFrame, weather: str) -> None:
    frame = Recorder(SEED, 0, FRAMES, SMALL, WorldOptions(weather=weather)).record(20)
    np.testing.assert_array_equal(frame.truth["depth"], small.truth["depth"])
    if weather != "rolling":
        assert np.abs(frame.left.astype(float) - small.left).mean() > 8
    near, far = ((depth_of(frame) > low) & (depth_of(frame) < high) for low, high in ((1, 12), (60, 250)))
    if weather == "night":
        sky = depth_of(frame) == 0
        assert frame.left[sky].mean() < 0.4 * small.left[sky].mean()
        assert frame.left[near].mean() < small.left[near].mean()
    if weather == "fog" and far.sum() > 50:
        assert frame.left[far].std() < 0.5 * small.left[far].std()
        assert frame.left[near].std() > 0.4 * small.left[near].std()


@pytest.mark.parametrize("switch", ["shadows", "exposure", "noise", "motion_blur"])
def test_every_switch_changes_the_picture_and_not_the_geometry(small: StereoFrame, switch: str) -> None:
    frame = Recorder(SEED, 0, FRAMES, SMALL, replace(WorldOptions(), **{switch: True})).record(20)
    np.testing.assert_array_equal(frame.truth["depth"], small.truth["depth"])
    difference = np.abs(frame.left.astype(float) - small.left).mean()
    assert 0.3 < difference < 60


def test_motion_blurs_near_things_and_keeps_the_light() -> None:
    sharp, blurred = (
        Recorder(SEED, 0, FRAMES, SIZE, WorldOptions(motion_blur=blur)).record(20) for blur in (False, True)
    )
    depth = depth_of(sharp)
    near = (depth > 0) & (depth < 8)
    detail = [
        np.abs(cv2.Laplacian(frame.left.astype(np.float32).mean(axis=2), cv2.CV_32F)) for frame in (sharp, blurred)
    ]
    assert detail[1][near].mean() < 0.8 * detail[0][near].mean()
    assert np.abs(sharp.left.mean() - blurred.left.mean()) < 2.0


def test_traffic_is_seen_and_masked() -> None:
    options = WorldOptions(traffic=True, extras=("semantic",))
    size = (96, 32)
    without, with_traffic = Recorder(SEED, 0, 100, size, WorldOptions()), Recorder(SEED, 0, 100, size, options)
    seen = 0
    for index in (20, 50, 80):
        frame, empty = with_traffic.record(index), without.record(index)
        moving = frame.truth["moving"] > 0
        seen += int(moving.sum())
        assert np.isin(frame.truth["semantic"][moving], (24, 26)).all()
        np.testing.assert_array_equal(frame.truth["depth"][~moving], empty.truth["depth"][~moving])
        near, far = (depth_of(f)[moving] for f in (frame, empty))
        assert ((near <= far) | (far == 0)).all()
    assert seen > 20


def test_frames_do_not_depend_on_the_order_they_are_recorded_in() -> None:
    options = replace(DIFFICULTIES["hard"], extras=("flow", "disparity", "normals", "semantic"))
    forwards, backwards = (Recorder(SEED, 0, 8, (96, 48), options) for _ in range(2))
    frames = [forwards.record(index) for index in (2, 5)]
    for index, frame in ((5, frames[1]), (2, frames[0])):
        again = backwards.record(index)
        np.testing.assert_array_equal(again.left, frame.left)
        np.testing.assert_array_equal(again.right, frame.right)
        assert list(frame.truth) == ["depth", "disparity", "flow", "normals", "semantic", "moving"]
        for name, image in frame.truth.items():
            np.testing.assert_array_equal(again.truth[name], image)
