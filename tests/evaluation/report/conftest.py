"""Trajectories and a track folder to report, a parser of pages, and a headless Chromium to look at them.

The browser is spoken to over the DevTools protocol through two pipes (`--remote-debugging-pipe`), so that nothing but
Chromium is needed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vo_gan.data import open_drive
from vo_gan.odometry.trajectory import Trajectory, write_kitti

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--mute-audio"),
    *("--hide-scrollbars", "--remote-debugging-pipe"),
)
SECONDS = 120.0
"""For an answer; a busy machine takes its time."""


VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Collects what a page holds, and checks that its tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of the elements of this name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def parse() -> Callable[[Path], Page]:
    """Reads a page, all of whose tags must be closed."""

    def read(path: Path) -> Page:
        page = Page(path.read_text(encoding="utf-8"))
        assert page.open == []
        return page

    return read


@pytest.fixture
def winding() -> Trajectory:
    """400 poses along 400 m of curves that rise, 10 times a second."""
    return wind(400)


def wind(count: int, stretch: float = 1.0, drift: float = 0.0) -> Trajectory:
    """A path of steps of 1 m times `stretch` whose heading swings, with `drift` radians added per step."""
    poses = np.tile(np.eye(4), (count, 1, 1))
    heading = 0.6 * np.sin(np.arange(count) / 40) + drift * np.arange(count)
    poses[:, :3, :3] = [[[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]] for a in heading]
    steps = stretch * np.stack([np.sin(heading), np.full(count, -0.02), np.cos(heading)], axis=1)
    poses[1:, :3, 3] = np.cumsum(steps, axis=0)[:-1]
    return Trajectory(poses, np.arange(count) / 10, np.arange(count))


@pytest.fixture
def make_path() -> Callable[..., Trajectory]:
    """`wind`: paths of any length, with errors of scale and heading."""
    return wind


@pytest.fixture
def true_track(tiny_world: Path, tmp_path: Path) -> Path:
    """The folder of a track whose poses and depth are true: `vo-gan track` could do no better on this drive."""
    drive = open_drive(tiny_world / "sequences" / "01")
    folder = tmp_path / "track"
    (folder / "depth").mkdir(parents=True)
    assert drive.world_from_camera is not None
    write_kitti(folder / "trajectory_kitti.txt", Trajectory(drive.world_from_camera, None, np.arange(len(drive))))
    for index in range(len(drive)):
        depth = drive.read_depth(index)
        assert depth is not None
        far = np.where(depth > 0, depth, 200.0)
        cv2.imwrite(str(folder / f"depth/{index:06d}.png"), np.rint(far * 256).astype(np.uint16))
    matrix = drive.intrinsics()
    described = {
        "format_version": 1,
        "source": str(tiny_world / "sequences" / "01"),
        "kind": drive.kind,
        "selection": None,
        "source_intrinsics": None,
        "weights": str(tmp_path / "run"),
        "frames": len(drive),
        "size": list(drive.size),
        "intrinsics": [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]],
        "scale": "metric",
        "refined": True,
        "frames_per_second": 9.5,
        "vo_gan": "0.1.0",
    }
    (folder / "track.json").write_text(json.dumps(described))
    return folder


@dataclass
class Browser:
    """One tab of a running browser."""

    to_browser: int
    from_browser: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _count: int = 0
    _unread: bytes = b""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its answer; events that come before it are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def open(self, page: Path, width: int = 1200, height: int = 900, scheme: str = "light") -> None:
        """Load a page in a window of this size and wait until it is drawn."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        deadline = time.monotonic() + SECONDS
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < deadline, "the page does not load"
            self.events.append(self._receive())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key of this name."""
        codes = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9, "Home": 36}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes.get(key, ord(key[0])))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at a place, move it to another in a few steps, and let go."""
        self._mouse("mousePressed", *start)
        for step in range(1, 6):
            x, y = (a + (b - a) * step / 5 for a, b in zip(start, end, strict=True))
            self._mouse("mouseMoved", x, y)
        self._mouse("mouseReleased", *end)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page, the whole of it or what the window shows."""
        result = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(result["data"]))

    def print_to_pdf(self, path: Path) -> None:
        """The page as it is printed."""
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"]))

    def named(self, method: str) -> list[dict[str, Any]]:
        """Parameters of the events of this name since the page was opened."""
        return [event["params"] for event in self.events if event["method"] == method]

    def _mouse(self, kind: str, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self.from_browser], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            chunk = os.read(self.from_browser, 1 << 16)
            assert chunk, "the browser has gone"
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium with one tab, its console and network watched."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    profile = tmp_path_factory.mktemp("chromium")
    yield from run_browser(program, profile)


def run_browser(program: str, profile: Path) -> Iterator[Browser]:
    """The browser; it reads commands from its descriptor 3 and writes to 4."""
    ends = [*os.pipe(), *os.pipe()]
    # Above 9, so that none is in the way of 3 and 4 in the new process.
    commands_out, commands_in, answers_out, answers_in = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)

    def place() -> None:
        os.dup2(commands_out, 3)
        os.dup2(answers_in, 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        preexec_fn=place,
        pass_fds=(3, 4),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands_out)
    os.close(answers_in)
    browser = Browser(commands_in, answers_out)
    try:
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable")
        yield browser
    finally:
        os.close(commands_in)
        os.close(answers_out)
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def no_complaints(browser: Browser) -> Callable[[], None]:
    """Asserts that the page has had no console message, no exception, and no request but for itself."""

    def check() -> None:
        assert browser.named("Runtime.consoleAPICalled") == []
        assert browser.named("Runtime.exceptionThrown") == []
        assert browser.named("Log.entryAdded") == []
        asked = [event["request"]["url"] for event in browser.named("Network.requestWillBeSent")]
        others = [url for url in asked if not url.startswith("data:")]
        assert len(others) == 1
        assert others[0].startswith("file:")

    return check
