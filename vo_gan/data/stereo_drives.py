"""Drives for what learns from pairs alone: those parts with right views, and the rig that took them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from vo_gan.data.drive import Drive
from vo_gan.data.open import RangedDrive
from vo_gan.errors import VoGanError

RIG_TOLERANCE = 0.05
"""Share by which rigs may differ that are taken for one: 5 % in focal length or baseline are 5 % in depth."""


@dataclass(frozen=True)
class StereoRig:
    """A rectified pair of cameras, whatever the size of their images.

    Attributes:
        focal: focal length fx as a share of the images' width; 0 for not known.
        baseline: distance from the left to the right camera, metres; 0 for not known.
    """

    focal: float = 0.0
    baseline: float = 0.0

    @property
    def known(self) -> bool:
        """Whether both are known."""
        return self.focal > 0 and self.baseline > 0


def with_right_views(drives: Sequence[Drive]) -> list[Drive]:
    """Those parts of drives in which every frame has a right view, as drives of their own."""
    parts: list[Drive] = []
    for drive in drives:
        if drive.baseline is None:
            continue
        for seen, run in groupby(range(len(drive)), drive.has_right):
            frames = list(run)
            if seen and len(frames) == len(drive):
                parts.append(drive)
            elif seen:
                parts.append(RangedDrive(drive, frames[0], frames[-1] + 1))
    return parts


def common_rig(drives: Sequence[Drive]) -> StereoRig:
    """The rig that took all these stereo drives, the mean of what their calibrations say.

    Raises:
        VoGanError: there is none with right views, or rigs differ by more than `RIG_TOLERANCE`.
    """
    rigs = [rig_of(drive) for drive in drives]
    if not rigs:
        raise VoGanError("no drive has right views: pairs can only be learned from stereo drives")
    for drive, rig in zip(drives, rigs, strict=True):
        ratios = (rig.focal / rigs[0].focal, rig.baseline / rigs[0].baseline)
        if max(abs(ratio - 1.0) for ratio in ratios) > RIG_TOLERANCE:
            raise VoGanError(
                f"{drive.name} and {drives[0].name} were taken by different rigs (fx {rig.focal:.3f} and "
                f"{rigs[0].focal:.3f} of the width, baseline {rig.baseline:.3f} and {rigs[0].baseline:.3f} m): the "
                "other eye of an image is that of one rig, so train on one, naming its drives in data.drives"
            )
    return StereoRig(
        focal=sum(rig.focal for rig in rigs) / len(rigs), baseline=sum(rig.baseline for rig in rigs) / len(rigs)
    )


def rig_of(drive: Drive) -> StereoRig:
    """The rig of a drive with right views.

    Raises:
        VoGanError: it has none, or its intrinsics are not known.
    """
    if drive.baseline is None:
        raise VoGanError(f"{drive.name}: has no right views; expected a stereo drive")
    return StereoRig(focal=float(drive.intrinsics()[0, 0]) / drive.size[0], baseline=drive.baseline)
