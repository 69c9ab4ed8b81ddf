"""What is served, where, to whom, and within what limits."""

from pathlib import Path
from typing import NamedTuple

from diptych.errors import InputError


class Limits(NamedTuple):
    """How much one request may ask for."""

    bytes: int = 32 * 2**20  # of a request's body
    pixels: int = 100 * 10**6  # of a picture, before it is made smaller
    files: int = 64  # pictures of a request
    seconds: float = 30.0  # to send a request, and again to wait for its answer


class Settings(NamedTuple):
    """Which bundles are served, where, to whom, and within what limits."""

    bundles: tuple[Path, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    keys: Path | None = None
    origins: tuple[str, ...] = ()  # of other pages that may ask (CORS)
    limits: Limits = Limits()
    queue: int = 128  # requests at a time, of each worker; more are told to come back
    root_path: str = ""  # that a proxy shows the server below, such as /pizza
    proxies: tuple[
        str, ...
    ] = ()  # addresses, or networks, whose X-Forwarded-… headers are believed
    # Points of accuracy that the fastest export may cost; None: answer by the bundle's own graph.
    max_drop: float | None = None


def refuse_unfit(settings: Settings) -> None:
    """Raise InputError for numbers that make no sense, and for two bundles of one name."""
    if not settings.bundles:
        raise InputError("name a bundle to serve: diptych serve pizza.bundle")
    if not 0 <= settings.port <= 65535:
        raise InputError(f"--port {settings.port}: ports go from 0 (any that is free) to 65535")
    counts = {"workers": settings.workers, "queue": settings.queue}
    limits = {
        f"max-{name}": getattr(settings.limits, name) for name in ("bytes", "pixels", "files")
    }
    for option, value in {**counts, **limits, "timeout": settings.limits.seconds}.items():
        if not value > 0:
            raise InputError(f"--{option} {value}: it must be above 0")
    if settings.max_drop is not None and not settings.max_drop >= 0:
        raise InputError(f"--max-drop {settings.max_drop:g}: name 0 or more points")
    names = [model_name(path) for path in settings.bundles]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two bundles are called '{name}'; rename the folder of one")


def model_name(bundle: Path) -> str:
    """What a bundle is called in requests: its folder, or the link to it, without the ending."""
    name = bundle.absolute().name
    return (bundle.resolve().name if name in ("", "..") else name).removesuffix(".bundle")
