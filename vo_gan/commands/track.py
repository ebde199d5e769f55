"""`vo-gan track`: from a drive to a trajectory and depth maps."""

from __future__ import annotations

import argparse
from pathlib import Path

from vo_gan.commands.options import add_device, frame_range, intrinsics

HELP = "follow a drive: trajectory (KITTI and TUM files) and a depth map per frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="KITTI sequence, raw drive, folder of frames, or video")
    parser.add_argument("--weights", type=Path, required=True, metavar="DIR", help="a checkpoint, or a run folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the track goes")
    parser.add_argument(
        "--intrinsics", type=intrinsics, metavar="fx,fy,cx,cy", help="where the source has none; pixels"
    )
    parser.add_argument("--frames", type=frame_range, metavar="START:STOP", help="track only these frames")
    parser.add_argument(
        "--refine",
        action=argparse.BooleanOptionalAction,
        help="correct each motion by photometric alignment (default: where intrinsics are known)",
    )
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the networks (fp32)")
    add_device(parser)


def run(arguments: argparse.Namespace) -> int:
    """Track."""
    from vo_gan.data import RangedDrive, open_drive
    from vo_gan.device import choose_device
    from vo_gan.pretrained import load_networks
    from vo_gan.tracking import TrackSource, track_drive

    device = choose_device(arguments.device)
    networks = load_networks(arguments.weights)
    drive = open_drive(arguments.source, arguments.intrinsics)
    selection = None
    if arguments.frames is not None:
        start, stop = arguments.frames
        selection = (start, len(drive) if stop is None else min(stop, len(drive)))
        drive = RangedDrive(drive, *selection)
    summary = track_drive(
        drive,
        networks,
        arguments.out,
        TrackSource(arguments.source.resolve(), str(arguments.weights), selection, arguments.intrinsics),
        refine=arguments.refine,
        precision=arguments.precision,
        device=device,
    )
    print(
        f"tracked {summary.frames} frames, {summary.length:.1f} {'m' if summary.scale == 'metric' else 'units'}, "
        f"at {summary.frames_per_second:.1f} frames/s ({'refined' if summary.refined else 'pose net alone'}, "
        f"scale: {summary.scale}): {arguments.out}"
    )
    return 0
