"""The window: refused plainly without a display, and its picture where one can be rendered off screen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.mapping import fuse_track, view_track
from vo_gan.open3d_loader import load_open3d


@pytest.fixture
def no_display(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")


@pytest.mark.usefixtures("no_display")
def test_without_a_display_the_message_says_what_to_do(corridor):
    with pytest.raises(VoGanError, match="no display") as raised:
        view_track(corridor)
    for advice in ("vo-gan map", "map.png", "cloud.ply", "ssh -X", "--screenshot"):
        assert advice in str(raised.value)


def test_a_display_that_cannot_be_reached_is_said_and_not_waited_for(corridor, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(VoGanError, match="could not open a window on display :4711"):
        view_track(corridor)


@pytest.mark.usefixtures("no_display")
def test_a_machine_that_cannot_render_at_all_is_said(corridor, monkeypatch):
    class Unable:
        def create_window(self, **_options: object) -> bool:
            return False

    monkeypatch.setattr(load_open3d().visualization, "VisualizerWithKeyCallback", Unable)
    with pytest.raises(VoGanError, match="could not open a window:"):
        view_track(corridor, screenshot=corridor / "view.png")


def test_a_cloud_that_is_none_is_said(corridor):
    (corridor / "cloud.ply").write_text("no cloud")
    with pytest.raises(VoGanError, match="not a coloured point cloud"):
        view_track(corridor, screenshot=corridor / "view.png")
    with pytest.raises(VoGanError, match="no such file"):
        view_track(corridor, shape_path=corridor / "none.ply", screenshot=corridor / "view.png")


@pytest.mark.parametrize("mapped", [True, False])
def test_a_screenshot_shows_the_corridor(corridor, mapped):
    if mapped:
        fuse_track(corridor, corridor)
    try:
        view_track(corridor, screenshot=corridor / "view.png")
    except VoGanError as error:
        if "could not open a window" in str(error):
            pytest.skip("this machine renders neither on a display nor through EGL")
        raise
    picture = cv2.imread(str(corridor / "view.png"))
    assert picture.shape == (720, 1280, 3)
    red = (picture[..., 2] > 100) & (picture[..., 0] < 80) & (picture[..., 1] < 80)
    assert red.mean() > 0.01
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
