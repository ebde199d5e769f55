"""The one place where Open3D is imported.

Open3D's shared library links against libusb, which slim machines lack. The wheel ``libusb-package`` brings a copy, and
loading that copy with its symbols made global before the import spares the user a system package.
"""

from __future__ import annotations

import ctypes
from types import ModuleType

from vo_gan.errors import VoGanError


def load_open3d() -> ModuleType:
    """Import Open3D, with libusb loaded before it.

    Returns:
        The module ``open3d``.

    Raises:
        VoGanError: Open3D, or a system library it needs, is missing on this machine.
    """
    try:
        import libusb_package

        ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
        import open3d
    except (ImportError, OSError) as error:
        raise VoGanError(
            f"Open3D could not be imported ({error}). Rendering the driving world and fusing maps need it: "
            "install vo_gan with its dependencies (`pip install .`) on a platform for which Open3D has a wheel."
        ) from error
    return open3d
