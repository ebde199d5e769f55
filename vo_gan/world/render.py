"""Rendering of whole worlds: several processes share the frames."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.process import BaseProcess
from pathlib import Path

import cv2
import numpy as np

from vo_gan.errors import VoGanError
from vo_gan.progress import progress
from vo_gan.world.drive import plan_drive
from vo_gan.world.options import DIFFICULTIES, WorldOptions
from vo_gan.world.recorder import Recorder
from vo_gan.world.writer import WorldParameters, claim_folder, is_finished, write_frame, write_sequence

SMALLEST_SIZE, LARGEST_SIZE = (32, 16), (4096, 2048)
_CHUNK = 5
_THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"


@dataclass(frozen=True)
class _Chunk:
    """Some frames of a sequence, rendered by one process in one go."""

    out: Path
    parameters: WorldParameters
    sequence: int
    indices: tuple[int, ...]


def render_world(
    out: Path,
    sequences: int,
    frames: int,
    size: tuple[int, int],
    seed: int,
    workers: int | None = None,
    first_sequence: int = 0,
    options: WorldOptions = DIFFICULTIES["off"],
    resume: bool = False,
) -> None:
    """Render drives with ground truth in KITTI odometry layout.

    The images depend on `seed`, `frames`, `size`, `options` and the number of the sequence, on nothing else; the poses
    on the seed and the sequence alone. Frames that an earlier call with the same parameters finished are kept.

    Args:
        out: folder for the world: new, empty, or a world made with the same seed, frames and size.
        sequences: how many drives, each through a town of its own.
        frames: frames a drive, 10 a second.
        size: (width, height) of the images in pixels.
        seed: source of all chance, >= 0.
        workers: processes that share the work; as many as the machine has cores if None.
        first_sequence: number of the first drive.
        options: what makes the drives hard, the camera, and which ground truth to write.
        resume: whether `out` may hold files that are not of a world; they stay as they are.

    Raises:
        VoGanError: a number out of range, a folder that holds something else, or a disk that cannot be written to.
    """
    _check(sequences, frames, size, seed, workers, first_sequence)
    out = Path(out)
    parameters = WorldParameters(seed, frames, size, options)
    claim_folder(out, parameters, resume)
    chunks = []
    for sequence in range(first_sequence, first_sequence + sequences):
        left = [i for i in range(frames) if not is_finished(out, sequence, i, options)]
        chunks += [_Chunk(out, parameters, sequence, tuple(left[i : i + _CHUNK])) for i in range(0, len(left), _CHUNK)]
        poses = plan_drive(seed, sequence, frames).poses(frames)
        write_sequence(out, sequence, parameters, np.linalg.inv(poses[0]) @ poses)
    total = sum(len(chunk.indices) for chunk in chunks)
    processes = min(workers or os.cpu_count() or 1, len(chunks))
    for _ in progress(_render_all(chunks, processes), "rendering", total=total):
        pass


def _check(
    sequences: int,
    frames: int,
    size: tuple[int, int],
    seed: int,
    workers: int | None,
    first_sequence: int,
) -> None:
    """Raise VoGanError for numbers out of range."""
    for name, value, least in (
        ("number of sequences", sequences, 1),
        ("number of frames", frames, 1),
        ("seed", seed, 0),
        ("number of workers", workers if workers is not None else 1, 1),
        ("number of the first sequence", first_sequence, 0),
    ):
        if value < least:
            raise VoGanError(f"The {name} must be at least {least}, not {value}.")
    if not all(low <= n <= high for low, n, high in zip(SMALLEST_SIZE, size, LARGEST_SIZE, strict=True)):
        raise VoGanError(
            f"The size must be WIDTHxHEIGHT from {SMALLEST_SIZE[0]}x{SMALLEST_SIZE[1]} to "
            f"{LARGEST_SIZE[0]}x{LARGEST_SIZE[1]} pixels, not {size[0]}x{size[1]}."
        )


def _render_all(chunks: list[_Chunk], processes: int) -> Iterator[int]:
    """Render chunks; yields once a frame."""
    if processes <= 1:
        for chunk in chunks:
            yield from range(_render_chunk(chunk))
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker)
    try:
        with _one_thread_each():
            tasks = [executor.submit(_render_chunk, chunk) for chunk in chunks]
        for done in as_completed(tasks):
            yield from range(done.result())
    except BrokenProcessPool as error:
        raise VoGanError(
            "A rendering process died, perhaps for want of memory. Run the same command again with fewer --workers; "
            "finished frames are kept."
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start now compute with one thread, for there are as many of them as cores.

    NumPy's linear algebra reads these variables when it is loaded; its threads would wait for one another busily.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_worker() -> None:
    """Settle a rendering process: one thread, leave Ctrl-C to the main process, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def _leave_with(parent: BaseProcess) -> None:
    """Wait for the main process to end, however it ends, and end this one."""
    parent.join()
    os._exit(1)


def _render_chunk(chunk: _Chunk) -> int:
    """Render and write the frames of a chunk; returns their number."""
    wanted = chunk.parameters
    recorder = _recorder(wanted.seed, chunk.sequence, wanted.frames, wanted.size, wanted.options)
    for index in chunk.indices:
        write_frame(chunk.out, chunk.sequence, index, recorder.record(index), wanted.options)
    return len(chunk.indices)


_recorder = lru_cache(maxsize=1)(Recorder)
"""A process keeps the recorder of the last sequence."""
