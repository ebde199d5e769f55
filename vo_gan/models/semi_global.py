"""Semi-global matching of image patches: where a learned matcher begins.

After Hirschmüller 2008 ("Stereo processing by semi-global matching and mutual information"): every disparity has a cost
at every pixel, here how unlike two patches are, and along four directions costs are added up on the way whose
disparities change least. Nothing here is learned, so it is as good on one kind of images as on another.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

CELL = 4
"""Pixels to the side of a cell: disparities are counted in cells, and every cell of the left view has one."""
PATCH = 8
"""Pixels to the side of the patch around a cell that is compared."""
FLAT = 0.01
"""Standard deviation of the grey values, which lie in [0, 1], below which a patch is more noise than pattern."""
SMALL_STEP = 0.5
"""Cost of a disparity that differs from the one before by a cell; those of patches lie in [0, 1]."""
LARGE_STEP = 2.0
"""Cost of a disparity that differs by more."""
OUTSIDE = 0.5
"""Cost of what would be seen outside the right view, where nobody can look, of patches with a pattern."""
OUTSIDE_FLAT = 0.1
"""What is added to that for all patches, that those without a pattern do not look there."""
NEAR = 0.2
"""Cost of a disparity of the image's whole width; smaller ones cost in proportion. What is very near is rare, and among
hundreds of disparities one fits noise by chance."""


def patch_similarities(
    left: Float[Tensor, "b 3 h w"], right: Float[Tensor, "b 3 h w"]
) -> tuple[Float[Tensor, "b ch cw w"], Float[Tensor, "b ch cw"]]:
    """Zero-mean normalised cross-correlation of the grey patches around every cell of the left view and around what
    begins at every pixel's column of the right view, in the same rows. Sides must divide by `CELL`.

    Returns:
        Similarities in [-1, 1], where a disparity of d pixels is at column `CELL * cell - d`; and how much of a pattern
        the left patches have, which is all that a similarity can reach: 0 for none, near 1 for a clear one.
    """
    height, width = left.shape[-2:]
    before = (PATCH - CELL) // 2
    after = PATCH - before - 1
    described = []
    for view, across in ((left, CELL), (right, 1)):
        grey = F.pad(view.float().mean(1, keepdim=True), (before, after, before, after), mode="replicate")
        pixels = F.unfold(grey, PATCH, stride=(CELL, across))
        pixels = pixels.reshape(len(view), PATCH**2, height // CELL, width // across)
        pixels = pixels - pixels.mean(1, keepdim=True)
        strength = (pixels.square().sum(1, keepdim=True) + (PATCH * FLAT) ** 2).sqrt()
        described.append((pixels / strength).permute(0, 2, 3, 1))
    cells, columns = described
    return cells @ columns.transpose(-1, -2), cells.norm(dim=-1)


def disparity_costs(
    similarities: Float[Tensor, "b ch cw w"], patterns: Float[Tensor, "b ch cw"]
) -> Float[Tensor, "b ch cw cw"]:
    """Cost of every disparity in whole cells: how far the best column up to half a cell from where it points falls
    short of what the patch could reach, and a little for being large. To a patch without a pattern, all disparities
    inside are almost alike.

    Args:
        similarities: see `patch_similarities`.
        patterns: see there.

    Returns:
        The last dimension is the disparity in cells; those that point to the left of the right view cost the same.
    """
    batch, height, cells, columns = similarities.shape
    half = CELL // 2
    around = F.pad(similarities, (half, half), value=-1.0).reshape(batch * height, cells, columns + CELL)
    best = F.max_pool1d(around, CELL + 1, stride=CELL).reshape(batch, height, cells, cells)
    disparities = torch.arange(cells, device=similarities.device)
    place = disparities[:, None] - disparities
    found = best.gather(-1, place.clamp(min=0).expand_as(best))
    reachable = patterns[..., None]
    inside = (reachable - found.clamp(min=0.0)).clamp(min=0.0)
    costs = torch.where(place >= 0, inside, OUTSIDE * reachable + OUTSIDE_FLAT)
    return costs + NEAR * disparities / cells


def semi_global_costs(
    costs: Float[Tensor, "b h w d"], small_step: float = SMALL_STEP, large_step: float = LARGE_STEP
) -> Float[Tensor, "b h w d"]:
    """Costs added up along the rows and columns, from both ends of each.

    Args:
        costs: of every disparity at every pixel.
        small_step: cost of a disparity that differs by one from the pixel's before.
        large_step: cost of a disparity that differs by more.
    """
    total = torch.zeros_like(costs)
    for dimension in (1, 2):
        along, sums = costs.unbind(dimension), total.unbind(dimension)
        for order in (range(len(along)), range(len(along) - 1, -1, -1)):
            path = torch.zeros_like(along[0])
            for number in order:
                least = path.amin(-1, keepdim=True)
                beside = F.pad(path, (1, 1), value=torch.inf)
                beside = torch.minimum(beside[..., :-2], beside[..., 2:]) + small_step
                path = along[number] + torch.minimum(torch.minimum(path, beside), least + large_step) - least
                sums[number].add_(path)
    return total


def least_disparity(costs: Float[Tensor, "b h w d"]) -> Float[Tensor, "b 1 h w"]:
    """The disparity of the least cost: between whole ones, where a parabola through the three least has its lowest
    point."""
    best = costs.argmin(-1, keepdim=True)
    last = costs.shape[-1] - 1
    before, least, after = (
        costs.gather(-1, place) for place in ((best - 1).clamp(min=0), best, (best + 1).clamp(max=last))
    )
    bend = before - 2.0 * least + after
    inner: Bool[Tensor, ...] = (best > 0) & (best < last) & (bend > 0)
    offset = torch.where(inner, 0.5 * (before - after) / torch.where(inner, bend, 1.0), 0.0)
    return (best + offset).permute(0, 3, 1, 2)
