"""Images per second of the training loader on synthetic frames: one JSON line per figure.

    python tools/bench/loader.py [--workers 2] [--runs 3] [--size 640x192]

Counts every decoded and resized image, from asking for the first batch of an epoch to having the last one as floats.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from vo_gan.data import SnippetDataset, make_loader, open_drive

NATIVE = (1241, 376)
FRAMES = 60
SNIPPET = 3
BATCH = 6


def write_frames(folder: Path, suffix: str) -> int:
    """Frames of gradient, blocks and noise, about as hard to compress as KITTI's; returns bytes per frame."""
    folder.mkdir()
    width, height = NATIVE
    options = [cv2.IMWRITE_JPEG_QUALITY, 92] if suffix == ".jpg" else []
    generator = np.random.default_rng(0)
    gradient = np.linspace(40, 200, height)[:, None, None] + np.linspace(-20, 20, width)[None, :, None]
    blocks = cv2.resize(generator.normal(0, 30, (height // 12, width // 12, 3)), NATIVE)
    for index in range(FRAMES):
        noise = generator.normal(0, 4, (height, width, 3))
        image = np.clip(gradient + np.roll(blocks, 3 * index, axis=1) + noise, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index:06d}{suffix}"), image, options)
    return sum(path.stat().st_size for path in folder.iterdir()) // FRAMES


def images_per_second(folder: Path, size: tuple[int, int], workers: int, runs: int) -> float:
    """The best of several epochs; the first, which starts the workers, does not count."""
    drive = open_drive(folder, (700.0, 700.0, NATIVE[0] / 2, NATIVE[1] / 2))
    loader = make_loader(SnippetDataset([drive], SNIPPET, size), BATCH, workers, seed=0, shuffle=True)
    best = 0.0
    for epoch in range(runs + 1):
        loader.set_position(epoch, 0)
        started = time.perf_counter()
        images = 0
        for batch in loader:
            snippet = batch.to("cpu")
            images += snippet.images.shape[0] * snippet.images.shape[1]
        if epoch:
            best = max(best, images / (time.perf_counter() - started))
    return best


def main() -> None:
    """Measure JPEG and PNG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3, help="epochs; the best counts")
    parser.add_argument("--size", default="640x192", help="WxH of the batches")
    arguments = parser.parse_args()
    width, height = (int(number) for number in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".jpg", ".png"):
            frames = Path(folder) / suffix[1:]
            bytes_per_frame = write_frames(frames, suffix)
            value = images_per_second(frames, (width, height), arguments.workers, arguments.runs)
            conditions = {
                "native": f"{NATIVE[0]}x{NATIVE[1]}",
                "size": arguments.size,
                "workers": arguments.workers,
                "batch": BATCH,
                "frames_per_snippet": SNIPPET,
                "bytes_per_frame": bytes_per_frame,
                "cores": os.cpu_count(),
            }
            name = f"loader_{suffix[1:]}"
            print(json.dumps({"name": name, "value": round(value, 1), "unit": "images/s", "conditions": conditions}))


if __name__ == "__main__":
    main()
