"""The live view: what it draws, how seldom, and where."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan import live as module
from vo_gan.errors import VoGanError
from vo_gan.live import INTERVAL, SHARE, LiveView, PngScreen, WindowScreen, draw_state
from vo_gan.odometry.tracker import TrackedFrame


class Recorder:
    """A screen that keeps what it is shown, and takes a while for it."""

    def __init__(self, now: list[float], seconds: float) -> None:
        self.now, self.seconds = now, seconds
        self.times: list[float] = []
        self.closed = False

    def show(self, picture: np.ndarray) -> None:
        assert picture.dtype == np.uint8
        self.times.append(self.now[0])
        self.now[0] += self.seconds

    def close(self) -> None:
        self.closed = True


def tracked(index: int) -> TrackedFrame:
    pose = np.eye(4)
    pose[:3, 3] = index, 0, 2 * index
    return TrackedFrame(index, pose, np.full((8, 16), 5.0, np.float32))


@pytest.mark.parametrize("seconds", [0.001, 0.5])
def test_pictures_take_a_small_share_of_the_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    screen = Recorder(now, seconds)
    view = LiveView(screen, 1000)
    for index in range(1000):
        view.take(np.zeros((8, 16, 3), np.uint8), tracked(index))
        now[0] += 0.05
    assert 1 < len(screen.times) <= 50.0 / INTERVAL + 1
    assert np.diff(screen.times).min() >= max(INTERVAL, seconds / SHARE) - 1e-9
    view.close()
    assert screen.closed


def test_the_last_frame_is_shown_in_a_whole_picture(tmp_path: Path) -> None:
    view = LiveView(PngScreen(tmp_path / "live.png"), 50)
    for index in range(50):
        view.take(np.full((8, 16, 3), 5 * index, np.uint8), tracked(index))
    view.close()
    picture = cv2.imread(str(tmp_path / "live.png"))
    assert (picture == 5 * 49).all(axis=-1).sum() > 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["live.png"]


def test_colours_are_right_and_the_path_goes_up() -> None:
    """A red frame is red (and last of the three in OpenCV's order); driving ahead is drawn upwards."""
    frame = np.zeros((40, 120, 3), np.uint8)
    frame[..., 0] = 255
    positions = np.stack([np.zeros(50), np.zeros(50), np.arange(50.0)], axis=1)
    picture = draw_state(positions, frame, np.linspace(1, 9, 4800, dtype=np.float32).reshape(40, 120), "text")
    assert (picture == (0, 0, 255)).all(axis=-1).sum() > 50_000
    end = np.argwhere((picture == module.INK).all(axis=-1) & (np.arange(picture.shape[1]) < module.PATH_SIDE))
    start = np.argwhere((picture == module.SOFT).all(axis=-1))
    assert end[end[:, 0] < module.PATH_SIDE, 0].mean() < start[:, 0].mean()


def test_a_window_needs_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for display in (None, ":987"):
        monkeypatch.delenv("DISPLAY", raising=False)
        if display is not None:
            monkeypatch.setenv("DISPLAY", display)
        with pytest.raises(VoGanError, match="no display that can be opened here"):
            WindowScreen()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    view = LiveView(PngScreen(tmp_path / "none" / "live.png"), 5)
    with pytest.raises(VoGanError, match=r"live\.png"):
        view.take(np.zeros((8, 16, 3), np.uint8), tracked(0))
