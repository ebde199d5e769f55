"""From frames to trajectories: the tracker, photometric refinement of its motions, and trajectory files."""

from vo_gan.odometry.predictor import DepthPredictor, Networks
from vo_gan.odometry.tracker import TrackedFrame, Tracker
from vo_gan.odometry.trajectory import Trajectory, read_trajectory, write_kitti, write_tum

__all__ = [
    "DepthPredictor",
    "Networks",
    "TrackedFrame",
    "Tracker",
    "Trajectory",
    "read_trajectory",
    "write_kitti",
    "write_tum",
]
