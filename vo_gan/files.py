"""Writing files so that a half-written one is never found."""

from __future__ import annotations

import os
from pathlib import Path

from vo_gan.errors import VoGanError


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to a temporary name beside `path`, then rename it into place.

    Raises:
        VoGanError: the disk is full or the folder cannot be written; an older file is as it was.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise VoGanError(f"cannot write {path}: {error.strerror}. Free some space, or name another folder") from error
