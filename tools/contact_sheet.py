"""Pictures of the driving world for people to look at.

    python tools/contact_sheet.py docs/world.jpg                  # 12 towns, weathers and times of day
    python tools/contact_sheet.py --truth docs/world_truth.png    # one frame with all its ground truth

Of every drive a few frames are looked at, and the most varied one is taken: no hand chooses.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Integer, UInt8

from vo_gan.data import Drive, open_drives
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file

DRIVES = (
    (1, "clear"),
    (2, "overcast"),
    (3, "fog"),
    (4, "rain"),
    (5, "clear"),
    (6, "dusk"),
    (7, "night"),
    (8, "overcast"),
    (9, "rain"),
    (10, "dusk"),
    (11, "fog"),
    (12, "clear"),
)
"""Seed and weather of every picture, row by row."""

TRUTH_SEED = 8
COLUMNS = 3
MARGIN = 8
PAPER = 255

CANDIDATES = 10
"""Frames of a drive to choose from, spread evenly over it."""

ENOUGH_MOVING = 0.05
"""Share of a frame's pixels on moving objects beyond which more of them make no better example."""

LARGEST_FILE = 900_000
"""Bytes; a README with heavier pictures is slow to load."""

JPEG_QUALITIES = (95, 92, 89, 86, 83, 80, 75, 70)

LABEL_COLOURS = {
    0: (0, 0, 0),
    7: (128, 64, 128),
    8: (244, 35, 232),
    11: (70, 70, 70),
    12: (102, 102, 156),
    13: (190, 153, 153),
    17: (153, 153, 153),
    19: (250, 170, 30),
    20: (220, 220, 0),
    21: (107, 142, 35),
    22: (152, 251, 152),
    23: (70, 130, 180),
    24: (220, 20, 60),
    25: (255, 0, 0),
    26: (0, 0, 142),
    27: (0, 0, 70),
    28: (0, 60, 100),
    32: (0, 0, 230),
    33: (119, 11, 32),
}
"""The usual colours of Cityscapes' label ids; an id that is missing here is shown in white."""

Picture = UInt8[np.ndarray, "h w 3"]


def variety(image: Picture, depth: Float32[np.ndarray, "h w"]) -> float:
    """How much there is to see: the entropy, in bits, of a frame's coarse colours at coarse distances.

    Args:
        image: RGB.
        depth: metres, 0 = sky.
    """
    colour = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.int64) // (16, 8, 8)
    octave = np.log2(np.maximum(depth, 1.0)).astype(np.int64)
    cells = ((octave * 16 + colour[..., 0]) * 32 + colour[..., 1]) * 32 + colour[..., 2]
    share = np.unique(cells, return_counts=True)[1] / cells.size
    return float(-(share * np.log2(share)).sum())


def candidates(drive: Drive) -> list[int]:
    """The frames of a drive to choose from."""
    return sorted({int(index) for index in np.linspace(1, len(drive) - 1, CANDIDATES).round()})


def true_depth(drive: Drive, index: int) -> Float32[np.ndarray, "h w"]:
    """The depth of a frame.

    Raises:
        VoGanError: it has none.
    """
    depth = drive.read_depth(index)
    if depth is None:
        raise VoGanError(f"{drive.frame_name(index)}: has no true depth; expected a drive that `vo-gan world` rendered")
    return depth


def drive_picture(folder: Path, arguments: argparse.Namespace, seed: int, weather: str) -> Picture:
    """Render a drive and take its most varied frame."""
    drive = rendered(folder, arguments, seed, weather, ())
    best = max(candidates(drive), key=lambda index: variety(drive.read(index), true_depth(drive, index)))
    return drive.read(best)


def rendered(folder: Path, arguments: argparse.Namespace, seed: int, weather: str, truth: tuple[str, ...]) -> Drive:
    """Render a drive in traffic and sunlight, without the faults of a camera but glare, and open it."""
    from vo_gan.world import render_world
    from vo_gan.world.options import preset

    options = replace(preset("off"), traffic=True, shadows=True, glare=not truth, weather=weather, extras=truth)
    render_world(folder, 1, arguments.frames, arguments.size, seed, workers=arguments.workers, options=options)
    (drive,) = open_drives(folder, ["00"])
    return drive


def truth_pictures(folder: Path, arguments: argparse.Namespace) -> list[tuple[str, Picture]]:
    """One frame with traffic in it and everything that is known of it, as labelled pictures."""
    layers = ("disparity", "flow", "normals", "semantic", "moving")
    drive = rendered(folder, arguments, TRUTH_SEED, "clear", layers)

    def layer(name: str, index: int) -> np.ndarray:
        frame = Path(drive.frame_name(index))
        return read_layer(frame.parents[1] / f"{name}_2" / f"{frame.stem}.png")

    def worth(index: int) -> tuple[float, float]:
        moving = float((layer("moving", index) > 0).mean())
        return min(moving, ENOUGH_MOVING), variety(drive.read(index), true_depth(drive, index))

    best = max(candidates(drive), key=worth)
    left, depth = drive.read(best), true_depth(drive, best)
    normals = layer("normals", best)
    disparity = layer("disparity", best).astype(np.float32) / 256.0
    return [
        ("left view", left),
        ("right view", drive.read(best, side="right")),
        ("depth, logarithmic", colour_values(np.log(np.maximum(depth, 1.0)), cv2.COLORMAP_TURBO, depth > 0)),
        ("disparity", colour_values(disparity, cv2.COLORMAP_MAGMA, disparity > 0)),
        ("optical flow", colour_flow(layer("flow", best))),
        ("surface normals", normals if normals.dtype == np.uint8 else (normals >> 8).astype(np.uint8)),
        ("semantic class", colour_labels(layer("semantic", best))),
        ("moving objects", mark(left, layer("moving", best) > 0)),
    ]


def read_layer(path: Path) -> np.ndarray:
    """Decode an image of ground truth as it is, colour as RGB.

    Raises:
        VoGanError: missing or damaged.
    """
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise VoGanError(f"{path}: cannot be read; expected ground truth there")
    return image if image.ndim == 2 else image[..., 2::-1]


def colour_values(values: Float32[np.ndarray, "h w"], colours: int, known: np.ndarray) -> Picture:
    """Values in false colours between their 1st and 99th percentile; black where nothing is known."""
    low, high = np.percentile(values[known], (1, 99)) if known.any() else (0.0, 1.0)
    scaled = ((values - low) / max(high - low, 1e-9) * 255.0).clip(0, 255).astype(np.uint8)
    picture = cv2.applyColorMap(scaled, colours)[..., ::-1].copy()
    picture[~known] = 0
    return picture


def colour_flow(encoded: Integer[np.ndarray, "h w 3"]) -> Picture:
    """KITTI's encoding of optical flow ((u, v) x 64 + 2^15, valid): hue is its direction, strength its length."""
    u, v = ((encoded[..., i].astype(np.float32) - 2.0**15) / 64.0 for i in (0, 1))
    known = encoded[..., 2] > 0
    length = np.hypot(u, v)
    longest = max(float(np.percentile(length[known], 95)), 1e-9) if known.any() else 1.0
    hue = np.mod(np.degrees(np.arctan2(v, u)), 360.0) / 2.0
    strength = np.sqrt(np.minimum(length / longest, 1.0)) * 255.0
    wheel = np.stack((hue, strength, np.full_like(hue, 255.0)), axis=-1).clip(0, 255).astype(np.uint8)
    wheel[..., 0] %= 180
    picture = cv2.cvtColor(wheel, cv2.COLOR_HSV2RGB)
    picture[~known] = 0
    return picture


def colour_labels(labels: Integer[np.ndarray, "h w"]) -> Picture:
    """Cityscapes' colours of label ids."""
    palette = np.full((256, 3), 255, np.uint8)
    for label, colour in LABEL_COLOURS.items():
        palette[label] = colour
    return palette[labels]


def mark(image: Picture, mask: np.ndarray) -> Picture:
    """A picture in pale grey with the pixels of a mask in red."""
    grey = (128 + image.mean(axis=-1, keepdims=True) / 2).repeat(3, axis=-1)
    grey[mask] *= (1.0, 0.25, 0.25)
    return grey.astype(np.uint8)


def labelled(picture: Picture, text: str) -> Picture:
    """A picture with a few words on dark ground in its upper left corner."""
    font, size, pad = cv2.FONT_HERSHEY_SIMPLEX, 0.42, 5
    (width, height), below = cv2.getTextSize(text, font, size, 1)
    picture = picture.copy()
    ground = picture[: height + below + pad, : width + 2 * pad]
    ground[:] = ground // 4
    cv2.putText(picture, text, (pad, height + pad - 1), font, size, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def grid(pictures: list[tuple[str, Picture]], columns: int) -> Picture:
    """Labelled pictures of one size in rows, with a margin between them."""
    tiles = [labelled(picture, text) for text, picture in pictures]
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + MARGIN) - MARGIN, columns * (width + MARGIN) - MARGIN, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (number // columns) * (height + MARGIN), (number % columns) * (width + MARGIN)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def encode(picture: Picture, suffix: str) -> bytes:
    """A picture as a file of at most `LARGEST_FILE` bytes, JPEG in the best quality that fits.

    Raises:
        VoGanError: no such quality, a PNG that is too large, or another ending than .jpg and .png.
    """
    if suffix not in (".jpg", ".png"):
        raise VoGanError(f"{suffix or 'no ending'}: expected a picture that ends in .jpg or .png")
    settings = [[cv2.IMWRITE_JPEG_QUALITY, quality] for quality in JPEG_QUALITIES]
    if suffix == ".png":
        settings = [[cv2.IMWRITE_PNG_COMPRESSION, 9]]
    for setting in settings:
        data = cv2.imencode(suffix, np.ascontiguousarray(picture[..., ::-1]), setting)[1].tobytes()
        if len(data) <= LARGEST_FILE:
            return data
    raise VoGanError(f"the {suffix} would have {len(data)} bytes, expected at most {LARGEST_FILE}; lower --size")


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of a text such as 416x128."""
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    """Render and lay out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, help="file to write, .jpg or .png")
    parser.add_argument("--truth", action="store_true", help="one frame with its ground truth")
    parser.add_argument("--size", type=parse_size, metavar="WxH", help="of a tile (default: 640x192; truth: 416x128)")
    parser.add_argument("--frames", type=int, default=60, help="frames of every drive to choose from (default: 60)")
    parser.add_argument("--workers", type=int, help="rendering processes (default: one per core)")
    arguments = parser.parse_args()
    arguments.size = arguments.size or ((416, 128) if arguments.truth else (640, 192))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.truth:
            sheet = grid(truth_pictures(folder / "world", arguments), columns=2)
        else:
            pictures = [
                (f"seed {seed}, {weather}", drive_picture(folder / str(seed), arguments, seed, weather))
                for seed, weather in DRIVES
            ]
            sheet = grid(pictures, COLUMNS)
    replace_file(arguments.picture, encode(sheet, arguments.picture.suffix))


if __name__ == "__main__":
    main()
