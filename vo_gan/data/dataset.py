"""Drives cut into snippets, and a batch of snippets packed in bytes until it is on its device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from torch import Tensor

from vo_gan.data.drive import Drive
from vo_gan.data.snippet import Snippet
from vo_gan.errors import VoGanError


@dataclass(frozen=True)
class PackedSnippet:
    """A `Snippet` in bytes, as it leaves the loader: a quarter of the memory to move. `to` gives the `Snippet`.

    Attributes:
        images: RGB, 0 to 255, in temporal order.
        right: right views, zeros where there is none; None where the whole batch has none.
        has_right: see `Snippet`.
        intrinsics: see `Snippet`.
        right_from_left: see `Snippet`.
        names: see `Snippet`.
        runs: see `Snippet`.
        starts: see `Snippet`.
    """

    images: UInt8[Tensor, "b n 3 h w"]
    right: UInt8[Tensor, "b n 3 h w"] | None
    has_right: Bool[Tensor, "b n"]
    intrinsics: Float32[Tensor, "b 3 3"]
    right_from_left: Float32[Tensor, "b 4 4"]
    names: tuple[str, ...]
    runs: Int64[Tensor, " b"] | None = None
    starts: Bool[Tensor, " b"] | None = None

    @property
    def image_count(self) -> int:
        """Left images in the batch."""
        return self.images.shape[0] * self.images.shape[1]

    def to(self, device: torch.device | str) -> Snippet:
        """Move to `device` and convert to float there."""
        moved = {
            field.name: value.to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        images = moved["images"].to(torch.float32).div_(255.0)
        if self.right is None:
            right = torch.zeros((), device=images.device).expand(images.shape)
        else:
            right = moved["right"].to(torch.float32).div_(255.0)
        return Snippet(
            images,
            right,
            moved["has_right"],
            moved["intrinsics"],
            moved["right_from_left"],
            names=self.names,
            runs=moved.get("runs"),
            starts=moved.get("starts"),
        )

    def pin_memory(self) -> PackedSnippet:
        """The same batch in page-locked memory; PyTorch's loader calls this."""
        return replace(
            self,
            images=self.images.pin_memory(),
            right=None if self.right is None else self.right.pin_memory(),
            has_right=self.has_right.pin_memory(),
            intrinsics=self.intrinsics.pin_memory(),
            right_from_left=self.right_from_left.pin_memory(),
        )


class SnippetDataset:
    """All runs of `frames` frames, `stride` apart, of all drives. A snippet never crosses the end of a drive.

    Args:
        drives: where the frames come from; may be empty.
        frames: number of frames of a snippet.
        size: (width, height) of the images.
        stride: step from one frame of a snippet to the next, in frames of the drive.
        stereo: whether right views are read, where there are any.

    Raises:
        VoGanError: a drive is too short for one snippet, or its intrinsics are not known.
    """

    def __init__(
        self, drives: Sequence[Drive], frames: int, size: tuple[int, int], stride: int = 1, stereo: bool = True
    ) -> None:
        if frames < 1 or stride < 1:
            raise VoGanError(f"snippets of {frames} frames, {stride} apart: both must be at least 1")
        self.drives = list(drives)
        self.frames = frames
        self.size = size
        self.stride = stride
        self.stereo = stereo
        span = (frames - 1) * stride + 1
        for drive in self.drives:
            if len(drive) < span:
                raise VoGanError(
                    f"{drive.frame_name(0)}: its drive {drive.name} has {len(drive)} frame(s), too few for one snippet "
                    f"of {frames} frames {stride} apart ({span} needed); leave this drive out"
                )
        self._ends = list(accumulate(len(drive) - span + 1 for drive in self.drives))
        self._intrinsics = [drive.intrinsics(size).astype(np.float32) for drive in self.drives]

    def __len__(self) -> int:
        """Number of snippets."""
        return self._ends[-1] if self._ends else 0

    def locate(self, item: int) -> tuple[int, list[int]]:
        """The number of the drive that snippet `item` comes from, and the indices of its frames there."""
        if not 0 <= item < len(self):
            raise IndexError(f"snippet {item} of {len(self)}")
        drive = int(np.searchsorted(self._ends, item, side="right"))
        first = item - (self._ends[drive - 1] if drive else 0)
        return drive, [first + step * self.stride for step in range(self.frames)]

    def item(self, drive: int, first: int) -> int:
        """The snippet that begins with frame `first` of a drive."""
        item = first + (self._ends[drive - 1] if drive else 0)
        if first < 0 or item >= self._ends[drive]:
            raise IndexError(f"drive {drive} has no snippet that begins with frame {first}")
        return item

    def starts(self, drive: int) -> int:
        """How many frames of a drive a snippet can begin with."""
        return self._ends[drive] - (self._ends[drive - 1] if drive else 0)

    def batch(self, items: Sequence[int]) -> PackedSnippet:
        """Read the snippets `items`.

        Raises:
            VoGanError: a frame cannot be read; it is named.
        """
        located = [self.locate(item) for item in items]
        has_right = np.array(
            [[self.stereo and self.drives[drive].has_right(index) for index in indices] for drive, indices in located]
        )
        width, height = self.size
        shape = (len(items), self.frames, 3, height, width)
        images = np.empty(shape, np.uint8)
        right = np.zeros(shape, np.uint8) if has_right.any() else None
        right_from_left = np.tile(np.eye(4, dtype=np.float32), (len(items), 1, 1))
        for row, (number, indices) in enumerate(located):
            drive = self.drives[number]
            if self.stereo and drive.baseline is not None:
                right_from_left[row, 0, 3] = -drive.baseline
            for column, index in enumerate(indices):
                images[row, column] = drive.read(index, self.size).transpose(2, 0, 1)
                if right is not None and has_right[row, column]:
                    right[row, column] = drive.read(index, self.size, "right").transpose(2, 0, 1)
        return PackedSnippet(
            images=torch.from_numpy(images),
            right=None if right is None else torch.from_numpy(right),
            has_right=torch.from_numpy(has_right),
            intrinsics=torch.from_numpy(np.stack([self._intrinsics[number] for number, _ in located])),
            right_from_left=torch.from_numpy(right_from_left),
            names=tuple(self.drives[number].frame_name(indices[0]) for number, indices in located),
        )
