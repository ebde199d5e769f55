"""Compiled versions of pure tensor functions, where the machine can make them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_enabled = False
_compiled: dict[Callable[..., Any], Callable[..., Any]] = {}


def set_compilation(enabled: bool) -> None:
    """Turn `torch.compile` for the loss kernels on or off in this process (off at start: a short run is over sooner
    than its compilation)."""
    global _enabled
    _enabled = enabled


def compiled_or_plain(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """`function` compiled by `torch.compile` if that is turned on, else `function` itself.

    Where compilation fails (no C++ compiler, say), that is said once and the plain function used from then on.
    """
    if not _enabled:
        return function
    if function not in _compiled:
        _compiled[function] = torch.compile(function, dynamic=False)

    @functools.wraps(function)
    def attempt(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            return _compiled[function](*arguments, **named)
        except Exception as error:
            # Inductor wraps a missing compiler in several exception types of its own; the plain function raises
            # again whatever is not about compiling.
            result = function(*arguments, **named)
            set_compilation(False)
            warnings.warn(
                f"torch.compile is not available here, the losses run uncompiled and slower: {_first_line(error)}",
                RuntimeWarning,
                stacklevel=2,
            )
            return result

    return attempt


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
