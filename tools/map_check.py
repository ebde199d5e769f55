"""Are maps where the world is?

    python tools/map_check.py world [--frames 100] [--size 416x128] [--seed 0] [--difficulty easy] [--json FILE]
    python tools/map_check.py world --world DIR [--sequence 00] [--track TRACKDIR] [--align se3]
    python tools/map_check.py street KITTI/odometry [--frames 100] [--out DIR]

`world` renders a drive, or takes one that is there, and compares the map of its true depth and poses, or that of a
track, with the triangles of the town: how far the points are from them (accuracy), how far what the cameras saw is
from the points (completeness), and the F-score of both at two voxels (Knapitsch et al., SIGGRAPH 2017).

`street` maps KITTI odometry 00 from OpenCV's stereo depth and the official poses, and compares the map with the LiDAR
scans that lie in the sequence's folder `velodyne_xyz` (float32 x y z) or `velodyne` (KITTI's own).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.spatial import cKDTree

from tools.baselines import sgbm_depth
from vo_gan.data import Drive, open_drive
from vo_gan.data.depth_files import read_points
from vo_gan.data.kitti_odometry import read_calibration
from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import ALIGNMENTS, Alignment, Similarity, fit
from vo_gan.mapping import MapSummary, Track, fuse_track, read_track, write_track
from vo_gan.mapping.filter import back_project
from vo_gan.mapping.voxels import world_points
from vo_gan.open3d_loader import load_open3d
from vo_gan.progress import progress
from vo_gan.world import preset, render_world
from vo_gan.world.drive import plan_drive
from vo_gan.world.mesh import Mesh

VOXELS = 2.0
"""Distance, in voxels, up to which a point counts as right."""

ASKED_SHARE = 0.95
"""Part of the points of true depth that is asked to be right."""

SEEN_EVERY = 5
"""Frames between two whose true depth stands for what the cameras saw."""

SEEN_PIXELS = 4
"""Pixels between two of it, along rows and columns."""

POINTS_AT_A_TIME = 100_000
BEFORE_LIDAR = 5.0
"""Metres before the camera from which on LiDAR points are compared: nearer, there is road that no camera sees."""

Points = Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class Fit:
    """How well points and surface agree; distances in metres.

    Attributes:
        points: number of points.
        accuracy_median: of the distance of a point to the surface.
        precision: part of the points within two voxels.
        completeness_median: of the distance of a place that was seen to the nearest point.
        recall: part of those places within two voxels.
    """

    points: int
    accuracy_median: float
    precision: float
    completeness_median: float
    recall: float

    @property
    def f_score(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def main() -> None:
    """Check and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    checks = parser.add_subparsers(dest="check", required=True)
    world = checks.add_parser("world", help="against the triangles of the driving world")
    world.add_argument("--world", type=Path, help="a world that is there, without moving things")
    world.add_argument("--sequence", type=int, default=0)
    world.add_argument("--track", type=Path, help="a track of its drive (default: true depth and poses)")
    world.add_argument("--align", choices=ALIGNMENTS, default="se3", help="of the track's trajectory (default: se3)")
    world.add_argument("--frames", type=int, default=100)
    world.add_argument("--size", default="416x128")
    world.add_argument("--seed", type=int, default=0)
    world.add_argument("--difficulty", default="easy")
    street = checks.add_parser("street", help="against LiDAR scans of KITTI odometry 00")
    street.add_argument("root", type=Path)
    street.add_argument("--frames", type=int, default=100)
    for check in (world, street):
        check.add_argument("--out", type=Path, help="folder to leave the map in")
        check.add_argument("--voxel-size", type=float, default=0.1)
        check.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures = check_world(arguments, scratch) if arguments.check == "world" else check_street(arguments, scratch)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def check_world(arguments: argparse.Namespace, scratch: Path) -> dict[str, float]:
    """Map a drive of the world and compare it with the town."""
    root = arguments.world
    if root is None:
        root = scratch / "world"
        width, height = (int(length) for length in arguments.size.split("x"))
        options = preset(arguments.difficulty)
        render_world(root, 1, arguments.frames, (width, height), arguments.seed, options=options)
    source = root / "sequences" / f"{arguments.sequence:02d}"
    drive = open_drive(source)
    if drive.world_from_camera is None:
        raise VoGanError(f"{source}: has no true poses")
    out = arguments.out if arguments.out is not None else scratch / "map"
    track = read_track(arguments.track) if arguments.track is not None else true_track(drive, source, scratch / "track")
    summary = fuse_track(track.folder, out, mesh=True, voxel_size=arguments.voxel_size, source=source)
    parameters = json.loads((root / "world.json").read_text())
    town = plan_drive(parameters["seed"], arguments.sequence, len(drive)).poses(1)[0]
    place = lay_over(drive.world_from_camera, track, arguments.align)
    scene = scene_of(town_mesh(parameters["seed"], arguments.sequence))
    seen = np.concatenate(list(seen_places(drive, len(track), summary.max_depth)))
    figures: dict[str, float] = {}
    for name, points in read_results(summary).items():
        moved = points.astype(np.float64) * place.scale @ place.rotation.T + place.translation
        fitted = compare(moved, scene, town, seen, VOXELS * arguments.voxel_size)
        report(name, fitted, VOXELS * arguments.voxel_size, asked=ASKED_SHARE if arguments.track is None else None)
        figures |= {f"{name}_{key}": value for key, value in vars(fitted).items()} | {f"{name}_f_score": fitted.f_score}
    return figures


def check_street(arguments: argparse.Namespace, scratch: Path) -> dict[str, float]:
    """Map the street of KITTI odometry 00 from stereo and official poses and compare it with LiDAR scans."""
    source = arguments.root / "sequences" / "00"
    drive = open_drive(source)
    if drive.baseline is None or drive.world_from_camera is None:
        raise VoGanError(f"{source}: needs right frames, and poses in {arguments.root / 'poses/00.txt'}")
    count = min(arguments.frames, sum(drive.has_right(index) for index in range(len(drive))))
    out = arguments.out if arguments.out is not None else scratch / "map"
    depths = (stereo_depth(drive, index) for index in progress(range(count), "stereo"))
    track = write_track(
        scratch / "track", source, depths, drive.world_from_camera[:count], origin="OpenCV's SGBM, official poses"
    )
    summary = fuse_track(track.folder, out, voxel_size=arguments.voxel_size)
    print(f"cloud: {summary.points} points, {summary.kept_fraction:.1%} of the depth kept; picture {summary.picture}")
    tree = cKDTree(read_results(summary)["cloud"])
    camera_from_lidar = read_calibration(source / "calib.txt", 0, 1, drive.size).camera0_from_velodyne
    if camera_from_lidar is None:
        raise VoGanError(f"{source / 'calib.txt'}: has no line `Tr:` with the pose of the LiDAR")
    figures: dict[str, float] = {"points": summary.points}
    for index, scan in lidar_scans(source):
        seen = lidar_in_view(scan, camera_from_lidar, drive, summary.max_depth)
        distances, _ = tree.query(world_points(seen, drive.world_from_camera[index]))
        figures[f"lidar_{index}_median_m"] = float(np.median(distances))
        figures[f"lidar_{index}_within_two_voxels"] = float(np.mean(distances < VOXELS * arguments.voxel_size))
        print(
            f"LiDAR scan {index}: {len(seen)} points in view up to {summary.max_depth:g} m; median distance to the map "
            f"{np.median(distances):.3f} m, {np.mean(distances < VOXELS * arguments.voxel_size):.1%} within two voxels"
        )
    return figures


def true_track(drive: Drive, source: Path, folder: Path) -> Track:
    """The track folder of true depth and poses."""
    poses = drive.world_from_camera
    assert poses is not None
    depths = (true_depth(drive, index) for index in progress(range(len(drive)), "depth"))
    return write_track(folder, source, depths, poses, origin="ground truth")


def true_depth(drive: Drive, index: int) -> Float32[np.ndarray, "h w"]:
    """Measured depth of a frame that must have it."""
    depth = drive.read_depth(index)
    if depth is None:
        raise VoGanError(f"{drive.frame_name(index)}: has no true depth")
    return depth


def stereo_depth(drive: Drive, index: int) -> Float32[np.ndarray, "h w"]:
    """OpenCV's stereo depth of a frame."""
    assert drive.baseline is not None
    fx = float(drive.intrinsics()[0, 0])
    return sgbm_depth(drive.read(index), drive.read(index, side="right"), fx, drive.baseline)


def lay_over(truth: Float64[np.ndarray, "n 4 4"], track: Track, alignment: Alignment) -> Similarity:
    """The motion that lays a track's trajectory over the true one."""
    true_poses = truth[track.first_frame : track.first_frame + len(track)]
    similarity = fit(alignment, true_poses, track.world_from_camera)
    if isinstance(similarity, str):
        raise VoGanError(f"{track.folder}: cannot be laid over the truth: {similarity}")
    return similarity


def town_mesh(seed: int, sequence: int) -> Mesh:
    """What stands still in the town of a sequence."""
    from vo_gan.world.recorder import _stage

    return _stage(seed, sequence, False).mesh


def scene_of(mesh: Mesh) -> object:
    """The mesh for queries of distance."""
    open3d = load_open3d()
    scene = open3d.t.geometry.RaycastingScene()
    corners = np.ascontiguousarray(mesh.triangles.reshape(-1, 3))
    triangles = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
    scene.add_triangles(open3d.core.Tensor(corners), open3d.core.Tensor(triangles))
    return scene


def seen_places(drive: Drive, count: int, max_depth: float) -> Iterator[Points]:
    """Points, in the world, of the true depth of some pixels of some frames."""
    camera = drive.intrinsics()
    poses = drive.world_from_camera
    assert poses is not None
    for index in range(0, count, SEEN_EVERY):
        depth = true_depth(drive, index)
        mask = np.zeros(depth.shape, bool)
        mask[::SEEN_PIXELS, ::SEEN_PIXELS] = True
        yield world_points(back_project(depth, mask & (depth > 0) & (depth <= max_depth), camera), poses[index])


def read_results(summary: MapSummary) -> dict[str, Points]:
    """Points of the cloud and vertices of the mesh, if there is one."""
    io = load_open3d().io
    results = {"cloud": np.asarray(io.read_point_cloud(str(summary.cloud)).points)}
    if summary.mesh is not None:
        results["mesh"] = np.asarray(io.read_triangle_mesh(str(summary.mesh)).vertices)
    return results


def compare(
    points: Points, scene: object, town_from_world: Float64[np.ndarray, "4 4"], seen: Points, reach: float
) -> Fit:
    """Distances of points to the surface, and of what was seen to the points."""
    tensor = load_open3d().core.Tensor
    in_town = world_points(points, town_from_world).astype(np.float32)
    pieces = [in_town[start : start + POINTS_AT_A_TIME] for start in range(0, len(in_town), POINTS_AT_A_TIME)]
    to_surface = np.concatenate([scene.compute_distance(tensor(piece)).numpy() for piece in pieces])  # type: ignore[attr-defined]
    to_points, _ = cKDTree(points).query(seen)
    return Fit(
        points=len(points),
        accuracy_median=float(np.median(to_surface)),
        precision=float(np.mean(to_surface <= reach)),
        completeness_median=float(np.median(to_points)),
        recall=float(np.mean(to_points <= reach)),
    )


def lidar_scans(source: Path) -> Iterator[tuple[int, Points]]:
    """The scans of a sequence, with the frames they belong to."""
    for name, columns in (("velodyne_xyz", 3), ("velodyne", 4)):
        scans = sorted((source / name).glob("*.bin"))
        if scans:
            yield from ((int(scan.stem), read_points(scan, columns)) for scan in scans)
            return
    raise VoGanError(f"{source}: has no LiDAR scans; expected velodyne_xyz/000000.bin or velodyne/000000.bin")


def lidar_in_view(
    scan: Points, camera_from_lidar: Float64[np.ndarray, "4 4"], drive: Drive, max_depth: float
) -> Points:
    """Points of a scan in camera coordinates, those in the picture and within the range."""
    points = world_points(scan, camera_from_lidar)
    points = points[(points[:, 2] > BEFORE_LIDAR) & (points[:, 2] <= max_depth)]
    pixels = points @ drive.intrinsics().T
    column, row = pixels[:, 0] / pixels[:, 2], pixels[:, 1] / pixels[:, 2]
    width, height = drive.size
    return points[(column >= 0) & (row >= 0) & (column <= width - 1) & (row <= height - 1)]


def report(name: str, fitted: Fit, reach: float, asked: float | None) -> None:
    """Print how well a result fits."""
    wanted = f" (asked: {asked:.0%})" if asked is not None else ""
    print(
        f"{name}: {fitted.points} points; within {reach:g} m of the town {fitted.precision:.2%}{wanted}, median "
        f"{fitted.accuracy_median:.3f} m; of what was seen {fitted.recall:.2%} within {reach:g} m, median "
        f"{fitted.completeness_median:.3f} m; F-score {fitted.f_score:.3f}"
    )


if __name__ == "__main__":
    main()
