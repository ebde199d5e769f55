from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from vo_gan.commands.options import count, metres, share


@pytest.mark.parametrize(("parse", "text", "value"), [(count, "3", 3), (metres, "0.54", 0.54), (share, "1", 1.0)])
def test_numbers_are_read(parse: Callable[[str], float], text: str, value: float) -> None:
    assert parse(text) == value
    assert isinstance(parse(text), type(value))


@pytest.mark.parametrize(
    ("parse", "wrong"),
    [
        (parse, text)
        for parse, texts in (
            (count, ("0", "-1", "1.5", "x", "", "nan", "inf")),
            (metres, ("0", "-1", "x", "nan", "inf")),
            (share, ("-0.1", "1.1", "x", "nan")),
        )
        for text in texts
    ],
)
def test_what_is_no_such_number_is_refused(parse: Callable[[str], float], wrong: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"expected .* found {wrong!r}"):
        parse(wrong)
