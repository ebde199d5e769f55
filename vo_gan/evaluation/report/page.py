"""One self-contained HTML page: a heading, figures at a glance, sections of tables, pictures and charts.

Style and script stand in the page itself, pictures are data URLs, and a content security policy forbids the browser
every request, so that the page is the same offline, in ten years, and in a mail. It follows the reader's light or dark
setting, fits a phone of 360 pixels, prints black on white, and can be read and operated with the keyboard alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import UInt8

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file

Cell = str | float | int | None

PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
JPEG_QUALITY = 88

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Nothing may be fetched; style and script are those in the page (W3C Content Security Policy, level 3)."""


@runtime_checkable
class Block(Protocol):
    """A part of a section.

    Attributes:
        wide: whether it takes the whole width; others stand beside each other where there is room.
        script: name of the JavaScript file of this package that it needs, or empty.
    """

    @property
    def wide(self) -> bool: ...

    @property
    def script(self) -> str: ...

    def html(self) -> str:
        """The block as HTML."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: its caption.
        columns: headings of the columns; the first column names the rows.
        rows: cells, as many in every row as there are columns. A float is printed with 4 significant digits, None as a
            dash.
        note: a sentence below it.

    Raises:
        ValueError: a row has another number of cells.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    wide: bool = True
    script: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.title!r}: a row has {len(row)} cells for {len(self.columns)} columns")

    def html(self) -> str:
        """The table, in a region that scrolls sideways where it is too broad."""
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in self.columns)
        body = []
        for row in self.rows:
            first, *others = (escape(format_cell(cell)) for cell in row)
            body.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>')
        rows = "\n".join(body)
        note = f'\n<p class="note">{escape(self.note)}</p>' if self.note else ""
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(self.title)}">\n<table>\n'
            f"<caption>{escape(self.title)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n"
            f"</table>\n</div>{note}"
        )


@dataclass(frozen=True)
class Picture:
    """A picture with a caption.

    Attributes:
        data: the encoded picture.
        kind: its media type.
        caption: a sentence below it.
        alternative: what a screen reader says; the caption if empty.
        pixelated: enlarge without smoothing, for pictures of a few pixels.
    """

    data: bytes
    kind: str
    caption: str
    alternative: str = ""
    wide: bool = False
    script: str = ""

    @staticmethod
    def from_file(path: Path, caption: str, *, wide: bool = False) -> Picture:
        """A PNG or JPEG file as it is.

        Raises:
            VoGanError: it cannot be read or is neither PNG nor JPEG.
        """
        kind = PICTURE_TYPES.get(path.suffix.lower())
        if kind is None:
            raise VoGanError(f"{path}: expected a PNG or JPEG picture for the report")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise VoGanError(f"{path}: cannot be read ({error.strerror}); expected a picture for the report") from error
        return Picture(data, kind, caption, wide=wide)

    @staticmethod
    def from_pixels(
        pixels: UInt8[np.ndarray, "h w 3"], caption: str, *, alternative: str = "", wide: bool = False
    ) -> Picture:
        """An RGB image, kept as JPEG."""
        encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        return Picture(encoded.tobytes(), "image/jpeg", caption, alternative, wide)

    def html(self) -> str:
        """The picture as a data URL."""
        data = base64.b64encode(self.data).decode("ascii")
        alternative = escape(self.alternative or self.caption)
        return (
            f'<figure><img src="data:{self.kind};base64,{data}" alt="{alternative}">'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


@dataclass(frozen=True)
class Chart:
    """A chart with a caption.

    Attributes:
        svg: the whole `<svg>` element, its texts escaped.
        caption: a sentence below it.
    """

    svg: str
    caption: str
    wide: bool = False
    script: str = ""

    def html(self) -> str:
        """The chart as a figure."""
        return f"<figure>{self.svg}<figcaption>{escape(self.caption)}</figcaption></figure>"


@dataclass(frozen=True)
class Note:
    """A paragraph."""

    text: str
    wide: bool = True
    script: str = ""

    def html(self) -> str:
        """The paragraph."""
        return f'<p class="note">{escape(self.text)}</p>'


@dataclass(frozen=True)
class Listing:
    """Names and texts, such as versions; a text of several lines is folded away until it is opened."""

    entries: Sequence[tuple[str, str]]
    wide: bool = True
    script: str = ""

    def html(self) -> str:
        """A description list."""
        return "<dl>\n" + "\n".join(self._entries()) + "\n</dl>"

    def _entries(self) -> Iterator[str]:
        for name, text in self.entries:
            if text.count("\n") > 2:
                shown = (
                    f"<details><summary>{text.count(chr(10)) + 1} lines</summary><pre tabindex='0'>{escape(text)}"
                    "</pre></details>"
                )
            else:
                shown = escape(text)
            yield f"<dt>{escape(name)}</dt><dd>{shown}</dd>"


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Glance:
    """A figure to be read at a glance.

    Attributes:
        name: what it is.
        value: the number, or a dash.
        unit: of the number.
        note: what it needs to be understood, or why it is not defined.
    """

    name: str
    value: str
    unit: str = ""
    note: str = ""


def write_page(
    path: Path, *, title: str, subtitle: str, glances: Sequence[Glance], sections: Sequence[Section]
) -> None:
    """Write the page. A section without blocks is left out.

    Args:
        path: the HTML file.
        title: heading of the page.
        subtitle: under what conditions the figures hold.
        glances: figures at the top.
        sections: in their order.

    Raises:
        VoGanError: the page cannot be written; an older one is then as it was.
    """
    shown = [section for section in sections if section.blocks]
    scripts = dict.fromkeys(block.script for section in shown for block in section.blocks if block.script)
    links = "".join(
        f'<li><a href="#part{number}">{escape(section.title)}</a></li>' for number, section in enumerate(shown, start=1)
    )
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{_resource('style.css')}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#content">Skip to the figures</a>',
        f'<header>\n<h1>{escape(title)}</h1>\n<p class="subtitle">{escape(subtitle)}</p>\n</header>',
        f'<nav aria-label="Parts of the report"><ul>{links}</ul></nav>',
        '<main id="content">',
        _glances(glances),
        *(_section(number, section) for number, section in enumerate(shown, start=1)),
        "</main>",
        *(f"<script>\n{_resource(name)}</script>" for name in scripts),
        "</body>",
        "</html>",
    ]
    replace_file(path, "\n".join(part for part in parts if part).encode("utf-8") + b"\n")


def format_cell(cell: Cell) -> str:
    """A cell as text: a float with 4 significant digits and no exponent where it can be avoided, None as a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        if cell == 0 or 1e-4 <= abs(cell) < 1e6:
            decimals = 4 - len(str(int(abs(cell)))) if abs(cell) >= 1 else 4
            return f"{cell:.{max(decimals, 0)}f}"
        return f"{cell:.3e}"
    return str(cell)


def _glances(glances: Sequence[Glance]) -> str:
    if not glances:
        return ""
    tiles = "\n".join(
        f"<div><dt>{escape(glance.name)}</dt>"
        f"<dd><strong>{escape(glance.value)} <small>{escape(glance.unit)}</small></strong>"
        f"{f'<span>{escape(glance.note)}</span>' if glance.note else ''}</dd></div>"
        for glance in glances
    )
    return f'<section aria-label="At a glance">\n<dl class="glances">\n{tiles}\n</dl>\n</section>'


def _section(number: int, section: Section) -> str:
    blocks = "\n".join(
        f'<div class="block{" wide" if block.wide else ""}">\n{block.html()}\n</div>' for block in section.blocks
    )
    return (
        f'<section aria-labelledby="part{number}">\n<h2 id="part{number}">{escape(section.title)}</h2>\n'
        f'<div class="blocks">\n{blocks}\n</div>\n</section>'
    )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
