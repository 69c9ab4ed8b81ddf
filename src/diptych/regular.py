"""Only regular files are read: a pipe or a device may never come to an end."""

import errno
import stat
from pathlib import Path

ENDLESS = "a pipe or device; save what it gives as a file"


def regular(path: Path) -> Path:
    """The path itself; raises OSError where opening it would, and for a pipe or device."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, ENDLESS, str(path))
    return path
