"""Whether a window can be opened on this machine, asked before a library tries and takes the process down with it."""

from __future__ import annotations

import ctypes
import os
import sys


def display_answers() -> bool:
    """Whether there is a display that lets us in. On Linux that is an X server, which OpenCV's windows need; elsewhere
    there always is one."""
    if sys.platform != "linux":
        return True
    if not os.environ.get("DISPLAY"):
        return False
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    connection = x11.XOpenDisplay(None)
    if connection:
        x11.XCloseDisplay(ctypes.c_void_p(connection))
    return bool(connection)
