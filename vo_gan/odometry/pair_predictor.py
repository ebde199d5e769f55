"""Depth of single frames by way of a second eye: image to pair, pair to disparity, disparity to depth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vo_gan.data.stereo_drives import StereoRig
from vo_gan.geometry.splat import splat_disparity
from vo_gan.models import CoupledViews
from vo_gan.odometry.disparity import DisparityMap, Matcher, fill_background

WIDEST = 1280
"""Columns of the widest pair: more take long to match, and say no more about what was synthesised from far fewer."""


@dataclass(frozen=True)
class PairNetworks:
    """A trained view synthesiser and what it needs to know of itself.

    Attributes:
        views: both generators.
        size: (width, height) of the images they were trained on.
        rig: the cameras that took those.
    """

    views: CoupledViews
    size: tuple[int, int]
    rig: StereoRig


@dataclass(frozen=True)
class PairDepth:
    """What became of one frame.

    Attributes:
        left: the left view, as it was matched.
        right: the synthesised right view.
        matched: disparity of the left view, pixels.
        depth: z-depth of the left view, metres; 0 = unknown, where the matcher found nothing.
    """

    left: UInt8[np.ndarray, "h w 3"]
    right: UInt8[np.ndarray, "h w 3"]
    matched: DisparityMap
    depth: Float32[np.ndarray, "h w"]


class PairDepthPredictor:
    """Frames in, pairs and depth out.

    Where the right view is selected from the frame's pixels, the pair is the frame itself, at its own size up to
    `WIDEST` columns, and what the mean disparities take from it. Where it is painted, both views are, at the size
    trained on: they are blurred alike.

    Args:
        networks: the view synthesiser.
        matcher: finds the disparity of the pair.
        device: where networks run.
        filled: give the pixels that the matcher leaves out a disparity of the background beside them.
    """

    def __init__(
        self,
        networks: PairNetworks,
        matcher: Matcher,
        *,
        device: torch.device | str = "cpu",
        filled: bool = False,
    ) -> None:
        self.size = networks.size
        self.rig = networks.rig
        self.matcher = matcher
        self.device = torch.device(device)
        self.filled = filled
        self._views = networks.views.to(self.device).eval()

    def __call__(self, frame: UInt8[np.ndarray, "h w 3"], focal: float | None = None) -> PairDepth:
        """Pair and depth of a frame, RGB of any size.

        Args:
            frame: of the camera trained with, or of another one.
            focal: of another one, its focal length fx as a share of the frame's width. What such a camera sees as large
                as the one trained with is farther away by as much as its focal length is longer.
        """
        left, right = self.pair(frame)
        matched = self.matcher.disparity(left, right)
        if self.filled:
            matched = matched.filled()
        fx = left.shape[1] * (self.rig.focal if focal is None else focal)
        return PairDepth(left, right, matched, matched.depth(fx, self.rig.baseline))

    @torch.inference_mode()
    def pair(
        self, frame: UInt8[np.ndarray, "h w 3"]
    ) -> tuple[UInt8[np.ndarray, "ph pw 3"], UInt8[np.ndarray, "ph pw 3"]]:
        """The left and the right view, RGB."""
        made = self._views(self._tensor(frame, self.size))
        if made.selection is None:
            return _image(made.left), _image(made.right)
        height, width = frame.shape[:2]
        if width > WIDEST:
            width, height = WIDEST, round(height * WIDEST / width)
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        return frame, _image(made.selection.sample(self._tensor(frame, (width, height))))

    @torch.inference_mode()
    def selected_disparity(self, frame: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "th tw"] | None:
        """The disparity of the left view by which the right one is selected, without any matcher.

        Returns:
            At the size trained on and in its pixels; None where the right view is painted.
        """
        selection = self._views(self._tensor(frame, self.size)).selection
        if selection is None:
            return None
        # Seen in a mirror the right camera is the left one, and what it sees can be splatted to the other.
        splatted = splat_disparity(self.size[0] * selection.disparity.flip(-1))
        of_left = torch.where(splatted.mask, splatted.disparity, 0.0).flip(-1)
        return fill_background(of_left[0, 0].cpu().numpy())

    def _tensor(self, frame: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
        if frame.shape[1::-1] != size:
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        image = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)
        return image.permute(2, 0, 1)[None].float() / 255.0


def _image(views: torch.Tensor) -> np.ndarray:
    """The one RGB image in a batch `[1, 3, h, w]`."""
    return (255.0 * views[0].clamp(0, 1)).round().byte().permute(1, 2, 0).cpu().numpy()
