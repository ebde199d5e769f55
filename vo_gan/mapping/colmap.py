"""COLMAP's text format of a track: what structure from motion would have found, for Gaussian splatting and the like.

Format: https://colmap.github.io/format.html. COLMAP's pixel centres lie at halves, ours at integers, so its principal
point is ours plus one half; its poses are ours inverted, with quaternions w x y z.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from scipy.spatial.transform import Rotation

from vo_gan.data import Drive
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.geometry.poses import invert_poses
from vo_gan.mapping.track_folder import Track
from vo_gan.progress import progress

MOST_POINTS = 200_000
"""Points that are written; splatting starts from some hundred thousand at most."""

PIXEL_CENTRE = 0.5


def write_colmap(
    out: Path,
    track: Track,
    drive: Drive,
    points: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    stride: int = 1,
) -> None:
    """Write `sparse/0/{cameras,images,points3D}.txt` and `images/NNNNNN.png` at the size of the drive's frames.

    Args:
        out: folder, made if needed; other files in it stay.
        track: whose poses are written.
        drive: its source.
        points: of the cloud, world coordinates.
        colours: RGB.
        stride: write every how many-th frame.

    Raises:
        VoGanError: the folder cannot be written, or a frame not be read.
    """
    sparse, images = out / "sparse" / "0", out / "images"
    try:
        for folder in (sparse, images):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VoGanError(f"{out}: cannot be made ({error.strerror}). Name another folder with --colmap.") from error
    chosen = range(0, len(track), stride)
    for index in progress(chosen, "colmap"):
        picture = drive.read(track.first_frame + index)
        replace_file(images / _name(index), cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    width, height = drive.size
    camera = drive.intrinsics()
    fx, fy, cx, cy = camera[0, 0], camera[1, 1], camera[0, 2] + PIXEL_CENTRE, camera[1, 2] + PIXEL_CENTRE
    _write(sparse / "cameras.txt", [f"1 PINHOLE {width} {height} {fx:.9g} {fy:.9g} {cx:.9g} {cy:.9g}"])
    lines = []
    for number, index in enumerate(chosen, start=1):
        camera_from_world = invert_poses(track.world_from_camera[index])
        x, y, z, w = Rotation.from_matrix(camera_from_world[:3, :3]).as_quat(canonical=True)
        numbers = " ".join(f"{value:.12g}" for value in (w, x, y, z, *camera_from_world[:3, 3]))
        # An empty line follows: the corners that were matched, of which there are none.
        lines += [f"{number} {numbers} 1 {_name(index)}", ""]
    _write(sparse / "images.txt", lines)
    some = np.sort(np.random.default_rng(0).permutation(len(points))[:MOST_POINTS])
    _write(
        sparse / "points3D.txt",
        [
            f"{number} {x:.6g} {y:.6g} {z:.6g} {r} {g} {b} 0"
            for number, ((x, y, z), (r, g, b)) in enumerate(
                zip(points[some].tolist(), colours[some].tolist(), strict=True), start=1
            )
        ],
    )


def _name(index: int) -> str:
    return f"{index:06d}.png"


def _write(path: Path, lines: list[str]) -> None:
    replace_file(path, ("\n".join(lines) + "\n").encode("ascii"))
