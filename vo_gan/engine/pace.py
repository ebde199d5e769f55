"""How fast a training goes."""

from __future__ import annotations

import time


class Pace:
    """How fast training goes between two rows of losses, and how much of it is waiting for data."""

    def __init__(self) -> None:
        self._restart()

    def wait(self) -> None:
        """A batch is asked for."""
        self._asked = time.perf_counter()

    def go(self, images: int) -> None:
        """It has come, with this many images."""
        self._waited += time.perf_counter() - self._asked
        self._images += images

    def figures(self, processes: int) -> dict[str, float]:
        """Images of all processes per second, and this one's share of time spent waiting, since the last time."""
        seconds = max(time.perf_counter() - self._started, 1e-9)
        figures = {
            "images_per_second": processes * self._images / seconds,
            "waiting_for_data": self._waited / seconds,
        }
        self._restart()
        return figures

    def _restart(self) -> None:
        self._started, self._waited, self._images = time.perf_counter(), 0.0, 0
