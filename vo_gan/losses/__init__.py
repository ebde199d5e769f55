"""What a reconstruction is judged by, apart from discriminators: pure functions of tensors, no networks."""

from vo_gan.losses.compilation import set_compilation
from vo_gan.losses.consistency import depth_disagreement
from vo_gan.losses.photometric import Target, photometric_error, ssim_distance
from vo_gan.losses.reconstruction import Selection, masked_mean, minimum_reprojection
from vo_gan.losses.smoothness import disparity_smoothness

__all__ = [
    "Selection",
    "Target",
    "depth_disagreement",
    "disparity_smoothness",
    "masked_mean",
    "minimum_reprojection",
    "photometric_error",
    "set_compilation",
    "ssim_distance",
]
