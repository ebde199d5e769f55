"""Stereo pairs of drives, with the disparity that their measured depth gives, for stereo matchers to train on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from torch.utils.data import Dataset, Sampler

from vo_gan.data.drive import Drive
from vo_gan.data.loader import BatchLoader
from vo_gan.data.order import ALONE, Share, ShuffledOrder
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.errors import VoGanError


@dataclass(frozen=True)
class PairSampling:
    """How frames are scaled and cut at random, so that disparities come that no drive has.

    Attributes:
        zoom: frames are enlarged up to so many times beyond what the size trained on needs.
        stretch: widths are multiplied by 2 to a power from [-x, x] besides.
        shifted: share of the pairs whose right view is cut further to the right, which adds to all disparities.
        shift: how far at most, as a share of the width.
    """

    zoom: float = 2.0
    stretch: float = 0.2
    shifted: float = 0.3
    shift: float = 0.15


@dataclass(frozen=True)
class Pair:
    """One pair at its native size.

    Attributes:
        left: RGB.
        right: RGB.
        disparity: pixels.
        known: where `disparity` is.
    """

    left: UInt8[np.ndarray, "h w 3"]
    right: UInt8[np.ndarray, "h w 3"]
    disparity: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]


class PairDataset:
    """All frames of some drives that have a right view.

    Args:
        drives: where the frames come from; may be empty.
        size: (width, height) of the images of a batch.
        sampling: how they are cut out of frames.
        missing_is_far: what has no depth is infinitely far, as the sky of a rendered world. Else it is unknown, as
            between the points of a LiDAR.
        depth_needed: whether frames must have a measured depth.

    Raises:
        VoGanError: a drive has no pair, no intrinsics, or no depth where one is needed; or a sampling that cannot be.
    """

    def __init__(
        self,
        drives: Sequence[Drive],
        size: tuple[int, int],
        sampling: PairSampling,
        *,
        missing_is_far: bool = False,
        depth_needed: bool = True,
    ) -> None:
        if sampling.zoom < 1 or sampling.stretch < 0 or not 0 <= sampling.shifted <= 1 or not 0 <= sampling.shift < 1:
            raise VoGanError(f"{sampling}: expected zoom >= 1, stretch >= 0, shifted in [0, 1] and shift in [0, 1)")
        self.drives = list(drives)
        self.size = size
        self.sampling = sampling
        self.missing_is_far = missing_is_far
        self._frames = [[index for index in range(len(drive)) if drive.has_right(index)] for drive in self.drives]
        self._scales: list[float] = []
        for drive, frames in zip(self.drives, self._frames, strict=True):
            if not frames or drive.baseline is None:
                raise VoGanError(f"{drive.frame_name(0)}: its drive {drive.name} has no right views; leave it out")
            if depth_needed and drive.read_depth(frames[0]) is None:
                raise VoGanError(
                    f"{drive.frame_name(frames[0])}: has no depth to learn disparity from; expected depth images or "
                    "LiDAR points beside it (see `vo-gan data check`). Without, learn from reconstruction alone: set "
                    "stereo.supervised to 0 and stereo.photometric to 1"
                )
            self._scales.append(float(drive.intrinsics()[0, 0]) * drive.baseline)
        self._ends = list(accumulate(len(frames) for frames in self._frames))

    def __len__(self) -> int:
        """Number of pairs."""
        return self._ends[-1] if self._ends else 0

    def locate(self, item: int) -> tuple[int, int]:
        """The number of the drive that pair `item` comes from, and the index of its frame there."""
        if not 0 <= item < len(self):
            raise IndexError(f"pair {item} of {len(self)}")
        drive = int(np.searchsorted(self._ends, item, side="right"))
        return drive, self._frames[drive][item - (self._ends[drive - 1] if drive else 0)]

    def read(self, item: int) -> Pair:
        """One pair.

        Raises:
            VoGanError: a file cannot be read; it is named.
        """
        number, index = self.locate(item)
        drive = self.drives[number]
        left, right = drive.read(index), drive.read(index, side="right")
        depth = drive.read_depth(index)
        disparity = np.zeros(left.shape[:2], np.float32)
        if depth is None:
            return Pair(left, right, disparity, np.zeros(left.shape[:2], bool))
        np.divide(np.float32(self._scales[number]), depth, out=disparity, where=depth > 0)
        return Pair(left, right, disparity, np.full(depth.shape, True) if self.missing_is_far else depth > 0)

    def batch(self, items: Sequence[int], random: np.random.Generator | None = None) -> StereoPairs:
        """The pairs `items`, cut at random, or whole and resized where there is no source of randomness.

        Raises:
            VoGanError: see `read`.
        """
        pairs = [self.read(item) for item in items]
        cut = [_resized(pair, self.size) if random is None else self._cut(pair, random) for pair in pairs]

        def images(views: list[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.stack(views).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255.0))

        return StereoPairs(
            left=images([pair.left for pair in cut]),
            right=images([pair.right for pair in cut]),
            disparity=torch.from_numpy(np.stack([pair.disparity for pair in cut])[:, None]),
            mask=torch.from_numpy(np.stack([pair.known for pair in cut])[:, None]),
            names=tuple(self.drives[drive].frame_name(index) for drive, index in map(self.locate, items)),
        )

    def _cut(self, pair: Pair, random: np.random.Generator) -> Pair:
        width, height = self.size
        native_height, native_width = pair.disparity.shape
        sampling = self.sampling
        fitting = max(width / native_width, height / native_height)
        zoom, stretch, shifted, along, down, across = random.uniform(size=6)
        scale = fitting * sampling.zoom**zoom
        wide = max(round(native_width * scale * 2 ** (sampling.stretch * (2 * stretch - 1))), width)
        high = max(round(native_height * scale), height)
        pair = _resized(pair, (wide, high))
        left, top = int((wide - width + 1) * across), int((high - height + 1) * down)
        shift = 0
        if shifted < sampling.shifted:
            shift = int(along * (min(sampling.shift * width, wide - width - left) + 1))
        rows = slice(top, top + height)
        columns, right_columns = slice(left, left + width), slice(left + shift, left + shift + width)
        return Pair(
            left=pair.left[rows, columns],
            right=pair.right[rows, right_columns],
            disparity=pair.disparity[rows, columns] + np.float32(shift),
            known=pair.known[rows, columns],
        )


def _resized(pair: Pair, size: tuple[int, int]) -> Pair:
    """A pair at another (width, height); disparities grow with the width."""
    native = (pair.disparity.shape[1], pair.disparity.shape[0])
    if size == native:
        return pair
    shrinks = size[0] <= native[0] and size[1] <= native[1]
    images = [
        cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        for image in (pair.left, pair.right)
    ]
    disparity = cv2.resize(pair.disparity, size, interpolation=cv2.INTER_NEAREST_EXACT)
    known = cv2.resize(pair.known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT)
    return Pair(images[0], images[1], disparity * np.float32(size[0] / native[0]), known.astype(bool))


class PairLoader(BatchLoader[StereoPairs]):
    """Batches of stereo pairs, which follow from seed, epoch and number of the batch alone.

    Args:
        dataset: the pairs.
        batch_size: pairs of a batch.
        workers: processes that read; 0 reads in this one.
        seed: of the order, and of how pairs are cut.
        training: shuffle and cut at random; else pairs come whole and evenly spread over the drives, in one order.
        share: of several processes that train together, which this one is.

    Raises:
        VoGanError: an impossible batch size or number of workers.
    """

    def __init__(
        self,
        dataset: PairDataset,
        batch_size: int,
        workers: int,
        seed: int,
        training: bool,
        share: Share = ALONE,
    ) -> None:
        order = ShuffledOrder(len(dataset), batch_size, seed, True, share)
        super().__init__(_Batches(dataset), order, workers, seed, _NumberedOrder(order, seed, training))
        self.dataset = dataset


@dataclass(frozen=True)
class _Request:
    """Pairs to read, and what seeds their cutting; None reads them whole."""

    items: list[int]
    seed: tuple[int, ...] | None


class _NumberedOrder(Sampler[_Request]):
    """Batches in shuffled order, each with a seed of its own."""

    def __init__(self, batches: ShuffledOrder, seed: int, training: bool) -> None:
        self.batches = batches
        self._seed = seed
        self._training = training

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[_Request]:
        epoch, first, process = self.batches.epoch, self.batches.skip, self.batches.share.process
        for number, request in enumerate(self.batches, start=first):
            yield _Request(request.items, (self._seed, epoch, number, process) if self._training else None)


class _Batches(Dataset[StereoPairs | VoGanError]):
    """Batches as items; see `BatchLoader`."""

    def __init__(self, dataset: PairDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, request: _Request) -> StereoPairs | VoGanError:
        try:
            return self.dataset.batch(
                request.items, None if request.seed is None else np.random.default_rng(request.seed)
            )
        except VoGanError as error:
            return error
