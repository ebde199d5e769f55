"""Whether two depth maps of one scene agree."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def depth_disagreement(
    computed: Float[Tensor, "b 1 h w"], sampled: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b 1 h w"]:
    """`|a - b| / (a + b)`, in [0, 1), of two positive depths of the same points (Bian et al. 2019, SC-SfMLearner).

    Take its mean over the pixels that are valid, however few: the published code gives a constant, with nothing to
    learn from, where fewer than 10,000 are, which is all of them on a small image.

    Args:
        computed: depth of the target's points in the source camera.
        sampled: the source's own depth map at the pixels where they appear.
    """
    return (computed - sampled).abs() / (computed + sampled)
