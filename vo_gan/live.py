"""Watching a drive being tracked: the path so far, the frame at hand and its depth, in a PNG or in a window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.depth_images import color_depth
from vo_gan.display import display_answers
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.odometry.tracker import TrackedFrame

INTERVAL = 0.4
"""Seconds between two pictures at least."""
SHARE = 0.05
"""Of the time that may go into pictures: after one that took a second, twenty pass before the next."""

PATH_SIDE, VIEW_WIDTH, LINE_HEIGHT, MARGIN = 400, 560, 34, 12
PAPER, INK, SOFT, BLUE = (255, 255, 255), (48, 34, 27), (132, 118, 107), (156, 111, 31)
"""Blue, green, red: OpenCV's order."""


@runtime_checkable
class Screen(Protocol):
    """Where pictures go."""

    def show(self, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        """Show a picture (blue, green, red) instead of the one before."""

    def close(self) -> None:
        """No picture comes any more."""


class PngScreen:
    """Keeps a PNG up to date; a reader finds a whole picture at any time.

    Args:
        path: of the PNG.

    Raises:
        VoGanError: on `show`, the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def show(self, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        """See `Screen`."""
        replace_file(self.path, cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())

    def close(self) -> None:
        """See `Screen`; the last picture stays."""


class WindowScreen:
    """A window of OpenCV's; when it is closed, tracking goes on without it.

    Raises:
        VoGanError: this machine has no display, or this OpenCV no windows.
    """

    TITLE = "vo-gan track"

    def __init__(self) -> None:
        remedy = "Give --live FILE.png, and look at that"
        if not display_answers():
            raise VoGanError(f"--live window: there is no display that can be opened here. {remedy}")
        try:
            cv2.namedWindow(self.TITLE, cv2.WINDOW_AUTOSIZE)
        except cv2.error as error:
            raise VoGanError(f"--live window: this OpenCV opens no windows ({error.err}). {remedy}") from error
        self._open = True

    def show(self, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        """See `Screen`."""
        if self._open and cv2.getWindowProperty(self.TITLE, cv2.WND_PROP_VISIBLE) < 1:
            self._open = False
        if self._open:
            cv2.imshow(self.TITLE, picture)
            cv2.waitKey(1)

    def close(self) -> None:
        """See `Screen`; the window goes."""
        cv2.destroyAllWindows()


class LiveView:
    """Draws what a tracker has found so far, at most every INTERVAL seconds and at most SHARE of the time.

    Args:
        screen: where to.
        frames: number of frames to come.
    """

    def __init__(self, screen: Screen, frames: int) -> None:
        self._screen = screen
        self._frames = frames
        self._positions = np.empty((frames, 3))
        self._started = time.monotonic()
        self._next = self._started
        self._last: tuple[UInt8[np.ndarray, "h w 3"], TrackedFrame] | None = None

    def take(self, frame: UInt8[np.ndarray, "h w 3"], tracked: TrackedFrame) -> None:
        """Take in the next frame (RGB) and what the tracker says of it.

        Raises:
            VoGanError: the picture cannot be written.
        """
        self._positions[tracked.index] = tracked.world_from_camera[:3, 3]
        self._last = (frame, tracked)
        started = time.monotonic()
        if started >= self._next:
            self._draw()
            spent = time.monotonic() - started
            self._next = started + max(INTERVAL, spent / SHARE)

    def close(self) -> None:
        """Show the last frame."""
        if self._last is not None:
            self._draw()
        self._screen.close()

    def _draw(self) -> None:
        assert self._last is not None
        frame, tracked = self._last
        done = tracked.index + 1
        rate = done / max(time.monotonic() - self._started, 1e-9)
        text = f"frame {done} of {self._frames}, {rate:.1f} frames/s"
        self._screen.show(draw_state(self._positions[:done], frame, tracked.depth, text))


def draw_state(
    positions: Float64[np.ndarray, "n 3"],
    frame: UInt8[np.ndarray, "h w 3"],
    depth: Float32[np.ndarray, "dh dw"],
    text: str,
) -> UInt8[np.ndarray, "height width 3"]:
    """The path from above on the left, the frame (RGB) over its depth on the right, a line of text below.

    Returns:
        A picture in OpenCV's order of colours.
    """
    views = [_fitted(frame[..., ::-1]), _fitted(color_depth(depth)[..., ::-1])]
    height = max(PATH_SIDE, sum(len(view) for view in views) + MARGIN)
    width = PATH_SIDE + VIEW_WIDTH + 3 * MARGIN
    picture = np.full((height + 2 * MARGIN + LINE_HEIGHT, width, 3), PAPER, np.uint8)
    _draw_path(picture[MARGIN : MARGIN + PATH_SIDE, MARGIN : MARGIN + PATH_SIDE], positions)
    top, left = MARGIN, PATH_SIDE + 2 * MARGIN
    for view in views:
        picture[top : top + len(view), left : left + VIEW_WIDTH] = view
        top += len(view) + MARGIN
    cv2.putText(picture, text, (MARGIN, height + MARGIN + 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, INK, 1, cv2.LINE_AA)
    return picture


def _fitted(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    height = round(image.shape[0] * VIEW_WIDTH / image.shape[1])
    smaller = image.shape[1] > VIEW_WIDTH
    return cv2.resize(image, (VIEW_WIDTH, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _draw_path(picture: UInt8[np.ndarray, "side side 3"], positions: Float64[np.ndarray, "n 3"]) -> None:
    """The path, x to the right and z upwards, as large as it fits, with a disc where the camera is."""
    side, inset = len(picture), 20
    cv2.rectangle(picture, (0, 0), (side - 1, side - 1), (232, 226, 221), 1)
    ground = positions[:, (0, 2)] * (1.0, -1.0)
    low, high = ground.min(axis=0), ground.max(axis=0)
    scale = (side - 2 * inset) / max(float((high - low).max()), 1.0)
    pixels = (side / 2 + scale * (ground - (low + high) / 2)) * 16  # OpenCV's fixed point: 4 binary places
    points = np.rint(pixels).astype(np.int32)
    cv2.polylines(picture, [points[:, None]], False, BLUE, 2, cv2.LINE_AA, shift=4)
    cv2.circle(picture, tuple(map(int, points[0])), 5 * 16, SOFT, -1, cv2.LINE_AA, shift=4)
    cv2.circle(picture, tuple(map(int, points[-1])), 6 * 16, INK, -1, cv2.LINE_AA, shift=4)
