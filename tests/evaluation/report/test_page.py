"""The page: self-contained, nested, nothing in it that was not escaped, and what cannot be written is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.report.page import Glance, Listing, Note, Picture, Section, Table, format_cell, write_page


def test_what_is_given_is_on_the_page(tmp_path: Path, parse: Callable[[Path], Any]) -> None:
    picture = Picture.from_pixels(np.zeros((4, 6, 3), np.uint8), 'From "above"')
    table = Table("Figures & <b>names</b>", ["", "t_rel (%)", "frames"], [["vo_gan", 1.23456, 200], ["none", None, 0]])
    write_page(
        tmp_path / "report.html",
        title="Drive <b>00</b>",
        subtitle="Alignment <se3>.",
        glances=[Glance("ATE", "1.5", "m"), Glance("t_rel", "–", note="too short")],
        sections=[
            Section("First", [table, picture]),
            Section("Nothing", []),
            Section("Last", [Note("A <note>."), Listing([("command", "vo-gan <x>"), ("configuration", "a\nb\nc\nd")])]),
        ],
    )
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = parse(tmp_path / "report.html")
    assert page.named("script") == page.named("link") == page.named("b") == []
    for forbidden in ("http:", "https:", "url(", "@import", "//"):
        assert forbidden not in source.replace(str(page.named("img")[0]["src"]), ""), forbidden
    (image,) = page.named("img")
    assert image["alt"] == 'From "above"'
    kind, data = str(image["src"]).split(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(data) == picture.data
    for text in (
        *("Drive <b>00</b>", "Alignment <se3>.", "Figures & <b>names</b>", "1.235", "200", "–", "too short"),
        *("A <note>.", "vo-gan <x>", "4 lines"),
    ):
        assert text in page.text, text
    assert "Nothing" not in page.text
    for media in ("prefers-color-scheme: dark", "@media print", "max-width: 46rem"):
        assert media in source


def test_there_are_landmarks_and_headings(tmp_path: Path, parse: Callable[[Path], Any]) -> None:
    """Landmarks, one first heading, links that lead somewhere, tables with headings of rows and columns."""
    table = Table("Figures", ["", "a"], [["b", 1]])
    write_page(tmp_path / "r.html", title="T", subtitle="", glances=[], sections=[Section("One", [table])])
    page = parse(tmp_path / "r.html")
    assert page.named("html")[0]["lang"] == "en"
    assert [len(page.named(tag)) for tag in ("header", "nav", "main", "h1", "caption")] == [1, 1, 1, 1, 1]
    places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {str(link["href"]).removeprefix("#") for link in page.named("a")} <= places
    assert [cell["scope"] for cell in page.named("th")] == ["col", "col", "row"]
    assert page.named("meta")[1]["name"] == "viewport"


def test_the_browser_is_forbidden_every_request(tmp_path: Path, parse: Callable[[Path], Any]) -> None:
    write_page(tmp_path / "r.html", title="T", subtitle="", glances=[], sections=[])
    page = parse(tmp_path / "r.html")
    (policy,) = (meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'; img-src data:;")


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
    for picture, message in ((tmp_path / "none.png", "cannot be read"), (tmp_path / "a.svg", "expected a PNG or JPEG")):
        with pytest.raises(VoGanError, match=message):
            Picture.from_file(picture, "")
    with pytest.raises(VoGanError, match="cannot write"):
        write_page(tmp_path / "nowhere" / "r.html", title="t", subtitle="", glances=[], sections=[])
