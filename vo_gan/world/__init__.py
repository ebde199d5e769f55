"""A rendered driving world with perfect ground truth, in KITTI odometry layout.

`render_world` lays a road (`road`), builds a town along it (`town`, `buildings`, `street`, as a `mesh`), drives a car
through it (`vehicle`), looks at it with a stereo camera (`sensors`, `materials`, `textures`) and writes what it sees
(`writer`).
"""

from __future__ import annotations

from vo_gan.world.render import render_world

__all__ = ["render_world"]
