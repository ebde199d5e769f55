"""The state of all random generators as tensors and plain values, which a checkpoint may hold without pickled code."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The state of PyTorch's, NumPy's and Python's global generators."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    version, numbers, spare = random.getstate()
    words = torch.from_numpy(np.asarray(keys, dtype=np.int64))
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(kind), words, int(position), int(has_gauss), float(gauss)],
        "python": [version, torch.tensor(numbers, dtype=torch.int64), spare],
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Put the generators where `random_state` found them."""
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has_gauss, gauss))  # noqa: NPY002
    version, numbers, spare = state["python"]
    random.setstate((version, tuple(numbers.tolist()), spare))
