"""Photometric refinement of a motion: what training minimises, minimised once more by the pose alone.

Direct image alignment (Kerl et al. 2013; Engel et al. 2014): Gauss-Newton over a pyramid of grey images, from the
motion that the pose net gives, on the pixels with the strongest gradients, with weights that let go of pixels the
motion can't explain (moving objects, occlusions, wrong depth) and a brightness offset and gain that it need not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from vo_gan.geometry import resize_intrinsics, transform_from_axis_angle
from vo_gan.geometry.camera import pixel_grid

LEVELS = 3
"""Pyramid levels: 1/4, 1/2 and full resolution."""
ITERATIONS = 10
"""Gauss-Newton steps per level at most."""
PIXELS = 6000
"""Pixels used per level at most."""
CONVERGED = 1e-4
"""A step shorter than this (metres and radians) ends a level."""
GREY = (0.299, 0.587, 0.114)


def refine_motion(
    previous: Float[Tensor, "1 3 h w"],
    previous_depth: Float[Tensor, "1 1 h w"],
    image: Float[Tensor, "1 3 h w"],
    intrinsics: Float[Tensor, "1 3 3"],
    next_from_previous: Float[Tensor, "1 4 4"],
) -> Float[Tensor, "1 4 4"]:
    """The motion near `next_from_previous` under which `image`, sampled where the pixels of `previous` move to, matches
    `previous` best.

    Returns:
        The refined motion; the given one where alignment makes the match at full resolution no better.
    """
    weights = previous.new_tensor(GREY).reshape(1, 3, 1, 1)
    levels = [
        ((previous * weights).sum(1, keepdim=True), (image * weights).sum(1, keepdim=True), previous_depth, intrinsics)
    ]
    for _ in range(LEVELS - 1):
        levels.append(_halve(*levels[-1]))
    problems = [_Alignment(*level) for level in levels]
    motion = next_from_previous[0].double()
    start = problems[0].cost(motion)
    for problem in reversed(problems):
        for _ in range(ITERATIONS):
            step = problem.step(motion)
            motion = transform_from_axis_angle(step[3:], step[:3]) @ motion
            if step.norm() < CONVERGED:
                break
    if not torch.isfinite(motion).all() or problems[0].cost(motion) >= start:
        return next_from_previous
    return motion[None].to(next_from_previous.dtype)


class _Alignment:
    """One pyramid level: chosen pixels of the previous frame as points, and the image they are looked up in."""

    def __init__(self, previous: Tensor, image: Tensor, depth: Tensor, intrinsics: Tensor) -> None:
        height, width = previous.shape[-2:]
        gradient = _gradient(previous)
        strength = gradient.square().sum(1).flatten()
        chosen = strength.topk(min(PIXELS, strength.numel() // 2)).indices
        rays = torch.linalg.inv(intrinsics[0].double()) @ pixel_grid(height, width, previous).double()[:, chosen]
        self.points = rays * depth.flatten()[chosen].double()
        self.values = previous.flatten()[chosen].double()
        self.lookup = torch.cat((image, _gradient(image)), dim=1)
        self.intrinsics = intrinsics[0].double()
        self.extent = torch.tensor([width - 1, height - 1], dtype=torch.float64)

    def cost(self, motion: Tensor) -> Tensor:
        """Mean robust residual of a motion."""
        residual, _, visible, scale = self._residuals(motion)
        return (_weights(residual, scale) * residual.square())[visible].mean()

    def step(self, motion: Tensor) -> Tensor:
        """Translation and rotation vector of one reweighted Gauss-Newton step, to be put on the left of `motion`."""
        residual, jacobian, visible, scale = self._residuals(motion)
        if visible.sum() < 100:
            return torch.zeros(6, dtype=torch.float64)
        weight = _weights(residual, scale) * visible
        # The last two unknowns are brightness gain and offset, solved for in each step and left out of the motion.
        jacobian = torch.cat((jacobian, self.values[:, None], torch.ones_like(self.values)[:, None]), dim=1)
        weighted = jacobian * weight[:, None]
        normal = jacobian.T @ weighted
        normal = normal + 1e-9 * normal.diagonal().mean() * torch.eye(8, dtype=torch.float64)
        return torch.linalg.solve(normal, -weighted.T @ residual)[:6]

    def _residuals(self, motion: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Residuals, their derivatives by the step, which pixels are seen, and the residuals' robust scale."""
        points = motion[:3, :3] @ self.points + motion[:3, 3:]
        x, y, z = points[0], points[1], points[2].clamp(min=1e-3)
        fx, fy = self.intrinsics[0, 0], self.intrinsics[1, 1]
        pixels = torch.stack((fx * x / z + self.intrinsics[0, 2], fy * y / z + self.intrinsics[1, 2]), dim=-1)
        visible = ((pixels >= 0) & (pixels <= self.extent)).all(-1) & (points[2] > 1e-3)
        grid = (pixels / self.extent * 2 - 1).clamp(-2, 2).float()
        sampled = F.grid_sample(self.lookup, grid[None, None], align_corners=True, padding_mode="border")[
            0, :, 0
        ].double()
        residual = sampled[0] - self.values
        by_x, by_y = sampled[1] * fx / z, sampled[2] * fy / z
        by_z = -(by_x * x + by_y * y) / z
        jacobian = torch.stack((by_x, by_y, by_z, y * by_z - z * by_y, z * by_x - x * by_z, x * by_y - y * by_x), dim=1)
        residual = residual - residual[visible].median() if visible.any() else residual
        scale = 1.4826 * residual[visible].abs().median() if visible.any() else residual.new_tensor(1.0)
        return residual, jacobian, visible, scale.clamp(min=1e-3)


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
