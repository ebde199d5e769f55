"""Filters of maps that belong to an image: along its edges, and against what blurs them. Knows no networks or files.

What kornia does well is not here: `kornia.filters.bilateral_blur`, `joint_bilateral_blur` and its image pyramids.
"""

from vo_gan.filters.bilateral_grid import BilateralGrid, bilateral_grid_filter, blur, slice_grid, splat
from vo_gan.filters.flying_pixels import snap_flying_pixels
from vo_gan.filters.joint_bilateral import joint_bilateral_upsample, upsample_disparity

__all__ = [
    "BilateralGrid",
    "bilateral_grid_filter",
    "blur",
    "joint_bilateral_upsample",
    "slice_grid",
    "snap_flying_pixels",
    "splat",
    "upsample_disparity",
]
