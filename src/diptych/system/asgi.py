"""What is alike in all servers of ours: how uvicorn runs them, and the files of their pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn
    from starlette.staticfiles import StaticFiles
    from starlette.types import ASGIApp


def server_config(app: "ASGIApp", grace: int, **more: Any) -> "uvicorn.Config":
    """How uvicorn runs an application that writes its own log and trusts no header by itself.

    When it ends, it waits `grace` seconds for answers. `more` are further choices of uvicorn's.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace,
        **more,
    )


def static_files(folder: Path) -> "StaticFiles":
    """The files of a page: those in a folder of its own, and those that all pages have."""
    from starlette.staticfiles import StaticFiles

    return StaticFiles(directory=folder, packages=[("diptych.system", "web")])
