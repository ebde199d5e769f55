"""Where a training runs: one device, several, or several machines, each device with a process of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from vo_gan.device import Device, Precision, available_precision, choose_device
from vo_gan.errors import VoGanError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Value = TypeVar("Value")


def launch(device: Device, precision: Precision, devices: int = 1, nodes: int = 1) -> Fabric:
    """Fabric on the devices wanted, all processes started.

    On one machine the further processes are started here, by running the same command again; `torchrun` and Slurm start
    them themselves and are recognised. Processes share their gradients in `Learner.update`, not by wrapping networks in
    DistributedDataParallel, which expects every parameter to have a gradient in every backward pass: the two sides of
    a GAN take turns.

    Args:
        devices: devices, and so processes, on each machine.
        nodes: machines.

    Raises:
        VoGanError: there are fewer devices, or another number of processes was started than is wanted.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.strategies import DDPStrategy

    class AveragedGradients(DDPStrategy):
        """Processes that know of each other; networks are left as they are."""

        def setup_module(self, module: Any) -> Any:
            return module

    started = int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else devices * nodes
    if started != devices * nodes:
        raise VoGanError(
            f"torchrun started {started} processes, but training.devices x training.nodes is {devices} x {nodes}: give "
            "--training.devices the number on each machine and --training.nodes the number of machines"
        )
    chosen = choose_device(device)
    if chosen.type == "cuda" and torch.cuda.device_count() < devices:
        raise VoGanError(f"training.devices is {devices}, but this machine has {torch.cuda.device_count()} GPUs")
    fabric = Fabric(
        accelerator=chosen.type,
        devices=devices,
        num_nodes=nodes,
        precision="bf16-mixed" if available_precision(precision, chosen) == "bf16" else "32-true",
        strategy="auto" if devices * nodes == 1 else AveragedGradients(),
    )
    fabric.launch()
    return fabric


def gathered(fabric: Fabric, value: Value) -> list[Value]:
    """What every process has, in their order; a list of one where there is one."""
    if fabric.world_size == 1:
        return [value]
    values: list[Any] = [None] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values


def mean_of(fabric: Fabric, figures: dict[str, float]) -> dict[str, float]:
    """Figures averaged, each over the processes that have it."""
    everyone = gathered(fabric, figures)
    names = dict.fromkeys(name for each in everyone for name in each)
    values = {name: [each[name] for each in everyone if name in each] for name in names}
    return {name: sum(known) / len(known) for name, known in values.items()}


def anyone(fabric: Fabric, flag: bool) -> bool:
    """Whether it holds in any process."""
    return any(gathered(fabric, flag))
