"""A run of a GAN: its configuration, its training in a folder, and a variant ready for use from that folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from vo_gan.engine import Trainer, TrainingConfig, load_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.gans.data import DataBatches, DataShape, GanDataConfig, open_data
from vo_gan.gans.judges import judge_for
from vo_gan.gans.variants import VARIANTS, Variant
from vo_gan.progress import say
from vo_gan.settings import override, read_yaml, settings_from


@dataclass(frozen=True)
class RunConfig:
    """A whole run. Its `model` section, the variant's own settings, is another one for every variant.

    Attributes:
        variant: which GAN.
        seed: of weights, order and noise.
        epochs: how long to train, in passes over the data; 0 where `training.steps` says it.
        data: what to train on.
        shape: what the data are; training fills it in.
        training: how long and how to train.
    """

    variant: str = ""
    seed: int = 0
    epochs: int = 0
    data: GanDataConfig = field(default_factory=GanDataConfig)
    shape: DataShape = field(default_factory=DataShape)
    training: TrainingConfig = field(default_factory=TrainingConfig)


def find_variant(name: str) -> type[Variant]:
    """The variant of that name.

    Raises:
        VoGanError: there is none.
    """
    if name not in VARIANTS:
        raise VoGanError(f"there is no variant {name!r}: `vo-gan gan list` shows all, {', '.join(VARIANTS)}")
    return VARIANTS[name]


def configure(name: str, file: Path | None = None, overrides: Sequence[str] = ()) -> Any:
    """A variant's configuration: its paper's, under what a YAML file says, under `--key value` arguments.

    Raises:
        VoGanError: no such variant or file, an unknown key or a value of the wrong type.
    """
    variant = find_variant(name)
    kind = _kind(variant)
    given = read_yaml(file) if file is not None else {}
    if given.get("variant", name) != name:
        raise VoGanError(f"{file} is for {given['variant']}, not for {name}")
    override(given, kind, overrides)
    paper: dict[str, Any] = {
        "variant": name,
        "epochs": variant.epochs,
        "data": dataclasses.asdict(variant.data),
        "training": dataclasses.asdict(variant.training),
    }
    if "steps" in (given.get("training") or {}) and "epochs" not in given:
        paper["epochs"] = 0
    where = str(file) if file is not None else "the arguments"
    return settings_from(kind, _merged(paper, given), where, f"vo-gan gan train {name} --print_config")


def train_gan(config: Any, run: Path, *, resume: bool = False) -> Path:
    """Train in the folder `run`; returns it.

    Raises:
        VoGanError: missing or unfit data, a run that exists already (and `resume` is off), or one that does not
            (and it is on).
    """
    checkpoints = run / "checkpoints"
    if checkpoints.exists() and not resume:
        raise VoGanError(f"{run} holds a run already: go on with --resume, or choose another --out, or remove it")
    if resume and not checkpoints.exists():
        raise VoGanError(f"{run} holds no checkpoint to resume from: start without --resume")
    variant = find_variant(config.variant)
    data, unseen = open_data(config.data, variant.needs)
    if len(data) < config.data.batch:
        raise VoGanError(
            f"{config.data.source}: {len(data)} items are fewer than one batch of {config.data.batch}: lower data.batch"
        )
    batches = DataBatches(data, config.data.batch, config.seed, workers=config.data.workers)
    size = min(config.data.validation_batch, len(unseen))
    # Of another seed, so that data drawn anew for every batch are drawn otherwise.
    validation = DataBatches(unseen, size, config.seed + 1, shuffle=False)
    training = config.training
    if training.best == "kid" and size < 2:
        raise VoGanError(
            f"{config.data.source}: {size} item for validation is too few to compare sets: enlarge data.held_out and "
            "data.validation_batch, or choose another training.best"
        )
    if config.epochs:
        training = dataclasses.replace(training, steps=config.epochs * len(batches))
    config = dataclasses.replace(config, shape=data.shape, training=training)
    resolved = dataclasses.asdict(config)

    torch.manual_seed(config.seed)
    learner = variant(config.model, config.shape, config.seed)
    learner.judge = judge_for(data)
    trainer = Trainer(learner, training, run, resolved)
    say(
        f"{config.variant}: {len(data)} items of {'x'.join(map(str, data.shape.first))}, {len(unseen)} for "
        f"validation, {training.steps} steps of {config.data.batch}; device: {trainer.fabric.device}",
    )
    if resume:
        trainer.resume()
    else:
        learner.prepare()
    run.mkdir(parents=True, exist_ok=True)
    replace_file(run / "config.yaml", yaml.safe_dump(resolved, sort_keys=False).encode())
    trainer.fit(batches, validation)
    return run


def load_variant(folder: Path) -> tuple[Variant, Any]:
    """The variant in a checkpoint (or in a run folder's best), built as it says, on the CPU, and its configuration.

    Raises:
        VoGanError: there is no whole checkpoint of a GAN, or its weights do not fit.
    """
    if not (folder / "model.safetensors").exists() and (folder / "checkpoints").is_dir():
        best, last = folder / "checkpoints" / "best", folder / "checkpoints" / "last"
        folder = best if best.exists() else last
    checkpoint = load_checkpoint(folder)
    if "variant" not in checkpoint.config:
        raise VoGanError(f"{folder} is no checkpoint of a GAN: for odometry's use `vo-gan track` and `vo-gan depth`")
    kind = _kind(find_variant(checkpoint.config["variant"]))
    config: Any = settings_from(kind, checkpoint.config, str(folder / "config.yaml"), "vo-gan gan list")
    learner = find_variant(config.variant)(config.model, config.shape, config.seed)
    _keep_saved(learner, checkpoint.tensors)
    try:
        learner.load_weights(checkpoint.tensors)
    except RuntimeError as error:
        reasons = " ".join(str(error).split())[:400]
        raise VoGanError(
            f"{folder}: the weights are of another architecture than its config.yaml: {reasons}"
        ) from error
    return learner, config


def _keep_saved(learner: Variant, tensors: Mapping[str, Any]) -> None:
    """Drop networks that the checkpoint does not have: imported generators come without discriminators."""
    for name, network in list(learner.networks.items()):
        if network.state_dict() and not any(key.startswith(f"{name}.") for key in tensors):
            del learner.networks[name]


def _kind(variant: type[Variant]) -> type[RunConfig]:
    """`RunConfig` with the variant's own settings."""
    own = field(default_factory=variant.Config)
    return make_dataclass("RunConfig", [("model", variant.Config, own)], bases=(RunConfig,), frozen=True)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
