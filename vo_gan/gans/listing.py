"""What `vo-gan gan list` says of each variant."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from vo_gan.gans.data.batches import DataShape
from vo_gan.gans.data.opening import BUILT_IN, EXPECTED
from vo_gan.gans.variants import VARIANTS, Variant

DIGIT_CLASSES = [str(number) for number in range(10)]


def typical_shape(variant: type[Variant]) -> DataShape:
    """What the variant's paper trains on."""
    height, width = variant.data.height or 28, variant.data.width or 28
    channels = 1 if max(height, width) <= 28 else 3
    image = [channels, height, width]
    pairs = variant.needs in ("aligned", "unaligned", "blurred")
    classes = [] if variant.needs != "labelled" else DIGIT_CLASSES if channels == 1 else DIGIT_CLASSES[:5]
    return DataShape(image, image if pairs else [], classes)


def count_parameters(variant: type[Variant]) -> dict[str, int]:
    """Parameters of each network at the paper's size; nothing is allocated."""
    with torch.device("meta"):
        networks = variant(variant.Config(), typical_shape(variant)).networks
    return {name: sum(parameter.numel() for parameter in network.parameters()) for name, network in networks.items()}


def describe_variants() -> Iterator[str]:
    """Four lines and an empty one for each variant."""
    for name, variant in VARIANTS.items():
        counts = count_parameters(variant)
        serving = [kind for kind, needs in BUILT_IN.items() if variant.needs in needs]
        built_in = f"; or {', '.join(serving)}" if serving else ""
        parts = ", ".join(f"{part} {count:,}" for part, count in counts.items())
        yield f"{name}: {variant.learns}"
        yield f"  paper       {variant.paper}"
        yield f"  data        {EXPECTED[variant.needs]}{built_in}"
        yield f"  parameters  {sum(counts.values()):,} ({parts})"
        yield ""
