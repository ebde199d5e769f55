"""`vo-gan map`: a tracked drive becomes a coloured point cloud, a picture and, if wanted, a mesh."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "fuse the depth and trajectory of a track into a coloured cloud, a mesh and a picture"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `vo-gan map`."""
    parser.add_argument("track", type=Path, metavar="TRACKDIR", help="folder that `vo-gan track` made")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the results go (default: TRACKDIR)")
    parser.add_argument("--mesh", action="store_true", help="make mesh.ply too (truncated signed distance field)")
    parser.add_argument(
        "--voxel-size",
        type=float,
        metavar="M",
        help="edge of a voxel, in the trajectory's unit "
        "(default: 0.1 m; where the scale is relative, a hundredth of the median depth)",
    )
    parser.add_argument(
        "--max-depth",
        type=float,
        metavar="M",
        help="drop depth beyond this (default: 40 m; where the scale is relative, four median depths)",
    )
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="fuse every N-th frame (default: 1)")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        metavar="T",
        help="relative difference in depth up to which neighbouring frames agree (default: 0.05)",
    )
    parser.add_argument("--source", type=Path, metavar="PATH", help="the tracked drive, if it has moved since")


def run(arguments: argparse.Namespace) -> int:
    """Fuse the track and print what was made."""
    from vo_gan.mapping import fuse_track

    summary = fuse_track(
        arguments.track,
        arguments.out if arguments.out is not None else arguments.track,
        voxel_size=arguments.voxel_size,
        max_depth=arguments.max_depth,
        stride=arguments.stride,
        mesh=arguments.mesh,
        tolerance=arguments.tolerance,
        source=arguments.source,
    )
    unit = " m" if summary.scale == "metric" else " (relative scale)"
    print(f"cloud    {summary.cloud}  {summary.points} points from {summary.frames} frames")
    if summary.mesh is not None:
        print(f"mesh     {summary.mesh}  {summary.triangles} triangles")
    print(f"picture  {summary.picture}")
    print(f"voxels   {summary.voxel_size:g}{unit}, range {summary.max_depth:g}{unit}")
    print(
        f"depth    {summary.kept_fraction:.1%} of the measured pixels kept "
        f"(neighbouring frames agree within {arguments.tolerance:.0%})"
    )
    return 0
