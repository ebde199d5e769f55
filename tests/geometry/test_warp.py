"""Warping against known answers: an analytic textured plane, its homography, kornia's warp, and the identity."""

from __future__ import annotations

import pytest
import torch
from kornia.geometry.depth import warp_frame_depth

from vo_gan.geometry import intrinsics_matrix, inverse_warp, transform_from_axis_angle
from vo_gan.geometry.camera import pixel_grid

WIDTH, HEIGHT = 208, 64
CAMERA = intrinsics_matrix(120.0, 120.0, 103.0, 31.0)[None]
NORMAL, OFFSET = torch.tensor([0.1, -0.15, -1.0], dtype=torch.float64), -8.0
"""The plane n.x = d of the analytic scene, in the target camera's frame, some 8 m ahead and slanted."""


def motion(rotation: tuple[float, float, float], translation: tuple[float, float, float]) -> torch.Tensor:
    return transform_from_axis_angle(
        torch.tensor([rotation], dtype=torch.float64), torch.tensor([translation], dtype=torch.float64)
    )


SOURCE_FROM_TARGET = motion((0.02, -0.05, 0.01), (0.3, -0.1, -0.6))


def texture(points: torch.Tensor) -> torch.Tensor:
    """A smooth colour for every point `[3, p]` of the plane: `[3, p]` in [0, 1]."""
    x, y = points[0], points[1]
    return torch.stack(
        [0.5 + 0.3 * torch.sin(f * x + p) * torch.cos(g * y - p) for f, g, p in ((3, 2, 0.1), (1, 4, 1.0), (2, 2, 2.0))]
    )


def plane_view(camera_from_target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Image `[1, 3, h, w]` and depth `[1, 1, h, w]` of the plane from a camera, by intersecting its rays."""
    rotation, translation = camera_from_target[0, :3, :3], camera_from_target[0, :3, 3]
    rays = torch.linalg.inv(CAMERA[0]) @ pixel_grid(HEIGHT, WIDTH, CAMERA)
    normal = rotation @ NORMAL
    offset = OFFSET + normal @ translation
    depth = offset / (normal @ rays)
    points = rotation.T @ (rays * depth - translation[:, None])
    return texture(points).reshape(1, 3, HEIGHT, WIDTH), depth.reshape(1, 1, HEIGHT, WIDTH)


def test_zero_motion_changes_nothing() -> None:
    image = torch.rand(2, 3, 128, 416, generator=torch.Generator().manual_seed(0))
    camera = intrinsics_matrix(240.0, 240.0, 203.0, 63.0).float().expand(2, 3, 3)
    depth = torch.rand(2, 1, 128, 416, generator=torch.Generator().manual_seed(1)) * 60 + 1
    warped = inverse_warp(image, depth, torch.eye(4).expand(2, 4, 4), camera)
    difference = (warped.image - image).abs()
    # White noise is the worst case; what is left is the rounding of normalised float32 coordinates.
    assert difference.mean() < 5e-6
    assert difference.max() < 4e-5
    assert warped.mask.all()
    torch.testing.assert_close(warped.depth, depth)


def test_zero_motion_in_double_precision() -> None:
    image, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    warped = inverse_warp(image, depth, torch.eye(4, dtype=torch.float64)[None], CAMERA)
    assert (warped.image - image).abs().max() < 1e-12


def test_the_analytic_plane_is_reconstructed() -> None:
    target, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    source, source_depth = plane_view(SOURCE_FROM_TARGET)
    warped = inverse_warp(source.float(), depth.float(), SOURCE_FROM_TARGET.float(), CAMERA.float())
    mask = warped.mask.expand_as(target)
    assert 0.6 < warped.mask.float().mean() < 1.0
    error = (warped.image.double() - target)[mask].square().mean()
    assert -10 * error.log10() > 40
    # The depth that comes back is the source camera's own depth of the same points.
    seen = inverse_warp(source_depth.float(), depth.float(), SOURCE_FROM_TARGET.float(), CAMERA.float())
    assert (seen.image - seen.depth).abs()[seen.mask].max() < 0.02


def test_the_wrong_direction_of_motion_is_worse() -> None:
    target, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    source, _ = plane_view(SOURCE_FROM_TARGET)
    right = inverse_warp(source, depth, SOURCE_FROM_TARGET, CAMERA)
    wrong = inverse_warp(source, depth, torch.linalg.inv(SOURCE_FROM_TARGET), CAMERA)
    both = right.mask & wrong.mask
    errors = [((view.image - target).abs() * both).sum() for view in (right, wrong)]
    assert errors[0] < 0.1 * errors[1]


def test_pixels_agree_with_the_plane_induced_homography() -> None:
    """Hartley and Zisserman, 13.1: H = K (R + t n^T / d) K^-1 for the plane n.x = d."""
    _, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    source, _ = plane_view(SOURCE_FROM_TARGET)
    warped = inverse_warp(source, depth, SOURCE_FROM_TARGET, CAMERA)
    rotation, translation = SOURCE_FROM_TARGET[0, :3, :3], SOURCE_FROM_TARGET[0, :3, 3]
    homography = CAMERA[0] @ (rotation + torch.outer(translation, NORMAL) / OFFSET) @ torch.linalg.inv(CAMERA[0])
    mapped = homography @ pixel_grid(HEIGHT, WIDTH, CAMERA)
    expected = (mapped[:2] / mapped[2]).T.reshape(HEIGHT, WIDTH, 2)
    assert (warped.pixels[0] - expected).abs().max() < 1e-9


def test_agrees_with_kornia_step_by_step() -> None:
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(2, 3, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)
    depth = torch.rand(2, 1, HEIGHT, WIDTH, generator=generator, dtype=torch.float64) * 20 + 3
    transform, camera = SOURCE_FROM_TARGET.expand(2, 4, 4), CAMERA.expand(2, 3, 3)
    warped = inverse_warp(source, depth, transform, camera)
    reference = warp_frame_depth(source, depth, transform, camera)
    assert ((warped.image - reference).abs() * warped.mask).max() < 1e-6


def test_a_source_camera_of_its_own() -> None:
    target, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    wider = CAMERA.clone()
    wider[0, 0, 2] += 7
    shifted = torch.roll(target, 7, dims=-1)
    warped = inverse_warp(shifted, depth, torch.eye(4, dtype=torch.float64)[None], CAMERA, wider)
    assert ((warped.image - target).abs() * warped.mask)[..., :-8].max() < 1e-9
    assert not warped.mask[..., -7:].any()


def test_points_behind_the_source_camera_are_invalid() -> None:
    source, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    warped = inverse_warp(source, depth, motion((0, 0, 0), (0, 0, -20)), CAMERA)
    assert not warped.mask.any()
    assert torch.isfinite(warped.image).all()


@pytest.mark.parametrize("wanted", ["image", "depth", "pixels"])
def test_gradients(wanted: str) -> None:
    source, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    source, depth = source[..., 20:26, 90:98].clone(), depth[..., 20:26, 90:98].clone().requires_grad_()
    camera = intrinsics_matrix(20.0, 20.0, 3.4, 2.6)[None]
    axis_angle = torch.tensor([[0.011, -0.007, 0.005]], dtype=torch.float64, requires_grad=True)
    translation = torch.tensor([[0.013, 0.021, -0.017]], dtype=torch.float64, requires_grad=True)

    def warp(depth: torch.Tensor, axis_angle: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
        transform = transform_from_axis_angle(axis_angle, translation)
        return getattr(inverse_warp(source, depth, transform, camera), wanted)[..., 1:-1, 1:-1]

    assert torch.autograd.gradcheck(warp, (depth, axis_angle, translation), atol=1e-4)


def test_autocast_leaves_warping_in_full_precision() -> None:
    source, depth = plane_view(torch.eye(4, dtype=torch.float64)[None])
    arguments = (source.float(), depth.float(), SOURCE_FROM_TARGET.float(), CAMERA.float())
    plain = inverse_warp(*arguments)
    with torch.autocast("cpu", torch.bfloat16):
        cast = inverse_warp(*arguments)
    assert cast.image.dtype == torch.float32
    assert torch.equal(plain.image, cast.image)
