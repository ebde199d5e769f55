"""Sample frames of a track with depth, reconstruction and mask, and errors of its depth where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from vo_gan.data import Drive
from vo_gan.depth_images import color_depth
from vo_gan.evaluation.depth import MAX_DEPTH, evaluate_depth, resize_depth
from vo_gan.evaluation.report.charts import histogram
from vo_gan.evaluation.report.page import Block, Chart, Note, Picture, Table
from vo_gan.geometry.poses import invert_poses
from vo_gan.mapping.track_folder import Track

SAMPLES = 4
DEPTH_FRAMES = 40
"""Frames, evenly chosen, whose depth is compared with the truth."""
BINS = np.linspace(-1.0, 1.0, 41)
"""Of the histogram of relative depth errors; what lies beyond counts in the outermost."""
SHOWN_WIDTH = 480
"""Pixels; broader frames are made smaller, to keep the page light."""


@dataclass(frozen=True)
class Reconstruction:
    """A frame made from the one before it.

    Attributes:
        image: colours of the frame before, where the depth and motion of this one say they are; black where out of it.
        counted: where it is in view and explains the frame better than the frame before does unmoved: the pixels that
            training learns from (Godard et al. 2019).
    """

    image: UInt8[np.ndarray, "h w 3"]
    counted: Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Strip:
    """Pictures of one frame beside each other.

    Attributes:
        pictures: each with a caption.
    """

    pictures: Sequence[Picture]
    wide: bool = True
    script: str = ""

    def html(self) -> str:
        """The pictures, two in a row on a phone."""
        return '<div class="strip">\n' + "\n".join(picture.html() for picture in self.pictures) + "\n</div>"


def frame_blocks(track: Track, drive: Drive) -> list[Block]:
    """Some frames, each with its depth, its reconstruction from the frame before, and the mask of that.

    Args:
        track: the track.
        drive: its source, opened.

    Raises:
        VoGanError: a frame or a depth image is damaged.
    """
    first = 1 if len(track) > 1 else 0
    strips: list[Block] = [
        Note(
            f"{track.size[0]}x{track.size[1]} pixels, as the networks saw them. Near is bright. A reconstruction is "
            "the frame before, looked up where the estimated depth and motion say each pixel was. The mask is white "
            "where that is in view and fits better than standing still would."
        )
    ]
    for index in np.unique(np.linspace(first, len(track) - 1, SAMPLES).astype(int)):
        strips.append(_strip(track, drive, int(index)))
    return strips


def reconstruct(
    image: UInt8[np.ndarray, "h w 3"],
    before: UInt8[np.ndarray, "h w 3"],
    depth: Float32[np.ndarray, "h w"],
    before_from_frame: Float64[np.ndarray, "4 4"],
    intrinsics: Float64[np.ndarray, "3 3"],
) -> Reconstruction:
    """Rebuild a frame from the one before it.

    Args:
        image: the frame.
        before: the frame before it.
        depth: of the frame, in the unit of the motion.
        before_from_frame: the motion.
        intrinsics: in pixels of these images.
    """
    import torch

    from vo_gan.geometry import inverse_warp
    from vo_gan.losses import Target, minimum_reprojection, photometric_error

    def as_tensor(pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255.0

    matrices = (torch.from_numpy(matrix).float()[None] for matrix in (before_from_frame, intrinsics))
    with torch.no_grad():
        source, target = as_tensor(before), Target.of(as_tensor(image))
        warped = inverse_warp(source, torch.from_numpy(depth)[None, None], *matrices)
        selection = minimum_reprojection(
            photometric_error(warped.image, target), warped.mask, photometric_error(source, target)
        )
    pixels = (warped.image * warped.mask * 255).round().byte()[0].permute(1, 2, 0).numpy()
    return Reconstruction(image=pixels, counted=selection.moving[0, 0].numpy())


def depth_blocks(track: Track, drive: Drive) -> list[Block]:
    """Histogram of relative depth errors, and the figures; nothing where the drive has no true depth.

    Raises:
        VoGanError: a depth image is damaged.
    """
    relative = track.scale == "relative"
    truths, estimates, errors = [], [], []
    for index in _evenly(len(track), DEPTH_FRAMES):
        truth = drive.read_depth(track.first_frame + int(index))
        if truth is None:
            return []
        estimate = resize_depth(track.read_depth(int(index)), truth.shape)
        known = (truth > 0) & (truth < MAX_DEPTH) & (estimate > 0)
        if not known.any():
            continue
        truths.append(truth)
        estimates.append(estimate)
        scale = np.median(truth[known]) / np.median(estimate[known]) if relative else 1.0
        errors.append(scale * estimate[known] / truth[known] - 1.0)
    if not errors:
        return []
    figures = evaluate_depth(truths, estimates, median_scale=relative)
    scaling = "every image scaled by the ratio of medians" if relative else "metric, not scaled"
    said = (
        f"{len(truths)} frames of {len(track)}, evenly chosen; {scaling}; true depth up to {MAX_DEPTH:g} m at "
        f"{truths[0].shape[1]}x{truths[0].shape[0]} pixels, no crop; depth tracked at {track.size[0]}x{track.size[1]}."
    )
    joined = np.concatenate(errors)
    counts = np.histogram(joined.clip(BINS[0], BINS[-1]), BINS)[0].astype(np.float64)
    chart = Chart(
        histogram(
            100.0 * counts / counts.sum(),
            BINS,
            title="Histogram of relative depth errors",
            x_label="(estimated − true) / true depth",
            y_label="pixels (%)",
        ),
        f"Relative error of depth: median {np.median(joined):+.3f}, median of its size "
        f"{np.median(np.abs(joined)):.3f}. What lies beyond −1 and 1 counts in the outermost bars.",
    )
    rows = [
        ["AbsRel", figures.abs_rel],
        ["SqRel (m)", figures.sq_rel],
        ["RMSE (m)", figures.rmse],
        ["RMSElog", figures.rmse_log],
        ["delta < 1.25", figures.delta1],
        ["delta < 1.25²", figures.delta2],
        ["delta < 1.25³", figures.delta3],
    ]
    return [chart, Table("Depth", ["figure", "value"], rows, said, wide=False)]


def _strip(track: Track, drive: Drive, index: int) -> Strip:
    image, depth = track.read_colour(drive, index), track.read_depth(index)
    frame = track.first_frame + index
    shown = [(image, f"frame {frame}"), (color_depth(depth), "depth")]
    if index > 0:
        motion = invert_poses(track.world_from_camera[index - 1]) @ track.world_from_camera[index]
        made = reconstruct(image, track.read_colour(drive, index - 1), depth, motion, track.intrinsics)
        mask = np.repeat(np.where(made.counted, 255, 0).astype(np.uint8)[..., None], 3, axis=-1)
        shown += [(made.image, "reconstruction"), (mask, f"mask, {made.counted.mean():.0%} white")]
    return Strip(
        [
            Picture.from_pixels(_fitted(pixels), caption, alternative=f"Frame {frame}: {caption}")
            for pixels, caption in shown
        ]
    )


def _fitted(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    import cv2

    height, width = pixels.shape[:2]
    if width <= SHOWN_WIDTH:
        return pixels
    size = (SHOWN_WIDTH, round(height * SHOWN_WIDTH / width))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _evenly(count: int, wanted: int) -> Int64[np.ndarray, " k"]:
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).astype(np.int64))
