"""The description of the API: /openapi.json for programs, /docs for people, without a script."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response

from diptych.serving.pages import rooted
from diptych.serving.proxies import PREFIX
from diptych.serving.schemas import PREDICTIONS, PROBLEM, ProblemSchema

# Stands in examples for the server's own.
ADDRESS = "http://HOST"
EXAMPLES = {
    ("post", "/predict"): (
        "curl --data-binary @lunch.jpg -H 'Content-Type: image/jpeg' http://HOST/predict",
        "curl -F files=@lunch.jpg -F files=@dinner.jpg -F model=pizza http://HOST/predict",
        """curl --json '{"image": "data:image/jpeg;base64,…"}' http://HOST/predict""",
    ),
    ("post", "/explain"): (
        "curl --data-binary @lunch.jpg -H 'Content-Type: image/jpeg' -o heat.png "
        "http://HOST/explain",
    ),
    ("post", "/models/{name}/reload"): (
        "curl -X POST -H 'X-API-Key: …' http://HOST/models/pizza/reload",
    ),
}


def add_routes(app: FastAPI) -> None:
    """Add the two routes to an app that has all others."""

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        servers = [{"url": request.scope[PREFIX] or "/"}]
        return JSONResponse({**description(app), "servers": servers})

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return HTMLResponse(rooted("".join(_page(description(app), _outside(request))), request))


def description(app: FastAPI) -> dict[str, Any]:
    """The API by OpenAPI."""
    if app.openapi_schema is None:
        api = get_openapi(title=app.title, version="1", summary=app.summary, routes=app.routes)
        schemas = api.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemSchema"] = ProblemSchema.model_json_schema()
        # Added here, because FastAPI leaves out what is null in an example.
        schemas["ProblemSchema"]["examples"] = [PROBLEM]
        schemas["PredictionsSchema"]["examples"] = [PREDICTIONS]
        api["components"]["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        }
        # Where the server has no keys none is needed.
        api["security"] = [{}, {"key": []}, {"bearer": []}]
        for operations in api["paths"].values():
            for operation in operations.values():
                # Nothing is refused by FastAPI's own form of an error.
                responses = operation["responses"]
                if "HTTPValidationError" in json.dumps(responses.get("422", {})):
                    del responses["422"]
        for own in ("HTTPValidationError", "ValidationError"):
            schemas.pop(own, None)
        app.openapi_schema = api
    return app.openapi_schema


def _outside(request: Request) -> str:
    """The server's address as who asks knows it."""
    host = request.headers.get("host") or "HOST"
    return f"{request.scope['scheme']}://{host}{request.scope[PREFIX]}"


def _page(api: dict[str, Any], address: str) -> Iterator[str]:
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>API – Diptych</title>'
        '<link rel="icon" href="static/mark.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="static/style.css"></head><body><header class="top">'
        '<a class="brand" href="./"><img src="static/mark.svg" alt="" width="28" height="28">'
        'Diptych</a><nav aria-label="Pages"><a href="watch">Watch</a> '
        '<a href="docs" aria-current="page">API</a></nav></header><main><h1>API</h1>'
        '<p>Everything here for programs: <a href="openapi.json">openapi.json</a>. Where the '
        "server wants a key, send it as <code>X-API-Key: …</code> or "
        "<code>Authorization: Bearer …</code>.</p>"
    )
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            yield from _operation(method, path, operation, address)
    yield "<h2>What the answers hold</h2>"
    for name, schema in api["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>{_paragraph(schema.get("description"))}'
        yield from _fields(schema)
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: dict[str, Any], address: str) -> Iterator[str]:
    yield f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
    yield _paragraph(operation.get("description"))
    for command in EXAMPLES.get((method, path), ()):
        yield f'<pre tabindex="0"><code>{escape(command.replace(ADDRESS, address))}</code></pre>'
    for parameter in operation.get("parameters", ()):
        about = parameter.get("description") or "as in the address"
        yield f"<p><code>{escape(parameter['name'])}</code>: {escape(about)}</p>"
    kinds = operation.get("requestBody", {}).get("content", {})
    if kinds:
        yield f"<p>Takes {', '.join(f'<code>{escape(kind)}</code>' for kind in kinds)}.</p>"
    for kind in kinds.values():
        if "example" in kind:
            yield _json(kind["example"])
    yield "<dl>"
    for status, response in operation["responses"].items():
        about = f"{escape(response['description'])} {_link(response)}"
        yield f"<dt>{status}</dt><dd>{about}</dd>"
    yield "</dl></section>"


def _link(response: dict[str, Any]) -> str:
    for kind, content in response.get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        # Not "#…" alone, which a page at docs/ would look for elsewhere.
        link = f'<a href="docs#{name}">{name}</a>' if name else ""
        return f"<code>{escape(kind)}</code> {link}"
    return ""


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "<dl>"
    for name, field in schema.get("properties", {}).items():
        yield f"<dt><code>{escape(name)}</code></dt><dd>{escape(field.get('description', ''))}</dd>"
    yield "</dl>"
    for example in schema.get("examples", ()):
        yield _json(example)


def _json(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def _paragraph(text: str | None) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in (text or "").split("\n\n") if part)
