"""The pages of the server, whose addresses are relative: they hold behind any prefix of a proxy."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from diptych.serving.middleware import SLASH
from diptych.system.asgi import static_files

WEB = Path(__file__).parent / "web"


def add_routes(app: FastAPI) -> None:
    """Add the pages, and the files that they load."""

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html")

    @app.get("/watch", include_in_schema=False)
    async def watch(request: Request) -> Response:
        file = WEB / "watch.html"
        if not request.scope[SLASH]:
            return FileResponse(file)
        return HTMLResponse(rooted(file.read_text(encoding="utf-8"), request))

    app.mount("/static", static_files(WEB))


def rooted(html: str, request: Request) -> str:
    """A page whose addresses hold where its own ends in a slash, too."""
    if not request.scope[SLASH]:
        return html
    return html.replace("<head>", '<head><base href="../">', 1)
