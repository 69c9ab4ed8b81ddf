"""Libraries kept from telling anybody that they are used, and from writing into the home folder.

What each would do otherwise, seen in its code and in its calls of the system:

- ONNX Runtime from 1.29 on writes an id of the machine and a queue of events below
  ~/.cache/Microsoft as soon as it is imported, and sends them to Microsoft.
- OpenVINO and NNCF report to Google Analytics by the package openvino_telemetry, with an id in
  ~/intel, as soon as they are imported; without that package they do without.
- huggingface_hub, by which timm fetches weights, adds to each request what is installed here.
- MLflow sends what it is used for, with an id of the session, to its makers.
- Ray sends what a cluster is and what it is used for to its makers, once an hour.
- Keras writes ~/.keras/keras.json when it is imported, and imports Matplotlib where there is one.
- Matplotlib writes a list of fonts, and where no folder can be made for it, a warning; fontconfig,
  which it asks for them, keeps a cache of its own.

The others that Diptych imports do neither.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from diptych.system.cache_folder import CACHE, folder

# Read when the libraries are imported, and inherited by child processes.
SETTINGS: Mapping[str, str] = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
}
REPORTER = "openvino_telemetry"
# In the cache, for files of libraries.
LIBRARIES = "libraries"

# Variables that are held at the moment: by how many, and what they were before.
_held: dict[str, tuple[int, str | None]] = {}
_lock = threading.Lock()


def keep_private() -> None:
    """Let no library report its use, from now on; one that was told to by a setting still does."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault(REPORTER, None)  # type: ignore[arg-type]


def may_report(setting: str) -> bool:
    """Whether somebody set one of the settings otherwise than Diptych does."""
    return os.environ.get(setting) != SETTINGS[setting]


@contextlib.contextmanager
def folders_in_cache(*libraries: str) -> Iterator[None]:
    """Libraries that are imported inside keep their files in Diptych's cache.

    One that has a folder on this machine already, or that was told of one, stays with it.
    """
    # One of the variables says where our own cache is too, unless that is said by its own.
    settings = {CACHE: str(folder())} | {
        name: str(folder() / LIBRARIES / library)
        for library in libraries
        for name in _settings(library)
    }
    for name, value in settings.items():
        _hold(name, value)
    try:
        yield
    finally:
        for name in settings:
            _let_go(name)


def _hold(name: str, value: str) -> None:
    """Set a variable, until all who hold it have let it go: threads do so at the same time."""
    with _lock:
        holders, before = _held.get(name, (0, os.environ.get(name)))
        _held[name] = holders + 1, before
        os.environ[name] = value


def _let_go(name: str) -> None:
    with _lock:
        holders, before = _held.pop(name)
        if holders > 1:
            _held[name] = holders - 1, before
        elif before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def _settings(library: str) -> Iterator[str]:
    """The variables by which a library is told of a folder, where it should be."""
    match library:
        case "keras":
            if not (os.environ.get("KERAS_HOME") or _exists("~/.keras")):
                yield "KERAS_HOME"
        case "matplotlib":
            caches, settings = (
                os.environ.get(f"XDG_{kind.upper()}_HOME") or f"~/.{kind}"
                for kind in ("cache", "config")
            )
            if not _exists(f"{caches}/matplotlib"):
                # For fontconfig, which Matplotlib asks where it has no list of fonts yet.
                yield "XDG_CACHE_HOME"
            homes = (f"{settings}/matplotlib", "~/.matplotlib")
            if not (os.environ.get("MPLCONFIGDIR") or any(map(_exists, homes))):
                yield "MPLCONFIGDIR"


def _exists(path: str) -> bool:
    with contextlib.suppress(OSError, RuntimeError):  # it may not be looked up; there is no home
        return Path(path).expanduser().exists()
    return False
