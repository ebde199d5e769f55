"""Speed of the driving world: stereo frames, rendered and written with ground truth.

    python tools/bench/world.py [--frames N] [--workers N]

Prints one JSON line per figure.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
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
            started, busy = time.perf_counter(), _processor_seconds()
            render_world(Path(folder) / "world", 1, arguments.frames, size, seed=0, workers=arguments.workers)
            seconds, busy = time.perf_counter() - started, _processor_seconds() - busy
        conditions = (
            f"{arguments.frames} frames of one sequence, {arguments.workers} processes, start-up included, "
            f"load average {os.getloadavg()[0]:.1f} at the end"
        )
        label = f"{size[0]}x{size[1]}"
        for name, value, unit in (
            (f"world_stereo_frames_per_second_{label}", arguments.frames / seconds, "frames/s"),
            (f"world_processor_milliseconds_per_stereo_frame_{label}", 1e3 * busy / arguments.frames, "ms"),
        ):
            print(
                json.dumps({"name": name, "value": round(value, 2), "unit": unit, "conditions": conditions}), flush=True
            )


def _processor_seconds() -> float:
    """Processor time of this process and of its finished children: unlike the clock, it bears other people's load."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main()
