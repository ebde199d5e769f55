from __future__ import annotations

import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.models import MatcherConfig, StereoMatcher
from vo_gan.models.matcher import FACTOR, CorrelationPyramid, PatchMatches, _upsampled

SMALL = MatcherConfig(width=8, features=16, hidden=16, iterations=2)


def small() -> StereoMatcher:
    torch.manual_seed(0)
    return StereoMatcher(SMALL)


def test_the_default_is_small() -> None:
    parameters = sum(parameter.numel() for parameter in StereoMatcher(MatcherConfig()).parameters())
    assert 1_000_000 < parameters < 2_000_000


@pytest.mark.parametrize("wrong", [{"levels": 5}, {"levels": 0}, {"radius": 0}, {"iterations": 0}])
def test_sizes_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(VoGanError, match="expected 1 to 4 levels"):
        StereoMatcher(MatcherConfig(**wrong))


@pytest.mark.parametrize("size", [(32, 32), (33, 70), (64, 127)])
def test_any_size(size: tuple[int, int]) -> None:
    left, right = torch.rand(2, 2, 3, *size)
    network = small()
    matched = network(left, right, 3)
    predictions = matched.disparities
    assert matched.log_shares is not None
    assert [each.shape for each in predictions] == [(2, 1, *size)] * 3
    (found,) = network.eval()(left, right).disparities
    assert found.shape == (2, 1, *size)
    assert (found >= 0).all()


def test_every_parameter_learns() -> None:
    network = small()
    matched = network(*torch.rand(2, 1, 3, 64, 64))
    assert matched.log_shares is not None
    told = matched.log_shares[..., 0].mean()
    (torch.stack([each.abs().mean() for each in matched.disparities]).sum() + told).backward()
    idle = [name for name, parameter in network.named_parameters() if not (parameter.grad is not None)]
    assert idle == []


def test_pairs_of_a_batch_do_not_mix() -> None:
    network = small().eval()
    left, right = torch.rand(2, 3, 3, 40, 72)
    together = network(left, right).disparities[-1]
    alone = network(left[1:2], right[1:2]).disparities[-1]
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-4)


def features(disparity: int, width: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of which each right column looks like the left one `disparity` further right, and like no other."""
    codes = torch.eye(width + disparity)[:, :, None].permute(0, 2, 1)[None]
    left, right = codes[..., :width], codes[..., disparity : disparity + width]
    return 40.0 * left.expand(1, -1, 2, -1), 40.0 * right.expand(1, -1, 2, -1)


def test_the_column_of_distinct_features_has_the_whole_share() -> None:
    pyramid = CorrelationPyramid(*features(5), levels=3, radius=2)
    shares = pyramid.log_shares(torch.tensor(1.0)).exp()[0]
    for column in range(5, 24):
        torch.testing.assert_close(shares[:, column, column - 5], torch.ones(2), rtol=0, atol=1e-3)


def test_nothing_behind_the_cameras_is_taken() -> None:
    """A pair in the wrong order matches at columns that no point in front of the cameras can have."""
    left, right = features(5)
    shares = CorrelationPyramid(right, left, levels=2, radius=2).log_shares(torch.tensor(1.0)).exp()[0, 0]
    assert (shares.triu(1) == 0).all()
    torch.testing.assert_close(shares.sum(-1), torch.ones(24))


def test_patches_are_looked_up_in_pixels_and_in_cells() -> None:
    """Noise that is seen 10 pixels further left matches best 10 pixels, two and a half cells, away."""
    wide = torch.rand(1, 3, 32, 106, generator=torch.Generator().manual_seed(0))
    patches = PatchMatches(wide[..., :96], wide[..., 10:], radius=4)
    inner = patches.look_up(torch.full((1, 1, 8, 24), 2.5))[0, :, 2:-2, 8:-4]
    assert (inner[:9].argmax(0) == 4).all()
    assert (inner[4] > 0.99).all()
    torch.testing.assert_close(patches.disparity[0, 0, 2:-2, 8:-4], torch.full((4, 12), 2.5), rtol=0, atol=0.5)
    # What semi-global matching takes lies half a cell from the middle tap.
    assert (inner[9:][3:6].max(0).values > 0.7).all()
    elsewhere = patches.look_up(torch.full((1, 1, 8, 24), 200.0))
    assert (elsewhere == 0).all()


def test_looking_up_is_linear_interpolation_at_each_level() -> None:
    torch.manual_seed(0)
    left, right = torch.rand(2, 1, 6, 2, 16)
    pyramid = CorrelationPyramid(left, right, levels=2, radius=1)
    looked = pyramid.look_up(torch.full((1, 1, 2, 16), 3.25))[0, :, 1, 9]
    products = (left[0, :, 1, 9, None] * right[0, :, 1]).sum(0) / 6**0.5
    halved = products.reshape(8, 2).mean(1)

    def at(values: torch.Tensor, place: float) -> torch.Tensor:
        low = int(place)
        return torch.lerp(values[low], values[low + 1], place - low)

    place = 9 - 3.25
    expected = [at(products, place + offset) for offset in (-1, 0, 1)]
    expected += [at(halved, (place + 0.5) / 2 - 0.5 + offset) for offset in (-1, 0, 1)]
    torch.testing.assert_close(looked, torch.stack(expected))


def test_beyond_the_row_there_is_nothing() -> None:
    left, right = torch.rand(2, 1, 6, 2, 16) + 0.1
    looked = CorrelationPyramid(left, right, levels=1, radius=1).look_up(torch.full((1, 1, 2, 16), 40.0))
    assert (looked == 0).all()


def test_upsampling_keeps_planes_and_scales_them() -> None:
    """With all weight on the centre pixel, every pixel of a block takes its disparity, in pixels a quarter the size."""
    weights = torch.full((1, 9, FACTOR**2, 3, 4), -1e9)
    weights[:, 4] = 0.0
    disparity = torch.arange(12.0).reshape(1, 1, 3, 4)
    large = _upsampled(disparity, weights.reshape(1, 9 * FACTOR**2, 3, 4))
    torch.testing.assert_close(large, FACTOR * disparity.repeat_interleave(4, -1).repeat_interleave(4, -2))


def test_bfloat16_agrees() -> None:
    network = small().eval()
    left, right = torch.rand(2, 1, 3, 64, 96)
    plain = network(left, right).disparities[-1]
    with torch.autocast("cpu", torch.bfloat16):
        coarse = network(left, right).disparities[-1]
    assert coarse.dtype == torch.float32
    assert (plain - coarse).abs().mean() < 0.1 * plain.abs().mean() + 0.1
