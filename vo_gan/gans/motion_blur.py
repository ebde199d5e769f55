"""Motion blur as a shaken camera makes it: DeblurGAN's random trajectories (Kupyn et al. 2018, arXiv:1711.07064).

The trajectories are Boracchi and Foi's (2012, doi:10.1109/TIP.2012.2192126): a particle whose velocity is disturbed at
every step, pulled back to where it began and now and then, by a jerk, turned round. Every kernel sums to 1, so that
blur keeps the brightness.
"""

from __future__ import annotations

import cmath
import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

STEPS = 2000
LENGTH = 60.0
ANXIETIES = (0.01, 0.009, 0.008, 0.007, 0.005, 0.003)
EXPOSURES = (0.1, 0.5, 1.0)


def motion_trajectory(
    generator: torch.Generator, anxiety: float, steps: int = STEPS, length: float = LENGTH
) -> Float[Tensor, "steps 2"]:
    """A random walk (x, y) in pixels from the origin.

    Args:
        anxiety: how much it is disturbed; 0 is a straight line.
        steps: number of points.
        length: of the whole path, in pixels; all steps are equally long.
    """
    pull, jerkiness, shakiness, angle = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
    pull, jerkiness, shakiness = 0.7 * pull, 0.2 * jerkiness, 10 * shakiness
    disturbances = torch.randn(steps, 2, generator=generator, dtype=torch.float64).tolist()
    chances = torch.rand(steps, 2, generator=generator, dtype=torch.float64).tolist()

    stride = length / (steps - 1)
    direction = cmath.rect(1.0, 2 * math.pi * angle)
    velocity = direction * (anxiety if anxiety > 0 else stride)
    place = 0j
    places = [place]
    for (right, down), (chance, turn) in zip(disturbances[1:], chances[1:], strict=True):
        change = anxiety * (shakiness * complex(right, down) - pull * place) * stride
        if chance < jerkiness * anxiety:
            change += 2 * velocity * cmath.rect(1.0, math.pi + turn - 0.5)
        velocity += change
        velocity *= stride / abs(velocity)
        place += velocity
        places.append(place)
    return torch.view_as_real(torch.tensor(places, dtype=torch.complex128))


def splat_trajectory(trajectory: Float[Tensor, "steps 2"], size: int) -> Float[Tensor, "size size"]:
    """The kernel of a trajectory, bilinearly drawn, the middle of its extent in the middle of the kernel; sums to 1.

    Raises:
        ValueError: the trajectory does not fit into the kernel.
    """
    low, high = trajectory.amin(dim=0), trajectory.amax(dim=0)
    extent = float((high - low).amax())
    if extent > size - 3:
        raise ValueError(f"a trajectory of {extent:.1f} pixels does not fit into a kernel of {size}")
    places = trajectory - (low + high) / 2 + size // 2
    corner = places.floor()
    share = places - corner
    kernel = torch.zeros(size * size, dtype=trajectory.dtype)
    for right in (0, 1):
        for down in (0, 1):
            weight = (share[:, 0] if right else 1 - share[:, 0]) * (share[:, 1] if down else 1 - share[:, 1])
            index = (corner[:, 1] + down) * size + corner[:, 0] + right
            kernel.index_add_(0, index.long(), weight)
    return (kernel / kernel.sum()).reshape(size, size)


def motion_kernel(
    generator: torch.Generator,
    size: int = 64,
    anxiety: float | None = None,
    exposure: float | None = None,
    length: float = LENGTH,
) -> Float[Tensor, "size size"]:
    """A random blur kernel that sums to 1.

    Args:
        generator: what it is drawn from; the same state gives the same kernel.
        size: of its sides.
        anxiety: see `motion_trajectory`; one of the paper's six if None.
        exposure: share of the trajectory that falls into the exposure; one of the paper's last three if None.
        length: of the whole trajectory, in pixels.
    """
    if anxiety is None:
        anxiety = ANXIETIES[int(torch.randint(len(ANXIETIES), (), generator=generator))]
    if exposure is None:
        exposure = EXPOSURES[int(torch.randint(len(EXPOSURES), (), generator=generator))]
    if not 0 < exposure <= 1:
        raise ValueError(f"exposure is a share of the trajectory in (0, 1], not {exposure}")
    trajectory = motion_trajectory(generator, anxiety, length=length)
    return splat_trajectory(trajectory[: max(1, round(exposure * STEPS))], size).float()


def blur(image: Float[Tensor, "b c h w"], kernel: Float[Tensor, "k k"]) -> Float[Tensor, "b c h w"]:
    """The images as seen through a kernel: a convolution, borders reflected, by FFT. Brightness stays as it is."""
    size, middle = kernel.shape[0], kernel.shape[0] // 2
    height, width = image.shape[-2:]
    # A pixel of the result gathers from `before` pixels before it to `after` pixels after it.
    before, after = size - 1 - middle, middle
    mode = "reflect" if min(height, width) > middle else "replicate"
    padded = F.pad(image.float(), (before, after, before, after), mode=mode)
    shape = padded.shape[-2:]
    product = torch.fft.rfft2(padded) * torch.fft.rfft2(kernel.to(padded), s=shape)
    blurred = torch.fft.irfft2(product, s=shape)
    return blurred[..., size - 1 : size - 1 + height, size - 1 : size - 1 + width].to(image.dtype)
