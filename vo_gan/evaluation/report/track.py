"""What a track folder adds to a report: frames, depth, map, training, and how it was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vo_gan.data.decode import decode_image
from vo_gan.errors import VoGanError
from vo_gan.evaluation.report.frames import depth_blocks, frame_blocks
from vo_gan.evaluation.report.page import Note, Picture, Section
from vo_gan.evaluation.report.training import run_of, training_blocks
from vo_gan.mapping.track_folder import read_track

NEEDED = (
    *("source", "kind", "selection", "weights", "frames", "size", "intrinsics", "scale", "refined"),
    "frames_per_second",
)


def track_sections(folder: Path) -> list[Section]:
    """Frames, depth, map and training, as far as there are any.

    Args:
        folder: what `vo-gan track` left. Its frames are left out, and that is said, where the drive is gone.

    Raises:
        VoGanError: the folder is no track or is damaged.
    """
    properties = read_properties(folder)
    sections = _frame_sections(folder, properties)
    if _map_is_of(folder):
        caption = "The map, fused from the estimated depth and path."
        picture = Picture.from_pixels(decode_image(folder / "map.png"), caption, wide=True)
        sections.append(Section("Map", [picture]))
    run = run_of(Path(properties["weights"]))
    if run is not None:
        sections.append(Section("Training", training_blocks(run)))
    return sections


def resolution(folder: Path) -> str:
    """Size of the images that were tracked and what is known of the scale, as a sentence.

    Raises:
        VoGanError: the folder is no track.
    """
    properties = read_properties(folder)
    width, height = properties["size"]
    scale = "metric" if properties["scale"] == "metric" else "relative, lengths are known up to one factor"
    return f"Tracked at {width}x{height} pixels; scale: {scale}."


def track_entries(folder: Path) -> list[tuple[str, str]]:
    """How a track was made: source, networks, speed and the exact configuration of their training.

    Raises:
        VoGanError: the folder is no track.
    """
    properties = read_properties(folder)
    selection, (width, height) = properties["selection"], properties["size"]
    chosen = "" if selection is None else f", frames {selection[0]} to {selection[1] - 1}"
    method = "pose net and photometric refinement" if properties["refined"] else "pose net alone"
    if properties.get("depth", "networks") != "networks":
        method += f", depth from {properties['depth']}"
    entries = [
        ("drive", f"{properties['source']}{chosen} ({properties['kind']})"),
        ("weights", str(properties["weights"])),
        (
            "tracked",
            f"{properties['frames']} frames at {width}x{height}, {properties['frames_per_second']:g} frames/s, "
            f"{method}, scale: {properties['scale']}",
        ),
    ]
    configuration = _configuration(Path(properties["weights"]))
    return [*entries, ("configuration", configuration)] if configuration else entries


def read_properties(folder: Path) -> dict[str, Any]:
    """What `track.json` says; `read_track` checks it more closely, but takes no track without intrinsics.

    Raises:
        VoGanError: it is missing, no JSON, or lacks what every track has.
    """
    path = folder / "track.json"
    try:
        properties = json.loads(path.read_text(encoding="utf-8"))
        missing = [name for name in NEEDED if name not in properties]
    except (OSError, ValueError, TypeError) as error:
        raise VoGanError(f"{path}: cannot be read ({error}); expected the folder that `vo-gan track` left") from error
    if missing:
        raise VoGanError(f"{path}: lacks {', '.join(missing)}; expected the folder that `vo-gan track` left")
    return properties


def _frame_sections(folder: Path, properties: dict[str, Any]) -> list[Section]:
    """Frames and depth, or why they are left out."""
    if properties["intrinsics"] is None:
        reason = "without intrinsics no frame can be rebuilt from its neighbour; give --intrinsics to `vo-gan track`"
    elif not Path(properties["source"]).exists():
        reason = f"the drive that was tracked, {properties['source']}, is not there"
    else:
        track = read_track(folder)
        drive = track.open_source()
        return [Section("Frames", frame_blocks(track, drive)), Section("Depth", depth_blocks(track, drive))]
    return [Section("Frames", [Note(f"Left out: {reason}.")])]


def _map_is_of(folder: Path) -> bool:
    """Whether there is a map, and one of this track: not older than it."""
    picture = folder / "map.png"
    return picture.is_file() and picture.stat().st_mtime >= (folder / "track.json").stat().st_mtime


def _configuration(weights: Path) -> str:
    path = weights / "config.yaml"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
