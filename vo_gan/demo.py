"""The whole job on the driving world: render, train, track a drive not trained on, evaluate, map, report."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vo_gan.config import Config, DataConfig
from vo_gan.data import Drive, open_drive
from vo_gan.depth_images import color_depth
from vo_gan.device import Device
from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.evaluation.maps import read_map
from vo_gan.evaluation.report import Compared, write_trajectory_report
from vo_gan.evaluation.trajectory import (
    TrajectoryFigures,
    align_trajectories,
    constant_velocity,
    evaluate_aligned,
)
from vo_gan.files import replace_file
from vo_gan.models import DepthConfig, PoseConfig
from vo_gan.odometry.trajectory import Trajectory, read_trajectory
from vo_gan.pretrained import load_networks
from vo_gan.progress import duration, say
from vo_gan.recipes import GanvoConfig
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.reconstruction import ReconstructionConfig
from vo_gan.tracking import TrackSource, track_drive
from vo_gan.training import train

SIZE = (192, 64)
UNSEEN_SIZE = (320, 96)
"""The unseen drive's frames are as large as those that the shipped weights were trained on."""
SHIPPED = "world-sganvo"
TRAINING_DRIVES, TRAINING_FRAMES = 16, 45
"""Many short drives, each through a town of its own: what is learned should not be one town."""
SAMPLES = 4
UNSEEN_FRAMES = 200
"""Frames of the drive that is tracked: some 160 m with a turn, so that KITTI's sub-sequences of 100 m exist."""

CONFIG = Config(
    name="demo",
    data=DataConfig(width=SIZE[0], height=SIZE[1], speeds=[1, 2, -1], batch=8),
    ganvo=GanvoConfig(
        depth=DepthConfig(width=32),
        pose=PoseConfig(
            features="correlation", symmetric=True, width=16, hidden=128, rotation_scale=0.03, translation_scale=0.3
        ),
        reconstruction=ReconstructionConfig(alignment=1.0),
        adversarial=AdversarialConfig(width=16, warmup_steps=300),
        learning_rate=6e-4,
    ),
    training=TrainingConfig(
        steps=1000, decay_at=0.6, precision="bf16", validate_every=250, checkpoint_every=250, log_every=10
    ),
)
"""Small networks on small images: minutes on two cores, against days for the full ones on a GPU."""


@dataclass(frozen=True)
class DemoResult:
    """Figures of the unseen drive.

    Attributes:
        vo_gan: tracked as by default, pose net and photometric refinement.
        pose_net: the pose net alone.
        shipped: tracked as by default with the shipped weights.
        constant_velocity: the baseline, the true first motion repeated for ever.
        seconds: what the whole demo took.
    """

    vo_gan: TrajectoryFigures
    pose_net: TrajectoryFigures
    shipped: TrajectoryFigures
    constant_velocity: TrajectoryFigures
    seconds: float


def run_demo(
    out: Path, *, seed: int = 0, device: Device = "auto", steps: int | None = None, command: str = "vo-gan demo"
) -> DemoResult:
    """Do the whole job in the folder `out`. Everything is made anew except frames rendered by an earlier demo.

    Args:
        out: gets a track folder of the unseen drive, `world/`, `train/`, `pose_net/` (the track without refinement),
            `shipped/` (the track with the shipped weights), `cloud.ply`, `map.png`, `trajectory.png`, `samples.png`,
            `evaluation.json` and `report.html`.
        seed: of the world and of the training.
        device: where to train and track.
        steps: training steps, if not the usual number.
        command: what was run, for the report.

    Raises:
        VoGanError: `out` holds something that is no demo.
    """
    from vo_gan.world import render_world

    started = time.perf_counter()
    world, run = out / "world", out / "train"
    if out.exists() and any(out.iterdir()) and not world.exists():
        raise VoGanError(f"{out} holds something that no demo left: give --out another folder")
    if run.exists():
        _remove_run(run)

    say("1/5 rendering the driving world")
    render_world(world / "train", TRAINING_DRIVES, TRAINING_FRAMES, SIZE, seed)
    render_world(world / "unseen", 1, UNSEEN_FRAMES, UNSEEN_SIZE, seed, first_sequence=TRAINING_DRIVES)
    say(f"2/5 training GANVO on {TRAINING_DRIVES} drives")
    config = _config(world / "train", seed, device, steps)
    train(config, run)
    say("3/5 tracking a drive through a town it has not seen")
    source = world / "unseen" / "sequences" / f"{TRAINING_DRIVES:02d}"
    drive, networks = open_drive(source), load_networks(run)
    described = TrackSource(source.resolve(), str(run))
    summary = track_drive(drive, networks, out, described)
    track_drive(drive, networks, out / "pose_net", described, refine=False)
    shipped = load_networks(Path(SHIPPED))
    track_drive(drive, shipped, out / "shipped", dataclasses.replace(described, weights=SHIPPED))
    say(f"    {summary.frames_per_second:.1f} frames/s")

    say("4/5 fusing depth into a map")
    from vo_gan.mapping import fuse_track

    fuse_track(out, out)
    say("5/5 evaluating")
    result, compared = _evaluate(drive, out, started)
    _draw_samples(drive, out)
    _report(out, compared, result, config, command)
    return result


def _config(world: Path, seed: int, device: Device, steps: int | None) -> Config:
    data = dataclasses.replace(CONFIG.data, root=str(world))
    training = dataclasses.replace(CONFIG.training, device=device, steps=steps or CONFIG.training.steps)
    return dataclasses.replace(CONFIG, seed=seed, data=data, training=training)


def _remove_run(run: Path) -> None:
    """The training of an earlier demo makes room; a folder that is none stays."""
    import shutil

    if not (run / "config.yaml").is_file():
        raise VoGanError(f"{run} holds something that no demo left: give --out another folder")
    shutil.rmtree(run)


def _evaluate(drive: Drive, out: Path, started: float) -> tuple[DemoResult, list[Compared]]:
    """The figures, `evaluation.json` and `trajectory.png`; and the estimates laid over the truth, ours first."""
    from vo_gan.evaluation.plots import plot_trajectories

    assert drive.world_from_camera is not None
    truth = Trajectory(drive.world_from_camera, drive.times, np.arange(len(drive), dtype=np.int64))
    estimates = {
        "trained here": read_trajectory(out / "trajectory_kitti.txt"),
        "its pose net alone": read_trajectory(out / "pose_net" / "trajectory_kitti.txt"),
        SHIPPED: read_trajectory(out / "shipped" / "trajectory_kitti.txt"),
        "constant velocity": constant_velocity(truth),
    }
    plot_trajectories(out / "trajectory.png", truth, estimates, "A drive through a town not trained on")
    compared = []
    for name, estimate in estimates.items():
        aligned = align_trajectories(truth, estimate, "se3")
        compared.append(Compared(name, aligned, evaluate_aligned(aligned)))
    ours, pose_net, shipped, baseline = (entry.figures for entry in compared)
    result = DemoResult(ours, pose_net, shipped, baseline, seconds=time.perf_counter() - started)
    values = {name: getattr(result, name).to_json() for name in ("vo_gan", "pose_net", "shipped", "constant_velocity")}
    replace_file(out / "evaluation.json", (json.dumps(values, indent=1) + "\n").encode())
    return result, compared


def _draw_samples(drive: Drive, out: Path) -> None:
    """Some frames with their depth below, `samples.png`."""
    import cv2

    columns = []
    for index in np.linspace(0, len(drive) - 1, SAMPLES).astype(int):
        depth = read_map(out / "depth" / f"{index:06d}.png")
        frame = drive.read(int(index), (depth.shape[1], depth.shape[0]))
        columns.append(np.concatenate((frame, color_depth(depth))))
    picture = cv2.resize(np.concatenate(columns, axis=1), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    replace_file(out / "samples.png", cv2.imencode(".png", picture[..., ::-1])[1].tobytes())


def _report(out: Path, compared: list[Compared], result: DemoResult, config: Config, command: str) -> None:
    ours, *others = compared
    steps, batch = config.training.steps, config.data.batch
    write_trajectory_report(
        out / "report.html",
        ours.aligned,
        ours.figures,
        title="A drive through a town not trained on",
        command=command,
        track=out,
        name=ours.name,
        others=others,
        note="Minutes of training on a rendered world: not a KITTI result.",
        details=[
            ("training", f"{steps} steps of {batch} snippets from {TRAINING_DRIVES} drives, seed {config.seed}"),
            ("whole demo", duration(result.seconds)),
        ],
    )
