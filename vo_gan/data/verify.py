"""The quick look at every file of a training set, before the first step rather than in the seventh epoch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vo_gan.data.decode import check_file, decode_image
from vo_gan.data.drive import Drive
from vo_gan.data.frame_files import FrameFilesDrive, numbering_gaps
from vo_gan.data.open import RangedDrive
from vo_gan.errors import VoGanError
from vo_gan.progress import progress

NAMED = 5
"""How many of the wrong files a message names."""


def verify(drives: Sequence[Drive]) -> None:
    """See that every frame is there, has the header of an image of the drive's size, and was not cut short.

    Decodes nothing; `vo-gan data check` does. A video was gone through when it was opened.

    Raises:
        VoGanError: names the first files with something wrong, and how many there are.
    """
    problems: list[str] = []
    work: list[tuple[Path, tuple[int, int]]] = []
    for drive in drives:
        whole, start, stop = _resolve(drive)
        if isinstance(whole, FrameFilesDrive):
            left = whole.left_frames[start:stop]
            problems += numbering_gaps(left, whole.strict_numbering)
            right = [whole.right_frames[index] for index in range(start, stop) if whole.has_right(index)]
            work += [(path, whole.size) for path in (*left, *right)]
    problems += check_frames(work, "verifying frames", decode=False)
    if problems:
        more = f"\n(and {len(problems) - NAMED} more)" if len(problems) > NAMED else ""
        raise VoGanError(
            f"{len(problems)} problem(s) in the frames:\n" + "\n".join(problems[:NAMED]) + more + "\n"
            "`vo-gan data check` lists all. Mend them, or select what is whole, as in `00[0:150]`"
        )


def check_frames(frames: Iterable[tuple[Path, tuple[int, int]]], description: str, *, decode: bool) -> list[str]:
    """What is wrong with image files, each given with the (width, height) it must have; uses all cores.

    Args:
        frames: the files.
        description: for the progress bar.
        decode: decode them, else look at header and end only.
    """
    work = list(frames)

    def look(frame: tuple[Path, tuple[int, int]]) -> str | None:
        path, size = frame
        try:
            if decode:
                decode_image(path, native=size)
            else:
                check_file(path, native=size)
        except VoGanError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # OpenCV and file reading release the interpreter's lock
        found = progress(pool.map(look, work), description, total=len(work))
        return [problem for problem in found if problem is not None]


def _resolve(drive: Drive) -> tuple[Drive, int, int]:
    """The drive that a range, or a range of a range, is taken from, with the frames meant there."""
    if not isinstance(drive, RangedDrive):
        return drive, 0, len(drive)
    whole, start, _ = _resolve(drive.whole)
    return whole, start + drive.start, start + drive.stop
