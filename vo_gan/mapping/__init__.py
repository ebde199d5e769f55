"""Maps from tracked drives: fusing depth into clouds and meshes, picturing and viewing them.

fuse_track(track_dir, out)                      # cloud.ply, map.png, with mesh=True also mesh.ply
view_track(track_dir)                           # a window with the cloud, the trajectory and the cameras
"""

from vo_gan.mapping.fuse import MapSummary, fuse_track
from vo_gan.mapping.track_folder import Track, read_track
from vo_gan.mapping.view import view_track
from vo_gan.mapping.write_track import write_track

__all__ = ["MapSummary", "Track", "fuse_track", "read_track", "view_track", "write_track"]
