"""The plot and the report: readable files, self-contained, and nothing in them that was not escaped."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.plots import plot_trajectories
from vo_gan.evaluation.report import Figure, Table, format_cell, write_report
from vo_gan.odometry.trajectory import Trajectory

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

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def straight(count: int = 20, sideways: float = 0.0) -> Trajectory:
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 2, 3] = np.arange(count)
    poses[:, 0, 3] = sideways * np.arange(count) ** 2
    return Trajectory(poses, None, np.arange(count))


def test_report(tmp_path: Path) -> None:
    picture = tmp_path / "plot.png"
    plot_trajectories(picture, straight(), {"estimate <1>": straight(20, 0.05)}, "a title")
    table = Table("Figures & <b>names</b>", ["", "t_rel (%)", "frames"], [["vo_gan", 1.23456, 200], ["none", None, 0]])
    write_report(
        tmp_path / "report.html",
        title="Drive <b>00</b>",
        tables=[table, Table("Second", ["x"], [[0.5]], note="A note.")],
        figures=[Figure(picture, 'From "above"')],
        details={"command": "vo-gan track <x>\n  --out y", "version": "0.1"},
    )
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(source)
    assert page.open == []
    assert page.named("script") == page.named("link") == page.named("b") == []
    assert "http:" not in source
    assert "https:" not in source
    assert "url(" not in source
    assert page.named("meta")[1]["name"] == "viewport"
    (image,) = page.named("img")
    assert image["alt"] == 'From "above"'
    kind, data = str(image["src"]).split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == picture.read_bytes()
    assert len(page.named("table")) == 2
    for text in (
        "Drive <b>00</b>",
        "Figures & <b>names</b>",
        "1.235",
        "200",
        "–",
        "A note.",
        "vo-gan track <x>\n  --out y",
    ):
        assert text in page.text, text
    for media in ("prefers-color-scheme: dark", "@media print", "max-width: 34rem"):
        assert media in source


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "–"),
        ("name", "name"),
        (3, "3"),
        (0.0, "0.0000"),
        (0.70713, "0.7071"),
        (12.5908, "12.59"),
        (-123.456, "-123.5"),
        (123456.7, "123457"),
        (1.5e-7, "1.500e-07"),
        (2.5e9, "2.500e+09"),
    ],
)
def test_cells(cell: str | float | int | None, text: str) -> None:
    assert format_cell(cell) == text


def test_what_cannot_be_a_report(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("t", ["a"], [[1, 2]])
    path = tmp_path / "report.html"
    for picture, message in ((tmp_path / "none.png", "cannot be read"), (tmp_path / "a.svg", "expected a PNG or JPEG")):
        with pytest.raises(VoGanError, match=message):
            write_report(path, title="t", tables=[], figures=[Figure(picture, "")], details={})
    assert not path.exists()


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("sideways", [0.0, 0.2])
def test_plot_shows_every_line(tmp_path: Path, count: int, sideways: float) -> None:
    """Also of one pose and of a straight road; the estimate's colour and the truth's grey are both there."""
    path = tmp_path / "plot.png"
    plot_trajectories(path, straight(count), {"estimate": straight(count, sideways)}, "title")
    image = np.asarray(cv2.imread(str(path)), int)
    assert min(image.shape[:2]) > 400
    red, blue = image[..., 2], image[..., 0]
    assert ((red > 180) & (blue < 120)).sum() > 50
    assert (image.std(axis=(0, 1)) > 5).all()


def test_plot_without_truth_and_without_anything(tmp_path: Path) -> None:
    plot_trajectories(tmp_path / "plot.png", None, {"estimate": straight()}, "title")
    assert (tmp_path / "plot.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="no trajectory"):
        plot_trajectories(tmp_path / "plot.png", None, {}, "title")


def test_plot_is_the_same_every_time_and_changes_no_settings(tmp_path: Path) -> None:
    import matplotlib

    def settings() -> dict[str, object]:
        return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}

    before = settings()
    for name in ("a.png", "b.png"):
        plot_trajectories(tmp_path / name, straight(), {"estimate": straight(20, 0.1)}, "title")
    assert settings() == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_report_of_a_figure_nobody_can_write(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match="cannot write"):
        write_report(tmp_path / "nowhere" / "report.html", title="t", tables=[], figures=[], details={})
