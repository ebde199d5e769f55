from __future__ import annotations

import numpy as np
import torch

from vo_gan.geometry import (
    chain_motions,
    from_first,
    invert_poses,
    invert_transform,
    matrix_from_quaternion,
    quaternion_from_matrix,
    relative_motions,
    rotation_angle,
    transform_from_axis_angle,
)


def random_transforms(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    axis_angle = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    translation = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    return transform_from_axis_angle(axis_angle, translation)


def test_chaining_relative_motions_gives_the_trajectory_back() -> None:
    poses = from_first(random_transforms(50).numpy())
    assert np.abs(chain_motions(relative_motions(poses)) - poses).max() < 1e-12


def test_a_step_forward_is_along_z() -> None:
    motion = np.eye(4)
    motion[2, 3] = 2.0
    poses = chain_motions(np.stack([motion] * 3))
    np.testing.assert_allclose(poses[:, 2, 3], [0, 2, 4, 6])


def test_inverse_composes_to_the_identity_in_numpy_and_torch() -> None:
    transforms = random_transforms(20)
    identity = torch.eye(4, dtype=torch.float64).expand(20, 4, 4)
    torch.testing.assert_close(invert_transform(transforms) @ transforms, identity)
    np.testing.assert_allclose(invert_poses(transforms.numpy()) @ transforms.numpy(), identity.numpy(), atol=1e-12)


def test_axis_angle_turns_right_handed() -> None:
    quarter = transform_from_axis_angle(torch.tensor([0.0, torch.pi / 2, 0.0]), torch.zeros(3))
    # Camera axes: a turn about y (down) takes forward (z) to the right (x).
    torch.testing.assert_close(
        quarter[:3, :3] @ torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 0.0]), atol=1e-6, rtol=0
    )


def test_axis_angle_has_finite_gradients_at_zero_and_passes_gradcheck() -> None:
    zero = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    transform_from_axis_angle(zero, zero).sum().backward()
    assert torch.isfinite(zero.grad).all()
    axis_angle = torch.tensor([[0.3, -0.2, 0.5]], dtype=torch.float64, requires_grad=True)
    translation = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(transform_from_axis_angle, (axis_angle, translation))


def test_quaternion_round_trip() -> None:
    rotation = random_transforms(30)[:, :3, :3]
    torch.testing.assert_close(matrix_from_quaternion(quaternion_from_matrix(rotation)), rotation)


def test_rotation_angle_keeps_its_digits() -> None:
    angles = torch.tensor([0.0, 1e-9, 1e-4, 1.0, torch.pi - 1e-6], dtype=torch.float64)
    axis = torch.tensor([[0.6, 0.0, 0.8]], dtype=torch.float64)
    rotation = transform_from_axis_angle(axis * angles[:, None], torch.zeros(5, 3, dtype=torch.float64))[:, :3, :3]
    torch.testing.assert_close(rotation_angle(rotation), angles, rtol=1e-6, atol=1e-12)
