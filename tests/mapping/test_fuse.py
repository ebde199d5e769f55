"""A map of a corridor whose geometry and colours are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.mapping import fuse_track, read_track
from vo_gan.mapping.ply import read_cloud
from vo_gan.mapping.settings import choose_settings
from vo_gan.open3d_loader import load_open3d


class Fused:
    """A map and its points."""

    def __init__(self, track_dir, **options):
        self.summary = fuse_track(track_dir, track_dir.parent / "fused", **options)
        self.frames, self.kept_fraction = self.summary.frames, self.summary.kept_fraction
        self.points, self.colours = read_cloud(self.summary.cloud)


def test_points_lie_on_the_surfaces_in_their_colours(corridor, tmp_path, distance_to_corridor):
    summary = fuse_track(corridor, tmp_path / "map")
    cloud = load_open3d().io.read_point_cloud(str(summary.cloud))
    points, colours = np.asarray(cloud.points), np.asarray(cloud.colors)
    assert summary.points == len(points) > 3000
    assert summary.voxel_size == 0.1
    assert summary.kept_fraction > 0.5
    assert np.mean(distance_to_corridor(points) < 0.2) > 0.95
    # Away from the edges between two planes, where a voxel mixes their colours.
    ground = (np.abs(points[:, 1] - 1.6) < 0.05) & (np.abs(points[:, 0]) < 3.7) & (points[:, 2] < 25)
    left = (np.abs(points[:, 0] + 4) < 0.05) & (points[:, 1] < 1.3) & (points[:, 2] < 25)
    right = (np.abs(points[:, 0] - 4) < 0.05) & (points[:, 1] < 1.3) & (points[:, 2] < 25)
    for surface, channel in ((ground, 0), (left, 1), (right, 2)):
        assert surface.sum() > 300
        assert np.mean(colours[surface].argmax(axis=1) == channel) > 0.99


def test_the_picture_is_written_beside_the_cloud(corridor):
    summary = fuse_track(corridor, corridor)
    picture = cv2.imread(str(corridor / "map.png"))
    assert summary.picture == corridor / "map.png"
    assert picture.shape[1] == 1600
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100
    assert sorted(path.name for path in corridor.iterdir()) == [
        "cloud.ply",
        "depth",
        "map.png",
        "track.json",
        "trajectory_kitti.txt",
    ]


def test_a_frame_with_doubled_depth_does_not_reach_the_cloud(corridor, distance_to_corridor):
    path = corridor / "depth/000004.png"
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED) * 2)
    cloud = Fused(corridor)
    assert np.mean(distance_to_corridor(cloud.points) < 0.2) > 0.99


def test_standing_still_makes_the_cloud_no_larger(make_track, straight):
    few = Fused(make_track(np.repeat(straight[:1], 3, axis=0)))
    assert len(few.points) <= few.kept_fraction * 160 * 96


def test_thirty_looks_at_one_view_make_one_point_a_voxel(make_track, straight):
    many = Fused(make_track(np.repeat(straight[:1], 30, axis=0)))
    assert many.frames == 30
    assert 1000 < len(many.points) <= 160 * 96
    # All frames fall into the voxels of the first, but for means that rounding puts onto a voxel's border.
    assert len(many.points) <= 1.01 * len(np.unique(np.floor(many.points / 0.1), axis=0))


def test_where_the_scale_is_relative_voxels_and_range_follow_the_depth(make_track, straight):
    track = read_track(make_track(straight, scale="relative"))
    depths = np.concatenate([track.read_depth(index).ravel() for index in range(len(track))])
    median = np.median(depths[depths > 0])
    settings = choose_settings(track)
    assert settings.voxel_size == pytest.approx(median / 100, rel=0.05)
    assert settings.max_depth == pytest.approx(4 * median, rel=0.05)
    assert choose_settings(track, voxel_size=0.3, max_depth=9.0).voxel_size == 0.3


def test_stride_fuses_fewer_frames_of_the_same_place(corridor, distance_to_corridor):
    every, third = Fused(corridor), Fused(corridor, stride=3)
    assert (every.frames, third.frames) == (8, 3)
    assert 0.2 * len(every.points) < len(third.points) < len(every.points)
    assert np.mean(distance_to_corridor(third.points) < 0.2) > 0.95


def test_the_mesh_lies_on_the_surfaces_in_their_colours(corridor, tmp_path, distance_to_corridor):
    summary = fuse_track(corridor, tmp_path / "map", mesh=True, max_depth=12.0)
    mesh = load_open3d().io.read_triangle_mesh(str(summary.mesh))
    vertices, colours = np.asarray(mesh.vertices), np.asarray(mesh.vertex_colors)
    assert summary.triangles == len(mesh.triangles) > 1000
    assert np.mean(distance_to_corridor(vertices) < 0.2) > 0.95
    ground = (np.abs(vertices[:, 1] - 1.6) < 0.05) & (np.abs(vertices[:, 0]) < 3.7)
    assert np.mean(colours[ground].argmax(axis=1) == 0) > 0.98


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voxel_size": 0.0}, "--voxel-size"),
        ({"max_depth": float("nan")}, "--max-depth"),
        ({"tolerance": -1.0}, "--tolerance"),
        ({"stride": 0}, "--stride"),
    ],
)
def test_options_that_make_no_sense_are_said(corridor, options, message):
    with pytest.raises(VoGanError, match=message):
        fuse_track(corridor, corridor, **options)


def test_depth_that_contradicts_the_trajectory_makes_no_map(corridor, tmp_path):
    for index, path in enumerate(sorted((corridor / "depth").iterdir())):
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), (depth * 1.6 ** (index % 4)).astype(np.uint16))
    with pytest.raises(VoGanError, match="agrees between neighbouring"):
        fuse_track(corridor, tmp_path / "map")
    assert not (tmp_path / "map").exists()


@pytest.mark.parametrize("scale", ["metric", "relative"])
def test_depth_that_is_all_zero_is_said(make_track, straight, scale):
    track = make_track(straight[:3], planes=(), scale=scale)
    with pytest.raises(VoGanError, match="all 0"):
        fuse_track(track, track)


def test_one_frame_makes_no_map(make_track, straight):
    track = make_track(straight[:1])
    with pytest.raises(VoGanError, match="one frame only"):
        fuse_track(track, track)


def test_an_output_folder_that_cannot_be_made_is_said(corridor, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VoGanError, match="--out"):
        fuse_track(corridor, tmp_path / "file/map")
