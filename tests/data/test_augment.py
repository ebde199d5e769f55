from __future__ import annotations

import pytest
import torch

from vo_gan.data import Snippet, augment
from vo_gan.data.augment import colour_change, recolour


def batch_of(count: int, size: tuple[int, int] = (12, 8)) -> Snippet:
    generator = torch.Generator().manual_seed(1)
    shape = (count, 3, 3, size[1], size[0])
    intrinsics = torch.tensor([[9.0, 0.0, 4.0], [0.0, 9.0, 3.0], [0.0, 0.0, 1.0]]).expand(count, 3, 3)
    right_from_left = torch.eye(4).repeat(count, 1, 1)
    right_from_left[:, 0, 3] = -0.5
    has_right = torch.tensor([True, True, False]).expand(count, 3)
    return Snippet(
        images=torch.rand(shape, generator=generator),
        right=torch.rand(shape, generator=generator) * has_right[:, :, None, None, None],
        has_right=has_right,
        intrinsics=intrinsics,
        right_from_left=right_from_left,
        names=tuple(str(index) for index in range(count)),
    )


def test_clean_is_the_batch_or_its_mirror_image() -> None:
    batch = batch_of(64)
    _, clean = augment(batch, torch.Generator().manual_seed(0))
    mirrored = [not torch.equal(clean.images[index], batch.images[index]) for index in range(64)]
    assert 16 < sum(mirrored) < 48
    for index, flipped in enumerate(mirrored):
        expected = (lambda images: images.flip(-1)) if flipped else (lambda images: images)
        assert torch.equal(clean.images[index], expected(batch.images[index]))
        assert torch.equal(clean.right[index], expected(batch.right[index]))
        assert clean.intrinsics[index, 0, 2] == (11 - 4 if flipped else 4)
        assert clean.intrinsics[index, 0, 0] == 9
        assert clean.right_from_left[index, 0, 3] == (0.5 if flipped else -0.5)


def test_a_mirrored_point_is_seen_where_the_mirrored_camera_says() -> None:
    batch = batch_of(16)
    _, clean = augment(batch, torch.Generator().manual_seed(0))
    point = torch.tensor([0.7, -0.3, 5.0])
    for index in range(16):
        flipped = not torch.equal(clean.images[index], batch.images[index])
        seen = batch.intrinsics[index] @ point
        x = seen[0] / seen[2]
        moved = point * torch.tensor([-1.0 if flipped else 1.0, 1.0, 1.0])
        seen = clean.intrinsics[index] @ moved
        assert seen[0] / seen[2] == pytest.approx(float(11 - x if flipped else x), abs=1e-5)


def test_colours_change_for_the_networks_only_and_alike_in_all_frames() -> None:
    batch = batch_of(64)
    grey = torch.linspace(0.2, 0.8, 8 * 12).reshape(8, 12)
    batch.images[:] = torch.stack((grey, grey.flip(0), grey.flip(1)))
    batch.right[:, :2] = batch.images[:, :2]
    seen, clean = augment(batch, torch.Generator().manual_seed(3))
    changed = [not torch.equal(seen.images[index], clean.images[index]) for index in range(64)]
    assert 16 < sum(changed) < 48
    assert torch.equal(seen.images[:, 0], seen.images[:, 2])
    assert torch.equal(seen.images[:, 0], seen.right[:, 0])
    assert seen.right[:, 2].count_nonzero() == 0
    assert float(seen.images.min()) >= 0.0
    assert float(seen.images.max()) <= 1.0
    assert (seen.images - clean.images).abs().amax() > 0.05
    assert torch.equal(seen.intrinsics, clean.intrinsics)


def test_deterministic_and_needs_its_generator_only() -> None:
    batch = batch_of(8)
    torch.manual_seed(1)
    first = augment(batch, torch.Generator().manual_seed(9))
    torch.manual_seed(2)
    second = augment(batch, torch.Generator().manual_seed(9))
    third = augment(batch, torch.Generator().manual_seed(10))
    assert torch.equal(first[0].images, second[0].images)
    assert not torch.equal(first[0].images, third[0].images)


def test_a_sample_with_its_own_generator_is_changed_alike_in_any_batch() -> None:
    batch = batch_of(8)
    seeds = range(20, 28)
    whole = augment(batch, [torch.Generator().manual_seed(seed) for seed in seeds])
    for row in (0, 5):
        one = Snippet(
            *(getattr(batch, name)[row : row + 1] for name in ("images", "right", "has_right")),
            *(getattr(batch, name)[row : row + 1] for name in ("intrinsics", "right_from_left", "names")),
        )
        alone = augment(one, [torch.Generator().manual_seed(seeds[row])])
        for together, apart in zip(whole, alone, strict=True):
            torch.testing.assert_close(together.images[row], apart.images[0])
            assert torch.equal(together.intrinsics[row], apart.intrinsics[0])
    assert len({tuple(clean.intrinsics[:, 0, 2].tolist()) for clean in (whole[1], batch)}) == 2


def colours(draws: list[float]) -> torch.Tensor:
    """A red, a green and a grey pixel after the change that these draws (0.5 = none) make."""
    pixels = torch.tensor([[0.6, 0.3, 0.3], [0.3, 0.6, 0.3], [0.4, 0.4, 0.4]])
    images = pixels.T.reshape(1, 1, 3, 1, 3)
    return recolour(images, *colour_change(images, torch.tensor([draws])))[0, 0, :, 0].T


def test_known_colours() -> None:
    none = colours([0.5, 0.5, 0.5, 0.5])
    assert torch.allclose(none, torch.tensor([[0.6, 0.3, 0.3], [0.3, 0.6, 0.3], [0.4, 0.4, 0.4]]), atol=1e-6)
    brighter = colours([1.0, 0.5, 0.5, 0.5])
    assert torch.allclose(brighter, 1.2 * none, atol=1e-6)
    pale = colours([0.5, 0.5, 0.0, 0.5])
    assert torch.allclose(pale[2], none[2], atol=1e-6)  # grey stays grey
    assert float(pale[0, 0] - pale[0, 1]) == pytest.approx(0.8 * 0.3, abs=1e-6)
    turned = colours([0.5, 0.5, 0.5, 1.0])
    assert torch.allclose(turned[2], none[2], atol=1e-6)
    assert torch.allclose(turned.sum(1), none.sum(1), atol=1e-6)
    assert float(turned[0, 1]) > float(turned[0, 2])  # red turns towards yellow, as a hue of +36 degrees does
    flat = colours([0.5, 0.0, 0.5, 0.5])
    assert float(flat[0, 0] - flat[2, 0]) == pytest.approx(0.8 * 0.2, abs=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_same_on_the_gpu_with_a_generator_on_the_cpu() -> None:
    batch = batch_of(8)
    here, _ = augment(batch, torch.Generator().manual_seed(0))
    there, _ = augment(batch.to("cuda"), torch.Generator().manual_seed(0))
    assert torch.allclose(here.images, there.images.cpu(), atol=1e-5)
