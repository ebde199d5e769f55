"""Many trajectories at once: found, evaluated on all cores, put together.

Under `torchrun` every rank takes its share, and rank 0 has the result. Sequences are evaluated by themselves and put
together in the order of their names, so that the figures do not depend on how the work was divided.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment
from vo_gan.evaluation.kitti import Arithmetic
from vo_gan.evaluation.sources import KITTI_NAME, TRACK_FILE, open_estimate, open_timed
from vo_gan.evaluation.trajectory import TrajectoryFigures, align_trajectories, errors_of_segments, evaluate_aligned
from vo_gan.progress import progress

FIGURES = ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "rpe_m", "rpe_deg")

SUFFIXES = (".txt", ".tum", ".csv")

BYTES_PER_WORKER = 20_000_000
"""Of trajectory files. Less is evaluated in the time that a process takes to start (2 s)."""


@dataclass(frozen=True)
class Job:
    """One sequence to be evaluated, and how."""

    name: str
    truth: Path
    estimate: Path
    alignment: Alignment
    arithmetic: Arithmetic


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its figures, or why there are none.

    Attributes:
        name: of the sequence.
        figures: None if a file was bad.
        translation: sum of the translation errors of all sub-sequences, each over its length.
        rotation: likewise of rotation, radians per metre.
        error: what was wrong; empty if nothing was.
    """

    name: str
    figures: TrajectoryFigures | None
    translation: float = 0.0
    rotation: float = 0.0
    error: str = ""


def find_jobs(truth: Path, estimate: Path, alignment: Alignment, arithmetic: Arithmetic) -> list[Job]:
    """The sequences that both folders have, in order of names.

    A sequence NN is `NN.txt` (or `.tum`, `.csv`) in the folder of the truth, and the same or a track folder `NN` in
    that of the estimates.

    Raises:
        VoGanError: a folder is missing or holds no trajectory, two files stand for one sequence, or no names agree.
    """
    truths, estimates = _trajectories(truth, "--gt", tracks=False), _trajectories(estimate, "--est", tracks=True)
    common = sorted(truths.keys() & estimates.keys())
    if not common:
        raise VoGanError(
            f"{estimate}: none of its {len(estimates)} trajectories ({_some(estimates)}) has the name of one of the "
            f"{len(truths)} in {truth} ({_some(truths)})"
        )
    return [Job(name, truths[name], estimates[name], alignment, arithmetic) for name in common]


def unpaired(truth: Path, estimate: Path) -> list[str]:
    """Names of true sequences without an estimate, and of estimates without a truth."""
    truths, estimates = _trajectories(truth, "--gt", tracks=False), _trajectories(estimate, "--est", tracks=True)
    return sorted(truths.keys() ^ estimates.keys())


def evaluate_job(job: Job) -> Outcome:
    """Evaluate one sequence. Bad files are an outcome, not an exception."""
    try:
        orthonormalise = job.arithmetic == "exact"
        truth = open_timed(job.truth, orthonormalise=orthonormalise)
        estimate = open_estimate(job.estimate, times=truth.times is not None, orthonormalise=orthonormalise)
        aligned = align_trajectories(truth, estimate.trajectory, job.alignment)
        figures = evaluate_aligned(aligned, job.arithmetic)
        segments = errors_of_segments(aligned, job.arithmetic)
    except VoGanError as error:
        return Outcome(job.name, None, error=str(error))
    return Outcome(job.name, figures, float(segments.translation.sum()), float(segments.rotation.sum()))


def evaluate_batch(jobs: Sequence[Job], workers: int | None = None) -> list[Outcome] | None:
    """Evaluate all jobs.

    Args:
        jobs: what to evaluate.
        workers: processes of this rank; None for as many as the cores and the files are worth.

    Returns:
        The outcomes in the order of the jobs; None on every rank but 0.
    """
    rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    mine = jobs[rank::ranks]
    outcomes = list(progress(_evaluate(mine, workers), "evaluating", total=len(mine), unit="sequence"))
    if ranks > 1:
        gathered = _gather(outcomes, rank, ranks)
        if gathered is None:
            return None
        outcomes = gathered
    order = {job.name: index for index, job in enumerate(jobs)}
    return sorted(outcomes, key=lambda outcome: order[outcome.name])


def mean_figures(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Plain means over the sequences that have a figure."""
    figures = [outcome.figures for outcome in outcomes if outcome.figures is not None]
    means: dict[str, float | None] = {}
    for name in FIGURES:
        values = [value for one in figures if (value := getattr(one, name)) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means


def pooled_figures(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """t_rel and r_rel over the sub-sequences of all sequences together, as KITTI's leaderboard has them."""
    good = [one for one in outcomes if one.figures is not None and one.figures.t_rel_percent is not None]
    segments = sum(one.figures.segments for one in good if one.figures is not None)
    if not segments:
        return {"t_rel_percent": None, "r_rel_deg_per_100m": None}
    return {
        "t_rel_percent": 100.0 * sum(one.translation for one in good) / segments,
        "r_rel_deg_per_100m": 100.0 * float(np.degrees(sum(one.rotation for one in good))) / segments,
    }


def _evaluate(jobs: Sequence[Job], workers: int | None) -> Iterator[Outcome]:
    if workers is None:
        workers = _useful_workers(jobs)
    if min(workers, len(jobs)) < 2:
        yield from map(evaluate_job, jobs)
        return
    # A fork of a process with threads may hang; a fork of a server that has none, and has imported all, does not.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        yield from pool.map(evaluate_job, jobs)


def _useful_workers(jobs: Sequence[Job]) -> int:
    files = [path / KITTI_NAME if path.is_dir() else path for job in jobs for path in (job.truth, job.estimate)]
    size = sum(path.stat().st_size for path in files if path.is_file())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))), 1 + size // BYTES_PER_WORKER)


def _gather(outcomes: list[Outcome], rank: int, ranks: int) -> list[Outcome] | None:
    """The outcomes of all ranks on rank 0, None on the others."""
    import torch.distributed as distributed

    distributed.init_process_group("gloo")
    try:
        gathered: list[list[Outcome]] | None = [[] for _ in range(ranks)] if rank == 0 else None
        distributed.gather_object(outcomes, gathered)
    finally:
        distributed.destroy_process_group()
    return None if gathered is None else [outcome for part in gathered for outcome in part]


def _trajectories(folder: Path, option: str, *, tracks: bool) -> dict[str, Path]:
    """Trajectory files of a folder, and track folders in it, by the name of their sequence."""
    if not folder.is_dir():
        raise VoGanError(f"{folder}: no such folder; check {option}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        track = tracks and (path / TRACK_FILE).is_file()
        if not track and not (path.is_file() and path.suffix in SUFFIXES):
            continue
        name = path.name if track else path.stem
        if name in found:
            raise VoGanError(f"{path}: {found[name].name} stands for the same sequence; keep one of the two")
        found[name] = path
    if not found:
        kinds = ", ".join(f"NN{suffix}" for suffix in SUFFIXES)
        raise VoGanError(f"{folder}: holds no trajectory; expected {kinds}{' or track folders NN' if tracks else ''}")
    return found


def _some(found: Mapping[str, Path]) -> str:
    names = sorted(found)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
