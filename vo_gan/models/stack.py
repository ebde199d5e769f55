"""The recurrent stack of SGANVO: what every layer remembers, predicts, and passes on as its error.

Feng and Gu 2019 (arXiv:1906.08889) describe "a stack of GAN layers, of which the lowest layer estimates the depth and
ego-motion while the higher layers estimate the spatial features", with "a recurrent representation across the layers".
They publish no code, and neither number of layers, channels nor wiring could be found. The wiring here is that of
PredNet (Lotter et al. 2017, arXiv:1605.08104); sizes and whatever is not said there are our choice.

For every frame t, in this order:

    top down    R_l(t) = ConvLSTM(E_l(t-1), upsampled R_{l+1}(t); R_l(t-1))     what is remembered, coarsest layer first
    layer 0     depth and motion read R_0(t); the frame before, warped by them, predicts this one: Â_0(t)
    layer l     Â_l(t) = relu(convolution of R_l(t))                            l >= 1
    bottom up   E_l(t) = [relu(A_l - Â_l), relu(Â_l - A_l)],    A_0(t) the frame,
                A_{l+1}(t) = max-pooled relu(convolution of E_l(t))

Layer l lives at 1/2^(l+2) of the image: R_0 at a quarter of it, so that remembering costs little beside looking. The
error of layer 0 is taken at full resolution and brought down to there. It is an observation: no gradient goes through
it into the depth and motion that it came from; those have losses of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vo_gan.errors import VoGanError
from vo_gan.models.convlstm import ConvLstmCell

COARSEST = 4
"""Layers at most: the fourth lives at 1/32 of the image, where the encoders end."""

ERROR_GAIN = 10.0
"""Colours differ by hundredths where a view is predicted well: this brings layer 0's error to the size of features."""


@dataclass(frozen=True)
class StackConfig:
    """A recurrent stack.

    Attributes:
        layers: 1 to 4; with 1, depth and motion have a memory and nothing is stacked on it.
        channels: of each layer's representation, from layer 0 on; as many as layers, or more.
        features: of each layer's target from layer 1 on; as many as layers less one, or more.
        recurrent: whether R_l(t) depends on R_l(t-1); without, only on the errors of the frame before.
    """

    layers: int = 3
    channels: list[int] = field(default_factory=lambda: [32, 32, 48, 64])
    features: list[int] = field(default_factory=lambda: [32, 48, 64])
    recurrent: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= COARSEST:
            raise VoGanError(f"stack.layers is {self.layers}: expected 1 to {COARSEST}")
        for name, values, needed in (
            ("channels", self.channels, self.layers),
            ("features", self.features, self.layers - 1),
        ):
            if len(values) < needed or any(value < 1 for value in values):
                raise VoGanError(f"stack.{name} is {values}: {self.layers} layers need {needed} positive numbers")


@dataclass(frozen=True)
class StackState:
    """All that a stack knows after a frame. One entry for each layer, from layer 0 on.

    Attributes:
        hidden: the representations R_l; depth and motion of the frame read the first.
        cell: the cells of their ConvLSTMs.
        error: the errors E_l of the frame, that of layer 0 brought down to R_0's grid.
    """

    hidden: tuple[Float[Tensor, "b _ _ _"], ...]
    cell: tuple[Float[Tensor, "b _ _ _"], ...]
    error: tuple[Float[Tensor, "b _ _ _"], ...]

    @property
    def context(self) -> Tensor:
        """R_0, which depth and motion read."""
        return self.hidden[0]

    def detach(self) -> StackState:
        """The same without its history: back-propagation ends here."""
        return StackState(*(tuple(value.detach() for value in part) for part in self._parts()))

    def restarted(self, rows: Bool[Tensor, " b"], start: StackState) -> StackState:
        """The same, but the chosen samples as they are in `start`."""
        chosen = rows[:, None, None, None]
        return StackState(
            *(
                tuple(torch.where(chosen, new, old) for new, old in zip(fresh, known, strict=True))
                for fresh, known in zip(start._parts(), self._parts(), strict=True)
            )
        )

    def to_lists(self) -> dict[str, list[Tensor]]:
        """As a checkpoint holds it."""
        return {name: list(part) for name, part in zip(("hidden", "cell", "error"), self._parts(), strict=True)}

    @staticmethod
    def from_lists(lists: dict[str, list[Tensor]], device: torch.device) -> StackState:
        """Back from `to_lists`."""
        return StackState(*(tuple(value.to(device) for value in lists[name]) for name in ("hidden", "cell", "error")))

    def _parts(self) -> tuple[tuple[Tensor, ...], ...]:
        return self.hidden, self.cell, self.error


@dataclass(frozen=True)
class FeaturePrediction:
    """What a layer above the lowest expected, and what came.

    Attributes:
        target: A_l, features of the error below.
        predicted: Â_l, made before the frame was seen.
    """

    target: Float[Tensor, "b c h w"]
    predicted: Float[Tensor, "b c h w"]


class PredictiveStack(nn.Module):
    """Representations, predictions and errors of all layers; the frames' depth and motion are made elsewhere.

    Per frame: `advance`, then depth and motion with `state.context`, then `observe`.

    Args:
        config: layers and channels.
    """

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.config = config
        channels, features = config.channels[: config.layers], config.features[: config.layers - 1]
        self.context_channels = channels[0]
        self.sense = nn.Conv2d(6, channels[0], 5, stride=4, padding=2)
        errors = [channels[0], *(2 * width for width in features)]
        above = [*channels[1:], 0]
        self.cells = nn.ModuleList(
            ConvLstmCell(error + coarser, width) for error, coarser, width in zip(errors, above, channels, strict=True)
        )
        self.describe = nn.ModuleList(
            nn.Conv2d(error, width, 3, padding=1) for error, width in zip(errors[:-1], features, strict=True)
        )
        self.predict = nn.ModuleList(
            nn.Conv2d(hidden, width, 3, padding=1) for hidden, width in zip(channels[1:], features, strict=True)
        )
        self._error_channels = errors

    def start(self, image: Float[Tensor, "b 3 h w"]) -> StackState:
        """The state at the first frame of a sequence, like `image` in size: nothing was predicted, so nothing is wrong.

        Raises:
            VoGanError: the image's sides do not divide by 32.
        """
        height, width = image.shape[-2:]
        if height % 32 or width % 32:
            raise VoGanError(f"images of {width}x{height} do not fit the stack: width and height must divide by 32")

        def zeros(channels: int, layer: int) -> Tensor:
            return image.new_zeros(image.shape[0], channels, height >> layer + 2, width >> layer + 2)

        layers = range(self.config.layers)
        states = tuple(zeros(self.config.channels[layer], layer) for layer in layers)
        errors = tuple(zeros(self._error_channels[layer], layer) for layer in layers)
        return self.advance(StackState(hidden=states, cell=states, error=errors))

    def advance(self, state: StackState) -> StackState:
        """Top down: the representations for the next frame, from the state after the last one."""
        hidden, cell = list(state.hidden), list(state.cell)
        for layer in reversed(range(self.config.layers)):
            seen = state.error[layer]
            if layer + 1 < self.config.layers:
                above = F.interpolate(hidden[layer + 1], scale_factor=2, mode="nearest")
                seen = torch.cat((seen, above), dim=1)
            past = (hidden[layer], cell[layer])
            if not self.config.recurrent:
                past = (torch.zeros_like(past[0]), torch.zeros_like(past[1]))
            hidden[layer], cell[layer] = self.cells[layer](seen, *past)
        return StackState(hidden=tuple(hidden), cell=tuple(cell), error=state.error)

    def observe(
        self,
        state: StackState,
        image: Float[Tensor, "b 3 h w"],
        predicted: Float[Tensor, "b 3 h w"],
        valid: Bool[Tensor, "b 1 h w"],
    ) -> tuple[StackState, list[FeaturePrediction]]:
        """Bottom up: the errors of this frame, and what each layer from 1 on expected of it.

        Args:
            state: from `advance`.
            image: the frame, A_0.
            predicted: its prediction from the frame before, Â_0.
            valid: where there is one; elsewhere it counts as right.
        """
        error = ERROR_GAIN * (image - predicted).detach() * valid
        errors = [F.relu(self.sense(_split(error)))]
        predictions = []
        for layer in range(1, self.config.layers):
            target = F.max_pool2d(F.relu(self.describe[layer - 1](errors[-1])), 2)
            expected = F.relu(self.predict[layer - 1](state.hidden[layer].to(target.dtype)))
            predictions.append(FeaturePrediction(target=target.float(), predicted=expected.float()))
            errors.append(_split(target - expected))
        return StackState(state.hidden, state.cell, tuple(value.float() for value in errors)), predictions


class ContextReader(nn.Module):
    """Lets a feature map be changed by what a stack remembers. Untrained, it changes nothing.

    Args:
        context_channels: of the memory.
        channels: of the feature map.
    """

    def __init__(self, context_channels: int, channels: int) -> None:
        super().__init__()
        self.read = nn.Conv2d(context_channels, channels, 1, bias=False)
        nn.init.zeros_(self.read.weight)

    def forward(self, features: Float[Tensor, "b c h w"], context: Float[Tensor, "b m h2 w2"]) -> Tensor:
        """`features` plus a linear reading of `context`, averaged over the cells of their coarser grid."""
        height, width = features.shape[-2:]
        pooled = F.adaptive_avg_pool2d(context, (height, width))
        return features + self.read(pooled.to(features.dtype))


def _split(error: Tensor) -> Tensor:
    """What was missed and what was expected in vain, as separate channels."""
    return torch.cat((F.relu(error), F.relu(-error)), dim=1)
