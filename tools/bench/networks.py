"""Training and prediction, with Monodepth2's work: one JSON line per figure.

    python tools/bench/networks.py [--only step,ssim,warp,depth,pose,tracker] [--precision plain,fp32,bf16] [--compile]

The training step is Monodepth2's: ResNet-18 depth generator and a separate ResNet-18 pose net, three frames, four
scales warped at full resolution, minimum reprojection, auto-mask, Adam. Every figure is the minimum and the median of
several runs in this process; each precision of the training step should have a process of its own for its memory
(`--only step --precision bf16`).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from vo_gan.data import Snippet, open_drive
from vo_gan.device import Precision
from vo_gan.geometry import inverse_warp, transform_from_axis_angle
from vo_gan.losses import Target, photometric_error, set_compilation, ssim_distance
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.odometry import DepthPredictor, Networks
from vo_gan.recipes import Ganvo, GanvoConfig
from vo_gan.recipes.adversary import AdversarialConfig
from vo_gan.recipes.reconstruction import ReconstructionConfig, Reconstructor
from vo_gan.tracking import TrackSource, track_drive

WIDTH, HEIGHT = 640, 192
BATCH = 2
MONODEPTH2 = GanvoConfig(
    depth=DepthConfig(nearest=0.1),
    pose=PoseConfig(net="pairwise", memory=1, translation_scale=0.01),
    reconstruction=ReconstructionConfig(stereo=0.0),
    adversarial=AdversarialConfig(weight=0.0),
    augment=False,
)
NAMES = ("step", "ssim", "warp", "depth", "pose", "tracker")


def show(name: str, value: float, unit: str, **conditions: object) -> None:
    """Print one figure."""
    conditions |= {"threads": torch.get_num_threads(), "torch": torch.__version__}
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit, "conditions": conditions}), flush=True)


def seconds(work: Callable[[], object], runs: int = 7, warm: int = 2) -> tuple[float, float]:
    """Minimum and median of several runs after some to warm up."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times), statistics.median(times)


def snippet(batch: int) -> Snippet:
    """Noise with intrinsics like KITTI's."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, 3, 3, HEIGHT, WIDTH, generator=generator)
    intrinsics = torch.tensor([[370.0, 0, 312], [0, 367, 94], [0, 0, 1]]).expand(batch, 3, 3)
    absent = torch.zeros(batch, 3, dtype=torch.bool)
    names = ("noise",) * batch
    return Snippet(images, torch.zeros_like(images), absent, intrinsics, torch.eye(4).repeat(batch, 1, 1), names)


class PlainReconstructor(Reconstructor):
    """The same losses the usual way: SSIM as it is written down, differentiated by autograd."""

    def error(self, image: torch.Tensor, target: Target) -> torch.Tensor:
        """See `Reconstructor.error`."""
        share = self.config.ssim
        difference = (image - target.image).abs()
        return (share * ssim_distance(image, target.image) + (1 - share) * difference).mean(1, keepdim=True)


def bench_step(precision: str, *, compiled: bool) -> None:
    """One training step: forward, loss, backward, Adam. `plain` is float32 in the default layout with plain losses."""
    torch.manual_seed(0)
    set_compilation(compiled)
    learner = Ganvo(MONODEPTH2, (WIDTH, HEIGHT))
    if precision == "plain":
        learner.reconstructor = PlainReconstructor(MONODEPTH2.reconstruction, learner.reconstructor.generator)
    fabric = Fabric(accelerator="cpu", precision="bf16-mixed" if precision == "bf16" else "32-true")
    learner.place(fabric, channels_last=precision != "plain")
    batch = snippet(BATCH)
    least, median = seconds(lambda: learner.step(batch, 0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    conditions = {"size": f"{WIDTH}x{HEIGHT}", "batch": BATCH, "precision": precision, "compiled": compiled}
    show("training_step", least, "s", statistic="minimum", **conditions)
    show("training_step", median, "s", statistic="median", **conditions)
    show("training_peak_memory", peak, "MB", **conditions)


def bench_ssim(*, compiled: bool) -> None:
    """SSIM + L1 of 12 images, forward and backward; the plain formula beside it."""
    generator = torch.Generator().manual_seed(0)
    image, target = (torch.rand(12, 3, HEIGHT, WIDTH, generator=generator) for _ in range(2))
    image.requires_grad_()
    prepared = Target.of(target)
    set_compilation(compiled)

    def plain() -> None:
        (0.85 * ssim_distance(image, target) + 0.15 * (image - target).abs()).mean().backward()

    for name, work in (("ssim", lambda: photometric_error(image, prepared).mean().backward()), ("ssim_plain", plain)):
        least, median = seconds(work)
        for statistic, value in (("minimum", least), ("median", median)):
            show(name, 1000 * value, "ms", statistic=statistic, images=12, compiled=compiled and name == "ssim")


def bench_warp() -> None:
    """Warping 12 images, forward and backward."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(12, 3, HEIGHT, WIDTH, generator=generator)
    depth = (torch.rand(12, 1, HEIGHT, WIDTH, generator=generator) * 30 + 3).requires_grad_()
    motion = torch.randn(2, 12, 3, generator=generator) * 0.02
    intrinsics = snippet(1).intrinsics.expand(12, 3, 3)

    def work() -> None:
        inverse_warp(image, depth, transform_from_axis_angle(motion[0], motion[1]), intrinsics).image.mean().backward()

    for statistic, value in zip(("minimum", "median"), seconds(work), strict=True):
        show("warp", 1000 * value, "ms", statistic=statistic, images=12)


def networks(width: int = 64) -> Networks:
    """Untrained networks of the published size."""
    torch.manual_seed(0)
    depth = build_depth_generator(DepthConfig(width=width), (WIDTH, HEIGHT)).eval().requires_grad_(False)
    pose = build_pose_net(PoseConfig(net="pairwise", memory=1)).eval().requires_grad_(False)
    return Networks(depth, pose, (WIDTH, HEIGHT), "relative")


def bench_prediction(name: str, precision: Precision) -> None:
    """The depth generator or pose net on single frames."""
    made = networks()
    assert made.depth is not None
    assert made.pose is not None
    predictor = DepthPredictor(made, precision=precision)
    network: nn.Module = predictor.place(made.depth if name == "depth" else made.pose)
    images = torch.rand(1, 3, HEIGHT, WIDTH) if name == "depth" else torch.rand(1, 2, 3, HEIGHT, WIDTH)

    def work() -> None:
        with torch.inference_mode(), predictor.autocast():
            network(images)

    for statistic, value in zip(("minimum", "median"), seconds(work, runs=20, warm=5), strict=True):
        rate = "best" if statistic == "minimum" else "median"
        show(name, 1 / value, "frames/s", statistic=rate, size=f"{WIDTH}x{HEIGHT}", precision=precision)


def bench_tracker(precision: Precision, *, refine: bool, frames: int = 60) -> None:
    """A drive of 1241x376 JPEG frames, decoded, tracked and written, with the published networks' size."""
    generator = np.random.default_rng(0)
    canvas = cv2.resize(generator.integers(0, 256, (100, 350, 3), dtype=np.uint8), (1700, 500))
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "frames", Path(folder) / "track"
        source.mkdir()
        for index in range(frames):
            cv2.imwrite(str(source / f"{index:06d}.jpg"), canvas[index : index + 376, 2 * index : 2 * index + 1241])
        drive = open_drive(source, (718.0, 718.0, 607.0, 185.0))
        summary = track_drive(drive, networks(), out, TrackSource(source, "none"), refine=refine, precision=precision)
    conditions = {"size": f"{WIDTH}x{HEIGHT}", "precision": precision, "refined": refine}
    show("tracker", summary.frames_per_second, "frames/s", statistic="mean", frames=frames, **conditions)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NAMES), help="comma-separated names")
    parser.add_argument(
        "--precision", default="fp32,bf16", help="comma-separated: plain (training step only), fp32, bf16"
    )
    parser.add_argument("--compile", action="store_true", help="compile the loss kernels")
    arguments = parser.parse_args()
    chosen, precisions = arguments.only.split(","), arguments.precision.split(",")
    if "ssim" in chosen:
        bench_ssim(compiled=arguments.compile)
    if "warp" in chosen:
        bench_warp()
    for precision in precisions:
        if "step" in chosen:
            bench_step(precision, compiled=arguments.compile)
        for name in ("depth", "pose"):
            if name in chosen:
                bench_prediction(name, precision)
        if "tracker" in chosen:
            for refine in (False, True):
                bench_tracker(precision, refine=refine)


if __name__ == "__main__":
    main()
