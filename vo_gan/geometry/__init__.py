"""Pure functions on tensors: cameras, rigid motions and view warping. Knows nothing of networks or files.

Conventions of the whole project
--------------------------------
- Camera axes: x right, y down, z forward (as OpenCV and KITTI). Lengths in metres, angles in radians, disparity in
  pixels.
- A transform is named by what it does: `b_from_a` takes points of frame a to frame b, `x_b = b_from_a @ x_a`. A pose is
  `world_from_camera`, 4x4. A trajectory is `[n, 4, 4]` and starts at the identity.
- Images are float RGB in [0, 1], `[b, 3, h, w]`. Depth is the z coordinate, `[b, 1, h, w]`, > 0. Intrinsics are
  `[b, 3, 3]` in pixels of *that* image: resizing or cropping an image goes with new intrinsics.
- Pixel centres are at integers: the top left pixel is centred at (0, 0) and an image covers [-0.5, w - 0.5]. Sampling
  uses `align_corners=True`, which normalises the centres of the outermost pixels to -1 and +1. Resizing by area or
  linear interpolation with a factor s maps x to (x + 0.5) s - 0.5, and so do the intrinsics.
- Sizes are (width, height); arrays are indexed [row, column].
"""

from vo_gan.geometry.alignment import refine_motion
from vo_gan.geometry.camera import (
    back_project,
    crop_intrinsics,
    flip_intrinsics,
    intrinsics_matrix,
    project,
    resize_intrinsics,
)
from vo_gan.geometry.poses import chain_motions, from_first, invert_poses, relative_motions
from vo_gan.geometry.se3 import (
    invert_transform,
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_angle,
    transform_from_axis_angle,
)
from vo_gan.geometry.splat import Splatted, seen_by_right, splat_disparity, take_columns
from vo_gan.geometry.stereo import left_right_difference, sample_right
from vo_gan.geometry.warp import Warped, inverse_warp

__all__ = [
    "Splatted",
    "Warped",
    "back_project",
    "chain_motions",
    "crop_intrinsics",
    "flip_intrinsics",
    "from_first",
    "intrinsics_matrix",
    "inverse_warp",
    "invert_poses",
    "invert_transform",
    "left_right_difference",
    "matrix_from_quaternion",
    "project",
    "quaternion_from_matrix",
    "refine_motion",
    "relative_motions",
    "resize_intrinsics",
    "rotation_angle",
    "sample_right",
    "seen_by_right",
    "splat_disparity",
    "take_columns",
    "transform_from_axis_angle",
]
