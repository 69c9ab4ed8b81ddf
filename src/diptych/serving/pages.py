"""The pages of the server, whose addresses are relative: they hold behind any prefix of a proxy."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from diptych.serving.middleware import SLASH
from diptych.serving.proxies import BARE, PREFIX
from diptych.system.asgi import static_files

WEB = Path(__file__).parent / "web"


def add_routes(app: FastAPI) -> None:
    """Add the pages, and the files that they load."""

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return _shown(WEB / "index.html", request)

    @app.get("/watch", include_in_schema=False)
    async def watch(request: Request) -> Response:
        return _shown(WEB / "watch.html", request)

    app.mount("/static", static_files(WEB))


def _shown(file: Path, request: Request) -> Response:
    if not _base(request):
        return FileResponse(file)
    return HTMLResponse(rooted(file.read_text(encoding="utf-8"), request))


def rooted(html: str, request: Request) -> str:
    """A page whose addresses hold wherever its own has a slash at its end, or lacks one."""
    base = _base(request)
    return html.replace("<head>", f'<head><base href="{base}">', 1) if base else html


def _base(request: Request) -> str:
    """What the addresses of a page begin from, where that is not the page's own folder."""
    if request.scope[BARE]:
        return f"{request.scope[PREFIX]}/"
    return "../" if request.scope[SLASH] else ""
