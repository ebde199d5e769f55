"""What a model makes of the real frames it was not trained on, beside baselines, as one table.

    vo-gan train --config configs/real_frames.yaml --data.root $VO_GAN_REAL_DATA
    python tools/real_data_report.py --weights runs/real_frames --out report

The frames: sequence 00, 150 to 199 (no right views there, so no stereo row and no depth truth), and drive 0001, 80 to
107. Some 300 training frames show that the pipeline learns from real input and tracks it, not a KITTI result.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from tools.baselines import klt_essential_odometry, sgbm_depth, stereo_pnp_odometry
from vo_gan.data import Drive, open_drives
from vo_gan.evaluation.depth import DepthFigures, evaluate_depth
from vo_gan.evaluation.plots import plot_trajectories
from vo_gan.evaluation.trajectory import TrajectoryFigures, constant_velocity, evaluate_trajectory
from vo_gan.geometry import inverse_warp, relative_motions
from vo_gan.losses import Target, masked_mean, photometric_error
from vo_gan.odometry import Networks, Tracker
from vo_gan.odometry.trajectory import Trajectory
from vo_gan.pretrained import load_networks
from vo_gan.progress import progress

UNSEEN = (
    "kitti_odometry/sequences/00[150:200]",
    "kitti_raw/2011_09_26/2011_09_26_drive_0001_sync[80:108]",
)
MAX_DEPTH = 80.0


@dataclass(frozen=True)
class Reconstruction:
    """Photometric error (0.85 SSIM distance + 0.15 L1) of each frame rebuilt from the frame before it.

    Attributes:
        warped: through the estimated depth and motion.
        identity: of the frame before it as it is, on the same pixels.
    """

    warped: float
    identity: float

    @property
    def gain_percent(self) -> float:
        """How far below the identity's the error is."""
        return 100.0 * (1.0 - self.warped / self.identity)


@dataclass(frozen=True)
class Tracked:
    """A drive through the tracker.

    Attributes:
        trajectory: the poses.
        depth: depth maps at the networks' size.
    """

    trajectory: Trajectory
    depth: list[np.ndarray]


def track(drive: Drive, networks: Networks, *, refine: bool) -> Tracked:
    """Track all frames of a drive."""
    tracker = Tracker(networks, drive.intrinsics(networks.size), refine=refine)
    frames = (drive.read(index, networks.size) for index in range(len(drive)))
    tracked = [tracker.track(frame) for frame in progress(frames, f"tracking {drive.name}", total=len(drive))]
    poses = np.stack([frame.world_from_camera for frame in tracked])
    return Tracked(trajectory_of(drive, poses), [frame.depth for frame in tracked])


def trajectory_of(drive: Drive, poses: np.ndarray) -> Trajectory:
    """A trajectory over all frames of a drive."""
    return Trajectory(poses, drive.times, np.arange(len(drive), dtype=np.int64))


def reconstruction(drive: Drive, tracked: Tracked, size: tuple[int, int]) -> Reconstruction:
    """How well depth and motion explain each frame by the one before it."""
    intrinsics = torch.from_numpy(drive.intrinsics(size)).float()[None]
    motions = relative_motions(tracked.trajectory.world_from_camera)  # previous from current
    warped, identity = [], []
    previous = _image(drive, 0, size)
    for index, motion in enumerate(motions, start=1):
        current = _image(drive, index, size)
        depth = torch.from_numpy(tracked.depth[index])[None, None]
        view = inverse_warp(previous, depth, torch.from_numpy(motion).float()[None], intrinsics)
        target = Target.of(current)
        warped.append(masked_mean(photometric_error(view.image, target), view.mask).item())
        identity.append(masked_mean(photometric_error(previous, target), view.mask).item())
        previous = current
    return Reconstruction(float(np.mean(warped)), float(np.mean(identity)))


def stereo_depth_figures(drive: Drive, tracked: Tracked, *, median_scale: bool) -> DepthFigures | None:
    """Depth against OpenCV's stereo depth of the same frames; None where there are no right views."""
    if not all(drive.has_right(index) for index in range(len(drive))) or drive.baseline is None:
        return None
    fx = float(drive.intrinsics()[0, 0])
    truth = [
        sgbm_depth(drive.read(index), drive.read(index, side="right"), fx, drive.baseline)
        for index in range(len(drive))
    ]
    return evaluate_depth(truth, tracked.depth, median_scale=median_scale, max_depth=MAX_DEPTH)


def report(drive: Drive, networks: Networks, out: Path | None) -> dict[str, object]:
    """All figures of one drive, printed as they come."""
    assert drive.world_from_camera is not None
    truth = trajectory_of(drive, drive.world_from_camera)
    refined, alone = (track(drive, networks, refine=refine) for refine in (True, False))
    estimates = {
        "vo_gan (refined)": refined.trajectory,
        "vo_gan (pose net alone)": alone.trajectory,
        "constant velocity": constant_velocity(truth),
        "OpenCV KLT + essential matrix": klt_essential_odometry(drive),
    }
    if all(drive.has_right(index) for index in range(len(drive))):
        estimates["OpenCV stereo + PnP"] = stereo_pnp_odometry(drive)
    figures = {name: evaluate_trajectory(truth, estimate, "sim3") for name, estimate in estimates.items()}
    rebuilt = {name: reconstruction(drive, run, networks.size) for name, run in _runs(refined, alone).items()}
    depth = stereo_depth_figures(drive, refined, median_scale=True)
    metric = stereo_depth_figures(drive, refined, median_scale=False)
    _print(drive, networks, figures, rebuilt, depth, metric)
    if out is not None:
        name = drive.name.replace("[", "_").replace("]", "").replace(":", "-")
        plot_trajectories(out / f"{name}.png", truth, estimates, f"{drive.name}, not trained on")
    return {
        "trajectory": {name: value.to_json() for name, value in figures.items()},
        "reconstruction": {
            name: asdict(value) | {"gain_percent": value.gain_percent} for name, value in rebuilt.items()
        },
        "depth_median_scaled": None if depth is None else depth.to_json(),
        "depth_metric": None if metric is None else metric.to_json(),
    }


def _runs(refined: Tracked, alone: Tracked) -> dict[str, Tracked]:
    return {"vo_gan (refined)": refined, "vo_gan (pose net alone)": alone}


def _image(drive: Drive, index: int, size: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(drive.read(index, size)).permute(2, 0, 1)[None].float() / 255.0


def _print(
    drive: Drive,
    networks: Networks,
    figures: dict[str, TrajectoryFigures],
    rebuilt: dict[str, Reconstruction],
    depth: DepthFigures | None,
    metric: DepthFigures | None,
) -> None:
    width, height = networks.size
    print(f"\n### {drive.name}: {len(drive)} frames, {next(iter(figures.values())).path_m:.1f} m, {width}x{height}\n")
    print("| alignment sim3 | ATE m | RPE m | RPE deg/frame | scale |\n|---|---|---|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value.ate_m:.3f} | {value.rpe_m:.4f} | {value.rpe_deg:.4f} | {value.scale:.3f} |")
    print("\n| frame from the one before | photometric error | standing still | lower by |\n|---|---|---|---|")
    for name, error in rebuilt.items():
        print(f"| {name} | {error.warped:.4f} | {error.identity:.4f} | {error.gain_percent:.1f} % |")
    if depth is None or metric is None:
        print("\nDepth: no right views in these frames, nothing to compare with.")
        return
    print(
        f"\n| depth against SGBM, cap {MAX_DEPTH:.0f} m | AbsRel | RMSE m | delta1 | scale std |\n|---|---|---|---|---|"
    )
    for name, values in (("median-scaled", depth), ("metric", metric)):
        print(f"| {name} | {values.abs_rel:.3f} | {values.rmse:.2f} | {values.delta1:.3f} | {values.scale_std:.3f} |")


def main() -> None:
    """Print the table of all unseen frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="a checkpoint or run folder")
    parser.add_argument("--data", type=Path, default=os.environ.get("VO_GAN_REAL_DATA"), help="the folder of real data")
    parser.add_argument("--out", type=Path, help="folder for plots and figures.json")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data, or set VO_GAN_REAL_DATA")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    networks = load_networks(arguments.weights)
    print(
        f"weights {arguments.weights}, scale {networks.scale}; {platform.machine()}, {torch.get_num_threads()} threads"
    )
    results = {drive.name: report(drive, networks, arguments.out) for drive in open_drives(arguments.data, UNSEEN)}
    if arguments.out is not None:
        (arguments.out / "figures.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
