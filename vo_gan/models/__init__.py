"""Networks that see geometry: depth generators and pose nets. They know nothing of training or files."""

from vo_gan.models.depth import DepthConfig, DepthGenerator, build_depth_generator
from vo_gan.models.encoder import ResnetEncoder, inflate_first_convolution
from vo_gan.models.pose import PoseConfig, PoseNet, build_pose_net

__all__ = [
    "DepthConfig",
    "DepthGenerator",
    "PoseConfig",
    "PoseNet",
    "ResnetEncoder",
    "build_depth_generator",
    "build_pose_net",
    "inflate_first_convolution",
]
