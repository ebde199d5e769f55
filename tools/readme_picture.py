"""The picture on top of the README, from what `make demo` left.

python tools/readme_picture.py demo docs/demo.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from vo_gan.data.decode import decode_image

WIDTH = 1600
MARGIN = 16
PAPER = 255


def fitted(path: Path, width: int) -> np.ndarray:
    """An image scaled to a width."""
    image = decode_image(path)
    height = round(image.shape[0] * width / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def stacked(images: list[np.ndarray], axis: int) -> np.ndarray:
    """Images beside (axis 1) or above (axis 0) each other with a margin between, padded with paper."""
    other = 1 - axis
    longest = max(image.shape[other] for image in images)
    parts = []
    for image in images:
        padding = [(0, 0), (0, 0), (0, 0)]
        padding[other] = (0, longest - image.shape[other])
        padding[axis] = (0, MARGIN)
        parts.append(np.pad(image, padding, constant_values=PAPER))
    return np.concatenate(parts, axis=axis)


def main() -> None:
    """Lay out the map over the samples, with the trajectory beside them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    left = round(0.74 * WIDTH)
    column = stacked([fitted(arguments.demo / name, left) for name in ("map.png", "samples.png")], axis=0)
    trajectory = decode_image(arguments.demo / "trajectory.png")
    scale = min(column.shape[0] / trajectory.shape[0], (WIDTH - left - MARGIN) / trajectory.shape[1])
    trajectory = cv2.resize(trajectory, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor(stacked([column, trajectory], axis=1), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.picture), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
