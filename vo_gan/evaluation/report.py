"""One self-contained HTML page with tables and pictures: no scripts, no fonts, no request to anywhere.

It follows the reader's light or dark setting, fits a phone, and prints black on white.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file

Cell = str | float | int | None

PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}

STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5b6472; --line: #dfe3e8; --paper: #ffffff; --band: #f5f7f9;
  --accent: #2e86ab; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #333b47; --paper: #14181e;
  --band: #1b2028; --accent: #6fbbdc; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 2rem; padding-bottom: 0.75rem;
  border-bottom: 3px solid var(--accent); }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 0.45rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0.25rem; }
thead th { color: var(--soft); font-weight: 600; font-size: 0.875rem; border-bottom-width: 2px;
  vertical-align: bottom; }
tbody th { font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
p.note { color: var(--soft); font-size: 0.875rem; margin: 0.5rem 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.5rem;
  margin-top: 2.5rem; align-items: start; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 6px; border: 1px solid var(--line);
  background: #ffffff; }
figcaption { color: var(--soft); font-size: 0.875rem; margin-top: 0.4rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.3rem 1.25rem; margin: 0;
  font-size: 0.9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.4rem; } h1 { font-size: 1.5rem; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --band: #fff; --accent: #000; }
  main { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
  .wide { overflow: visible; } }
"""


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        title: its heading.
        columns: headings of the columns; the first column names the rows.
        rows: cells, as many in every row as there are columns. A float is printed with 4 significant digits, None as a
            dash.
        note: a sentence below it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.title!r}: a row has {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True)
class Figure:
    """A picture of the report.

    Attributes:
        path: PNG or JPEG file; its content goes into the page.
        caption: a sentence below it, and what a screen reader says.
    """

    path: Path
    caption: str


def write_report(
    path: Path, *, title: str, tables: Sequence[Table], figures: Sequence[Figure], details: Mapping[str, str]
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        title: heading of the page.
        tables: come first, in this order.
        figures: come next, two beside each other where there is room.
        details: what was run on what, at the end: name and text.

    Raises:
        VoGanError: a picture cannot be read or is neither PNG nor JPEG, or the page cannot be written.
    """
    pictures = "\n".join(_figure(figure) for figure in figures)
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(title)}</h1>",
        *(_table(table) for table in tables),
        f'<div class="figures">\n{pictures}\n</div>' if figures else "",
        _details(details) if details else "",
        "</main>",
        "</body>",
        "</html>",
        "",
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


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    body = []
    for row in table.rows:
        first, *others = (escape(format_cell(cell)) for cell in row)
        body.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>')
    note = f'\n<p class="note">{escape(table.note)}</p>' if table.note else ""
    rows = "\n".join(body)
    return (
        f'<section>\n<h2>{escape(table.title)}</h2>\n<div class="wide" tabindex="0" role="region" '
        f'aria-label="{escape(table.title)}">\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        f"</table>\n</div>{note}\n</section>"
    )


def _figure(figure: Figure) -> str:
    kind = PICTURE_TYPES.get(figure.path.suffix.lower())
    if kind is None:
        raise VoGanError(f"{figure.path}: expected a PNG or JPEG picture for the report")
    try:
        data = base64.b64encode(figure.path.read_bytes()).decode("ascii")
    except OSError as error:
        raise VoGanError(
            f"{figure.path}: cannot be read ({error.strerror}); expected a picture for the report"
        ) from error
    caption = escape(figure.caption)
    return f'<figure><img src="data:{kind};base64,{data}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _details(details: Mapping[str, str]) -> str:
    entries = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in details.items())
    return f"<section>\n<h2>Details</h2>\n<dl>\n{entries}\n</dl>\n</section>"
