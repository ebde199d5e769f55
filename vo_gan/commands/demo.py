"""`vo-gan demo`: the whole job, with nothing but this package."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "the whole job on the driving world: render, train, track an unseen drive, evaluate, map"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="where everything goes (demo)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train and track")
    parser.add_argument("--seed", type=int, default=0, help="of the world and of the training (0)")
    parser.add_argument("--steps", type=int, metavar="N", help="training steps, to try it faster or train it longer")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; it fails (1) where tracking is no better than constant velocity."""
    from vo_gan.demo import run_demo

    result = run_demo(
        arguments.out,
        seed=arguments.seed,
        device=arguments.device,
        steps=arguments.steps,
        command=arguments.command_line,
    )
    print(f"{'':22} {'t_rel %':>8} {'r_rel deg/100m':>15} {'ATE m':>8} {'RPE m':>8} {'RPE deg':>8}")
    for label, figures in (
        ("trained here", result.vo_gan),
        ("its pose net alone", result.pose_net),
        ("world-sganvo", result.shipped),
        ("constant velocity", result.constant_velocity),
    ):
        values = (figures.t_rel_percent, figures.r_rel_deg_per_100m, figures.ate_m, figures.rpe_m, figures.rpe_deg)
        texts = ["-" if value is None else f"{value:.3f}" for value in values]
        print(f"{label:22} {texts[0]:>8} {texts[1]:>15} {texts[2]:>8} {texts[3]:>8} {texts[4]:>8}")
    print(f"alignment se3, {result.vo_gan.frames} frames not trained on, {result.seconds:.0f} s in all")
    print(f"look at {arguments.out / 'report.html'}, {arguments.out / 'map.png'} and {arguments.out / 'cloud.ply'}")
    better = (result.vo_gan.ate_m or 0.0) < (result.constant_velocity.ate_m or 0.0)
    return 0 if better else 1
