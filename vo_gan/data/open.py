"""Finding out what a path holds and opening it as drives."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.data.calibration import CAMERA_PAIRS
from vo_gan.data.drive import Drive, Side
from vo_gan.data.frame_files import has_images, natural_key
from vo_gan.data.frames import FramesDrive
from vo_gan.data.kitti_odometry import KittiOdometryDrive, is_sequence
from vo_gan.data.kitti_raw import KittiRawDrive, is_raw_drive
from vo_gan.data.video import VIDEO_SUFFIXES, VideoDrive
from vo_gan.errors import VoGanError
from vo_gan.geometry import from_first

MAX_DEPTH = 4
"""How many folders down drives are looked for."""

_SELECTION = re.compile(r"(?P<path>.*?)(?:\[(?P<start>\d*):(?P<stop>\d*)\])?")


class RangedDrive(Drive):
    """Frames `start` to `stop - 1` of another drive.

    Args:
        drive: the whole drive.
        start: its first frame that counts.
        stop: the frame after the last one.

    Raises:
        VoGanError: the drive has no such frames.
    """

    def __init__(self, drive: Drive, start: int, stop: int) -> None:
        if not 0 <= start < stop <= len(drive):
            raise VoGanError(
                f"{drive.name}[{start}:{stop}]: the drive has {len(drive)} frames; expected a range within "
                f"[0:{len(drive)}] that is not empty"
            )
        self.whole = drive
        self.start = start
        self.stop = stop
        self.name = f"{drive.name}[{start}:{stop}]"
        self.kind = drive.kind
        self.size = drive.size
        self.baseline = drive.baseline
        self.times = drive.times[start:stop]

    @property
    def world_from_camera(self) -> Float[np.ndarray, "n 4 4"] | None:  # type: ignore[override]
        """See `Drive`: poses of these frames, starting at the identity."""
        poses = self.whole.world_from_camera
        return None if poses is None else from_first(poses[self.start : self.stop])

    def __len__(self) -> int:
        return self.stop - self.start

    def read(self, index: int, size: tuple[int, int] | None = None, side: Side = "left") -> UInt8[np.ndarray, "h w 3"]:
        """See `Drive.read`."""
        return self.whole.read(self._whole_index(index), size, side)

    def intrinsics(self, size: tuple[int, int] | None = None) -> Float[np.ndarray, "3 3"]:
        """See `Drive.intrinsics`."""
        return self.whole.intrinsics(size)

    def has_right(self, index: int) -> bool:
        """See `Drive.has_right`."""
        return self.whole.has_right(self._whole_index(index))

    def frame_name(self, index: int, side: Side = "left") -> str:
        """See `Drive.frame_name`."""
        return self.whole.frame_name(self._whole_index(index), side)

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """See `Drive.read_depth`."""
        return self.whole.read_depth(self._whole_index(index))

    def _whole_index(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise VoGanError(f"{self.name}: has no frame {index}; it has frames 0 to {len(self) - 1}")
        return self.start + index


def open_drive(path: Path, intrinsics: tuple[float, float, float, float] | None = None) -> Drive:
    """Open one drive, whatever it is: a KITTI odometry sequence, a KITTI raw drive, a folder of frames, or a video.

    Args:
        path: the drive's folder or file.
        intrinsics: fx, fy, cx, cy in pixels of the native frames, for a folder of frames or a video.

    Raises:
        VoGanError: nothing there, several drives there, intrinsics for a source with calibration, or whatever is
            wrong with the drive itself.
    """
    if not path.exists():
        raise VoGanError(f"{path}: no such file or folder; expected a drive")
    if path.is_file():
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            raise VoGanError(f"{path}: is no video (by its ending); expected a folder of frames or a video file")
        return VideoDrive(path, intrinsics)
    if has_images(path):
        return FramesDrive(path, intrinsics)
    kitti: type[KittiRawDrive] | type[KittiOdometryDrive] | None = None
    if is_raw_drive(path):
        kitti = KittiRawDrive
    elif any(has_images(path / f"image_{left}") for left, _ in CAMERA_PAIRS):
        kitti = KittiOdometryDrive
    if kitti is not None:
        if intrinsics is not None:
            raise VoGanError(
                f"{path}: has a calibration of its own; leave the intrinsics out, or open its folder of images "
                "to use yours"
            )
        return kitti(path)
    inside = find_drives(path)
    if inside:
        some = ", ".join(str(found.relative_to(path)) for found in inside[:5])
        raise VoGanError(f"{path}: holds {len(inside)} drives ({some}, ...); expected one, name it")
    raise _no_drive(path)


def find_drives(root: Path) -> list[Path]:
    """Paths of all drives under a folder, or of the folder itself if it is one, in natural order.

    Folders of frames and videos count only when `root` itself is one: below it, they could be anything.
    """
    if root.is_file() or has_images(root):
        return [root]
    found = []
    for folder, subfolders, _ in os.walk(root, followlinks=True):
        path = Path(folder)
        if is_sequence(path) or is_raw_drive(path):
            found.append(path)
            subfolders.clear()
        elif len(path.relative_to(root).parts) >= MAX_DEPTH:
            subfolders.clear()
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
    return sorted(found, key=lambda path: natural_key(str(path)))


def drives_at(path: Path) -> list[Path]:
    """`find_drives`, which must find something; a sequence without calibration counts, so that opening it tells.

    Raises:
        VoGanError: there is no drive.
    """
    if not path.exists():
        raise VoGanError(f"{path}: no such folder; expected drives there")
    found = find_drives(path)
    if not found and any(has_images(path / f"image_{left}") for left, _ in CAMERA_PAIRS):
        return [path]
    if not found:
        raise _no_drive(path)
    return found


def open_drives(root: Path, selection: Sequence[str] = ()) -> list[Drive]:
    """Open all drives under a folder, or the selected ones.

    Args:
        root: a KITTI odometry root, a KITTI raw root, a folder that holds such, or a single drive.
        selection: paths relative to `root`, each with an optional range of frames as in Python: `00[0:150]`. A bare
            name finds the drive of that name (`00` is sequences/00). Empty: all drives.

    Raises:
        VoGanError: no drive there, a selection that names none or several of one name, a range outside the drive,
            or whatever is wrong with a drive.
    """
    if not selection:
        return [open_drive(path) for path in drives_at(root)]
    if not root.exists():
        raise VoGanError(f"{root}: no such folder; expected drives there")
    drives = []
    for entry in selection:
        match = _SELECTION.fullmatch(entry.strip())
        assert match is not None
        paths = _selected_paths(root, match["path"])
        if match["start"] is None:
            drives += [open_drive(path) for path in paths]
            continue
        if len(paths) > 1:
            raise VoGanError(f"{entry}: names {len(paths)} drives under {root}; a range of frames needs one")
        whole = open_drive(paths[0])
        start = int(match["start"] or 0)
        drives.append(RangedDrive(whole, start, int(match["stop"]) if match["stop"] else len(whole)))
    return drives


def _selected_paths(root: Path, name: str) -> list[Path]:
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise VoGanError(f"{name}: expected a path below {root}, without `..`")
    for path in (root / relative, root / "sequences" / relative):
        if path.exists():
            return drives_at(path)
    named = [path for path in find_drives(root) if path.name == name]
    if len(named) == 1:
        return named
    if named:
        raise VoGanError(f"{name}: {len(named)} drives under {root} have this name; give the path from there")
    there = ", ".join(str(path.relative_to(root)) for path in find_drives(root)[:8]) or "none"
    raise VoGanError(f"{name}: no such drive under {root}; drives there: {there}")


def _no_drive(path: Path) -> VoGanError:
    inside = [child.name for child in sorted(path.iterdir()) if has_images(child)]
    hint = f" There are frames in {', '.join(inside[:5])}: open that folder." if inside else ""
    return VoGanError(
        f"{path}: no drive there; expected a KITTI odometry root or sequence, a KITTI raw root or drive, a folder of "
        f"PNG or JPEG frames, or a video.{hint}"
    )
