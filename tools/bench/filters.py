"""Speed and peak memory of the filters beside their definitions: one JSON line per figure.

    python tools/bench/filters.py [--size 640x192] [--runs 5] [--only upsample,grid]

The definitions are written down here as one would: NumPy in float64, one pixel of the result after the other, all of
its window at once. That of the grid is the joint bilateral filter that it approximates, over a window of two standard
deviations; kornia's stands beside it. Definitions are timed on every 8th row and column. Processor time, one thread.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from kornia.filters import joint_bilateral_blur
from torch import Tensor

from vo_gan.filters import bilateral_grid_filter, joint_bilateral_upsample

EVERY = 8


@dataclass(frozen=True)
class Case:
    """A filter and its definition.

    Attributes:
        factor: by which the guide is larger than the values.
        channels: of the guide.
        sigma_space: in pixels of the values.
        sigma_guide: in units of the guide.
        radius: of the definition's window, likewise.
        work: the filter.
    """

    factor: int
    channels: int
    sigma_space: float
    sigma_guide: float
    radius: int
    work: Callable[[Tensor, Tensor], Tensor]

    def inputs(self, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Noise to filter and a guide of `shape`."""
        generator = torch.Generator().manual_seed(0)
        values = torch.rand(1, 1, shape[0] // self.factor, shape[1] // self.factor, generator=generator)
        return values, torch.rand(1, self.channels, *shape, generator=generator)


CASES = {
    "upsample": Case(4, 3, 0.5, 0.05, 1, lambda values, guide: joint_bilateral_upsample(values, guide)),
    "grid": Case(1, 1, 16.0, 0.1, 32, lambda values, guide: bilateral_grid_filter(values, guide)),
}
"""With the filters' default deviations."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="640x192", help="WxH of the guide")
    parser.add_argument("--runs", type=int, default=5, help="the fastest counts")
    parser.add_argument("--only", default=",".join(CASES), help="comma-separated names")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    width, height = (int(length) for length in arguments.size.split("x"))
    for name in arguments.only.split(","):
        bench(name, (height, width), arguments.runs)


def bench(name: str, shape: tuple[int, int], runs: int) -> None:
    """Time a filter, forwards and with its gradient, and its definition; then its memory."""
    case = CASES[name]
    values, guide = case.inputs(shape)
    size, window = f"{shape[1]}x{shape[0]}", 2 * case.radius + 1
    fast = seconds(lambda: forward(case, values, guide), runs)
    print_line(f"{name}_forward", 1e3 * fast, "ms", size)
    print_line(f"{name}_with_gradient", 1e3 * seconds(lambda: backward(case, values, guide), runs), "ms", size)
    slow = seconds(lambda: by_definition(case, values, guide), 1) * EVERY**2
    print_line(f"{name}_by_definition", 1e3 * slow, "ms", f"{size}, window of {window}x{window}")
    print_line(f"{name}_speed_up", slow / fast, "times", size)
    if case.factor == 1:
        deviations = (case.sigma_space, case.sigma_space)
        kornia = seconds(lambda: joint_bilateral_blur(values, guide, window, case.sigma_guide, deviations), 1)
        print_line(f"{name}_by_kornia", 1e3 * kornia, "ms", f"{size}, joint_bilateral_blur, {window}x{window}")
    context = multiprocessing.get_context("spawn")
    for work in (forward, backward):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_peak, args=(sender, name, shape, work))
        process.start()
        sender.close()
        idle, peak = receiver.recv()
        process.join()
        what = "forward" if work is forward else "with_gradient"
        print_line(f"{name}_{what}_peak_memory", peak - idle, "MiB", f"{size}, beyond {idle:.0f} MiB at rest")


def forward(case: Case, values: Tensor, guide: Tensor) -> None:
    """The filter alone."""
    with torch.inference_mode():
        case.work(values, guide)


def backward(case: Case, values: Tensor, guide: Tensor) -> None:
    """The filter, and back to values and guide."""
    values, guide = (tensor.clone().requires_grad_() for tensor in (values, guide))
    case.work(values, guide).sum().backward()


def by_definition(case: Case, values: Tensor, guide: Tensor) -> None:
    """The weighted mean of a window for every 8th row and column."""
    coarse = F.interpolate(guide, size=values.shape[-2:], mode="area")[0].double().numpy()
    fine, wanted = guide[0].double().numpy(), values[0, 0].double().numpy()
    height, width = wanted.shape
    result = np.zeros((fine.shape[1] // EVERY, fine.shape[2] // EVERY))
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            at_y, at_x = ((EVERY * at + 0.5) / case.factor - 0.5 for at in (y, x))
            rows = np.arange(max(round(at_y) - case.radius, 0), min(round(at_y) + case.radius + 1, height))
            columns = np.arange(max(round(at_x) - case.radius, 0), min(round(at_x) + case.radius + 1, width))
            window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            near = ((rows - at_y) ** 2)[:, None] + (columns - at_x) ** 2
            alike = ((coarse[:, *window] - fine[:, EVERY * y, EVERY * x, None, None]) ** 2).sum(axis=0)
            weights = np.exp(-near / (2 * case.sigma_space**2) - alike / (2 * case.sigma_guide**2))
            result[y, x] = (weights * wanted[window]).sum() / weights.sum()


def seconds(work: Callable[[], object], runs: int) -> float:
    """Processor time of the fastest run, which bears other people's load; one more goes before if there are several."""
    times = []
    for _ in range(runs + (runs > 1)):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def peak_memory() -> float:
    """MiB that this process has held at most."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _send_peak(
    sender: Connection, name: str, shape: tuple[int, int], work: Callable[[Case, Tensor, Tensor], None]
) -> None:
    """Filter in a fresh process, so that the peak is its own; a tiny image goes before, for what is loaded then."""
    torch.set_num_threads(1)
    case = CASES[name]
    work(case, *case.inputs((16, 16)))
    inputs = case.inputs(shape)
    idle = peak_memory()
    work(case, *inputs)
    sender.send((idle, peak_memory()))


def print_line(name: str, value: float, unit: str, conditions: str) -> None:
    """One figure as a JSON line."""
    machine = f"1 thread of {os.cpu_count()} cores, torch {torch.__version__}, Python {platform.python_version()}"
    line = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": f"{conditions}; {machine}"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
