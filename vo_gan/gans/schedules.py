"""Learning rates over a training, as factors of the first one: functions of the step, with no state to be saved."""

from __future__ import annotations


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


def halving(step: int, every: int) -> float:
    """Half after each `every` steps: GAN-CLS."""
    return 0.5 ** (step // every)
