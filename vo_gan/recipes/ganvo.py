"""GANVO: depth and motion from view reconstruction, judged by a discriminator.

After Almalioglu et al. 2019 (generator, recurrent pose net, warping, discriminator), with the reconstruction loss of
Godard et al. 2019 and a PatchGAN (Isola et al. 2017). Every idea is a key of the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from vo_gan.data import Snippet, augment
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.reconstruction import ReconstructionConfig, Views, views_of
from vo_gan.recipes.view_synthesis import ViewSynthesis, load_resnet, require_size


@dataclass(frozen=True)
class GanvoConfig:
    """The networks, the losses and the learning rate of the generator side.

    Attributes:
        depth: the depth generator.
        pose: the pose net.
        reconstruction: what reconstructed views are judged by.
        adversarial: the discriminator that judges them too.
        learning_rate: of the generator side's Adam.
        augment: mirror snippets and change their colours at random.
        ema: share of a moving average of the weights that stays at every step, 0.999 say; 0 keeps none.
    """

    depth: DepthConfig = field(default_factory=DepthConfig)
    pose: PoseConfig = field(default_factory=PoseConfig)
    reconstruction: ReconstructionConfig = field(default_factory=ReconstructionConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    learning_rate: float = 1e-4
    augment: bool = True
    ema: float = 0.0


class Ganvo(ViewSynthesis):
    """Depth generator, pose net and discriminator, learned together.

    Args:
        config: networks and losses.
        size: (width, height) of the images trained on.
        seed: of the augmentation.

    Raises:
        VoGanError: the size does not divide by 32.
    """

    def __init__(self, config: GanvoConfig, size: tuple[int, int], seed: int = 0) -> None:
        require_size(size)
        self.config = config
        depth, pose = build_depth_generator(config.depth, size), build_pose_net(config.pose)
        if config.depth.encoder_weights is not None:
            load_resnet(Path(config.depth.encoder_weights), depth, pose)
        networks: dict[str, torch.nn.Module] = {"depth": depth, "pose": pose}
        super().__init__(networks, config.reconstruction, config.learning_rate, config.ema, seed)
        if config.adversarial.weight > 0:
            self.add_discriminator("discriminator", config.adversarial, 3)

    def step(self, batch: Snippet, step: int) -> dict[str, Tensor]:
        """One step of the generator side, then one of the discriminator."""
        seen, clean = batch, batch
        if self.config.augment:
            seen, clean = augment(batch, self.sample_generators(batch, step))
        views = self.look(seen, clean)
        losses, finest = self.reconstructor.losses(views, step)
        return self.learn(losses, self.judged_view(self.config.adversarial, views, finest), step)

    def look(self, seen: Snippet, clean: Snippet) -> Views:
        """Run the depth generator and pose net on `seen` (augmented colours) and lay out `clean` for comparison."""
        motions = self.acting("pose")(seen.images)
        batch, frames = seen.images.shape[:2]
        if self.config.reconstruction.consistency == 0:
            return views_of(clean, motions, self.acting("depth")(seen.images[:, 1:-1].flatten(0, 1)))
        everywhere = self.acting("depth")(seen.images.flatten(0, 1))
        depths = self.reconstructor.generator.depth(everywhere[0]).unflatten(0, (batch, frames))
        inner = [activation.unflatten(0, (batch, frames))[:, 1:-1].flatten(0, 1) for activation in everywhere]
        return views_of(clean, motions, inner, depths)

    def validate(self, batch: Snippet) -> dict[str, Tensor]:
        """See `Reconstructor.figures`."""
        return self.reconstructor.figures(self.look(batch, batch))

    def pictures(self, batch: Snippet) -> dict[str, Tensor]:
        """See `ViewSynthesis.view_pictures`."""
        return self.view_pictures(self.look(batch, batch))
