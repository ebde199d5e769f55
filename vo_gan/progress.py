"""Progress of long work: a bar on a terminal, now and then a plain line elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

PLAIN_LINE_SECONDS = 10.0
"""Seconds between two plain lines where standard error is not a terminal."""

_quiet = False


def set_quiet(quiet: bool) -> None:
    """Whether `progress` and `say` show nothing from now on. Errors and results are not theirs and are shown anyway."""
    global _quiet
    _quiet = quiet


def say(text: str) -> None:
    """Show on standard error what is being done."""
    if not _quiet:
        print(text, file=sys.stderr, flush=True)


def progress(
    items: Iterable[Item], description: str, *, total: int | None = None, unit: str = "frame"
) -> Iterator[Item]:
    """Yield `items`, showing on standard error how far the work has come, how fast it goes and what time is left.

    Args:
        items: what to go through.
        description: what is being done, in a word or two.
        total: number of items; `len(items)` where it has one.
        unit: what one item is.
    """
    if _quiet:
        yield from items
        return
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=description, total=total, unit=unit, dynamic_ncols=True, leave=True)
        return
    started = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= PLAIN_LINE_SECONDS:
            last = now
            say(_line(description, unit, done, total, now - started))
    if last != started:
        say(_line(description, unit, done, total, time.monotonic() - started))


def duration(seconds: float) -> str:
    """Seconds as a person says them: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _line(description: str, unit: str, done: int, total: int | None, seconds: float) -> str:
    of_total = f"/{total}" if total is not None else ""
    rate = done / max(seconds, 1e-9)
    left = f", {duration((total - done) / rate)} left" if total is not None and rate > 0 and done < total else ""
    return f"{description}: {done}{of_total} {unit}s, {rate:.1f} {unit}s/s{left}"
