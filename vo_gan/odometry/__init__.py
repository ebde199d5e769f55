"""From frames to trajectories: the tracker, what says depth (networks, stereo matchers), and trajectory files."""

from vo_gan.odometry.disparity import DisparityMap, Matcher
from vo_gan.odometry.learned_matcher import LearnedMatcher
from vo_gan.odometry.pair_predictor import PairDepth, PairDepthPredictor, PairNetworks
from vo_gan.odometry.predictor import DepthPredictor, Networks
from vo_gan.odometry.sgbm import SgbmMatcher
from vo_gan.odometry.stereo_depth import StereoDepth
from vo_gan.odometry.tracker import TrackedFrame, Tracker
from vo_gan.odometry.trajectory import Trajectory, read_trajectory, write_kitti, write_tum

__all__ = [
    "DepthPredictor",
    "DisparityMap",
    "LearnedMatcher",
    "Matcher",
    "Networks",
    "PairDepth",
    "PairDepthPredictor",
    "PairNetworks",
    "SgbmMatcher",
    "StereoDepth",
    "TrackedFrame",
    "Tracker",
    "Trajectory",
    "read_trajectory",
    "write_kitti",
    "write_tum",
]
