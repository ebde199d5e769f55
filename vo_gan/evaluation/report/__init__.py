"""`report.html`: everything that is known of a trajectory on one self-contained page."""

from vo_gan.evaluation.report.trajectory import Compared, conditions, write_trajectory_report

__all__ = ["Compared", "conditions", "write_trajectory_report"]
