from __future__ import annotations

import torch

from vo_gan.data.stereo_pairs import StereoPairs


def test_counts_its_pairs_and_moves_as_a_whole() -> None:
    images = torch.rand(3, 3, 4, 6)
    disparity, mask = torch.ones(3, 1, 4, 6), torch.ones(3, 1, 4, 6, dtype=torch.bool)
    pairs = StereoPairs(images, images, disparity, mask, ("a", "b", "c"))
    assert pairs.image_count == 3
    moved = pairs.to("meta")
    assert moved.names == pairs.names
    assert {getattr(moved, name).device.type for name in ("left", "right", "disparity", "mask")} == {"meta"}
