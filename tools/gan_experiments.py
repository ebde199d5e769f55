"""Does each variant learn? One sub-command per claim, each with figures that could say no, as a table.

    python tools/gan_experiments.py ring --out runs/ring [--seeds 0,1,2,3,4]
    python tools/gan_experiments.py digits | outlines | shapes --out DIR
    python tools/gan_experiments.py depth --data WORLD --out DIR
    python tools/gan_experiments.py fog --data FOG --second CLEAR --out DIR
    python tools/gan_experiments.py weathers --data WEATHERS --out DIR
    python tools/gan_experiments.py deblur --data WORLD [--real FRAMES] --out DIR

A run that is there already is not trained again. Keys such as `--training.steps 100` go to every run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vo_gan.gans.data import Data, DataBatches, GanDataConfig, Pairs, open_data
from vo_gan.gans.data.digits import Digits, outline, read_digits
from vo_gan.gans.data.ring import ring_figures
from vo_gan.gans.data.shapes import CaptionedShapes
from vo_gan.gans.figures import kid, psnr, same_share, ssim
from vo_gan.gans.judges import Classifier, judge_for, standardised, train_classifier
from vo_gan.gans.run import configure, load_variant, train_gan

CONFIGS = Path(__file__).parents[1] / "configs" / "gans"
JUDGE_STEPS = 1500
"""Steps of the classifiers that judge here: more than those of validation."""
DRAWN = 2000
"""Samples that a figure is taken from."""


@dataclass(frozen=True)
class Request:
    """What was asked for: where runs go, with which seeds, keys and folders."""

    out: Path
    seeds: list[int]
    keys: list[str]
    data: str
    second: str
    real: str


Row = dict[str, Any]


def trained(request: Request, name: str, config: str, seed: int, *keys: str) -> tuple[Any, Any]:
    """The variant of a run at its end, and its configuration; trains it if it is not there yet."""
    run = request.out / f"{name}_{seed}"
    path = CONFIGS / f"{config}.yaml"
    variant = next(line.split()[1] for line in path.read_text().splitlines() if line.startswith("variant:"))
    finished = run / "seconds.txt"
    if not finished.exists():
        given = ["--seed", str(seed), *keys, *request.keys]
        given += ["--data.source", request.data] if request.data else []
        given += ["--data.second", request.second] if request.second else []
        started = time.perf_counter()
        train_gan(configure(variant, path, given), run, resume=(run / "checkpoints").exists())
        finished.write_text(f"{time.perf_counter() - started:.0f}\n")
    return load_variant(run / "checkpoints" / "last")


def ring(request: Request) -> list[Row]:
    """Modes covered, and share of good samples, under four objectives."""
    kinds = {
        "minimax": ("ring_gan", ("--model.objective", "minimax")),
        "nonsaturating": ("ring_gan", ()),
        "wgan, clipped": ("ring_wgan", ()),
        "wgan-gp": ("ring_wgan_gp", ()),
    }
    rows = []
    for kind, (config, keys) in kinds.items():
        found = []
        for seed in request.seeds:
            variant, _ = trained(request, kind.replace(", ", "_"), config, seed, *keys)
            found.append({key: value.item() for key, value in ring_figures(variant.sample(10_000, seed=1)).items()})
        modes, reached, quality = ([figures[key] for figures in found] for key in ("modes", "reached", "quality"))
        rows.append(
            {
                "objective": kind,
                "modes hit, each seed": " ".join(f"{count:.0f}" for count in modes),
                "modes reached, each seed": " ".join(f"{count:.0f}" for count in reached),
                "modes hit, mean": statistics.mean(modes),
                "modes reached, mean": statistics.mean(reached),
                "good samples, mean": statistics.mean(quality),
            }
        )
    return rows


def digit_classifier(
    size: int, margin: int = 0, change: Callable[[np.ndarray], np.ndarray] = lambda image: image
) -> Classifier:
    """Learns real training digits, perhaps changed; says how well it knows unseen ones."""
    parts: list[Digits] = []
    for part in ("training", "validation"):
        data = Digits(part, size)
        images, _ = read_digits(part, size, margin)
        data.images = torch.from_numpy(np.stack([change(image) for image in images]))[:, None] * 2 - 1
        parts.append(data)
    classifier = train_classifier(parts[0], (10,), lambda batch: batch.labels[:, None], JUDGE_STEPS)
    right = same_share(classifier.classify(parts[1].images)[:, 0], parts[1].labels).item()
    print(f"classifier of {size}x{size} digits: {right:.3f} of unseen real ones right")
    return classifier


def digits(request: Request) -> list[Row]:
    """CGAN: samples of the class asked for. DCGAN: KID in a classifier's features, from the first steps to the last."""
    rows = []
    classifier = digit_classifier(8)
    labels = torch.arange(DRAWN) % 10
    for seed in request.seeds:
        variant, _ = trained(request, "cgan", "digits_cgan", seed)
        found = classifier.classify(variant.sample(DRAWN, seed=1, wanted=list("0123456789")))[:, 0]
        rows.append({"claim": "cgan: class as asked", "seed": seed, "figure": same_share(found, labels).item()})
    data = Digits("training", 16)
    features = standardised(digit_classifier(16).features, data)
    unseen = features(Digits("validation", 16).images)
    rows.append(
        {"claim": "dcgan: KID of real training digits", "seed": "", "figure": kid(unseen, features(data.images)).item()}
    )
    for seed in request.seeds:
        for steps in (100, 500, None):
            keys = ["--training.steps", str(steps)] if steps else []
            variant, config = trained(request, f"dcgan_{steps or 'end'}", "digits_dcgan", seed, *keys)
            figure = kid(unseen, features(variant.sample(DRAWN, seed=1))).item()
            rows.append({"claim": f"dcgan: KID after {config.training.steps} steps", "seed": seed, "figure": figure})
    return rows


def outlines(request: Request) -> list[Row]:
    """CoupledGAN: digit and outline of one latent vector show the same digit; those of different ones do not."""
    judges = digit_classifier(28, 4), digit_classifier(28, 4, outline)
    rows = []
    for seed in request.seeds:
        variant, _ = trained(request, "coupled", "outlines_coupled", seed)
        first, second = variant.sample(DRAWN, seed=1).chunk(2, dim=3)
        classes = [judge.classify(images)[:, 0] for judge, images in zip(judges, (first, second), strict=True)]
        drawn = np.stack([outline(image) for image in ((first[:, 0] + 1) / 2).numpy()])
        made = ((second[:, 0] + 1) / 2).numpy()
        counts = torch.bincount(classes[0], minlength=10)
        rows.append(
            {
                "seed": seed,
                "same digit, pairs": same_share(classes[0], classes[1]).item(),
                "same digit, strangers": same_share(classes[0], classes[1].roll(1)).item(),
                "outline agrees, pairs": correlation(drawn, made),
                "outline agrees, strangers": correlation(drawn, np.roll(made, 1, axis=0)),
                "digits that occur": int((counts > DRAWN / 200).sum()),
            }
        )
    return rows


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """The mean over pairs of images."""
    return float(np.mean([np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(a, b, strict=True)]))


def shapes(request: Request) -> list[Row]:
    """Text to image: a classifier that reads the five facts off an image finds what the caption said."""
    rows = []
    for seed in request.seeds:
        variant, config = trained(request, "text_to_image", "shapes_text_to_image", seed)
        size = config.shape.first[1]
        judge = judge_for(CaptionedShapes(size), JUDGE_STEPS)
        batch: Any = next(iter(DataBatches(CaptionedShapes(size), DRAWN, seed=1000 + seed)))
        made = variant.make_like(batch)
        sets = {"real": batch.images, "made": made, "made for another caption": made.roll(1, dims=0)}
        for name, images in sets.items():
            figures = {key: value.item() for key, value in judge.figures(images, batch).items()}
            rows.append({"seed": seed, "images": name} | figures)
    return rows


def depth(request: Request) -> list[Row]:
    """pix2pix and pix2pixHD's two stages: depth from an image, beside the grey image and the mean depth of training."""
    seed = request.seeds[0]
    pix2pix, config = trained(request, "pix2pix", "world_depth_pix2pix", seed)
    trained(request, "pix2pixhd_global", "world_depth_pix2pixhd", seed)
    start = str(request.out / f"pix2pixhd_global_{seed}")
    pix2pixhd, _ = trained(request, "pix2pixhd", "world_depth_pix2pixhd_enhancer", seed, "--model.start", start)
    data, unseen = open_data(config.data, "aligned")
    mean = torch.cat([batch.second for batch in chosen(data)]).mean(dim=0, keepdim=True)
    batches = chosen(unseen)
    return [
        likeness("pix2pix", batches, lambda batch: pix2pix.translate(batch.first)),
        likeness("pix2pixHD", batches, lambda batch: pix2pixhd.translate(batch.first)),
        likeness("the mean depth", batches, lambda batch: mean.expand_as(batch.second)),
        likeness("the grey image", batches, lambda batch: batch.first.mean(dim=1, keepdim=True)),
        likeness("the grey image, inverted", batches, lambda batch: -batch.first.mean(dim=1, keepdim=True)),
    ]


def fog(request: Request) -> list[Row]:
    """CycleGAN: the first domain made to look like the second, beside leaving it as it is."""
    variant, config = trained(request, "cyclegan", "world_fog_cyclegan", request.seeds[0])
    _, unseen = open_data(config.data, "unaligned")
    batches = chosen(unseen)
    return [
        likeness("cyclegan", batches, lambda batch: variant.translate(batch.first)),
        likeness("as it is", batches, lambda batch: batch.first),
    ]


def weathers(request: Request) -> list[Row]:
    """StarGAN: a classifier of real weather finds in a translation the weather that was asked for."""
    variant, config = trained(request, "stargan", "world_weathers_stargan", request.seeds[0])
    data, unseen = open_data(config.data, "labelled")
    classes = config.shape.classes
    classifier = train_classifier(data, (len(classes),), lambda batch: batch.labels[:, None], JUDGE_STEPS // 5)
    batches: list[Any] = list(DataBatches(unseen, min(50, len(unseen)), shuffle=False))
    images, labels = (torch.cat([getattr(batch, part) for batch in batches]) for part in ("images", "labels"))
    rows = []
    for number, name in enumerate(classes):
        others = images[labels != number]
        made = torch.cat([variant.translate(part, name) for part in others.split(50)])
        real = classifier.classify(images[labels == number])[:, 0]
        rows.append(
            {
                "weather": name,
                "real, recognised": (real == number).float().mean().item(),
                "translations, recognised": (classifier.classify(made)[:, 0] == number).float().mean().item(),
                "untranslated, taken for it": (classifier.classify(others)[:, 0] == number).float().mean().item(),
            }
        )
    return rows


def deblur(request: Request) -> list[Row]:
    """DeblurGAN: PSNR and SSIM over the blurred images, on held-out frames and on real ones never trained on."""
    variant, config = trained(request, "deblurgan", "deblurgan_small", request.seeds[0])
    sets = {"held out": open_data(config.data, "blurred")[1]}
    if request.real:
        given = {"kernel": config.data.kernel, "length": config.data.length, "held_out": 0.5, "resize": False}
        sets["real"] = open_data(GanDataConfig(request.real, width=384, height=256, **given), "blurred")[1]
    rows = []
    for name, data in sets.items():
        batches = chosen(data)
        rows.append(likeness(f"{name}: deblurred", batches, lambda batch: variant.translate(batch.first, noise="off")))
        rows.append(likeness(f"{name}: blurred", batches, lambda batch: batch.first))
    return rows


def chosen(data: Data, most: int = 100) -> list[Pairs]:
    """At most so many items of a data set, evenly chosen, in small batches."""
    items = np.unique(np.linspace(0, len(data) - 1, min(most, len(data))).round().astype(int)).tolist()
    parts = [items[start : start + 4] for start in range(0, len(items), 4)]
    return [data.batch(part, np.random.default_rng((5, number))) for number, part in enumerate(parts)]  # type: ignore[misc]


def likeness(name: str, batches: Sequence[Pairs], make: Callable[[Pairs], Tensor]) -> Row:
    """PSNR and SSIM to the second images of pairs."""
    with torch.no_grad():
        made = [(make(batch), batch.second) for batch in batches]
    count = sum(len(truth) for _, truth in made)
    figures = {"psnr": psnr, "ssim": ssim}
    return {"images": name} | {
        key: sum(figure(images, truth).item() * len(truth) for images, truth in made) / count
        for key, figure in figures.items()
    }


EXPERIMENTS: dict[str, Callable[[Request], list[Row]]] = {
    experiment.__name__: experiment for experiment in (ring, digits, outlines, shapes, depth, fog, weathers, deblur)
}


def table(rows: Sequence[Row]) -> str:
    """As Markdown."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    for row in rows:
        cells = [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run one experiment, print its table and keep it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=tuple(EXPERIMENTS))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--data", default="")
    parser.add_argument("--second", default="")
    parser.add_argument("--real", default="")
    given, keys = parser.parse_known_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    rows = EXPERIMENTS[given.experiment](Request(given.out, seeds, keys, given.data, given.second, given.real))
    print(table(rows))
    (given.out / f"{given.experiment}.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
