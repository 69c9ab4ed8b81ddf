"""Where Diptych keeps what is costly to make: $DIPTYCH_CACHE, or the user's cache folder."""

import os
from pathlib import Path

CACHE = "DIPTYCH_CACHE"


def folder() -> Path:
    """The folder, which need not exist yet."""
    if stated := os.environ.get(CACHE):
        return Path(stated)
    import platformdirs

    return Path(platformdirs.user_cache_dir("diptych"))
