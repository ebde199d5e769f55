"""Training steps of the image translators at the papers' widths, batch 1: one JSON line per figure.

    python tools/bench/gans.py [--only pix2pix,cyclegan] [--precision fp32,bf16] [--layout contiguous,channels_last]

pix2pix at 256x256 (U-Net of 8 downsamplings, 54.4 M parameters), CycleGAN at 128x128 (6 residual blocks, twice 7.8 M).
Each figure is the minimum and the median of several steps in a process of its own, so that its peak memory is its own.

Beside them, `usual_...`: the same networks and losses in the same step as it is usually written, in float32 and the
default layout: a pass for every image, PyTorch's default Adam, gradients kept until the next step clears them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from itertools import chain, product

import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from vo_gan.gans.data import DataShape, Pairs
from vo_gan.gans.run import configure, find_variant

SIZES = {"pix2pix": 256, "cyclegan": 128}


Step = Callable[[], object]


def our_step(name: str, batch: Pairs, precision: str, layout: str) -> Step:
    """A step of the library."""
    size = SIZES[name]
    learner = find_variant(name)(configure(name).model, DataShape([3, size, size], [3, size, size]))
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    learner.place(fabric, channels_last=layout == "channels_last")
    learner.set_mode(training=True)
    return lambda: learner.step(batch, 0)


def usual_step(name: str, batch: Pairs) -> Step:
    """The same as it is usually written."""
    size = SIZES[name]
    networks = find_variant(name)(configure(name).model, DataShape([3, size, size], [3, size, size])).networks
    return {"pix2pix": _usual_pix2pix, "cyclegan": _usual_cyclegan}[name](networks, batch.first, batch.second)


def _adam(*networks: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(chain(*(network.parameters() for network in networks)), lr=2e-4, betas=(0.5, 0.999))


def _usual_pix2pix(networks: dict[str, nn.Module], first: Tensor, second: Tensor) -> Step:
    generator, discriminator = networks["generator"], networks["discriminator"]
    generating, discriminating = _adam(generator), _adam(discriminator)

    def against(logits: Tensor, target: float) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def step() -> None:
        made = generator(first)
        discriminator.requires_grad_(True)
        discriminating.zero_grad()
        fake = against(discriminator(torch.cat([first, made], dim=1).detach()), 0.0)
        real = against(discriminator(torch.cat([first, second], dim=1)), 1.0)
        (0.5 * (fake + real)).backward()
        discriminating.step()
        discriminator.requires_grad_(False)
        generating.zero_grad()
        fooling = against(discriminator(torch.cat([first, made], dim=1)), 1.0)
        (fooling + 100 * F.l1_loss(made, second)).backward()
        generating.step()

    return step


def _usual_cyclegan(networks: dict[str, nn.Module], first: Tensor, second: Tensor) -> Step:
    to_second, to_first = networks["to_second"], networks["to_first"]
    judges = {"first": networks["first"], "second": networks["second"]}
    generating, discriminating = _adam(to_second, to_first), _adam(*judges.values())

    def step() -> None:
        made_second, made_first = to_second(first), to_first(second)
        back_first, back_second = to_first(made_second), to_second(made_first)
        for judge in judges.values():
            judge.requires_grad_(False)
        generating.zero_grad()
        loss = 5 * (F.l1_loss(to_first(first), first) + F.l1_loss(to_second(second), second))
        loss = loss + 10 * (F.l1_loss(back_first, first) + F.l1_loss(back_second, second))
        for judge, made in ((judges["second"], made_second), (judges["first"], made_first)):
            loss = loss + (judge(made) - 1).square().mean()
        loss.backward()
        generating.step()
        discriminating.zero_grad()
        for judge, real, made in ((judges["first"], first, made_first), (judges["second"], second, made_second)):
            judge.requires_grad_(True)
            judging = 0.5 * ((judge(real) - 1).square().mean() + judge(made.detach()).square().mean())
            judging.backward()
        discriminating.step()

    return step


def measure(name: str, usual: bool, precision: str, layout: str, runs: int, threads: int) -> None:
    """Print the figures of one variant."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    size = SIZES[name]
    images = 2 * torch.rand(2, 1, 3, size, size, generator=torch.Generator().manual_seed(0)) - 1
    batch = Pairs(("noise",), images[0], images[1], True)
    step = usual_step(name, batch) if usual else our_step(name, batch, precision, layout)
    times = []
    for _ in range(runs + 2):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    conditions = {
        "size": f"{size}x{size}",
        "precision": precision,
        "layout": layout,
        "threads": threads,
        "torch": torch.__version__,
    }
    for figure, value, unit in (
        ("step_minimum", min(times[2:]), "s"),
        ("step_median", statistics.median(times[2:]), "s"),
        ("peak_memory", peak, "MB"),
    ):
        title = f"{'usual_' if usual else ''}{name}_{figure}"
        print(json.dumps({"name": title, "value": round(value, 4), "unit": unit, "conditions": conditions}), flush=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="pix2pix,cyclegan", help="comma-separated names")
    parser.add_argument("--precision", default="fp32,bf16", help="comma-separated: fp32, bf16")
    parser.add_argument("--layout", default="channels_last", help="comma-separated: contiguous, channels_last")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    for name in given.only.split(","):
        ways = [(True, "fp32", "contiguous")]
        ways += [(False, *way) for way in product(given.precision.split(","), given.layout.split(","))]
        for way in ways:
            process = processes.Process(target=measure, args=(name, *way, given.runs, given.threads))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
