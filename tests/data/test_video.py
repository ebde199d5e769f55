from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.data.video import VideoDrive
from vo_gan.errors import VoGanError

FRAMES = 90


def shade(index: int) -> int:
    return 30 + 2 * index


@pytest.fixture(scope="module", params=["mp4v.mp4", "MJPG.avi"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose red channel tells the frame: 30 + 2 i; blue is 0 in the left half and 250 in the right one."""
    path = tmp_path_factory.mktemp("video") / request.param
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*request.param[:4]), 20.0, (64, 48))
    assert writer.isOpened()
    for index in range(FRAMES):
        image = np.zeros((48, 64, 3), np.uint8)
        image[..., 2] = shade(index)
        image[:, 32:, 0] = 250
        writer.write(image)
    writer.release()
    return path


def red(image: np.ndarray) -> float:
    return float(image[8:-8, 8:24, 0].mean())


def test_reads_in_order_as_rgb(video: Path) -> None:
    drive = VideoDrive(video)
    assert (len(drive), drive.size, drive.kind) == (FRAMES, (64, 48), "video")
    assert np.allclose(drive.times, np.arange(FRAMES) / 20, atol=1e-3)
    for index in range(FRAMES):
        assert red(drive.read(index)) == pytest.approx(shade(index), abs=4)
    assert drive.read(3)[:, 48:, 2].mean() > 200
    assert drive.read(3, (32, 12)).shape == (12, 32, 3)


def test_reads_in_any_order(video: Path) -> None:
    in_order = VideoDrive(video)
    frames = [in_order.read(index) for index in range(FRAMES)]
    drive = VideoDrive(video)
    for index in [*np.random.default_rng(0).integers(0, FRAMES, 40).tolist(), 0, 1, 2, FRAMES - 1, 0]:
        assert np.array_equal(drive.read(index), frames[index])


def test_goes_to_another_process_without_its_decoder(video: Path) -> None:
    drive = VideoDrive(video)
    expected = drive.read(40)
    assert np.array_equal(pickle.loads(pickle.dumps(drive)).read(40), expected)


def test_intrinsics_are_given_or_asked_for(video: Path) -> None:
    assert VideoDrive(video, (60.0, 60.0, 31.5, 23.5)).intrinsics((32, 24))[0, 0] == 30.0
    with pytest.raises(VoGanError, match=r"--intrinsics.*64x48"):
        VideoDrive(video).intrinsics()
    with pytest.raises(VoGanError, match="outside the image"):
        VideoDrive(video, (60.0, 60.0, 99.0, 23.5))


def test_frames_outside_are_named(video: Path) -> None:
    with pytest.raises(VoGanError, match=f"frames 0 to {FRAMES - 1}"):
        VideoDrive(video).read(FRAMES)


@pytest.mark.parametrize("content", [b"", b"this is no video" * 100])
def test_empty_and_undecodable_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VoGanError, match=r"broken\.mp4"):
        VideoDrive(path)


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (64, 48))
    writer.release()
    with pytest.raises(VoGanError, match=r"none\.avi"):
        VideoDrive(path)
