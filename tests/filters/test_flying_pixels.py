"""Ramps become steps; what is no ramp stays."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from vo_gan.filters import snap_flying_pixels
from vo_gan.filters.flying_pixels import _on_ramp


def blurred_steps() -> torch.Tensor:
    """Two rectangles before a wall, blurred as a network would blur them, `[2, 1, 40, 60]`."""
    disparity = torch.full((2, 1, 40, 60), 4.0)
    disparity[0, :, 10:30, 15:35] = 40.0
    disparity[1, :, 5:20, 30:50] = 25.0
    return F.avg_pool2d(disparity, 5, stride=1, padding=2, count_include_pad=False)


def test_a_ramp_becomes_a_step() -> None:
    ramp = torch.tensor([[2.0, 2, 2, 2, 6, 10, 14, 18, 18, 18, 18]]).expand(5, -1)[None, None]
    snapped = snap_flying_pixels(ramp)
    # The pixel in the middle is as far from the one surface as from the other, and takes the left one's disparity.
    assert snapped[0, 0].tolist() == [[2.0] * 6 + [18.0] * 5] * 5


def test_steps_thin_poles_and_corners_stay() -> None:
    disparity = torch.full((1, 1, 20, 30), 3.0)
    disparity[..., 5:15, 4:12] = 20.0
    disparity[..., 2:18, 20] = 30.0
    disparity[..., 9, 22:28] = 12.0
    assert torch.equal(snap_flying_pixels(disparity), disparity)


def test_every_pixel_takes_the_nearest_value_that_is_on_no_ramp() -> None:
    disparity = blurred_steps()
    snapped = snap_flying_pixels(disparity)
    flying = _on_ramp(disparity[:, 0], 1.0) | _on_ramp(disparity[:, 0].mT, 3.0).mT
    assert 0.05 < flying.float().mean() < 0.5
    for sample in range(2):
        firm = (~flying[sample]).nonzero()
        for pixel in flying[sample].nonzero():
            distance = (firm - pixel).square().sum(dim=1)
            nearest = firm[distance == distance.min()]
            candidates = disparity[sample, 0, nearest[:, 0], nearest[:, 1]]
            assert snapped[sample, 0, pixel[0], pixel[1]] in candidates
    assert torch.equal(snapped[:, 0][~flying], disparity[:, 0][~flying])
    on_surfaces = [torch.isin(maps, torch.tensor([4.0, 25.0, 40.0])).float().mean() for maps in (disparity, snapped)]
    assert on_surfaces[0] < 0.9
    assert on_surfaces[1] > 0.98  # corners have gentle slopes, too


def test_slanted_surfaces_and_roads_stay() -> None:
    row, column = torch.meshgrid(torch.arange(40.0), torch.arange(60.0), indexing="ij")
    surface = (2.5 * row + 0.8 * column)[None, None]
    assert torch.equal(snap_flying_pixels(surface), surface)


def test_what_is_too_far_from_firm_ground_stays() -> None:
    slope = (5.0 * torch.arange(60.0)).expand(4, 60)[None, None].clone()
    slope[..., :10] = 0.0
    snapped = snap_flying_pixels(slope, reach=6)
    assert (snapped[..., :16] == 0).all()
    assert torch.equal(snapped[..., 16:53], slope[..., 16:53])
    assert (snapped[..., 53:] == slope[..., 59:]).all()


def test_a_batch_is_its_samples_one_by_one() -> None:
    disparity = blurred_steps()
    whole = snap_flying_pixels(disparity)
    assert all(torch.equal(whole[index], snap_flying_pixels(disparity[index : index + 1])[0]) for index in range(2))
