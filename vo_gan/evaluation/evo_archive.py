"""Result archives of evo (`.zip`), for `evo_res` and whatever else reads them."""

from __future__ import annotations

import io
from pathlib import Path

from vo_gan.errors import VoGanError
from vo_gan.evaluation.aligned import Aligned
from vo_gan.files import replace_file
from vo_gan.odometry.trajectory import Trajectory


def write_evo_archive(path: Path, aligned: Aligned, name: str) -> None:
    """Write the absolute position errors after the alignment, their statistics and both trajectories, as evo does.

    The archive holds `info.json`, `stats.json`, the errors of all matched frames, and the trajectories as TUM files,
    or as KITTI files where there are no times. Where no two poses match or no scale is defined, there is no error.

    Args:
        path: the archive; evo wants its name to end in `.zip`.
        aligned: the trajectories.
        name: what the estimate is called in `evo_res`.

    Raises:
        VoGanError: the alignment has no scale; or the file cannot be written, and an older one is then as it was.
    """
    from evo.core.metrics import PoseRelation
    from evo.main_ape import ape
    from evo.tools.file_interface import save_res_file

    if isinstance(aligned.similarity, str):
        raise VoGanError(f"{path}: there are no errors to write: {aligned.similarity}. Use another --align")
    truth = Trajectory(
        aligned.truth.world_from_camera[aligned.rows], aligned.estimate.times, aligned.truth.frames[aligned.rows]
    )
    result = ape(
        traj_ref=_to_evo(truth, "truth"),
        traj_est=_to_evo(aligned.estimate, name),
        pose_relation=PoseRelation.translation_part,
    )
    result.info["title"] = f"APE w.r.t. translation part (m)\n(alignment {aligned.alignment} by vo_gan)"
    archive = io.BytesIO()
    save_res_file(archive, result)
    replace_file(path, archive.getvalue())


def _to_evo(trajectory: Trajectory, name: str):
    """A copy as evo's own class, with times if there are any."""
    from evo.core.trajectory import PosePath3D, PoseTrajectory3D

    poses = list(trajectory.world_from_camera.copy())
    if trajectory.times is None:
        return PosePath3D(poses_se3=poses, name=name)
    return PoseTrajectory3D(poses_se3=poses, timestamps=trajectory.times.copy(), name=name)
