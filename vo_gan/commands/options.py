"""Options that several commands share."""

from __future__ import annotations

import argparse
import math


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device auto|cpu|cuda`."""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where networks run (auto: CUDA if there is one)",
    )


def intrinsics(text: str) -> tuple[float, float, float, float]:
    """Parse `fx,fy,cx,cy`."""
    try:
        fx, fy, cx, cy = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected fx,fy,cx,cy in pixels, found {text!r}") from error
    if not (fx > 0 and fy > 0 and cx > 0 and cy > 0):
        raise argparse.ArgumentTypeError(f"fx, fy, cx and cy must be positive, found {text!r}")
    return fx, fy, cx, cy


def frame_range(text: str) -> tuple[int, int | None]:
    """Parse `START:STOP`; either may be left out."""
    start, colon, stop = text.partition(":")
    try:
        if not colon:
            raise ValueError
        result = (int(start) if start else 0, int(stop) if stop else None)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected START:STOP, found {text!r}") from error
    if result[0] < 0 or (result[1] is not None and result[1] <= result[0]):
        raise argparse.ArgumentTypeError(f"START:STOP must be an increasing range from 0, found {text!r}")
    return result


def count(text: str) -> int:
    """Parse a whole number from 1 on."""
    value = _number(text)
    if not (value >= 1 and value.is_integer()):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, found {text!r}")
    return int(value)


def metres(text: str) -> float:
    """Parse a length above 0."""
    value = _number(text)
    if not value > 0.0:
        raise argparse.ArgumentTypeError(f"expected metres above 0, found {text!r}")
    return value


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    value = _number(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, found {text!r}")
    return value


def _number(text: str) -> float:
    """A finite number, or NaN, which nothing accepts."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
