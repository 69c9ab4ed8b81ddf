"""A bundle behind HTTP: a page for people, an API for machines.

`serve` answers until it is told to stop. `server` opens the socket; a `worker` answers on it, or
several do under a `supervisor`. A request passes `middleware` (its id, its key, its line in the
log), `routes` or `open_inference` (what is asked), `bodies` (bytes under limits) and `batching`
(decoded on every core, answered together); what went wrong is a problem document of `problems`.
`monitoring` tells what was answered, and whether it drifts.
"""

from diptych.serving.settings import Limits as Limits
from diptych.serving.settings import Settings as Settings


def serve(settings: Settings, as_json: bool = False) -> None:
    """Serve bundles until SIGTERM or Ctrl-C; then finish what was accepted, and return.

    Raises MissingExtra where the packages of the extra "serve" are missing, InputError where the
    port is taken or a setting cannot be used, BundleError where a bundle is not as it was written.
    """
    from diptych.serving.server import run

    run(settings, as_json)


__all__ = ["Limits", "Settings", "serve"]
