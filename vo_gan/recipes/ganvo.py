"""GANVO: depth and motion from view reconstruction, judged by a discriminator.

After Almalioglu et al. 2019 (generator, recurrent pose net, warping, discriminator), with the reconstruction loss of
Godard et al. 2019 (SSIM + L1, minimum over sources, auto-mask, smoothness, all scales at full resolution) and a
PatchGAN (Isola et al. 2017). Every idea is a key of the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from vo_gan.data import Snippet, augment
from vo_gan.engine import Learner
from vo_gan.errors import VoGanError
from vo_gan.gans import Objective, build_network, discriminator_loss, generator_loss, gradient_penalty
from vo_gan.geometry import inverse_warp, invert_transform
from vo_gan.losses import Target, disparity_smoothness, masked_mean, minimum_reprojection, photometric_error
from vo_gan.models import (
    DepthConfig,
    PoseConfig,
    build_depth_generator,
    build_pose_net,
    inflate_first_convolution,
)


@dataclass(frozen=True)
class ReconstructionConfig:
    """What a reconstruction is judged by.

    Attributes:
        ssim: share of SSIM beside L1.
        scales: number of depth scales that are trained, each warped at full resolution.
        auto_mask: leave out pixels that a standing camera explains better.
        smoothness: weight of the edge-aware disparity smoothness.
        stereo: weight of the right view's reconstruction, where there is a right view; it makes the scale metric.
    """

    ssim: float = 0.85
    scales: int = 4
    auto_mask: bool = True
    smoothness: float = 1e-3
    stereo: float = 1.0


@dataclass(frozen=True)
class AdversarialConfig:
    """The discriminator on reconstructed views.

    Attributes:
        weight: of the adversarial term beside the reconstruction; 0 switches the discriminator off.
        objective: see `vo_gan.gans.objectives`; `wasserstein` comes with the gradient penalty.
        warmup_steps: steps over which the weight grows from 0.
        width: channels of the PatchGAN's first layer.
        layers: strided layers of the PatchGAN.
        learning_rate: of the discriminator's Adam.
    """

    weight: float = 0.01
    objective: Objective = "nonsaturating"
    warmup_steps: int = 1000
    width: int = 32
    layers: int = 3
    learning_rate: float = 1e-4


@dataclass(frozen=True)
class GanvoConfig:
    """The networks, the losses and the learning rate of the generator side."""

    depth: DepthConfig = field(default_factory=DepthConfig)
    pose: PoseConfig = field(default_factory=PoseConfig)
    reconstruction: ReconstructionConfig = field(default_factory=ReconstructionConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    learning_rate: float = 1e-4
    augment: bool = True


@dataclass(frozen=True)
class Views:
    """What one batch of targets looks like through the networks. Every inner frame of a snippet is a target.

    Attributes:
        target: the clean target frames.
        prepared: the same with SSIM's local statistics.
        sources: the frames before and after each target.
        source_from_target: the estimated motions to them.
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
        image: for each pixel the best source's colour.
        valid: where there is one.
        moving: where, besides, the auto-mask lets it count.
    """

    error: Float[Tensor, ""]
    image: Float[Tensor, "t 3 h w"]
    valid: Bool[Tensor, "t 1 h w"]
    moving: Bool[Tensor, "t 1 h w"]


class Ganvo(Learner):
    """Depth generator, pose net and discriminator, learned together.

    Args:
        config: networks and losses.
        size: (width, height) of the images trained on.
        seed: of the augmentation.
    """

    def __init__(self, config: GanvoConfig, size: tuple[int, int], seed: int = 0) -> None:
        if size[0] % 32 or size[1] % 32:
            raise VoGanError(
                f"images of {size[0]}x{size[1]} do not fit the encoder: width and height must divide by 32"
            )
        self.config = config
        self.seed = seed
        depth, pose = build_depth_generator(config.depth, size), build_pose_net(config.pose)
        if config.depth.encoder_weights is not None:
            _load_resnet(Path(config.depth.encoder_weights), depth, pose)
        self.networks = {"depth": depth, "pose": pose}
        self.optimisers = {
            "generator": torch.optim.Adam([*depth.parameters(), *pose.parameters()], lr=config.learning_rate)
        }
        if config.adversarial.weight > 0:
            discriminator = build_network(
                "patch_discriminator",
                in_channels=3,
                width=config.adversarial.width,
                layers=config.adversarial.layers,
                norm="none" if config.adversarial.objective == "wasserstein" else "batch",
            )
            self.networks["discriminator"] = discriminator
            self.optimisers["discriminator"] = torch.optim.Adam(
                discriminator.parameters(), lr=config.adversarial.learning_rate, betas=(0.5, 0.999)
            )

    def step(self, batch: Snippet, step: int) -> dict[str, Tensor]:
        """One step of the generator side, then one of the discriminator."""
        seen, clean = batch, batch
        if self.config.augment:
            # Drawn from the step alone, so that a resumed run sees what an uninterrupted one would have seen.
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
            seen, clean = augment(batch, generator)
        views = self.look(seen, clean)
        losses, finest = self.reconstruction_losses(views)
        loss = torch.stack(list(losses.values())).sum()
        if "discriminator" not in self.networks:
            self.update("generator", loss)
            return losses | {"generator": loss}

        adversarial = self.config.adversarial
        mask = finest.valid.to(finest.image.dtype)
        fake, real = finest.image * mask, views.target * mask
        discriminator = self.networks["discriminator"]
        discriminator.requires_grad_(False)
        fooling = generator_loss(adversarial.objective, discriminator(fake).float())
        ramp = min((step + 1) / max(adversarial.warmup_steps, 1), 1.0)
        loss = loss + adversarial.weight * ramp * fooling
        self.update("generator", loss)

        discriminator.requires_grad_(True)
        fake = fake.detach()
        judging = discriminator_loss(adversarial.objective, discriminator(real).float(), discriminator(fake).float())
        if adversarial.objective == "wasserstein":
            judging = judging + gradient_penalty(discriminator, real, fake)
        self.update("discriminator", judging)
        return losses | {"generator": loss, "adversarial": fooling, "discriminator": judging}

    def look(self, seen: Snippet, clean: Snippet) -> Views:
        """Run the depth generator and pose net on `seen` (augmented colours) and lay out `clean` for comparison."""
        motions = self.networks["pose"](seen.images)
        inner = slice(1, -1)
        target = clean.images[:, inner].flatten(0, 1)
        targets = clean.images.shape[1] - 2
        with_right = clean.has_right[:, inner].flatten()
        return Views(
            target=target,
            prepared=Target.of(target),
            sources=(clean.images[:, :-2].flatten(0, 1), clean.images[:, 2:].flatten(0, 1)),
            source_from_target=(
                invert_transform(motions[:, :-1]).flatten(0, 1),
                motions[:, 1:].flatten(0, 1),
            ),
            right=clean.right[:, inner].flatten(0, 1)[with_right],
            right_from_left=clean.right_from_left.repeat_interleave(targets, 0)[with_right],
            with_right=with_right,
            intrinsics=clean.intrinsics.repeat_interleave(targets, 0),
            activations=self.networks["depth"](seen.images[:, inner].flatten(0, 1)),
        )

    def reconstruction_losses(self, views: Views) -> tuple[dict[str, Tensor], Reconstruction]:
        """The weighted losses by name, each a mean over scales, and the finest scale's reconstruction."""
        config = self.config.reconstruction
        identity = self._identity_errors(views) if config.auto_mask else None
        temporal, stereo, smoothness = [], [], []
        finest: Reconstruction | None = None
        for scale, activation in enumerate(views.activations[: config.scales]):
            depth = self._full_depth(activation, views.target)
            reconstruction = self.reconstruct(views, depth, identity)
            finest = reconstruction if finest is None else finest
            temporal.append(reconstruction.error)
            if config.stereo > 0 and len(views.right):
                stereo.append(self._stereo_error(views, depth))
            image = F.interpolate(views.target, activation.shape[-2:], mode="area")
            smoothness.append(disparity_smoothness(activation, image) / 2**scale)
        assert finest is not None
        losses = {
            "temporal": torch.stack(temporal).mean(),
            "smoothness": config.smoothness * torch.stack(smoothness).mean(),
        }
        if stereo:
            losses["stereo"] = config.stereo * torch.stack(stereo).mean()
        return losses, finest

    def reconstruct(
        self, views: Views, depth: Float[Tensor, "t 1 h w"], identity: Float[Tensor, "t 2 h w"] | None
    ) -> Reconstruction:
        """The target from the frames before and after it, through `depth`."""
        warped = [
            inverse_warp(source, depth, motion, views.intrinsics)
            for source, motion in zip(views.sources, views.source_from_target, strict=True)
        ]
        errors = torch.cat([self._error(view.image, views.prepared) for view in warped], dim=1)
        selection = minimum_reprojection(errors, torch.cat([view.mask for view in warped], dim=1), identity)
        return Reconstruction(
            error=masked_mean(selection.error, selection.valid),
            image=torch.where(selection.source == 0, warped[0].image, warped[1].image),
            valid=selection.valid,
            moving=selection.moving,
        )

    def validate(self, batch: Snippet) -> dict[str, Tensor]:
        """Photometric error of the reconstruction, of standing still on the same pixels, and of the right view."""
        views = self.look(batch, batch)
        depth = self._full_depth(views.activations[0], views.target)
        reconstruction = self.reconstruct(views, depth, None)
        identity = self._identity_errors(views).amin(dim=1, keepdim=True)
        figures = {
            "reconstruction": reconstruction.error,
            "identity": masked_mean(identity, reconstruction.valid),
        }
        if len(views.right):
            figures["stereo"] = self._stereo_error(views, depth)
        return figures

    def pictures(self, batch: Snippet) -> dict[str, Tensor]:
        """Target, reconstruction, inverse depth and auto-mask of the batch's first target."""
        views = self.look(batch, batch)
        depth = self._full_depth(views.activations[0], views.target)
        reconstruction = self.reconstruct(views, depth, self._identity_errors(views))
        nearness = 1.0 / depth[0]
        return {
            "target": views.target[0],
            "reconstruction": reconstruction.image[0].clamp(0, 1),
            "inverse_depth": (nearness / nearness.amax()).expand(3, -1, -1),
            "auto_mask": reconstruction.moving[0].float().expand(3, -1, -1),
        }

    def _full_depth(self, activation: Tensor, target: Tensor) -> Tensor:
        """Depth at the target's resolution from the activation of any scale."""
        if activation.shape[-2:] != target.shape[-2:]:
            activation = F.interpolate(activation, target.shape[-2:], mode="bilinear", align_corners=False)
        return self.plain_networks()["depth"].depth(activation)  # type: ignore[operator]

    def _identity_errors(self, views: Views) -> Tensor:
        with torch.no_grad():
            return torch.cat([self._error(source, views.prepared) for source in views.sources], dim=1)

    def _stereo_error(self, views: Views, depth: Tensor) -> Tensor:
        """Photometric error of the target reconstructed from its right view."""
        chosen = views.with_right
        target = Target(
            *(part[chosen] for part in (views.prepared.image, views.prepared.mean, views.prepared.variance))
        )
        view = inverse_warp(views.right, depth[chosen], views.right_from_left, views.intrinsics[chosen])
        return masked_mean(self._error(view.image, target), view.mask)

    def _error(self, image: Tensor, target: Target) -> Tensor:
        return photometric_error(image, target, self.config.reconstruction.ssim)


def _load_resnet(path: Path, depth: torch.nn.Module, pose: torch.nn.Module) -> None:
    """Start both encoders from published ResNet-18 weights (torchvision's names)."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise VoGanError(f"cannot read {path} as ResNet-18 weights: {error}") from error
    weights = {key: value for key, value in weights.items() if not key.startswith("fc.")}
    for network, images in ((depth, 1), (pose, 2)):
        encoder = getattr(network, "encoder", None)
        if not isinstance(encoder, torch.nn.Module) or not hasattr(encoder, "layer4"):
            continue
        inflated = weights | {"conv1.weight": inflate_first_convolution(weights["conv1.weight"], images)}
        try:
            encoder.load_state_dict(inflated)
        except RuntimeError as error:
            raise VoGanError(f"{path} does not hold the weights of a ResNet-18 with width 64: {error}") from error
