"""The way to Ray: to a cluster at an address, to one that runs here, or to one that is started.

A cluster listens to whoever reaches its ports, and does what it is told. So a token is asked for
unless somebody says that there is none: RAY_AUTH_MODE=disabled.
"""

import contextlib
import logging
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diptych.distributing.places import HERE_OR_NEAR
from diptych.errors import InputError, MissingExtra, first_line
from diptych.system.cores import cores

MODE, TOKEN, TOKEN_FILE = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
OF_USER = Path("~/.ray/auth_token")
# What is read when Ray is imported.
SETTINGS = {
    MODE: "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # It warns of this on each start.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # It writes what befalls a cluster to standard output, where our answers go.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}
# Of a cluster that is started here: what is under way between its processes, in bytes.
STORE_BYTES = 512 * 2**20


@contextlib.contextmanager
def connected(place: str) -> Iterator[None]:
    """Be connected to the Ray that `place` names, during the block.

    "ray" is the cluster that RAY_ADDRESS names, else one that runs on this machine, else one that
    is started for the block. Raises InputError where there is none, or no token for it;
    MissingExtra without Ray.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    address = os.environ.get("RAY_ADDRESS", "") if place == HERE_OR_NEAR else place
    if address in ("", "auto", "local"):
        own_token = not has_token()
        if own_token:
            os.environ[TOKEN] = secrets.token_hex(32)
    else:
        own_token = False
        _refuse_without_token(address)
    ray = library()
    try:
        if ray.is_initialized():
            yield  # a program that has opened Ray by itself
            return
        with _logs() as logs:
            _open(ray, address, logs, may_be_running=not own_token)
            try:
                yield
            finally:
                ray.shutdown()
    finally:
        if own_token:
            os.environ.pop(TOKEN, None)


def library() -> Any:
    """Ray; raises MissingExtra where it is not installed."""
    with contextlib.suppress(ModuleNotFoundError):
        import pyarrow  # noqa: F401  # before any framework, or either may crash
    try:
        import ray
    except ModuleNotFoundError as cause:
        raise MissingExtra("ray", "ray") from cause
    return ray


def has_token() -> bool:
    """Whether there is a token, or none is asked for."""
    if os.environ.get(MODE) == "disabled" or os.environ.get(TOKEN):
        return True
    return OF_USER.expanduser().is_file() or bool(os.environ.get(TOKEN_FILE))


def _refuse_without_token(address: str) -> None:
    if not has_token():
        raise InputError(
            f"{address}: there is no token for it; put that of the cluster into {TOKEN}, or, where "
            f"nobody else reaches the cluster and it has none, set {MODE}=disabled"
        )


def _logs() -> "tempfile.TemporaryDirectory[str]":
    """A folder for what a cluster that is started here writes, gone afterwards.

    Names of sockets in it have to be short, which a user's own folder for such may not be.
    """
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="diptych-ray-", dir=short, ignore_cleanup_errors=True)


def _open(ray: Any, address: str, logs: str, *, may_be_running: bool) -> None:
    """Connect to an address; without one to what runs here, else to what is started."""
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address not in ("", "local"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is wrong is said below
                ray.init(address, **quiet)
            return
        if may_be_running and address != "local":
            with contextlib.suppress(ConnectionError):
                ray.init("auto", **quiet)
                return
        ray.init(
            "local",
            num_cpus=cores(),
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            # Ray opens its own folder to everybody; the one around it stays closed.
            _temp_dir=f"{logs}/r",
            **quiet,
        )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as cause:
        where = address or "on this machine"
        raise InputError(
            f"{where}: no Ray that answers ({first_line(cause)}); see that it runs, that its "
            f"version is {ray.__version__}, and that {TOKEN} is that of the cluster"
        ) from cause
