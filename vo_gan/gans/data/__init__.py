"""What GANs are trained on: data that need no files, and folders of the user's own."""

from vo_gan.gans.data.batches import Batch, Captioned, Data, DataBatches, DataShape, Pairs, Samples
from vo_gan.gans.data.opening import GanDataConfig, Need, open_data

__all__ = [
    "Batch",
    "Captioned",
    "Data",
    "DataBatches",
    "DataShape",
    "GanDataConfig",
    "Need",
    "Pairs",
    "Samples",
    "open_data",
]
