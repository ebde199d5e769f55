"""Opening a track folder, and every way in which it can be wrong."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.mapping import read_track


def test_what_was_tracked_is_read_back(corridor, straight, corridor_view):
    track = read_track(corridor)
    assert len(track) == 8
    assert (track.size, track.scale, track.first_frame) == ((160, 96), "metric", 2)
    np.testing.assert_allclose(track.world_from_camera, straight, atol=1e-9)
    depth, image = corridor_view(straight[5])
    np.testing.assert_allclose(track.read_depth(5), depth, atol=1 / 256)
    np.testing.assert_array_equal(track.read_colour(track.open_source(), 5), image)


def test_the_selection_may_be_null(corridor, edit_track_json):
    edit_track_json(corridor, selection=None)
    assert read_track(corridor).first_frame == 0


def test_a_source_that_has_moved_is_named_and_can_be_given(corridor):
    track = read_track(corridor)
    moved = shutil.move(track.source, track.source.with_name("elsewhere"))
    with pytest.raises(VoGanError, match=r"frames: .*--source"):
        track.open_source()
    assert len(track.open_source(track.source.with_name("elsewhere"))) == 10
    assert moved


def test_a_source_that_is_shorter_than_the_track_is_refused(corridor):
    track = read_track(corridor)
    (track.source / "000009.png").unlink()
    with pytest.raises(VoGanError, match="has 9 frames"):
        track.open_source()


def test_no_folder_and_a_foreign_folder(tmp_path):
    with pytest.raises(VoGanError, match="no such folder"):
        read_track(tmp_path / "none")
    with pytest.raises(VoGanError, match="not a track folder"):
        read_track(tmp_path)


def test_json_that_is_none_or_of_another_version(corridor, edit_track_json):
    edit_track_json(corridor, format_version=9)
    with pytest.raises(VoGanError, match="format_version is 9"):
        read_track(corridor)
    for text in ("{", "[]", '"x"'):
        (corridor / "track.json").write_text(text)
        with pytest.raises(VoGanError, match=r"track\.json"):
            read_track(corridor)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("frames", "8"),
        ("frames", 0),
        ("size", [160]),
        ("size", [160.5, 96]),
        ("intrinsics", [100, 100, 80]),
        ("intrinsics", [0, 100, 80, 40]),
        ("scale", "unknown"),
        ("source", None),
        ("source_intrinsics", [1]),
        ("selection", [3]),
    ],
)
def test_a_wrong_entry_is_named(corridor, edit_track_json, key, value):
    edit_track_json(corridor, **{key: value})
    with pytest.raises(VoGanError, match=rf"track\.json: {key} is"):
        read_track(corridor)


def test_a_track_without_intrinsics_says_how_to_get_them(corridor, edit_track_json):
    edit_track_json(corridor, intrinsics=None)
    with pytest.raises(VoGanError, match=r"vo-gan track --intrinsics fx,fy,cx,cy"):
        read_track(corridor)


def test_a_missing_entry_is_named(corridor):
    path = corridor / "track.json"
    properties = json.loads(path.read_text())
    del properties["size"]
    path.write_text(json.dumps(properties))
    with pytest.raises(VoGanError, match="size is missing"):
        read_track(corridor)


def test_trajectory_and_depth_of_different_length(corridor, edit_track_json):
    (corridor / "depth/000007.png").unlink()
    with pytest.raises(VoGanError, match=r"8 poses .* 7 depth images"):
        read_track(corridor)
    edit_track_json(corridor, frames=7)
    with pytest.raises(VoGanError, match="says 7 frames"):
        read_track(corridor)
    (corridor / "trajectory_kitti.txt").unlink()
    with pytest.raises(VoGanError, match=r"trajectory_kitti\.txt: missing"):
        read_track(corridor)


def test_a_gap_in_the_depth_images_is_named(corridor):
    (corridor / "depth/000003.png").rename(corridor / "depth/000008.png")
    with pytest.raises(VoGanError, match=r"expected 000003\.png"):
        read_track(corridor)


def test_a_trajectory_with_skipped_frames_is_refused(corridor):
    path = corridor / "trajectory_kitti.txt"
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{2 * index} {line}\n" for index, line in enumerate(lines)))
    with pytest.raises(VoGanError, match="skips frames"):
        read_track(corridor)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((96, 100), 500, np.uint16), "is 100x96 pixels, but track.json says 160x96"),
        (np.full((96, 160), 50, np.uint8), "grey PNG of 16 bits"),
    ],
)
def test_a_depth_image_of_another_kind_is_named(corridor, image, message):
    path = corridor / "depth/000002.png"
    cv2.imwrite(str(path), image)
    with pytest.raises(VoGanError, match=rf"000002\.png: .*{message}"):
        read_track(corridor)


def test_a_depth_image_that_is_no_png_or_is_cut_off_is_named(corridor):
    path = corridor / "depth/000002.png"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    track = read_track(corridor)
    with pytest.raises(VoGanError, match=r"000002\.png"):
        track.read_depth(2)
    path.write_bytes(b"not an image")
    with pytest.raises(VoGanError, match=r"000002\.png: is not a PNG"):
        read_track(corridor)
