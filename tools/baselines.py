"""What a Python user falls back on without a network: odometry and stereo depth in plain OpenCV.

Reports put these beside vo_gan's figures. They are written the way the OpenCV documentation suggests, tuned no further.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from vo_gan.data import Drive
from vo_gan.errors import VoGanError
from vo_gan.geometry import chain_motions
from vo_gan.odometry.sgbm import sgbm_disparity
from vo_gan.odometry.trajectory import Trajectory
from vo_gan.progress import progress

MAX_CORNERS = 2000
CORNER_QUALITY = 0.005
CORNER_DISTANCE = 8
FLOW_WINDOW = (21, 21)
FLOW_LEVELS = 4
BACKWARD_ERROR = 0.5
"""Largest distance in pixels between a corner and where tracking it forwards and backwards ends."""

EPIPOLAR_ERROR = 0.5
REPROJECTION_ERROR = 1.0
MIN_POINTS = 12
STANDSTILL_FLOW = 0.3
"""Median length of the flow in pixels below which the camera is taken to stand still."""

MIN_DISPARITY = 0.5
NEAREST_DEPTH = 3.2
"""Metres from which on stereo matching looks for surfaces, unless told how many disparities to try. More cost time, and
the left border of the image: as many columns as there are disparities have no depth."""

Motion = Float64[np.ndarray, "4 4"]


def klt_essential_odometry(drive: Drive) -> Trajectory:
    """Monocular: corners tracked by KLT, essential matrix by MAGSAC, rotation and direction from it.

    One camera does not see how far it moved. Every step has length 1, or 0 where the image stands still, so that only
    the rotations and the shape of the path mean something: compare it under `sim3` alignment, and not by t_rel.
    A pair of frames with too few tracked corners repeats the motion before.

    Raises:
        VoGanError: the drive has no intrinsics, or a frame cannot be read.
    """
    intrinsics = drive.intrinsics()

    def motion(_index: int, before: np.ndarray, after: np.ndarray) -> Motion | None:
        start, end = track_corners(before, after)
        if len(start) < MIN_POINTS:
            return None
        if np.median(np.linalg.norm(end - start, axis=1)) < STANDSTILL_FLOW:
            return np.eye(4)
        essential, inliers = cv2.findEssentialMat(start, end, intrinsics, cv2.USAC_MAGSAC, 0.999, EPIPOLAR_ERROR)
        if essential is None or essential.shape != (3, 3):
            return None
        _, rotation, direction, _ = cv2.recoverPose(essential, start, end, intrinsics, mask=inliers)
        return _before_from_after(rotation, direction)

    return _odometry(drive, motion, "KLT odometry")


def stereo_pnp_odometry(drive: Drive) -> Trajectory:
    """Stereo: depth by semi-global matching at corners, tracked by KLT to the next left frame, pose by PnP with RANSAC.

    Metric. A pair of frames with too few corners of known depth repeats the motion before.

    Raises:
        VoGanError: the drive has no intrinsics or, for a frame but the last, no right view; or a frame cannot be read.
    """
    intrinsics = drive.intrinsics()
    baseline = drive.baseline
    missing = next((index for index in range(len(drive) - 1) if not drive.has_right(index)), None)
    if baseline is None or missing is not None:
        where = drive.name if missing is None else drive.frame_name(missing)
        raise VoGanError(f"{where}: has no right view; stereo odometry needs one for every frame but the last")

    def motion(index: int, before: np.ndarray, after: np.ndarray) -> Motion | None:
        depth = sgbm_depth(drive.read(index), drive.read(index, side="right"), intrinsics[0, 0], baseline)
        start, end = track_corners(before, after)
        column, row = np.rint(start).astype(int).T
        z = depth[row, column].astype(np.float64)
        start, end, z = start[z > 0], end[z > 0], z[z > 0]
        if len(z) < MIN_POINTS:
            return None
        rays = np.column_stack((start, np.ones(len(z)))) @ np.linalg.inv(intrinsics).T
        points = rays * z[:, None]
        found, turn, shift, rows = cv2.solvePnPRansac(
            points, end, intrinsics, None, iterationsCount=200, reprojectionError=REPROJECTION_ERROR, confidence=0.999
        )
        if not found or rows is None or len(rows) < MIN_POINTS:
            return None
        inliers = np.asarray(rows)[:, 0]
        turn, shift = cv2.solvePnPRefineLM(points[inliers], end[inliers], intrinsics, None, turn, shift)
        return _before_from_after(cv2.Rodrigues(turn)[0], shift)

    return _odometry(drive, motion, "stereo odometry")


def sgbm_depth(
    left: UInt8[np.ndarray, "h w 3"],
    right: UInt8[np.ndarray, "h w 3"],
    fx: float,
    baseline: float,
    max_disparity: int | None = None,
) -> Float32[np.ndarray, "h w"]:
    """Depth of the left image of a rectified pair by OpenCV's semi-global block matching.

    Args:
        left: RGB.
        right: RGB.
        fx: focal length in pixels.
        baseline: distance of the cameras in metres.
        max_disparity: disparities looked for, in pixels; a multiple of 16. None: as many as `NEAREST_DEPTH` takes.

    Returns:
        z-depth in metres, 0 = unknown.
    """
    if max_disparity is None:
        max_disparity = 16 * math.ceil(fx * baseline / NEAREST_DEPTH / 16)
    disparity = sgbm_disparity(left, right, max_disparity)
    depth = np.zeros_like(disparity)
    np.divide(np.float32(fx * baseline), disparity, out=depth, where=disparity >= MIN_DISPARITY)
    return depth


def track_corners(
    before: UInt8[np.ndarray, "h w"], after: UInt8[np.ndarray, "h w"]
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
    """Corners of one grey frame and where they are in the next, kept where tracking back leads to the start.

    Returns:
        Pixel positions x, y in both frames; inside both.
    """
    corners = cv2.goodFeaturesToTrack(before, MAX_CORNERS, CORNER_QUALITY, CORNER_DISTANCE)
    if corners is None:
        return np.empty((0, 2)), np.empty((0, 2))
    forward, seen = _flow(before, after, corners)
    backward, seen_again = _flow(after, before, forward)
    start, end, back = (points[:, 0].astype(np.float64) for points in (corners, forward, backward))
    height, width = after.shape
    good = seen & seen_again & (np.linalg.norm(start - back, axis=1) < BACKWARD_ERROR)
    good &= ((end >= 0) & (end <= (width - 1, height - 1))).all(axis=1)
    return start[good], end[good]


def _flow(before: np.ndarray, after: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where corners `[n, 1, 2]` are in the next frame, and which were found."""
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, np.empty_like(corners), winSize=FLOW_WINDOW, maxLevel=FLOW_LEVELS
    )
    return found, status[:, 0] == 1


def _odometry(
    drive: Drive, motion: Callable[[int, np.ndarray, np.ndarray], Motion | None], description: str
) -> Trajectory:
    """Chain the motions between consecutive grey left frames; None repeats the one before."""
    motions = np.tile(np.eye(4), (len(drive) - 1, 1, 1))
    before = _grey(drive.read(0))
    for index in progress(range(len(drive) - 1), description):
        after = _grey(drive.read(index + 1))
        found = motion(index, before, after)
        motions[index] = found if found is not None else motions[max(index - 1, 0)]
        before = after
    return Trajectory(chain_motions(motions), drive.times, np.arange(len(drive)))


def _before_from_after(rotation: Float64[np.ndarray, "3 3"], shift: Float64[np.ndarray, "3 1"]) -> Motion:
    """The motion as the trajectory chains it, from OpenCV's `x_after = rotation @ x_before + shift`."""
    motion = np.eye(4)
    motion[:3, :3] = rotation.T
    motion[:3, 3:] = -rotation.T @ shift
    return motion


def _grey(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w"]:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
