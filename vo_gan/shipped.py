"""Weights that come with the package and are called by name.

All were trained on the rendered driving world alone. Each folder under `vo_gan/weights` is a checkpoint in half
precision without training state, with an `ABOUT.md` that says how it was made.
"""

from __future__ import annotations

from pathlib import Path

from vo_gan.errors import VoGanError

FOLDER = Path(__file__).parent / "weights"


def shipped_names() -> list[str]:
    """What can be called by name."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) if FOLDER.is_dir() else []


def find_weights(path: Path) -> Path:
    """The folder of weights: `path` itself or, where there is no such folder, the shipped weights of that name.

    Raises:
        VoGanError: there is neither.
    """
    if path.exists():
        return path
    if path.name == str(path) and path.name in shipped_names():
        return FOLDER / path.name
    names = ", ".join(shipped_names()) or "none in this installation"
    raise VoGanError(
        f"{path}: there are no such weights; expected a run folder, a checkpoint folder, or the name of shipped "
        f"weights ({names})"
    )
