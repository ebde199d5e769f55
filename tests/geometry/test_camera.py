from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from vo_gan.geometry import (
    back_project,
    crop_intrinsics,
    flip_intrinsics,
    intrinsics_matrix,
    project,
    resize_intrinsics,
)

POINT = torch.tensor([1.2, -0.4, 9.0], dtype=torch.float64)
CAMERA = intrinsics_matrix(700.0, 710.0, 610.0, 180.0)


def pixel(intrinsics: torch.Tensor, point: torch.Tensor = POINT) -> torch.Tensor:
    seen = intrinsics @ point
    return seen[:2] / seen[2]


def test_resized_intrinsics_follow_what_area_resizing_does_to_an_image() -> None:
    """A bright blob's centre of mass, found in the resized image, is where the resized camera projects its point."""
    size, small = (1240, 376), (310, 94)
    x, y = pixel(CAMERA).tolist()
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    blob = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 12.0**2))
    shrunk = cv2.resize(blob, small, interpolation=cv2.INTER_AREA)
    columns, rows = np.meshgrid(np.arange(small[0]), np.arange(small[1]))
    centre = [(shrunk * columns).sum() / shrunk.sum(), (shrunk * rows).sum() / shrunk.sum()]
    np.testing.assert_allclose(pixel(resize_intrinsics(CAMERA, size, small)), centre, atol=1e-3)


def test_resizing_there_and_back_changes_nothing() -> None:
    there = resize_intrinsics(CAMERA, (1241, 376), (416, 128))
    torch.testing.assert_close(resize_intrinsics(there, (416, 128), (1241, 376)), CAMERA)


def test_cropping_moves_the_pixel() -> None:
    torch.testing.assert_close(pixel(crop_intrinsics(CAMERA, 30.0, 12.0)), pixel(CAMERA) - torch.tensor([30.0, 12.0]))


def test_flipping_mirrors_the_mirrored_point() -> None:
    width = 1241
    mirrored = POINT * torch.tensor([-1.0, 1.0, 1.0])
    x, y = pixel(CAMERA)
    torch.testing.assert_close(pixel(flip_intrinsics(CAMERA, width), mirrored), torch.stack((width - 1 - x, y)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_projecting_what_was_back_projected_gives_the_pixels(dtype: torch.dtype) -> None:
    depth = torch.rand(2, 1, 5, 7, dtype=dtype) * 30 + 1
    intrinsics = CAMERA.to(dtype).expand(2, 3, 3)
    points = back_project(depth, intrinsics)
    assert points.shape == (2, 5, 7, 3)
    torch.testing.assert_close(points[..., 2], depth[:, 0])
    pixels = project(points, intrinsics)
    torch.testing.assert_close(pixels[0, 3, 4], torch.tensor([4.0, 3.0], dtype=dtype), atol=1e-3, rtol=0)


def test_back_projection_passes_gradcheck() -> None:
    depth = (torch.rand(1, 1, 3, 4, dtype=torch.float64) + 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda d: project(back_project(d, CAMERA[None]) + 0.1, CAMERA[None]), depth)
