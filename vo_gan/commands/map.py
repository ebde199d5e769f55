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
    more = parser.add_argument_group("more to make of it")
    more.add_argument("--video", type=Path, metavar="FILE.mp4", help="a flight along the drive; needs no display")
    more.add_argument(
        "--rerun",
        type=Path,
        metavar="FILE.rrd",
        help="frames, depth, poses and cloud for the Rerun viewer (needs the package rerun-sdk)",
    )
    more.add_argument(
        "--colmap",
        type=Path,
        metavar="DIR",
        help="poses, intrinsics, points and images as COLMAP's text format has them, to start Gaussian splatting from",
    )


def run(arguments: argparse.Namespace) -> int:
    """Fuse the track, make what else is asked for, and print what was made."""
    from vo_gan.mapping import fuse_track, read_track
    from vo_gan.mapping.colmap import write_colmap
    from vo_gan.mapping.flythrough import check_video_path, write_flythrough
    from vo_gan.mapping.ply import read_cloud
    from vo_gan.mapping.rerun_file import check_rerun, write_rerun

    if arguments.video is not None:
        check_video_path(arguments.video)
    if arguments.rerun is not None:
        check_rerun(arguments.rerun)
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
    if not (arguments.video or arguments.rerun or arguments.colmap):
        return 0
    track, (points, colours) = read_track(arguments.track), read_cloud(summary.cloud)
    drive = track.open_source(arguments.source)
    if arguments.video is not None:
        frames = write_flythrough(
            arguments.video, points, colours, track.world_from_camera, summary.voxel_size, summary.max_depth
        )
        print(f"video    {arguments.video}  {frames} frames")
    if arguments.rerun is not None:
        write_rerun(arguments.rerun, track, drive, points, colours, arguments.stride)
        print(f"rerun    {arguments.rerun}  open it with: rerun {arguments.rerun}")
    if arguments.colmap is not None:
        write_colmap(arguments.colmap, track, drive, points, colours, arguments.stride)
        print(f"colmap   {arguments.colmap / 'sparse/0'}, {arguments.colmap / 'images'}")
    return 0
