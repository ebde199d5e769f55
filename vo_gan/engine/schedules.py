"""Learning rates over a training, as factors of the first one: functions of the step, with no state to be saved."""

from __future__ import annotations

from typing import Literal

Schedule = Literal["constant", "drop", "repeat", "linear"]


def rate_factor(schedule: Schedule, step: int, steps: int, decay_at: float, decay: float) -> float:
    """The factor at a step of a training of `steps`; for the rest see `TrainingConfig`."""
    share = round(decay_at * steps)
    match schedule:
        case "constant":
            return 1.0
        case "drop":
            return decay if step >= share else 1.0
        case "repeat":
            return decay ** (step // max(share, 1))
        case "linear":
            return linear_decay(step, keep=share, decay=steps - share)


def linear_decay(step: int, keep: int, decay: int) -> float:
    """1 for `keep` steps, then a straight line that is 0 at the last of `decay` further steps and stays there.

    CycleGAN, pix2pix, pix2pixHD, DeblurGAN and StarGAN mean this; their published code ends above 0.

    Args:
        step: counted from 0; the last one is `keep + decay - 1`.

    Raises:
        ValueError: negative lengths.
    """
    if keep < 0 or decay < 0:
        raise ValueError(f"a schedule cannot keep for {keep} and decay over {decay} steps")
    if step < keep or decay == 0:
        return 1.0
    return max(0.0, 1.0 - (step - keep + 1) / decay)
