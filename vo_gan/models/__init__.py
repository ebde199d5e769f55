"""Networks that see geometry: depth generators and pose nets. They know nothing of training or files."""

from vo_gan.models.coupled_views import CoupledViews, CoupledViewsConfig, SynthesisedPair
from vo_gan.models.depth import DepthConfig, DepthGenerator, build_depth_generator
from vo_gan.models.encoder import ResnetEncoder, inflate_first_convolution
from vo_gan.models.matcher import MatcherConfig, StereoMatcher
from vo_gan.models.pose import PoseConfig, PoseNet, build_pose_net
from vo_gan.models.stack import FeaturePrediction, PredictiveStack, StackConfig, StackState

__all__ = [
    "CoupledViews",
    "CoupledViewsConfig",
    "DepthConfig",
    "DepthGenerator",
    "FeaturePrediction",
    "MatcherConfig",
    "PoseConfig",
    "PoseNet",
    "PredictiveStack",
    "ResnetEncoder",
    "StackConfig",
    "StackState",
    "StereoMatcher",
    "SynthesisedPair",
    "build_depth_generator",
    "build_pose_net",
    "inflate_first_convolution",
]
