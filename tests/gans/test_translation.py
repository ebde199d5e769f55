from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from vo_gan.errors import VoGanError
from vo_gan.gans.run import find_variant
from vo_gan.gans.translation import translate_files, translate_padded, translate_tiled


def strict(divisor: int) -> Any:
    """Negates; refuses sizes that do not fit."""
    seen: list[tuple[int, int]] = []

    def translate(image: Tensor) -> Tensor:
        assert image.shape[-1] % divisor == 0
        assert image.shape[-2] % divisor == 0
        seen.append(tuple(image.shape[-2:]))
        return -image[:, :1]

    return translate, seen


@pytest.mark.parametrize(("height", "width"), [(8, 16), (9, 17), (1, 1), (3, 40), (31, 8)])
def test_any_size_is_padded_and_cropped(height: int, width: int) -> None:
    translate, seen = strict(8)
    image = torch.rand(1, 3, height, width)
    made = translate_padded(translate, image, divisor=8, smallest=16)
    assert torch.equal(made, -image[:, :1])
    assert min(seen[0]) >= 16


@pytest.mark.parametrize(("height", "width"), [(64, 65), (200, 100), (65, 300), (129, 61)])
def test_tiles_cover_everything_without_a_seam(height: int, width: int) -> None:
    translate, seen = strict(8)
    image = torch.rand(1, 3, height, width)
    made = translate_tiled(translate, image, divisor=8, smallest=16, tile=64)
    torch.testing.assert_close(made, -image[:, :1])
    assert len(seen) > 1
    assert max(max(size) for size in seen) == 64


def test_tiles_fade_into_each_other() -> None:
    """Tiles that disagree by a constant leave no step."""
    calls = iter(range(100))
    made = translate_tiled(lambda image: torch.full_like(image, next(calls)), torch.zeros(1, 1, 64, 120), 8, 16, 64)
    steps = made.diff(dim=3).abs().max().item()
    assert made.min() == 0
    assert made.max() == 1
    assert steps < 0.2


def test_small_images_go_in_one_piece_and_tiny_tiles_are_refused() -> None:
    translate, seen = strict(8)
    translate_tiled(translate, torch.zeros(1, 1, 60, 64), 8, 16, 64)
    assert len(seen) == 1
    with pytest.raises(ValueError, match="at least 16"):
        translate_tiled(translate, torch.zeros(1, 1, 60, 64), 8, 16, 15)


@pytest.fixture
def cyclegan(small: Any) -> Any:
    torch.manual_seed(0)
    config = small("cyclegan")
    from vo_gan.gans.data import DataShape

    return find_variant("cyclegan")(config.model, DataShape([3, 16, 16], [3, 16, 16], [], [8, 16]))


def test_files_are_translated_at_their_own_size(cyclegan: Any, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (21, 35, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    cv2.imwrite(str(tmp_path / "b.png"), image[:, :, 0])
    made = list(translate_files(cyclegan, [tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "out"))
    assert [path.name for path in made] == ["a.png", "b.png"]
    written = cv2.imread(str(made[0]), cv2.IMREAD_UNCHANGED)
    assert (written.shape, written.dtype) == ((21, 35, 3), np.uint16)  # as the second domain is stored
    whole = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    expected = translate_padded(cyclegan.translate, whole, 4, 8)[0]
    values = torch.from_numpy(written[..., ::-1].astype(np.float32)).permute(2, 0, 1) / 32767.5 - 1
    torch.testing.assert_close(values, expected, atol=1e-4, rtol=0)
    (back,) = translate_files(cyclegan, [tmp_path / "a.png"], tmp_path / "back", "first")
    assert cv2.imread(str(back), cv2.IMREAD_UNCHANGED).dtype == np.uint8


def test_mistakes_leave_nothing_behind(cyclegan: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"x")
    for paths, wanted, tile, message in (
        ([tmp_path / "broken.png"], "", 64, "broken"),
        ([tmp_path / "none.png"], "", 64, "No such file"),
        ([tmp_path / "none.png"], "third", 64, "no domain 'third'"),
        ([tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"], "", 64, "occur twice"),
        ([tmp_path / "none.png"], "", 4, "--tile 4"),
    ):
        with pytest.raises(VoGanError, match=message):
            list(translate_files(cyclegan, paths, tmp_path / "out", wanted, tile=tile))
        assert not (tmp_path / "out").exists()


def test_noise_and_statistics_are_arguments(small: Any) -> None:
    from vo_gan.gans.data import DataShape

    torch.manual_seed(0)
    config = small("pix2pix", "--model.downs", "6")
    pix2pix: Any = find_variant("pix2pix")(config.model, DataShape([3, 64, 64], [3, 64, 64]))
    image = torch.rand(2, 3, 64, 64)
    assert torch.equal(pix2pix.translate(image, seed=1), pix2pix.translate(image, seed=1))
    assert not torch.equal(pix2pix.translate(image, seed=1), pix2pix.translate(image, seed=2))
    still = [pix2pix.translate(image, noise="off", seed=seed) for seed in (1, 2)]
    assert torch.equal(*still)
    alone = pix2pix.translate(image[:1], stats="instance", noise="off")
    torch.testing.assert_close(pix2pix.translate(image, stats="instance", noise="off")[:1], alone)
    assert not torch.allclose(still[0][:1], alone)
