"""Direct image alignment: the motion under which two frames look most alike through the depth of the first.

After Kerl et al. 2013 and Engel et al. 2014: Gauss-Newton over a pyramid of grey images, from a first guess such as the
pose net's, on the pixels with the strongest gradients, with weights that let go of pixels the
motion can't explain (moving objects, occlusions, wrong depth) and a brightness offset and gain that it need not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from vo_gan.geometry.camera import pixel_grid, resize_intrinsics
from vo_gan.geometry.se3 import transform_from_axis_angle

LEVELS = 3
"""Pyramid levels: 1/4, 1/2 and full resolution."""
ITERATIONS = 10
PIXELS = 6000
CONVERGED = 1e-4
"""A step shorter than this (metres and radians) ends a level."""
DAMPING, TINY = 1e-9, 1e-12
"""What is added to the diagonal of the normal equations: a share of its mean, and so much that zeros can be solved."""
FEWEST = 100
"""Visible pixels with fewer of which a motion is left as it is."""
GREY = (0.299, 0.587, 0.114)


@torch.no_grad()
def refine_motion(
    previous: Float[Tensor, "b 3 h w"],
    previous_depth: Float[Tensor, "b 1 h w"],
    image: Float[Tensor, "b 3 h w"],
    intrinsics: Float[Tensor, "b 3 3"],
    next_from_previous: Float[Tensor, "b 4 4"],
    iterations: int = ITERATIONS,
    pixels: int = PIXELS,
) -> Float[Tensor, "b 4 4"]:
    """The motions near `next_from_previous` under which `image`, sampled where the pixels of `previous` move to,
    matches `previous` best, each sample for itself. No gradient goes through it.

    Args:
        previous: RGB in [0, 1].
        previous_depth: its z-depth.
        image: the frame after it.
        intrinsics: of both.
        next_from_previous: where to begin.
        iterations: Gauss-Newton steps per level at most.
        pixels: used per level at most, those with the strongest gradients.

    Returns:
        The refined motions; the given one where alignment makes the match at full resolution no better.
    """
    weights = previous.new_tensor(GREY).reshape(1, 3, 1, 1)
    levels = [
        ((previous * weights).sum(1, keepdim=True), (image * weights).sum(1, keepdim=True), previous_depth, intrinsics)
    ]
    for _ in range(LEVELS - 1):
        levels.append(_halve(*levels[-1]))
    problems = [_Alignment(*level, pixels) for level in levels]
    motion = next_from_previous.double()
    start = problems[0].cost(motion)
    for problem in reversed(problems):
        moving = torch.ones_like(start, dtype=torch.bool)
        for _ in range(iterations):
            step = problem.step(motion) * moving[:, None]
            motion = transform_from_axis_angle(step[:, 3:], step[:, :3]) @ motion
            moving &= step.norm(dim=1) >= CONVERGED
            if not moving.any():
                break
    better = problems[0].cost(motion) < start
    return torch.where(better[:, None, None], motion, next_from_previous.double()).to(next_from_previous.dtype)


class _Alignment:
    """One pyramid level: chosen pixels of the previous frames as points, and the images they are looked up in."""

    def __init__(self, previous: Tensor, image: Tensor, depth: Tensor, intrinsics: Tensor, pixels: int) -> None:
        height, width = previous.shape[-2:]
        strength = _gradient(previous).square().sum(1).flatten(1)
        chosen = strength.topk(min(pixels, strength.shape[1] // 2)).indices
        self.intrinsics = intrinsics.double()
        grid = pixel_grid(height, width, previous).double()[:, chosen].transpose(0, 1)
        self.points = torch.linalg.inv(self.intrinsics) @ grid * depth.flatten(1).gather(1, chosen).double()[:, None]
        self.values = previous.flatten(1).gather(1, chosen).double()
        self.lookup = torch.cat((image, _gradient(image)), dim=1)
        self.extent = self.points.new_tensor([width - 1, height - 1])

    def cost(self, motion: Tensor) -> Tensor:
        """Mean robust residual of each motion; NaN where no pixel is seen."""
        residual, _, visible, scale = self._residuals(motion)
        robust = _weights(residual, scale) * residual.square()
        return (robust * visible).sum(1) / visible.sum(1)

    def step(self, motion: Tensor) -> Tensor:
        """Translation and rotation vector of one reweighted Gauss-Newton step, to be put on the left of each motion."""
        residual, jacobian, visible, scale = self._residuals(motion)
        weight = _weights(residual, scale) * visible
        # The last two unknowns are brightness gain and offset, solved for in each step and left out of the motion.
        offset = torch.ones_like(self.values)
        jacobian = torch.cat((jacobian, self.values[:, :, None], offset[:, :, None]), dim=2)
        weighted = jacobian * weight[:, :, None]
        normal = jacobian.transpose(1, 2) @ weighted
        eye = torch.eye(8, dtype=normal.dtype, device=normal.device)
        normal = normal + (DAMPING * normal.diagonal(dim1=1, dim2=2).mean(1) + TINY)[:, None, None] * eye
        step = torch.linalg.solve(normal, -weighted.transpose(1, 2) @ residual[:, :, None])[:, :6, 0]
        return torch.where(visible.sum(1, keepdim=True) < FEWEST, 0.0, step)

    def _residuals(self, motion: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Residuals, their derivatives by the step, which pixels are seen, and the residuals' robust scales."""
        points = motion[:, :3, :3] @ self.points + motion[:, :3, 3:]
        x, y, z = points[:, 0], points[:, 1], points[:, 2].clamp(min=1e-3)
        fx, fy = self.intrinsics[:, 0, 0, None], self.intrinsics[:, 1, 1, None]
        cx, cy = self.intrinsics[:, 0, 2, None], self.intrinsics[:, 1, 2, None]
        pixels = torch.stack((fx * x / z + cx, fy * y / z + cy), dim=-1)
        visible = ((pixels >= 0) & (pixels <= self.extent)).all(-1) & (points[:, 2] > 1e-3)
        grid = (pixels / self.extent * 2 - 1).clamp(-2, 2).to(self.lookup.dtype)
        sampled = F.grid_sample(self.lookup, grid[:, None], align_corners=True, padding_mode="border")[:, :, 0].double()
        residual = sampled[:, 0] - self.values
        by_x, by_y = sampled[:, 1] * fx / z, sampled[:, 2] * fy / z
        by_z = -(by_x * x + by_y * y) / z
        jacobian = torch.stack((by_x, by_y, by_z, y * by_z - z * by_y, z * by_x - x * by_z, x * by_y - y * by_x), dim=2)
        residual = residual - _median(residual, visible)
        scale = 1.4826 * _median(residual.abs(), visible)
        return residual, jacobian, visible, scale.clamp(min=1e-3)


def _median(values: Tensor, visible: Tensor) -> Tensor:
    """Median of each row's visible values, `[b, 1]`; 0 where none is."""
    return values.masked_fill(~visible, torch.nan).nanmedian(dim=1, keepdim=True).values.nan_to_num(0.0)


def _weights(residual: Tensor, scale: Tensor) -> Tensor:
    """Weights of Student's t with 5 degrees of freedom, the distribution that Kerl et al. found residuals to have."""
    return 6.0 / (5.0 + (residual / scale).square())


def _gradient(image: Tensor) -> Tensor:
    """Central differences in x and y, `[b, 2, h, w]`."""
    padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
    by_x = 0.5 * (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2])
    by_y = 0.5 * (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1])
    return torch.cat((by_x, by_y), dim=1)


def _halve(previous: Tensor, image: Tensor, depth: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The next pyramid level: area averages of the images, and of inverse depth."""
    height, width = previous.shape[-2:]
    size = (height // 2, width // 2)
    return (
        F.interpolate(previous, size, mode="area"),
        F.interpolate(image, size, mode="area"),
        1.0 / F.interpolate(1.0 / depth, size, mode="area"),
        resize_intrinsics(intrinsics, (width, height), (size[1], size[0])),
    )
