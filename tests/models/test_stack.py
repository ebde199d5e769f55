from __future__ import annotations

import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.models import (
    DepthConfig,
    PoseConfig,
    PredictiveStack,
    StackConfig,
    build_depth_generator,
    build_pose_net,
)
from vo_gan.models.convlstm import ConvLstmCell

SIZE = (128, 64)


def frames(count: int = 1, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, SIZE[1], SIZE[0], generator=torch.Generator().manual_seed(seed))


def stack(layers: int = 3, *, recurrent: bool = True) -> PredictiveStack:
    torch.manual_seed(0)
    return PredictiveStack(StackConfig(layers=layers, channels=[8, 6, 4, 4], features=[5, 4, 3], recurrent=recurrent))


def everywhere(image: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(image[:, :1], dtype=torch.bool)


def test_a_cell_is_an_lstm_at_every_place() -> None:
    torch.manual_seed(0)
    cell = ConvLstmCell(3, 2, kernel=1)
    seen, hidden, memory = torch.randn(2, 3, 4, 5), torch.randn(2, 2, 4, 5), torch.randn(2, 2, 4, 5)
    shown, kept = cell(seen, hidden, memory)
    torch_cell = torch.nn.LSTMCell(3, 2)
    weight, bias = cell.gates.weight[:, :, 0, 0], cell.gates.bias
    assert bias is not None
    torch_cell.weight_ih.data, torch_cell.weight_hh.data = weight[:, :3], weight[:, 3:]
    torch_cell.bias_ih.data, torch_cell.bias_hh.data = bias.data, torch.zeros(8)
    for tensor in (torch_cell.weight_ih, torch_cell.weight_hh, torch_cell.bias_ih):
        # take, keep, show, content -> take, keep, content, show
        tensor.data = tensor.data.reshape(4, 2, *tensor.shape[1:])[[0, 1, 3, 2]].reshape(tensor.shape)

    def flat(values: torch.Tensor) -> torch.Tensor:
        return values.permute(0, 2, 3, 1).flatten(0, 2)

    expected = torch_cell(flat(seen), (flat(hidden), flat(memory)))
    torch.testing.assert_close((flat(shown), flat(kept)), expected)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_every_layer_has_half_the_grid_of_the_one_below(layers: int) -> None:
    made = stack(layers)
    state = made.advance(made.start(frames()))
    assert [tuple(value.shape[-2:]) for value in state.hidden] == [(16 >> n, 32 >> n) for n in range(layers)]
    state, predictions = made.observe(state, frames(), frames(seed=1), everywhere(frames()))
    assert [tuple(p.target.shape[1:]) for p in predictions] == [
        (made.config.features[n], 8 >> n, 16 >> n) for n in range(layers - 1)
    ]
    made.advance(state)


def test_an_error_splits_into_what_was_missed_and_what_was_expected_in_vain() -> None:
    made = stack()
    state, predictions = made.observe(made.start(frames()), frames(), frames(seed=1), everywhere(frames()))
    missed, vain = state.error[1].chunk(2, dim=1)
    assert (missed >= 0).all()
    assert (vain >= 0).all()
    assert not ((missed > 0) & (vain > 0)).any()
    torch.testing.assert_close(missed - vain, predictions[0].target - predictions[0].predicted)


def test_nothing_is_wrong_with_a_true_prediction_or_outside_of_it() -> None:
    made = stack()
    start = made.start(frames())
    right, _ = made.observe(start, frames(), frames(), everywhere(frames()))
    outside, _ = made.observe(start, frames(), frames(seed=1), ~everywhere(frames()))
    assert torch.equal(right.error[0], outside.error[0])
    wrong, _ = made.observe(start, frames(), frames(seed=1), everywhere(frames()))
    assert not torch.equal(wrong.error[0], right.error[0])


def test_what_a_coarse_layer_saw_comes_down_to_the_lowest() -> None:
    made = stack()
    start = made.start(frames())
    changed = made.start(frames())
    changed.error[2].add_(1.0)
    assert not torch.equal(made.advance(changed).context, made.advance(start).context)


def test_without_recurrence_only_the_last_errors_count() -> None:
    for recurrent in (True, False):
        made = stack(recurrent=recurrent)
        past, other = made.start(frames()), made.start(frames())
        other.hidden[0].data += 1.0
        other.cell[0].data += 1.0
        assert torch.equal(made.advance(past).context, made.advance(other).context) is not recurrent


def test_the_view_gets_no_gradient_from_being_observed() -> None:
    made = stack()
    predicted = frames(seed=1).requires_grad_()
    state, predictions = made.observe(made.start(frames()), frames(), predicted, everywhere(frames()))
    (made.advance(state).context.sum() + predictions[0].predicted.sum()).backward()
    assert predicted.grad is None
    assert all(parameter.grad is not None for parameter in made.sense.parameters())


def test_chosen_rows_start_anew_and_the_others_go_on() -> None:
    made = stack()
    start = made.start(frames(2))
    state = made.advance(made.observe(start, frames(2), frames(2, seed=1), everywhere(frames(2)))[0])
    mixed = state.restarted(torch.tensor([True, False]), start)
    for parts in zip(mixed._parts(), start._parts(), state._parts(), strict=True):
        for new, fresh, old in zip(*parts, strict=True):
            assert torch.equal(new[0], fresh[0])
            assert torch.equal(new[1], old[1])


@pytest.mark.parametrize("generator", ["resnet", "ganvo"])
def test_an_untrained_reader_changes_no_depth_and_a_trained_one_all_of_it(generator: str) -> None:
    torch.manual_seed(0)
    config = DepthConfig(generator=generator, width=8, decoder_width=4, latent=16)  # type: ignore[arg-type]
    made = build_depth_generator(config, SIZE, context_channels=8).eval()
    context = torch.randn(1, 8, 16, 32)
    plain = made(frames())
    assert all(torch.equal(a, b) for a, b in zip(made(frames(), context), plain, strict=True))
    for name, parameter in made.named_parameters():
        if name.startswith("read_"):
            torch.nn.init.normal_(parameter)
    assert not any(torch.equal(a, b) for a, b in zip(made(frames(), context), plain, strict=True))


def test_motions_of_mirrored_frames_with_a_mirrored_memory_are_mirrored() -> None:
    torch.manual_seed(0)
    config = PoseConfig(net="pairwise", features="convolutions", width=4, symmetric=True)
    made = build_pose_net(config, context_channels=8).eval()
    torch.nn.init.normal_(made.read_context.read.weight)
    pairs, context = torch.rand(1, 6, SIZE[1], SIZE[0]), torch.randn(1, 8, 16, 32)
    motion = made.transforms(made.read(made.look(pairs), context)[:, None])[0, 0]
    mirrored = made.transforms(made.read(made.look(pairs.flip(-1)), context.flip(-1))[:, None])[0, 0]
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))
    torch.testing.assert_close(mirrored, flip @ motion @ flip)
    assert not torch.equal(motion, made.transforms(made.read(made.look(pairs))[:, None])[0, 0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 0}, "1 to 4"),
        ({"layers": 5}, "1 to 4"),
        ({"layers": 3, "channels": [8, 8]}, "channels"),
        ({"layers": 3, "features": [0, 8]}, "features"),
    ],
)
def test_impossible_stacks_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(VoGanError, match=message):
        StackConfig(**settings)  # type: ignore[arg-type]


def test_images_that_do_not_divide_are_refused() -> None:
    with pytest.raises(VoGanError, match="divide by 32"):
        stack().start(torch.rand(1, 3, 48, 64))
