"""A video file, read frame by frame with OpenCV.

A container's frame count and the decoder's seeking are estimates. So opening goes through the video once without
converting its frames: that gives the true number of frames and the time of each, and a seek is checked against
those times. Frames extracted to a folder are the faster source for training, which reads in random order.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.data.calibration import pinhole, scaled
from vo_gan.data.decode import MAX_PIXELS
from vo_gan.data.drive import Drive, Side
from vo_gan.errors import VoGanError
from vo_gan.progress import progress

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".ogv", ".wmv"})
"""File name endings, in lower case, that are taken for a video."""

LOOK_BEHIND = 4
"""Decoded frames that are kept: overlapping snippets and a re-read frame need no seek."""

SEEK_DISTANCE = 50
"""Frames ahead up to which decoding on is preferred to seeking."""


class VideoDrive(Drive):
    """The frames of a video. Reading in order is fast, any other order works.

    Args:
        path: the file.
        intrinsics: (fx, fy, cx, cy) in pixels of the video's frames.

    Raises:
        VoGanError: missing, empty or undecodable, or intrinsics that do not fit the frames.
    """

    kind = "video"
    baseline = None
    world_from_camera = None

    def __init__(self, path: Path, intrinsics: tuple[float, float, float, float] | None = None) -> None:
        self.file = path
        self.name = path.stem
        self._capture: cv2.VideoCapture | None = None
        self._owner = os.getpid()
        self._next = 0
        self._recent: OrderedDict[int, np.ndarray] = OrderedDict()
        self._stamps, self.size, frames_per_second = _scan(path)
        increasing = bool((np.diff(self._stamps) > 0).all())
        self._seekable = increasing
        self.times = self._stamps / 1000.0 if increasing else np.arange(len(self._stamps)) / (frames_per_second or 10.0)
        self._matrix = None if intrinsics is None else pinhole(intrinsics, "intrinsics", self.size)

    def __len__(self) -> int:
        return len(self._stamps)

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read`.

        Raises:
            VoGanError: no such frame, a right view is asked for, or the frame cannot be decoded.
        """
        if not 0 <= index < len(self):
            raise VoGanError(f"{self.file}: has no frame {index}; it has frames 0 to {len(self) - 1}")
        if side == "right":
            raise VoGanError(f"{self.frame_name(index)}: a video has no right view")
        image = self._recent.get(index)
        if image is None:
            image = self._decode(index)
        if size is None or size == self.size:
            return image.copy()
        shrinks = size[0] <= self.size[0] and size[1] <= self.size[1]
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`.

        Raises:
            VoGanError: none were given.
        """
        if self._matrix is None:
            raise VoGanError(
                f"{self.file}: a video does not say its camera's intrinsics; give them as "
                f"`--intrinsics fx,fy,cx,cy` in pixels of its {self.size[0]}x{self.size[1]} frames"
            )
        return scaled(self._matrix, self.size, size)

    def has_right(self, index: int) -> bool:  # noqa: ARG002
        """False."""
        return False

    def frame_name(self, index: int, side: Side = "left") -> str:  # noqa: ARG002
        """`video.mp4, frame 12`, with the path as it was given."""
        return f"{self.file}, frame {index}"

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:  # noqa: ARG002
        """None."""
        return None

    def __getstate__(self) -> dict[str, Any]:
        """A decoder is no value: a loader's worker process opens its own."""
        return self.__dict__ | {"_capture": None, "_recent": OrderedDict(), "_next": 0}

    def _decode(self, index: int) -> UInt8[np.ndarray, "h w 3"]:
        if self._capture is None or self._owner != os.getpid():  # a forked process must not share a decoder
            self._rewind()
        if not self._next <= index <= self._next + SEEK_DISTANCE:
            self._seek(index)
        assert self._capture is not None
        while self._next < index:
            self._grab()
        self._grab()
        decoded, image = self._capture.retrieve()
        if not decoded or (image.shape[1], image.shape[0]) != self.size:
            raise VoGanError(f"{self.frame_name(index)}: cannot be decoded; convert the video to frames with ffmpeg")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        self._recent[index] = image
        if len(self._recent) > LOOK_BEHIND:
            self._recent.popitem(last=False)
        return image

    def _rewind(self) -> None:
        self._capture = cv2.VideoCapture(str(self.file))
        self._owner = os.getpid()
        self._next = 0

    def _grab(self) -> None:
        assert self._capture is not None
        if not self._capture.grab():
            raise VoGanError(f"{self.frame_name(self._next)}: cannot be read any more; was the file changed?")
        self._next += 1

    def _seek(self, index: int) -> None:
        """Go to frame `index` or before it. A seek that leads elsewhere, by the frame's time, is not used."""
        if self._seekable and index > 1:
            assert self._capture is not None
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, index - 1)
            if self._capture.grab():
                stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC)
                landed = int(np.abs(self._stamps - stamp).argmin())
                if landed < index and abs(self._stamps[landed] - stamp) < 0.5:
                    self._next = landed + 1
                    return
        self._rewind()


def _scan(path: Path) -> tuple[Float[np.ndarray, " n"], tuple[int, int], float]:
    """Go through a video: time of every frame in milliseconds, (width, height), nominal frames per second."""
    if not path.is_file():
        raise VoGanError(f"{path}: no such file; expected a video")
    if path.stat().st_size == 0:
        raise VoGanError(f"{path}: is empty, expected a video")
    capture = cv2.VideoCapture(str(path))
    try:
        size = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        if not capture.isOpened() or not capture.grab():
            raise VoGanError(
                f"{path}: holds no frame that OpenCV can decode; convert it, for example with "
                "`ffmpeg -i IN -c:v libx264 OUT.mp4`"
            )
        decoded, image = capture.retrieve()
        if not decoded or size[0] * size[1] > MAX_PIXELS:
            raise VoGanError(f"{path}: its first frame cannot be decoded, or is larger than {MAX_PIXELS} pixels")
        size = (image.shape[1], image.shape[0])
        stamps = [capture.get(cv2.CAP_PROP_POS_MSEC)]
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))

        def remaining():
            while capture.grab():
                yield capture.get(cv2.CAP_PROP_POS_MSEC)

        total = promised - 1 if promised > 1 else None
        stamps += progress(remaining(), f"indexing {path.name}", total=total)
        return np.array(stamps), size, capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
