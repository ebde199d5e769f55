"""Stereo pairs made per second beside loops over columns: one JSON line per figure.

    python tools/bench/pairs.py [--size 640x192] [--runs 5] [--batch 4] [--device cpu|cuda]

A pair begins with an image and its nearness in memory, on the canvas that its right view needs, and ends with
everything: scaled and sharpened disparity, right view, filled holes, noise, blur, colours, and the mask. Beside it, on
the CPU, stand two makers of the same in NumPy. Both replace ramps by SciPy's `griddata`, fill holes and add noise, but
leave blur, colours and the mask out:

- `published`: as the algorithm was published. For each column, all that lie to the right of it are searched for what
  covers it; then columns are splatted one after the other.
- `painter`: without that search. Columns are splatted from left to right with a z-buffer, one after the other.

On the CPU, processor time of one thread; on a GPU, time by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float64
from scipy.interpolate import griddata
from torch import Tensor

from vo_gan.data.pair_maker import PairMakerConfig, in_colours_of, make_pairs
from vo_gan.geometry import splat_disparity

CONFIG = PairMakerConfig()
RAMP = 3.0

Splat = Callable[[Float64[np.ndarray, "h w 3"], Float64[np.ndarray, "h w"]], Float64[np.ndarray, "h w 4"]]
"""Colours of the right view, and how much of each pixel is covered."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="640x192", help="WxH of the pairs")
    parser.add_argument("--runs", type=int, default=5, help="the fastest counts")
    parser.add_argument("--batch", type=int, default=4, help="pairs made together")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    width, height = (int(length) for length in arguments.size.split("x"))
    device = torch.device(arguments.device)
    image, nearness, other = (tensor.to(device) for tensor in street(width + CONFIG.margin(width), height))

    def made(count: int) -> None:
        generators = [torch.Generator(device).manual_seed(index) for index in range(count)]
        images, near, others = (tensor.expand(count, -1, -1, -1) for tensor in (image, nearness, other))
        make_pairs(images, near, others, generators, CONFIG, ("street",) * count, width)

    label = f"{arguments.size}, canvas {image.shape[-1]}x{height}"
    rates = {}
    for count in (1, arguments.batch):
        rates[count] = count / seconds(partial(made, count), arguments.runs, device)
        print_line(f"made_pairs_batch_{count}", rates[count], "pairs/s", label, device)
    disparity = nearness * (width * CONFIG.most / CONFIG.reference_width)
    splat = seconds(lambda: splat_disparity(disparity), arguments.runs, device)
    print_line("made_pairs_splat_alone", 1e3 * splat, "ms", label, device)
    if device.type == "cuda":
        print_line("made_pairs_peak_memory", torch.cuda.max_memory_allocated() / 2**20, "MiB", label, device)
        return
    for name, by_columns in (("published", splat_as_published), ("painter", splat_as_a_painter)):
        taken = seconds(partial(loop_pair, image, nearness, other, by_columns, width), 1, device)
        print_line(f"looped_pairs_{name}", 1 / taken, "pairs/s", label, device)
        print_line(f"made_pairs_speed_up_over_{name}", rates[1] * taken, "times", f"{label}, one by one", device)


def street(
    width: int, height: int
) -> tuple[Float[Tensor, "1 3 h w"], Float[Tensor, "1 1 h w"], Float[Tensor, "1 3 h w"]]:
    """Image, nearness and another image: a road, a wall, and cars and poles with soft edges before it."""
    generator = torch.Generator().manual_seed(0)
    row = torch.linspace(-0.8, 1, height)[:, None]
    nearness = row.clamp(min=0.12).expand(height, width).clone()
    for number, column in enumerate(torch.rand(12, generator=generator).mul(width).long().tolist()):
        top, wide = height // 4 + 3 * number, width // (12 if number % 2 else 60)
        nearness[top : height // 2 + 6 * number, column : column + wide] = 0.2 + 0.05 * number
    nearness = torch.nn.functional.avg_pool2d(nearness[None, None], 5, 1, 2, count_include_pad=False)
    image, other = (torch.rand(1, 3, height, width, generator=generator) for _ in range(2))
    return image, nearness, other


def loop_pair(image: Tensor, nearness: Tensor, other: Tensor, splat: Splat, width: int) -> None:
    """A pair by NumPy, SciPy and loops over columns."""
    random = np.random.default_rng(0)
    scale = random.uniform(CONFIG.least, CONFIG.most) * width / CONFIG.reference_width
    disparity = nearness[0, 0].double().numpy()
    disparity = disparity / disparity.max() * scale
    down, across = np.gradient(disparity)
    firm = np.hypot(down, across) <= RAMP
    rows, columns = np.indices(disparity.shape)
    places = np.stack([rows[firm], columns[firm]], axis=1)
    everywhere = np.stack([rows.ravel(), columns.ravel()], axis=1)
    disparity = griddata(places, disparity[firm], everywhere, method="nearest").reshape(disparity.shape)
    splatted = splat(image[0].permute(1, 2, 0).double().numpy(), disparity)
    filler = in_colours_of(image, other)[0].permute(1, 2, 0).double().numpy()
    right = np.where(splatted[..., 3:] > 0, splatted[..., :3], filler)
    (right + CONFIG.noise * random.standard_normal(right.shape)).clip(0, 1)


def splat_as_published(
    image: Float64[np.ndarray, "h w 3"], disparity: Float64[np.ndarray, "h w"]
) -> Float64[np.ndarray, "h w 4"]:
    """A column is dropped where one further right lands on the pixel before or after its landing place; what is left is
    shared between the two."""
    height, width = disparity.shape
    landing = np.arange(width) - disparity
    before, after = np.floor(landing), np.ceil(landing)
    kept = np.ones(disparity.shape, bool)
    for column in range(width - 2):
        free = []
        for own in (before[:, column, None], after[:, column, None]):
            free.append(((before[:, column + 2 :] != own) & (after[:, column + 2 :] != own)).all(axis=1))
        kept[:, column] = free[0] | free[1]
    total = np.zeros((height, width, 4))
    rows = np.arange(height)
    for column in range(width - 1, -1, -1):
        share = landing[:, column] - before[:, column]
        for target, weight in ((before[:, column], 1 - share), (before[:, column] + 1, share)):
            good = kept[:, column] & (target >= 0) & (target < width)
            place = rows[good], target[good].astype(int)
            total[*place, :3] += weight[good, None] * image[good, column]
            total[*place, 3] += weight[good]
    return _normalised(total)


def splat_as_a_painter(
    image: Float64[np.ndarray, "h w 3"], disparity: Float64[np.ndarray, "h w"]
) -> Float64[np.ndarray, "h w 4"]:
    """A pixel's colour goes to the two between which it lands, unless what is there is more than a pixel nearer; and
    takes the place of what is more than a pixel further away."""
    height, width = disparity.shape
    landing = np.arange(width) - disparity
    before = np.floor(landing)
    total = np.zeros((height, width, 4))
    nearest = np.full((height, width), -np.inf)
    rows = np.arange(height)
    for column in range(width):
        share, own = landing[:, column] - before[:, column], disparity[:, column]
        for target, weight in ((before[:, column], 1 - share), (before[:, column] + 1, share)):
            good = (target >= 0) & (target < width)
            place = rows[good], target[good].astype(int)
            there = nearest[place]
            seen, first = own[good] >= there - 1, own[good] > there + 1
            place = rows[good][seen], target[good][seen].astype(int)
            nearest[place] = np.maximum(there[seen], own[good][seen])
            old = np.where(first[seen, None], 0.0, total[place])
            colour = np.concatenate([image[good, column], np.ones((good.sum(), 1))], axis=1)[seen]
            total[place] = old + weight[good][seen, None] * colour
    return _normalised(total)


def _normalised(total: Float64[np.ndarray, "h w 4"]) -> Float64[np.ndarray, "h w 4"]:
    total[..., :3] /= np.maximum(total[..., 3:], 1e-7)
    return total


def seconds(work: Callable[[], object], runs: int, device: torch.device) -> float:
    """The fastest run; one more goes before if there are several."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    times = []
    for _ in range(runs + (runs > 1)):
        started = clock()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - started)
    return min(times)


def print_line(name: str, value: float, unit: str, conditions: str, device: torch.device) -> None:
    """One figure as a JSON line."""
    where = f"1 thread of {os.cpu_count()} cores" if device.type == "cpu" else torch.cuda.get_device_name()
    machine = f"{where}, torch {torch.__version__}, Python {platform.python_version()}"
    line = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "conditions": f"{conditions}; {machine}"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
