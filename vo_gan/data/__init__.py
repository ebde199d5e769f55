"""Where frames come from: drives of several kinds, opened and read strictly, and batches of snippets for training.

drives = open_drives(root)                      # KITTI odometry or raw, a folder of frames, a video
verify(drives)                                  # before training: is every file there and whole?
loader = make_loader(SnippetDataset(drives, 3, (640, 192)), batch_size=12, workers=4, seed=0, shuffle=True)
for batch in loader:
    seen, clean = augment(batch.to("cuda"), generator)
"""

from vo_gan.data.augment import augment
from vo_gan.data.dataset import PackedSnippet, SnippetDataset
from vo_gan.data.drive import Drive
from vo_gan.data.loader import SnippetLoader, make_loader, make_run_loader
from vo_gan.data.open import RangedDrive, find_drives, open_drive, open_drives
from vo_gan.data.order import Share
from vo_gan.data.played import played
from vo_gan.data.snippet import Snippet
from vo_gan.data.verify import verify

__all__ = [
    "Drive",
    "PackedSnippet",
    "RangedDrive",
    "Share",
    "Snippet",
    "SnippetDataset",
    "SnippetLoader",
    "augment",
    "find_drives",
    "make_loader",
    "make_run_loader",
    "open_drive",
    "open_drives",
    "played",
    "verify",
]
