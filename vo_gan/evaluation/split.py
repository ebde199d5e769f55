"""Split files of the KITTI raw data: which images are evaluated. Both published formats are read.

    2011_09_26/2011_09_26_drive_0002_sync 0000000069 l                          Monodepth2: drive, frame, side
    2011_09_26/2011_09_26_drive_0002_sync/image_02/data/0000000069.png [...]    Eigen, Zhou: path of the image

Sides l and r are the colour cameras 2 and 3. Of a line with two paths, left and right, the first counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vo_gan.errors import VoGanError

DATE = r"(?P<date>\d{4}_\d{2}_\d{2})"
DRIVE = r"(?P<drive>\d{4}_\d{2}_\d{2}_drive_\d{4}_sync)"
BY_SIDE = re.compile(rf"{DATE}/{DRIVE}\s+(?P<frame>\d+)\s+(?P<side>[lr])")
BY_PATH = re.compile(rf"{DATE}/{DRIVE}/image_0(?P<camera>[0-3])/data/(?P<frame>\d+)\.\w+(\s+\S+)?")

CAMERAS = {"l": 2, "r": 3}


@dataclass(frozen=True)
class SplitEntry:
    """One image of the KITTI raw data.

    Attributes:
        date: name of the date's folder.
        drive: name of the drive's folder.
        frame: the frame's number with 10 digits, as files have it.
        camera: number of the camera, 0 to 3.
    """

    date: str
    drive: str
    frame: str
    camera: int

    @property
    def image_folder(self) -> Path:
        """The folder of the image, below the root."""
        return Path(self.date, self.drive, f"image_0{self.camera}", "data")

    def __str__(self) -> str:
        return str(self.image_folder / self.frame)


def read_split(path: Path) -> list[SplitEntry]:
    """The images of a split file, in order.

    Raises:
        VoGanError: the file cannot be read or is empty, or a line has neither format; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise VoGanError(f"{path}: no such file; expected a split of the KITTI raw data, one image a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected a split of the KITTI raw data") from error
    entries = [_entry(line.strip(), f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise VoGanError(f"{path}: is empty; expected a split of the KITTI raw data, one image a line")
    return entries


def _entry(line: str, where: str) -> SplitEntry:
    match = BY_SIDE.fullmatch(line) or BY_PATH.fullmatch(line)
    if match is None:
        raise VoGanError(
            f"{where}: `{line}` names no image of the KITTI raw data; expected "
            "`2011_09_26/2011_09_26_drive_0002_sync 0000000069 l` or "
            "`2011_09_26/2011_09_26_drive_0002_sync/image_02/data/0000000069.png`"
        )
    parts = match.groupdict()
    camera = int(parts["camera"]) if "camera" in parts else CAMERAS[parts["side"]]
    return SplitEntry(parts["date"], parts["drive"], f"{int(parts['frame']):010d}", camera)
