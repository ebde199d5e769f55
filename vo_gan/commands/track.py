"""`vo-gan track`: from a drive to a trajectory and depth maps."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from vo_gan.commands.options import add_device, frame_range, intrinsics

HELP = "follow a drive: trajectory (KITTI and TUM files) and a depth map per frame"

WINDOW = "window"
LIVE_PNG = "live.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="KITTI sequence, raw drive, folder of frames, or video")
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="a checkpoint, or a run folder; can be left out with --stereo"
    )
    parser.add_argument(
        "--stereo",
        metavar="sgbm|DIR",
        help="depth from matching right views, by OpenCV's matcher or a network (recipe stereo), not from --weights; "
        "without --weights, each motion is refined from the one before",
    )
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
    parser.add_argument(
        "--gt",
        type=Path,
        metavar="FILE",
        help="the true trajectory of the whole source (KITTI or TUM file): evaluates the track, and writes "
        "evaluation.json and report.html beside it",
    )
    parser.add_argument(
        "--align",
        choices=("none", "se3", "sim3", "scale"),
        help="how the track is laid over the truth (default: se3, or sim3 where the scale is relative)",
    )
    parser.add_argument(
        "--live",
        type=_live_target,
        nargs="?",
        const=LIVE_PNG,
        metavar="FILE.png|window",
        help=f"show the path, frame and depth while tracking: in a PNG (default: {LIVE_PNG} in --out) or in a window",
    )
    add_device(parser)


def run(arguments: argparse.Namespace) -> int:
    """Track, and evaluate where there is a truth."""
    from vo_gan.data import RangedDrive, open_drive
    from vo_gan.device import choose_device
    from vo_gan.errors import VoGanError
    from vo_gan.odometry import Networks, StereoDepth
    from vo_gan.pretrained import choose_matcher, load_networks
    from vo_gan.track_evaluation import evaluate_track, read_truth
    from vo_gan.tracking import TrackingInterrupted, TrackSource, track_drive

    if arguments.align is not None and arguments.gt is None:
        raise VoGanError("--align says how a track is laid over the truth: give the truth with --gt FILE")
    truth = None if arguments.gt is None else read_truth(arguments.gt)
    device = choose_device(arguments.device)
    if arguments.weights is None and arguments.stereo is None:
        raise VoGanError("give networks with --weights DIR, or track a stereo drive without them: --stereo sgbm")
    loaded = None if arguments.weights is None else load_networks(arguments.weights)
    if loaded is not None and loaded.scale == "relative" and arguments.stereo is not None:
        raise VoGanError(
            f"{arguments.weights} knows lengths only up to one factor, unlike depth from stereo: take networks that "
            "were trained with stereo, or leave --weights out"
        )
    matcher = None if arguments.stereo is None else choose_matcher(arguments.stereo, device=device, confidence=False)
    drive: Any = open_drive(arguments.source, arguments.intrinsics)
    selection = None
    if arguments.frames is not None:
        start, stop = arguments.frames
        selection = (start, len(drive) if stop is None else min(stop, len(drive)))
        drive = RangedDrive(drive, *selection)
    stereo = None
    if matcher is not None:
        stereo = StereoDepth(drive, matcher, None if loaded is None else loaded.size)
    networks = loaded or Networks(depth=None, pose=None, size=stereo.size if stereo else drive.size, scale="metric")
    live = None
    if arguments.live is not None:
        from vo_gan.live import LiveView, PngScreen, WindowScreen

        path = arguments.out / LIVE_PNG if arguments.live == LIVE_PNG else Path(arguments.live)
        if path.parent != arguments.out and not path.parent.is_dir():
            raise VoGanError(f"{path}: there is no folder {path.parent} for the picture; make it, or name another")
        live = LiveView(WindowScreen() if arguments.live == WINDOW else PngScreen(path), len(drive))
    try:
        summary = track_drive(
            drive,
            networks,
            arguments.out,
            TrackSource(
                arguments.source.resolve(),
                str(arguments.weights or "none"),
                selection,
                arguments.intrinsics,
                depth="networks" if stereo is None else f"stereo by {arguments.stereo}",
            ),
            stereo=stereo,
            refine=arguments.refine,
            precision=arguments.precision,
            device=device,
            watcher=None if live is None else live.take,
        )
    except TrackingInterrupted as interruption:
        raise KeyboardInterrupt(f"{interruption}.\n{_how_to_go_on(interruption.kept, arguments)}") from None
    finally:
        if live is not None:
            live.close()
    print(
        f"tracked {summary.frames} frames, {summary.length:.1f} {'m' if summary.scale == 'metric' else 'units'}, "
        f"at {summary.frames_per_second:.1f} frames/s ({'refined' if summary.refined else 'pose net alone'}, "
        f"scale: {summary.scale}): {arguments.out}"
    )
    if truth is None:
        print("not evaluated: no true trajectory was given (--gt FILE)")
        return 0
    evaluate_track(arguments.out, drive, truth, align=arguments.align, command=arguments.command_line)
    return 0


def _live_target(text: str) -> str:
    if text != WINDOW and not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"expected FILE.png or {WINDOW}, found {text!r}")
    return text


def _how_to_go_on(kept: int, arguments: argparse.Namespace) -> str:
    """The commands for the whole drive and, after `kept` frames, for the rest of it."""
    again = f"Track the whole drive: {arguments.command_line}"
    if not kept:
        return again
    first, stop = arguments.frames if arguments.frames is not None else (0, None)
    start = first + kept
    rest = ["vo-gan", "track", str(arguments.source)]
    rest += ["--weights", str(arguments.weights)] if arguments.weights is not None else []
    rest += ["--stereo", arguments.stereo] if arguments.stereo is not None else []
    rest += ["--frames", f"{start}:{'' if stop is None else stop}", "--out", f"{arguments.out}_from_{start}"]
    if arguments.intrinsics is not None:
        rest += ["--intrinsics", ",".join(f"{value:g}" for value in arguments.intrinsics)]
    return f"{again}\nTrack the rest as a drive of its own: {shlex.join(rest)}"
