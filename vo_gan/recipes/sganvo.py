"""SGANVO: a stack of GANs with one memory, the lowest of which estimates depth and motion.

After Feng and Gu 2019 (arXiv:1906.08889); what of it is published, and what is our choice, is told in
`vo_gan.models.stack`. Layer 0 predicts views and is judged as GANVO is; each layer above predicts features, judged by
their distance from what came (L1) and by a discriminator of its own. The features to be predicted get no gradient from
these losses: they would be easiest to predict if they were nothing. What they learn, they learn by being remembered
and read by depth and motion.

Training goes along runs of consecutive frames (`vo_gan.data.make_run_loader`): what is remembered at the end of a
snippet is where the next one in its place begins, and back-propagation is cut between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.data import Snippet, augment
from vo_gan.errors import VoGanError
from vo_gan.geometry import inverse_warp, invert_transform
from vo_gan.models import (
    DepthConfig,
    FeaturePrediction,
    PoseConfig,
    PredictiveStack,
    StackConfig,
    StackState,
    build_depth_generator,
    build_pose_net,
)
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.path_picture import draw_path
from vo_gan.recipes.reconstruction import ReconstructionConfig, Views, views_of
from vo_gan.recipes.view_synthesis import Judged, ViewSynthesis, load_resnet, require_size


@dataclass(frozen=True)
class FeatureConfig:
    """What the predictions of features in the layers from 1 on are judged by.

    Attributes:
        l1: weight of their L1 distance from the features that came, for each layer from 1 on; a missing one is 0.
            Features grow while they learn to be remembered: with 0.1, these distances came to outweigh the photometric
            error.
        adversarial_weights: weight of each layer's adversarial term, in place of `adversarial.weight`; a missing one is
            0, and a layer with 0 has no discriminator.
        adversarial: the discriminators; a `pixel_discriminator` fits the smallest map.
    """

    l1: list[float] = field(default_factory=lambda: [0.01, 0.01, 0.01])
    adversarial_weights: list[float] = field(default_factory=lambda: [0.001, 0.001, 0.001])
    adversarial: AdversarialConfig = field(
        default_factory=lambda: AdversarialConfig(discriminator="pixel_discriminator", width=32)
    )


@dataclass(frozen=True)
class SganvoConfig:
    """The networks, the losses and the learning rate of the generator side.

    Attributes:
        depth: the depth generator, which reads the memory.
        pose: the pose net, which reads it too; `cells` or `pairwise`, for it has no need of an LSTM of its own.
        stack: layers of the stack, and their sizes.
        reconstruction: what reconstructed views are judged by.
        adversarial: the discriminator of layer 0, on views.
        features: what predicted features are judged by.
        learning_rate: of the generator side's Adam.
        augment: mirror runs and change their colours at random, each run in one way from its first frame to its last.
        ema: share of a moving average of the weights that stays at every step, 0.999 say; 0 keeps none.
    """

    depth: DepthConfig = field(default_factory=DepthConfig)
    pose: PoseConfig = field(default_factory=lambda: PoseConfig(net="cells"))
    stack: StackConfig = field(default_factory=StackConfig)
    reconstruction: ReconstructionConfig = field(default_factory=ReconstructionConfig)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    learning_rate: float = 1e-4
    augment: bool = True
    ema: float = 0.0


@dataclass(frozen=True)
class Passage:
    """What a batch of snippets looks like through the networks, frame by frame.

    Attributes:
        views: laid out for comparison.
        motions: `next_from_previous` between consecutive frames.
        predictions: of features, those of all frames together, for each layer from 1 on.
        state: where the next snippets begin, with its history.
    """

    views: Views
    motions: Float[Tensor, "b m 4 4"]
    predictions: list[FeaturePrediction]
    state: StackState


class Sganvo(ViewSynthesis):
    """Depth generator, pose net, stack and a discriminator for each of its layers, learned together.

    Args:
        config: networks and losses.
        size: (width, height) of the images trained on.
        seed: of the augmentation.

    Raises:
        VoGanError: the size does not divide by 32, or the pose net has an LSTM.
    """

    def __init__(self, config: SganvoConfig, size: tuple[int, int], seed: int = 0) -> None:
        require_size(size)
        if config.pose.net == "lstm":
            raise VoGanError("sganvo.pose.net is lstm: expected cells or pairwise, for here the stack remembers")
        self.config = config
        stack = PredictiveStack(config.stack)
        depth = build_depth_generator(config.depth, size, stack.context_channels)
        pose = build_pose_net(config.pose, stack.context_channels)
        if config.depth.encoder_weights is not None:
            load_resnet(Path(config.depth.encoder_weights), depth, pose)
        networks: dict[str, torch.nn.Module] = {"depth": depth, "pose": pose, "stack": stack}
        super().__init__(networks, config.reconstruction, config.learning_rate, config.ema, seed)
        if config.adversarial.weight > 0:
            self.add_discriminator("discriminator", config.adversarial, 3)
        for layer, adversarial in self._feature_adversaries().items():
            self.add_discriminator(f"discriminator_{layer}", adversarial, config.stack.features[layer - 1])
        self._state: StackState | None = None
        self._validation_state: StackState | None = None
        self._path = [torch.eye(4, dtype=torch.float64)]

    def step(self, batch: Snippet, step: int) -> dict[str, Tensor]:
        """One step of the generator side, then one of each discriminator. Goes on from what the step before remembered,
        unless that step failed."""
        seen, clean = batch, batch
        if self.config.augment:
            seen, clean = augment(batch, self.sample_generators(batch, step))
        state, self._state = self._state, None
        passage = self.look(seen, clean, state)
        losses, finest = self.reconstructor.losses(passage.views, step)
        judged = self.judged_view(self.config.adversarial, passage.views, finest)
        adversaries = self._feature_adversaries()
        for layer, prediction in enumerate(passage.predictions, start=1):
            weight = _entry(self.config.features.l1, layer)
            if weight > 0:
                losses[f"features_{layer}"] = weight * (prediction.predicted - prediction.target.detach()).abs().mean()
            if layer in adversaries:
                name, real = f"discriminator_{layer}", prediction.target.detach()
                judged.append(Judged(name, adversaries[layer], real, prediction.predicted))
        losses = self.learn(losses, judged, step)
        self._state = passage.state.detach()
        return losses

    def look(self, seen: Snippet, clean: Snippet, state: StackState | None = None) -> Passage:
        """Go through `seen` (augmented colours) frame by frame and lay out `clean` for comparison.

        Whole snippets are encoded at once; what reads the memory goes frame by frame. A snippet's first frame is the
        last but one of the snippet before, which has been through the stack already, or a run's first, from which there
        is nothing to be learned.

        Args:
            state: after each snippet's first frame; None where all begin a run.
        """
        depth, pose, stack = (self._plain(name) for name in ("depth", "pose", "stack"))
        images = seen.images
        batch, frames = images.shape[:2]
        everywhere = self.config.reconstruction.consistency > 0
        decoded = range(frames) if everywhere else range(1, frames - 1)
        with self.autocast():
            features = [
                level.unflatten(0, (batch, len(decoded)))
                for level in depth.encode(images[:, decoded.start : decoded.stop].flatten(0, 1))
            ]
            pairs = torch.cat((images[:, :-1], images[:, 1:]), dim=2)
            maps = pose.look(pairs.flatten(0, 1)).unflatten(0, (batch, frames - 1))

            def activations_of(frame: int, memory: StackState) -> list[Tensor]:
                return depth.decode([level[:, frame - decoded.start] for level in features], memory.context)

            state = self._begin(stack, seen, state)
            activations: dict[int, list[Tensor]] = {}
            motions: list[Tensor] = []
            predictions: list[list[FeaturePrediction]] = []
            carried = state
            if everywhere:
                activations[0] = activations_of(0, state)
            for frame in range(1, frames):
                state = stack.advance(state)
                motion = pose.transforms(pose.read(maps[:, frame - 1], state.context)[:, None])[:, 0]
                motions.append(motion)
                if frame in decoded:
                    activations[frame] = activations_of(frame, state)
                if frame == frames - 1:
                    break
                predicted = _predict_view(depth, images[:, frame - 1], activations[frame][0], motion, seen.intrinsics)
                state, expected = stack.observe(state, images[:, frame], predicted.image, predicted.mask)
                predictions.append(expected)
                carried = state
        depths = None
        if everywhere:
            depths = torch.stack([depth.depth(activations[frame][0]) for frame in range(frames)], dim=1)
        inner = [activations[frame] for frame in range(1, frames - 1)]
        scales = [torch.stack(scale, dim=1).flatten(0, 1) for scale in zip(*inner, strict=True)]
        all_motions = torch.stack(motions, dim=1)
        return Passage(
            views=views_of(clean, all_motions, scales, depths),
            motions=all_motions,
            predictions=[_together(layer) for layer in zip(*predictions, strict=True)],
            state=carried,
        )

    def validate(self, batch: Snippet) -> dict[str, Tensor]:
        """See `Reconstructor.figures`; what is remembered goes from batch to batch, apart from training's."""
        passage = self.look(batch, batch, self._validation_state)
        self._validation_state = passage.state
        if batch.starts is None or bool(batch.starts[0]):
            self._path = [torch.eye(4, dtype=torch.float64)]
        # The last motion is the next snippet's first.
        for motion in invert_transform(passage.motions[0, :-1].double().cpu()):
            self._path.append(self._path[-1] @ motion)
        return self.reconstructor.figures(passage.views)

    def pictures(self, batch: Snippet) -> dict[str, Tensor]:
        """See `ViewSynthesis.view_pictures`; and the trajectory of the last run that was validated, from above."""
        fresh = replace(batch, starts=None)
        path = torch.stack(self._path)[:, :3, 3]
        return self.view_pictures(self.look(fresh, fresh).views) | {"trajectory": draw_path(path)}

    def extra_state(self) -> dict[str, Any]:
        """What is remembered at the end of the last step."""
        return {"memory": None if self._state is None else self._state.to_lists()}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Go on remembering."""
        memory = state["memory"]
        device = next(self._plain("stack").parameters()).device
        self._state = None if memory is None else StackState.from_lists(memory, device)

    def _begin(self, stack: PredictiveStack, seen: Snippet, state: StackState | None) -> StackState:
        """`state`, but the start for those samples that begin a run."""
        if state is None or seen.starts is None or state.context.shape[0] != seen.images.shape[0]:
            return stack.start(seen.images[:, 0])
        return state.restarted(seen.starts, stack.start(seen.images[:, 0])) if seen.starts.any() else state

    def _feature_adversaries(self) -> dict[int, AdversarialConfig]:
        """Configuration of the discriminators of features, by layer."""
        config = self.config.features
        weights = {layer: _entry(config.adversarial_weights, layer) for layer in range(1, self.config.stack.layers)}
        return {layer: replace(config.adversarial, weight=weight) for layer, weight in weights.items() if weight > 0}

    def _plain(self, name: str) -> Any:
        """A network as it is used now, without fabric's wrapper: it is called in parts, under `autocast`."""
        network = self.acting(name)
        return getattr(network, "module", network)


def _predict_view(depth: Any, previous: Tensor, activation: Tensor, motion: Tensor, intrinsics: Tensor) -> Any:
    """The frame that was to be expected after `previous`; an observation, through which no gradient goes."""
    with torch.no_grad():
        return inverse_warp(previous, depth.depth(activation), invert_transform(motion), intrinsics)


def _together(layer: tuple[FeaturePrediction, ...]) -> FeaturePrediction:
    """One layer's predictions of all frames as one batch."""
    return FeaturePrediction(
        target=torch.cat([each.target for each in layer]), predicted=torch.cat([each.predicted for each in layer])
    )


def _entry(weights: list[float], layer: int) -> float:
    return weights[layer - 1] if layer <= len(weights) else 0.0
