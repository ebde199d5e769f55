"""Progress lines: what is being done, how fast, what is left; and silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vo_gan import progress as module
from vo_gan.progress import duration, progress, say, set_quiet


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    set_quiet(False)
    yield
    set_quiet(False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock in whose first entry the seconds stand."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_lines_tell_rate_and_time_left(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    for _ in progress(range(100), "track"):
        clock[0] += 1.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "track: 9/100 frames, 0.9 frames/s, 1 min 41 s left" or lines[0].startswith("track: 10/100")
    assert lines[-1] == "track: 100/100 frames, 1.0 frames/s"
    assert 9 <= len(lines) <= 12


def test_short_work_says_nothing_and_an_unknown_end_has_no_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(progress([1, 2], "x")) == [1, 2]
    assert capsys.readouterr().err == ""
    for _ in progress(iter(range(30)), "read", unit="line"):
        clock[0] += 1.0
    assert capsys.readouterr().err.splitlines()[-1] == "read: 30 lines, 1.0 lines/s"


def test_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    set_quiet(True)
    for _ in progress(range(30), "x"):
        clock[0] += 1.0
    say("x")
    assert capsys.readouterr().err == ""
    set_quiet(False)
    say("y")
    assert capsys.readouterr().err == "y\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200.0, "3 min 20 s"), (7500.0, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
