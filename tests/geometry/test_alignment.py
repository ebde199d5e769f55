from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vo_gan.data import Drive, open_drives
from vo_gan.geometry import invert_poses, refine_motion, relative_motions, rotation_angle


def frame(drive: Drive, index: int) -> torch.Tensor:
    return torch.from_numpy(drive.read(index)).permute(2, 0, 1)[None].float() / 255


def depth(drive: Drive, index: int) -> torch.Tensor:
    values = torch.from_numpy(drive.read_depth(index)).float()[None, None]
    return torch.where(values > 0, values, 255.0)


@pytest.mark.parametrize("drive_number", [0, 1])
def test_true_motion_is_found_from_a_rough_one(tiny_world: Path, drive_number: int) -> None:
    drive = open_drives(tiny_world)[drive_number]
    intrinsics = torch.from_numpy(drive.intrinsics()).float()[None]
    errors, start = [], []
    for index, motion in enumerate(relative_motions(drive.world_from_camera)):
        rough = torch.eye(4)[None].clone()
        rough[0, 2, 3] = -0.5
        refined = refine_motion(frame(drive, index), depth(drive, index), frame(drive, index + 1), intrinsics, rough)
        true = torch.from_numpy(invert_poses(motion))
        for estimate, errors_of in ((refined, errors), (rough, start)):
            difference = torch.linalg.inv(true) @ estimate[0].double()
            angle = np.rad2deg(rotation_angle(difference[:3, :3]).item())
            errors_of.append((difference[:3, 3].norm().item(), angle))
    refined_error, rough_error = np.median(errors, axis=0), np.median(start, axis=0)
    # 128x64 pixels: a pixel is half a degree.
    assert refined_error[0] < 0.1
    assert refined_error[1] < 0.15
    assert refined_error[0] < 0.5 * rough_error[0]


def test_a_match_that_cannot_be_improved_is_kept(tiny_world: Path) -> None:
    drive = open_drives(tiny_world)[0]
    intrinsics = torch.from_numpy(drive.intrinsics()).float()[None]
    image = frame(drive, 0)
    still = refine_motion(image, depth(drive, 0), image, intrinsics, torch.eye(4)[None])
    torch.testing.assert_close(still, torch.eye(4)[None], atol=1e-4, rtol=0)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_images_without_texture_keep_the_given_motion(value: float) -> None:
    image, far = torch.full((1, 3, 64, 128), value), torch.full((1, 1, 64, 128), 10.0)
    given = torch.eye(4)[None].clone()
    given[0, 2, 3] = -0.7
    intrinsics = torch.tensor([[[70.0, 0, 64], [0, 70, 32], [0, 0, 1]]])
    refined = refine_motion(image, far, image, intrinsics, given)
    assert torch.isfinite(refined).all()
    torch.testing.assert_close(refined, given, atol=1e-6, rtol=0)


def test_a_batch_is_aligned_as_its_samples_are_alone(tiny_world: Path) -> None:
    drive = open_drives(tiny_world)[0]
    intrinsics = torch.from_numpy(drive.intrinsics()).float()[None]
    rough = torch.eye(4)[None].clone()
    rough[0, 2, 3] = -0.5
    samples = [
        (frame(drive, index), depth(drive, index), frame(drive, index + 1), intrinsics, rough) for index in range(3)
    ]
    # One that cannot be aligned, among others that can.
    samples.append((torch.zeros_like(samples[0][0]), samples[0][1], samples[0][2], intrinsics, rough))
    together = refine_motion(*(torch.cat(parts) for parts in zip(*samples, strict=True)))
    alone = torch.cat([refine_motion(*sample) for sample in samples])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert not torch.allclose(together[:3], rough.expand(3, -1, -1), atol=1e-2)
