"""The report of one trajectory against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vo_gan.evaluation.report.machine import machine_entries
from vo_gan.evaluation.report.page import Block, Chart, Glance, Listing, Note, Section, Table, write_page
from vo_gan.evaluation.report.path_errors import drift_blocks, error_blocks, path_errors
from vo_gan.evaluation.report.path_view import Paths, TurningView, draw_from_above
from vo_gan.evaluation.trajectory import Aligned, TrajectoryFigures

FIGURES = (
    ("t_rel_percent", "t_rel", "%"),
    ("r_rel_deg_per_100m", "r_rel", "°/100 m"),
    ("ate_m", "ATE", "m"),
    ("rpe_m", "RPE, translation", "m"),
    ("rpe_deg", "RPE, rotation", "°"),
)
"""Key, name and unit of the figures at the top."""


@dataclass(frozen=True)
class Compared:
    """Another estimate of the same drive, to stand beside the one that is reported.

    Attributes:
        name: of the estimate.
        aligned: laid over the same truth.
        figures: of it.
    """

    name: str
    aligned: Aligned
    figures: TrajectoryFigures


def write_trajectory_report(
    path: Path,
    aligned: Aligned,
    figures: TrajectoryFigures,
    *,
    title: str,
    command: str,
    track: Path | None = None,
    name: str = "estimate",
    others: Sequence[Compared] = (),
    note: str = "",
    details: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the report of a trajectory: paths, errors, drift and, of a track folder, frames, depth, map and training.

    Args:
        path: the HTML file.
        aligned: the estimate laid over the truth.
        figures: of these two.
        title: heading of the page.
        command: what was run, as it can be typed again.
        track: the track folder that the estimate is from, if it is from one.
        name: of the estimate, in the table beside `others`.
        others: up to 4 estimates to compare it with.
        note: what else must be known to understand the figures.
        details: more to say of how it was made: names and texts.

    Raises:
        VoGanError: the track folder is damaged, or the page cannot be written.
    """
    sections = trajectory_sections(aligned, figures, name, others)
    entries = [("command", command)]
    said = conditions(figures)
    if track is not None:
        from vo_gan.evaluation.report.track import resolution, track_entries, track_sections

        sections += track_sections(track)
        entries += track_entries(track)
        said += f" {resolution(track)}"
    sections.append(Section("How it was made", [Listing([*entries, *details, *machine_entries()])]))
    write_page(path, title=title, subtitle=f"{said} {note}".strip(), glances=glances(figures), sections=sections)


def alignment_of(figures: TrajectoryFigures) -> str:
    """The alignment, with its scale where it has one."""
    scaled = figures.scale is not None and figures.alignment in ("sim3", "scale")
    return f"Alignment {figures.alignment}" + (f" (scale {figures.scale:.4g})" if scaled else "")


def conditions(figures: TrajectoryFigures) -> str:
    """Under what conditions the figures hold, as a sentence."""
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in figures.notes)
    return (
        f"{alignment_of(figures)}; {figures.frames} of {figures.truth_frames} true frames, matched by "
        f"{figures.matched_by}; true path {figures.path_m:.1f} m.{notes}"
    )


def glances(figures: TrajectoryFigures) -> list[Glance]:
    """The figures for the top of the page."""
    shown = []
    for key, name, unit in FIGURES:
        value = getattr(figures, key)
        if value is None:
            shown.append(Glance(name, "–", note=figures.reasons.get(key, "")))
        else:
            shown.append(Glance(name, f"{value:.3g}", unit))
    return shown


def trajectory_sections(
    aligned: Aligned, figures: TrajectoryFigures, name: str = "estimate", others: Sequence[Compared] = ()
) -> list[Section]:
    """Paths, errors along the path, and drift. A part without data is left out.

    Args:
        aligned: the estimate laid over the truth.
        figures: of these two.
        name: of the estimate.
        others: more estimates of the same drive; drawn in the view from above.
    """
    errors = path_errors(aligned)
    truth = aligned.truth.world_from_camera[:, :3, 3]
    paths = Paths(
        truth=truth,
        estimate=aligned.estimate.world_from_camera[:, :3, 3],
        partners=truth[aligned.rows],
        errors=errors,
        others={other.name: other.aligned.estimate.world_from_camera[:, :3, 3] for other in others},
    )
    said = f"{alignment_of(figures)}."
    above = Chart(
        draw_from_above(paths, f"The estimated path over the true one, from above. {said}"), f"From above. {said}"
    )
    blocks: list[Block] = [
        above,
        TurningView(paths, "In 3D. Thin lines join estimated positions with their true ones."),
    ]
    if others:
        blocks.append(_table([(name, figures), *((other.name, other.figures) for other in others)], said))
    sections = [Section("Trajectory", blocks)]
    if isinstance(aligned.similarity, str):
        return [*sections, Section("Errors", [Note(f"Not shown: {aligned.similarity}.")])]
    if errors is not None:
        sections.append(Section("Error along the path", error_blocks(errors, said)))
    return [*sections, Section("Drift", drift_blocks(aligned))]


def _table(compared: Sequence[tuple[str, TrajectoryFigures]], said: str) -> Table:
    """All figures of several estimates."""
    columns = ["", *(f"{label} ({unit})" for _, label, unit in FIGURES)]
    rows = [[name, *(getattr(figures, key) for key, _, _ in FIGURES)] for name, figures in compared]
    return Table("Figures", columns, rows, said)
