"""The real window, on a virtual display: what it shows, and what its keys do."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.mapping import fuse_track

PATIENCE = 120.0
"""Seconds that a busy machine may take."""


class Screen:
    """A virtual X display whose picture can be read and on whose keyboard keys can be pressed."""

    def __init__(self, name: str, framebuffer: Path) -> None:
        self.name = name
        self._framebuffer = framebuffer
        self._x11, self._xtest = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XStringToKeysym.restype = ctypes.c_ulong
        self._connection = ctypes.c_void_p(self._x11.XOpenDisplay(name.encode()))

    def picture(self) -> np.ndarray:
        """RGB, from the X window dump that the server keeps."""
        data = self._framebuffer.read_bytes()
        header = np.frombuffer(data, ">u4", 25)
        start, width, height, line = int(header[0] + 12 * header[19]), *(int(header[i]) for i in (4, 5, 12))
        rows = np.frombuffer(data, np.uint8, line * height, start).reshape(height, line)
        return rows[:, : 4 * width].reshape(height, width, 4)[..., 2::-1]

    def press(self, key: str) -> None:
        """Press and release a key, with the pointer in the middle of the window."""
        code = self._x11.XKeysymToKeycode(self._connection, ctypes.c_ulong(self._x11.XStringToKeysym(key.encode())))
        self._xtest.XTestFakeMotionEvent(self._connection, -1, 600, 300, ctypes.c_ulong(0))
        for down in (1, 0):
            self._xtest.XTestFakeKeyEvent(self._connection, code, down, ctypes.c_ulong(0))
            self._x11.XFlush(self._connection)
            time.sleep(0.1)

    def close(self) -> None:
        """Leave the display."""
        self._x11.XCloseDisplay(self._connection)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """A display of its own for one test."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed, so there is no display to open a window on")
    for library in ("libX11.so.6", "libXtst.so.6"):
        try:
            ctypes.CDLL(library)
        except OSError:
            pytest.skip(f"{library} is not installed, so no key can be pressed")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-fbdir", str(tmp_path)]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        name = f":{number.readline().strip()}"
    opened = Screen(name, tmp_path / "Xvfb_screen0")
    yield opened
    opened.close()
    server.terminate()
    server.wait()


def wait_for(condition: Callable[[], bool], what: str, window: subprocess.Popen[str]) -> None:
    """Until something is true; fails if the window closes before, or when patience ends."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if window.poll() is not None:
            pytest.fail(f"the window closed before {what}")
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {PATIENCE:g} s")
        time.sleep(0.2)


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(picture.astype(int) - colour).max(axis=-1) < 60).mean())


@pytest.mark.parametrize("shape", [[], ["--mesh"]], ids=["cloud", "mesh"])
def test_the_window_shows_the_map_and_its_keys_do_what_they_say(corridor, screen, tmp_path, shape):
    fuse_track(corridor, corridor, mesh=bool(shape))
    printed = tmp_path / "printed"
    environment = {**os.environ, "DISPLAY": screen.name, "LIBGL_ALWAYS_SOFTWARE": "1", "WAYLAND_DISPLAY": ""}
    command = [sys.executable, "-m", "vo_gan", "view", str(corridor), "--gt", str(corridor / "trajectory_kitti.txt")]
    command += shape
    with printed.open("w") as file:
        window = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment, text=True)
    try:
        wait_for(lambda: share(screen.picture(), (220, 40, 30)) > 0.01, "the red ground was shown", window)
        overview = screen.picture()
        assert "alignment se3" in printed.read_text()
        assert "F       fly along the drive" in printed.read_text()
        for mode in ("height", "error", "colour"):
            before = screen.picture()
            screen.press("c")
            wait_for(lambda mode=mode: f"colours: {mode}" in printed.read_text(), f"colours showed {mode}", window)
            wait_for(lambda before=before: (screen.picture() != before).mean() > 0.01, "the picture changed", window)
        screen.press("f")
        wait_for(lambda: (screen.picture() != overview).mean() > 0.2, "the flight began", window)
        kept = os.environ.get("VO_GAN_TEST_PICTURES")
        if kept:
            cv2.imwrite(str(Path(kept) / "overview.png"), overview[..., ::-1])
            cv2.imwrite(str(Path(kept) / "flight.png"), screen.picture()[..., ::-1])
        screen.press("q")
        assert window.wait(PATIENCE) == 0
    finally:
        window.kill()
        window.wait()
