"""The report in a real browser: it is drawn, asks for nothing, can be turned, and fits a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vo_gan.evaluation.report import write_trajectory_report
from vo_gan.evaluation.trajectory import align_trajectories, evaluate_aligned
from vo_gan.odometry.trajectory import Trajectory

TURN = "document.querySelector('svg.turn')"


@pytest.fixture
def report(winding: Trajectory, true_track: Path, make_path: Callable[..., Trajectory], tmp_path: Path) -> Path:
    """A report with every part but a map and training."""
    aligned = align_trajectories(winding, make_path(400, 1.05), "se3")
    path = tmp_path / "report.html"
    write_trajectory_report(
        path, aligned, evaluate_aligned(aligned), title="A drive", command="vo-gan track", track=true_track
    )
    return path


def angles(browser: Any) -> tuple[float, float]:
    return tuple(float(browser.evaluate(f"{TURN}.dataset.{name}")) for name in ("yaw", "pitch"))  # type: ignore[return-value]


def test_it_is_drawn_and_asks_for_nothing(
    browser: Any, report: Path, tmp_path: Path, no_complaints: Callable[[], None]
) -> None:
    pictures = {}
    for scheme in ("light", "dark"):
        browser.open(report, scheme=scheme)
        browser.screenshot(tmp_path / "page.png")
        pictures[scheme] = np.asarray(cv2.imread(str(tmp_path / "page.png")), float)
        no_complaints()
    assert browser.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert browser.evaluate(f"{TURN}.querySelectorAll('path[d]').length") > 5
    assert np.median(pictures["light"]) > 230
    assert np.median(pictures["dark"]) < 40
    assert pictures["light"].std() > 10


def test_the_path_is_turned_by_mouse_and_keys(browser: Any, report: Path, no_complaints: Callable[[], None]) -> None:
    browser.open(report)
    before = angles(browser)
    drawn = browser.evaluate(f"{TURN}.querySelector('.truth').getAttribute('d')")
    browser.evaluate(f"{TURN}.scrollIntoView()")
    box = browser.evaluate(f"(({{x, y, width, height}}) => [x, y, width, height])({TURN}.getBoundingClientRect())")
    middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    browser.drag(middle, (middle[0] + 100, middle[1] + 40))
    dragged = angles(browser)
    assert dragged[0] - before[0] == pytest.approx(0.8, abs=0.05)
    assert dragged[1] - before[1] == pytest.approx(0.24, abs=0.05)
    assert browser.evaluate(f"{TURN}.querySelector('.truth').getAttribute('d')") != drawn

    browser.evaluate(f"{TURN}.focus()")
    browser.press("ArrowRight")
    browser.press("ArrowUp")
    turned = angles(browser)
    assert turned[0] - dragged[0] == pytest.approx(0.0873, abs=1e-3)
    assert turned[1] > dragged[1]
    browser.press("Home")
    assert angles(browser) == before
    no_complaints()


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(browser: Any, report: Path) -> None:
    browser.open(report)
    reached = []
    for _ in range(9):
        browser.press("Tab")
        reached.append(browser.evaluate("document.activeElement.className.baseVal ?? document.activeElement.className"))
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached[0] == "skip"
    assert {"turn", "scroll"} <= set(reached)


def test_a_phone_need_not_scroll_sideways(browser: Any, report: Path) -> None:
    browser.open(report, width=360, height=700)
    assert browser.evaluate("document.documentElement.scrollWidth") == 360
    sizes = browser.evaluate(
        "[...document.querySelectorAll('figure svg text')].map((text) => text.getBoundingClientRect().height)"
    )
    assert min(size for size in sizes if size) > 9


def test_it_is_printed_black_on_white(browser: Any, report: Path, tmp_path: Path) -> None:
    browser.open(report, scheme="dark")
    browser.print_to_pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    browser.call("Emulation.setEmulatedMedia", media="")
