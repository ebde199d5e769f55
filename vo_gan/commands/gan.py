"""`vo-gan gan`: the GAN library on its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from vo_gan.commands.options import add_device
from vo_gan.errors import VoGanError

HELP = "generative adversarial networks on their own: list, train, sample, translate"
TAKES_CONFIGURATION_KEYS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every variant, its paper, what it learns and needs, its parameters")

    train = actions.add_parser(
        "train",
        help="train a variant",
        description="Trains a variant as its paper does; any key of the configuration can be given as --section.key "
        "VALUE, and --print_config shows them all.",
        epilog="example: vo-gan gan train dcgan --data digits --data.width 16 --data.height 16 --out runs/digits",
    )
    train.add_argument("variant", metavar="VARIANT", help="see `vo-gan gan list`")
    train.add_argument("--data", metavar="KIND|FOLDER", help="ring, digits, outlines, shapes, or a folder of images")
    train.add_argument("--out", type=Path, metavar="DIR", help="the run folder")
    train.add_argument("--config", type=Path, metavar="FILE", help="YAML file, such as those in configs/gans")
    train.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    train.add_argument("--print_config", action="store_true", help="show the whole configuration and stop")
    train.add_argument("--seed", type=int, help="of weights, order and noise")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), help="same as --training.device")

    sample = actions.add_parser("sample", help="samples of a run that makes them from noise")
    sample.add_argument("run", type=Path, metavar="RUN", help="a run folder or checkpoint")
    sample.add_argument("--count", type=int, default=64, help="how many (64)")
    sample.add_argument("--label", action="append", default=[], help="class that is wanted; may be repeated")
    sample.add_argument("--text", action="append", default=[], help="caption of what is wanted; may be repeated")

    translate = actions.add_parser("translate", help="images through a run that translates, at any size")
    translate.add_argument("run", type=Path, metavar="RUN", help="a run folder or checkpoint")
    translate.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image files")
    translate.add_argument("--to", default="", metavar="DOMAIN", help="first, second, or one of the classes")
    translate.add_argument("--tile", type=int, default=1024, help="larger images go in tiles of this size (1024)")
    for action in (sample, translate):
        action.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
        action.add_argument(
            "--stats",
            choices=("batch", "instance", "running"),
            help="what normalisation goes by: the images given, each alone, or training (the paper's way)",
        )
        action.add_argument("--noise", choices=("on", "off"), help="whether dropout stays on (the paper's way)")
        action.add_argument("--seed", type=int, default=0, help="of the noise (0)")
        add_device(action)


def run(arguments: argparse.Namespace) -> int:
    """List, train, sample or translate."""
    if arguments.action != "train" and arguments.configuration_keys:
        raise VoGanError(f"unrecognized arguments: {' '.join(arguments.configuration_keys)}")
    return {"list": _list, "train": _train, "sample": _sample, "translate": _translate}[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    from vo_gan.gans.listing import describe_variants

    for line in describe_variants():
        print(line)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    import dataclasses

    import yaml

    from vo_gan.gans.run import configure, train_gan

    keys = list(arguments.configuration_keys)
    for key, value in (
        ("data.source", arguments.data),
        ("training.device", arguments.device),
        ("seed", arguments.seed),
    ):
        keys += [f"--{key}", str(value)] if value is not None else []
    config = configure(arguments.variant, arguments.config, keys)
    if arguments.print_config:
        print(yaml.safe_dump(dataclasses.asdict(config), sort_keys=False), end="")
        return 0
    if arguments.out is None:
        raise VoGanError("say where the run folder goes: --out DIR")
    print(f"trained: {train_gan(config, arguments.out, resume=arguments.resume)}")
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    from vo_gan.gans.sampling import write_samples
    from vo_gan.gans.variants import LatentVariant

    variant = _load(arguments, LatentVariant, "translates images: use `vo-gan gan translate`")
    if arguments.count < 1:
        raise VoGanError(f"--count {arguments.count}: give at least 1")
    wanted = [*arguments.label, *arguments.text]
    for path in write_samples(
        variant, arguments.out, arguments.count, wanted, arguments.stats, arguments.noise, arguments.seed
    ):
        print(path)
    return 0


def _translate(arguments: argparse.Namespace) -> int:
    from vo_gan.gans.translation import translate_files
    from vo_gan.gans.variants import TranslationVariant

    variant = _load(arguments, TranslationVariant, "makes images from noise: use `vo-gan gan sample`")
    for path in translate_files(
        variant,
        arguments.images,
        arguments.out,
        arguments.to,
        arguments.stats,
        arguments.noise,
        arguments.seed,
        arguments.tile,
    ):
        print(path)
    return 0


def _load(arguments: argparse.Namespace, kind: type, otherwise: str) -> Any:
    from vo_gan.device import choose_device
    from vo_gan.gans.run import load_variant

    variant, _ = load_variant(arguments.run)
    if not isinstance(variant, kind):
        raise VoGanError(f"{arguments.run} is a {variant.variant}, which {otherwise}")
    device = choose_device(arguments.device)
    for network in variant.networks.values():
        network.to(device)
    return variant
