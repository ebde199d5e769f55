"""Where networks run, and in which precision they can run there."""

from __future__ import annotations

import warnings
from typing import Literal

import torch

from vo_gan.errors import VoGanError

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


def choose_device(wanted: Device) -> torch.device:
    """The torch device; `auto` is CUDA where there is one.

    Raises:
        VoGanError: `cuda` was asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise VoGanError("device cuda: this machine has no CUDA device that torch can use; use --device cpu")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def available_precision(wanted: Precision, device: torch.device) -> Precision:
    """`wanted`, or `fp32`, with a warning, where `device` has no instructions for bfloat16 and would emulate them."""
    if wanted == "fp32" or _computes_bfloat16(device):
        return wanted
    warnings.warn(
        f"this machine's {device.type} has no bfloat16 instructions: using fp32 instead, which is faster here",
        RuntimeWarning,
        stacklevel=2,
    )
    return "fp32"


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
