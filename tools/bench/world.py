"""Speed of the driving world: stereo frames per second, rendered and written, with ground truth.

    python tools/bench/world.py [--frames N] [--workers N]

Prints one JSON line per figure.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from vo_gan.world import render_world

SIZES = ((208, 64), (416, 128), (640, 192))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            render_world(Path(folder) / "world", 1, arguments.frames, size, seed=0, workers=arguments.workers)
            seconds = time.perf_counter() - started
        figure = {
            "name": f"world_stereo_frames_per_second_{size[0]}x{size[1]}",
            "value": round(arguments.frames / seconds, 2),
            "unit": "frames/s",
            "conditions": f"{arguments.frames} frames of one sequence, {arguments.workers} processes, start-up "
            f"included, load average {os.getloadavg()[0]:.1f} at the end",
        }
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
