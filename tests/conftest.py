"""Shared fixtures. Shapes annotated with jaxtyping are checked at run time in all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import pytest
from jaxtyping import install_import_hook

install_import_hook("vo_gan", "beartype.beartype")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it are skipped where `VO_GAN_REAL_DATA` does not name one."""
    folder = os.environ.get("VO_GAN_REAL_DATA")
    if not folder:
        pytest.skip("VO_GAN_REAL_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drives of 12 stereo frames, 128x64, with ground truth."""
    from vo_gan.world import render_world

    folder = tmp_path_factory.mktemp("world")
    render_world(folder, sequences=2, frames=12, size=(128, 64), seed=7, workers=2)
    return folder


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Types are not checked at run time, as for a user: for tests of how a wrong value is refused."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
