"""An endless supply of stereo pairs made from single images, for stereo matchers to train on.

drives = open_drives(root)                                         # any frames; right views are not looked at
pairs = MadePairs(drives, recorded_depth, (640, 192), batch_size=4, seed=0)
for batch in pairs:
    batch.left, batch.right, batch.disparity, batch.mask
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from vo_gan.data.depth_files import read_depth_image
from vo_gan.data.drive import Drive
from vo_gan.data.order import ALONE, Share, ShuffledOrder
from vo_gan.data.pair_maker import PairMakerConfig, make_pairs
from vo_gan.data.stereo_pairs import StereoPairs
from vo_gan.errors import VoGanError

DepthSource = Callable[[Drive, int], Float32[np.ndarray, "h w"]]
"""Z-depth of a drive's frame, of any size and in any unit; 0 or infinity is infinitely far."""


LEAST_KNOWN = 0.25
"""Share of a recorded depth image that must be known; above a driving scene, half may be sky."""


def recorded_depth(drive: Drive, index: int) -> Float32[np.ndarray, "h w"]:
    """The depth that the drive itself holds; where it holds none, as in a rendered sky, that is infinitely far.

    Raises:
        VoGanError: there is none for this frame, or only here and there, as from LiDAR.
    """
    depth = drive.read_depth(index)
    known = 0.0 if depth is None else float((depth > 0).mean())
    if depth is None or known < LEAST_KNOWN:
        raise VoGanError(
            f"{drive.frame_name(index)}: has depth for {known:.0%} of its pixels, expected at least {LEAST_KNOWN:.0%} "
            "from a depth image beside it, to make a pair. Take another drive, or let a network say its depth"
        )
    return depth


def predicted_depth(predict: Callable[[UInt8[np.ndarray, "h w 3"]], Float32[np.ndarray, "_ _"]]) -> DepthSource:
    """The depth that a function gives for the frame, such as a network in `vo_gan.odometry.DepthPredictor`."""
    return lambda drive, index: predict(drive.read(index))


def depth_files(folder: Path) -> DepthSource:
    """The depth in `folder`/NNNNNN.png, as `vo-gan track` writes it; of several drives, `folder`/DRIVE/NNNNNN.png."""

    def read(drive: Drive, index: int) -> Float32[np.ndarray, "h w"]:
        own = folder / drive.name
        return read_depth_image((own if own.is_dir() else folder) / f"{index:06d}.png")

    return read


class MadePairs:
    """Iterates over one epoch of batches of `StereoPairs`; `set_position` enters at any batch of any epoch.

    A pair follows from seed, epoch and frame alone. An iteration begins where `set_position` said, a later one with the
    first batch of the same epoch. Frames are scaled to fill a canvas that is wider than the pairs, so that the right
    views are full up to their right border, and cut where they exceed it. Holes show another frame.

    Args:
        drives: where the images come from.
        depth: what says how far away they are.
        size: (width, height) of the pairs.
        batch_size: pairs of a batch.
        seed: of the order, and of all else that is random.
        config: what the pairs are like.
        device: where they are made.
        workers: threads that make batches ahead; 0 makes one when it is asked for.
        share: of several processes that train together, which this one is.

    Raises:
        VoGanError: less than two frames, or an impossible batch size or number of workers.
    """

    def __init__(
        self,
        drives: Sequence[Drive],
        depth: DepthSource,
        size: tuple[int, int],
        batch_size: int,
        seed: int,
        config: PairMakerConfig | None = None,
        device: torch.device | str = "cpu",
        workers: int = 0,
        share: Share = ALONE,
    ) -> None:
        self.drives = list(drives)
        self._ends = list(accumulate(len(drive) for drive in self.drives))
        frames = self._ends[-1] if self._ends else 0
        if frames < 2 or workers < 0:
            raise VoGanError(
                f"pairs from {frames} frame(s) by {workers} workers: expected at least 2 frames, for one fills the "
                "holes of another, and 0 workers"
            )
        self.depth = depth
        self.size = size
        self.seed = seed
        self.config = config or PairMakerConfig()
        self.device = torch.device(device)
        self.workers = workers
        self.processes = share.processes
        self._order = ShuffledOrder(frames, batch_size, seed, True, share)

    def set_position(self, epoch: int, batches_done: int) -> None:
        """Let the next iteration begin in `epoch`, after its first `batches_done` batches, without making those."""
        self._order.epoch = epoch
        self._order.skip = batches_done

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return len(self._order)

    def __iter__(self) -> Iterator[StereoPairs]:
        """Yield the batches of the epoch.

        Raises:
            VoGanError: a frame or its depth cannot be read, or it has no depth at all; it is named.
        """
        epoch = self._order.epoch
        requests = (request.items for request in self._order)
        if self.workers == 0:
            for items in requests:
                yield self.batch(items, epoch)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            ahead: deque[Future[StereoPairs]] = deque()
            try:
                for items in requests:
                    ahead.append(pool.submit(self.batch, items, epoch))
                    if len(ahead) > self.workers:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def batch(self, items: Sequence[int], epoch: int) -> StereoPairs:
        """The pairs of the frames `items`, counted through all drives, in an epoch.

        Raises:
            VoGanError: see `__iter__`.
        """
        images, nearness, others, generators, names = [], [], [], [], []
        for item in items:
            random = np.random.default_rng((self.seed, epoch, item))
            other = int((item + random.integers(1, self._ends[-1])) % self._ends[-1])
            image, near = self._canvas(item, random, with_depth=True)
            images.append(image)
            nearness.append(near)
            others.append(self._canvas(other, random, with_depth=False)[0])
            generators.append(torch.Generator(self.device).manual_seed(int(random.integers(2**63))))
            drive, index = self._locate(item)
            names.append(drive.frame_name(index))
        return make_pairs(
            self._images(images),
            torch.from_numpy(np.stack(nearness)[:, None]).to(self.device),
            self._images(others),
            generators,
            self.config,
            tuple(names),
            self.size[0],
        )

    def _locate(self, item: int) -> tuple[Drive, int]:
        drive = int(np.searchsorted(self._ends, item, side="right"))
        return self.drives[drive], item - (self._ends[drive - 1] if drive else 0)

    def _images(self, images: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float[Tensor, "b 3 h w"]:
        packed = torch.from_numpy(np.stack(images)).to(self.device)
        return packed.permute(0, 3, 1, 2).contiguous().float().div_(255.0)

    def _canvas(
        self, item: int, random: np.random.Generator, *, with_depth: bool
    ) -> tuple[UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
        """A frame that fills the canvas, cut at random where it exceeds it, and its inverse depth, or zeros."""
        drive, index = self._locate(item)
        width, height = self.size[0] + self.config.margin(self.size[0]), self.size[1]
        scale = max(width / drive.size[0], height / drive.size[1])
        covering = (max(round(drive.size[0] * scale), width), max(round(drive.size[1] * scale), height))
        left, top = (int(random.integers(spare + 1)) for spare in (covering[0] - width, covering[1] - height))
        cut = np.s_[top : top + height, left : left + width]
        image = drive.read(index, covering)[cut]
        if not with_depth:
            return image, np.zeros((height, width), np.float32)
        depth = self.depth(drive, index)
        near = np.zeros(depth.shape, np.float32)
        np.divide(1.0, depth, out=near, where=depth > 0)
        if not near.any():
            raise VoGanError(f"{drive.frame_name(index)}: its depth is unknown everywhere; leave this frame out")
        return image, cv2.resize(near, covering, interpolation=cv2.INTER_LINEAR)[cut]
