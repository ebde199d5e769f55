"""What a report was made with: versions and hardware."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vo_gan import __version__

PACKAGES = ("torch", "numpy", "opencv-python", "open3d", "open3d-cpu", "evo", "kornia")
CPU_INFO = Path("/proc/cpuinfo")


def machine_entries() -> list[tuple[str, str]]:
    """Names and texts: versions of vo_gan, Python and the libraries that figures depend on, system, processor, GPU."""
    libraries = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    entries = [
        ("vo_gan", __version__),
        ("Python", f"{platform.python_version()}; {libraries}"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
    ]
    gpu = _gpu()
    return [*entries, ("GPU", gpu)] if gpu else entries


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """The model's name where Linux says it."""
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpu() -> str:
    """Names of the GPUs that torch can use."""
    import torch

    if not torch.cuda.is_available():
        return ""
    return ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
