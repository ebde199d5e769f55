"""Reconstructing frames from their neighbours, and what the reconstructions are worth: what all recipes train on.

The losses are those of Godard et al. 2019 (SSIM + L1, minimum over sources, auto-mask, smoothness, all scales at full
resolution), with Bian et al.'s (2019) geometry consistency as an option; and another, of showing the pose net what
direct alignment makes of its motions, which is where Wang et al. (2018, arXiv:1712.00175) had no pose net at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from vo_gan.data import Snippet
from vo_gan.geometry import inverse_warp, invert_transform, refine_motion, rotation_angle
from vo_gan.geometry.warp import NEAREST
from vo_gan.losses import (
    Target,
    depth_disagreement,
    disparity_smoothness,
    masked_mean,
    minimum_reprojection,
    photometric_error,
)
from vo_gan.models import DepthGenerator

ALIGNMENT_STEPS, ALIGNMENT_PIXELS = 4, 2000
"""What alignment takes while training: fewer than tracking, for the next step brings it closer."""
REACH = (1 / 3, 0.3)
"""How far a camera gets from one frame to the next: the share of the median depth, and radians."""
RADIAN = 10.0
"""Metres that a radian counts for: at ten metres' distance, both move an image by as much."""


@dataclass(frozen=True)
class ReconstructionConfig:
    """What a reconstruction is judged by.

    Attributes:
        ssim: share of SSIM beside L1.
        scales: number of depth scales that are trained, each warped at full resolution.
        auto_mask: leave out pixels that a standing camera explains better.
        smoothness: weight of the edge-aware disparity smoothness.
        stereo: weight of the right view's reconstruction, where there is a right view; it makes the scale metric.
        consistency: weight of the geometry consistency of SC-SfMLearner (Bian et al. 2019, who give it 0.5): depth maps
            of neighbouring frames should agree on the scene, and so on its scale; 0 saves their computation.
        alignment: weight of the distance of the motions to the same ones aligned photometrically through the depth (see
            `vo_gan.geometry.alignment`), metres plus ten times radians: photometric errors draw a motion over fractions
            of a pixel, alignment over many; 0 saves its computation.
        alignment_after: steps before that begins: there must be some depth to align through.
    """

    ssim: float = 0.85
    scales: int = 4
    auto_mask: bool = True
    smoothness: float = 1e-3
    stereo: float = 1.0
    consistency: float = 0.0
    alignment: float = 0.0
    alignment_after: int = 100


@dataclass(frozen=True)
class Views:
    """What one batch of targets looks like through the networks. Every inner frame of a snippet is a target.

    Attributes:
        target: the clean target frames.
        prepared: the same with SSIM's local statistics.
        sources: the frames before and after each target.
        source_from_target: the estimated motions to them.
        source_depths: their estimated depths, full resolution; None where no loss asks for them.
        right: the right views, those that exist.
        right_from_left: stereo extrinsics of those.
        with_right: which targets have a right view.
        intrinsics: of the targets.
        activations: the depth generator's output, finest scale first.
    """

    target: Float[Tensor, "t 3 h w"]
    prepared: Target
    sources: tuple[Float[Tensor, "t 3 h w"], Float[Tensor, "t 3 h w"]]
    source_from_target: tuple[Float[Tensor, "t 4 4"], Float[Tensor, "t 4 4"]]
    source_depths: tuple[Float[Tensor, "t 1 h w"], Float[Tensor, "t 1 h w"]] | None
    right: Float[Tensor, "r 3 h w"]
    right_from_left: Float[Tensor, "r 4 4"]
    with_right: Bool[Tensor, " t"]
    intrinsics: Float[Tensor, "t 3 3"]
    activations: list[Tensor]


@dataclass(frozen=True)
class Reconstruction:
    """The target as seen through one depth scale.

    Attributes:
        error: mean photometric error over the valid pixels (standing still counted where it explains a pixel better).
        disagreement: mean of the depths' disagreement, see `depth_disagreement`; None where sources have no depth.
        image: for each pixel the best source's colour.
        valid: where there is one.
        moving: where, besides, the auto-mask lets it count.
    """

    error: Float[Tensor, ""]
    disagreement: Float[Tensor, ""] | None
    image: Float[Tensor, "t 3 h w"]
    valid: Bool[Tensor, "t 1 h w"]
    moving: Bool[Tensor, "t 1 h w"]


def views_of(
    clean: Snippet,
    motions: Float[Tensor, "b m 4 4"],
    activations: list[Tensor],
    depths: Float[Tensor, "b n 1 h w"] | None = None,
) -> Views:
    """Lay out a batch of snippets for comparison.

    Args:
        clean: the batch, in its own colours.
        motions: `next_from_previous` between consecutive frames.
        activations: the depth generator's output for the inner frames, those of one snippet one after the other.
        depths: of all frames, where the geometry consistency is wanted.
    """
    inner = slice(1, -1)
    targets = clean.images.shape[1] - 2
    target = clean.images[:, inner].flatten(0, 1)
    with_right = clean.has_right[:, inner].flatten()
    return Views(
        target=target,
        prepared=Target.of(target),
        sources=(clean.images[:, :-2].flatten(0, 1), clean.images[:, 2:].flatten(0, 1)),
        source_from_target=(invert_transform(motions[:, :-1]).flatten(0, 1), motions[:, 1:].flatten(0, 1)),
        source_depths=None if depths is None else (depths[:, :-2].flatten(0, 1), depths[:, 2:].flatten(0, 1)),
        right=clean.right[:, inner].flatten(0, 1)[with_right],
        right_from_left=clean.right_from_left.repeat_interleave(targets, 0)[with_right],
        with_right=with_right,
        intrinsics=clean.intrinsics.repeat_interleave(targets, 0),
        activations=activations,
    )


class Reconstructor:
    """Warps views and weighs errors as configured.

    Args:
        config: the losses.
        generator: reads activations as depth.
    """

    def __init__(self, config: ReconstructionConfig, generator: DepthGenerator) -> None:
        self.config = config
        self.generator = generator

    def losses(self, views: Views, step: int) -> tuple[dict[str, Tensor], Reconstruction]:
        """The weighted losses of a step by name, each a mean over scales, and the finest scale's reconstruction."""
        config = self.config
        identity = self.identity_errors(views) if config.auto_mask else None
        temporal, stereo, smoothness = [], [], []
        finest: Reconstruction | None = None
        for scale, activation in enumerate(views.activations[: config.scales]):
            depth = self.full_depth(activation, views.target)
            reconstruction = self.reconstruct(views if finest is None else _without_depths(views), depth, identity)
            finest = reconstruction if finest is None else finest
            temporal.append(reconstruction.error)
            if config.stereo > 0 and len(views.right):
                stereo.append(self.stereo_error(views, depth))
            image = F.interpolate(views.target, activation.shape[-2:], mode="area")
            smoothness.append(disparity_smoothness(activation, image) / 2**scale)
        assert finest is not None
        losses = {
            "temporal": torch.stack(temporal).mean(),
            "smoothness": config.smoothness * torch.stack(smoothness).mean(),
        }
        if stereo:
            losses["stereo"] = config.stereo * torch.stack(stereo).mean()
        if finest.disagreement is not None:
            losses["consistency"] = config.consistency * finest.disagreement
        if config.alignment > 0 and step >= config.alignment_after:
            depth = self.full_depth(views.activations[0].detach(), views.target)
            losses["alignment"] = config.alignment * distance_to_aligned(views, depth)
        return losses, finest

    def reconstruct(
        self, views: Views, depth: Float[Tensor, "t 1 h w"], identity: Float[Tensor, "t 2 h w"] | None
    ) -> Reconstruction:
        """The target from the frames before and after it, through `depth`."""
        sources = list(views.sources)
        if views.source_depths is not None:
            # One warp for colours and depths: what costs is where to look, not what.
            pairs = zip(sources, views.source_depths, strict=True)
            sources = [torch.cat((source, known), dim=1) for source, known in pairs]
        warped = [
            inverse_warp(source, depth, motion, views.intrinsics)
            for source, motion in zip(sources, views.source_from_target, strict=True)
        ]
        images = [view.image[:, :3] for view in warped]
        masks = torch.cat([view.mask for view in warped], dim=1)
        errors = torch.cat([self.error(image, views.prepared) for image in images], dim=1)
        selection = minimum_reprojection(errors, masks, identity)
        disagreement = None
        if views.source_depths is not None:
            maps = [depth_disagreement(view.depth.clamp(min=NEAREST), view.image[:, 3:]) for view in warped]
            disagreement = torch.stack(
                [masked_mean(values, view.mask) for values, view in zip(maps, warped, strict=True)]
            ).mean()
        return Reconstruction(
            error=masked_mean(selection.error, selection.valid),
            disagreement=disagreement,
            image=torch.where(selection.source == 0, images[0], images[1]),
            valid=selection.valid,
            moving=selection.moving,
        )

    def figures(self, views: Views) -> dict[str, Tensor]:
        """Photometric error of the reconstruction, of standing still on the same pixels, and of the right view."""
        depth = self.full_depth(views.activations[0], views.target)
        reconstruction = self.reconstruct(views, depth, None)
        identity = self.identity_errors(views).amin(dim=1, keepdim=True)
        figures = {"reconstruction": reconstruction.error, "identity": masked_mean(identity, reconstruction.valid)}
        if reconstruction.disagreement is not None:
            figures["consistency"] = reconstruction.disagreement
        if len(views.right):
            figures["stereo"] = self.stereo_error(views, depth)
        return figures

    def full_depth(self, activation: Float[Tensor, "t 1 _ _"], target: Float[Tensor, "t 3 h w"]) -> Tensor:
        """Depth at the target's resolution from the activation of any scale."""
        if activation.shape[-2:] != target.shape[-2:]:
            activation = F.interpolate(activation, target.shape[-2:], mode="bilinear", align_corners=False)
        return self.generator.depth(activation)

    def identity_errors(self, views: Views) -> Float[Tensor, "t 2 h w"]:
        """Photometric error of each source as it is."""
        with torch.no_grad():
            return torch.cat([self.error(source, views.prepared) for source in views.sources], dim=1)

    def stereo_error(self, views: Views, depth: Float[Tensor, "t 1 h w"]) -> Float[Tensor, ""]:
        """Photometric error of the target reconstructed from its right view."""
        chosen = views.with_right
        target = Target(
            *(part[chosen] for part in (views.prepared.image, views.prepared.mean, views.prepared.variance))
        )
        view = inverse_warp(views.right, depth[chosen], views.right_from_left, views.intrinsics[chosen])
        return masked_mean(self.error(view.image, target), view.mask)

    def error(self, image: Float[Tensor, "t 3 h w"], target: Target) -> Float[Tensor, "t 1 h w"]:
        """Photometric error per pixel."""
        return photometric_error(image, target, self.config.ssim)


def distance_to_aligned(views: Views, depth: Float[Tensor, "t 1 h w"]) -> Float[Tensor, ""]:
    """Mean distance of the motions to the frames after the targets from the same ones aligned, metres plus ten times
    radians.

    Through a wrong depth, alignment can end anywhere, and motions that follow it would never come back: no frame would
    be seen any more. A motion further than `REACH` from standing still is no guess to begin with, and no answer.
    """
    motions = views.source_from_target[1].float()
    given = motions.detach()
    standing = torch.eye(4, device=given.device).expand_as(given)
    start = torch.where(_within_reach(given, depth), given, standing)
    aligned = refine_motion(
        views.target,
        depth,
        views.sources[1],
        views.intrinsics,
        start,
        iterations=ALIGNMENT_STEPS,
        pixels=ALIGNMENT_PIXELS,
    )
    aligned = torch.where(_within_reach(aligned, depth), aligned, start)
    turned = aligned[:, :3, :3].transpose(1, 2) @ motions[:, :3, :3]
    # The sine of the angle between them, along the axis; of small angles, the rotation vector.
    angle = 0.5 * torch.stack(
        (turned[:, 2, 1] - turned[:, 1, 2], turned[:, 0, 2] - turned[:, 2, 0], turned[:, 1, 0] - turned[:, 0, 1]), dim=1
    )
    moved = motions[:, :3, 3] - aligned[:, :3, 3]
    return moved.abs().sum(1).mean() + RADIAN * angle.abs().sum(1).mean()


def _within_reach(motions: Float[Tensor, "t 4 4"], depth: Float[Tensor, "t 1 h w"]) -> Bool[Tensor, "t 1 1"]:
    length = motions[:, :3, 3].norm(dim=1) / depth.flatten(1).median(dim=1).values
    return ((length < REACH[0]) & (rotation_angle(motions[:, :3, :3]) < REACH[1]))[:, None, None]


def _without_depths(views: Views) -> Views:
    """The consistency is asked of the finest scale alone."""
    return replace(views, source_depths=None)
