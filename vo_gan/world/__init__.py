"""A rendered driving world with perfect ground truth, in KITTI odometry layout.

`render_world` writes drives. A sequence is a `town` of `objects` along the streets of `roads`, a car that drives
through it (`drive`) with a stereo `camera`, the `weather`, and a `recorder` that makes frames of what the `renderer`
sees and of its `truth`.
"""

from __future__ import annotations

from vo_gan.world.options import DIFFICULTIES, EXTRAS, WEATHERS, WorldOptions, preset
from vo_gan.world.render import render_world

__all__ = ["DIFFICULTIES", "EXTRAS", "WEATHERS", "WorldOptions", "preset", "render_world"]
