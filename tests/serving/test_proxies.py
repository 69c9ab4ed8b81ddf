"""A server behind a proxy: a real nginx where there is one, and the headers by themselves."""

import asyncio
import contextlib
import html
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from starlette.types import Receive, Scope, Send

from browser import DESK, chromium, open_page, page_state
from conftest import RED, picture
from diptych.errors import InputError
from diptych.serving.proxies import BARE, PREFIX, ProxyMiddleware, networks, root_path
from served import SMALL, Server, refusal, serving

PROXY = "10.0.0.7"

# One that takes the prefix away and one that leaves it there, each on a port of its own.
CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_max_body_size 32m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header X-Forwarded-Prefix "";
    server {{
        listen 127.0.0.1:{stripping};
        location /pizza/ {{ proxy_pass http://127.0.0.1:{port}/; }}
    }}
    server {{
        listen 127.0.0.1:{keeping};
        location /pizza {{ proxy_pass http://127.0.0.1:{port}; }}
    }}
}}
"""


class Outside(NamedTuple):
    """A server as it is seen through two proxies."""

    server: Server
    stripping: str  # the address at a proxy that takes the prefix away
    keeping: str


@pytest.fixture(scope="module")
def outside(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is absent; `apt-get install nginx-light` brings it")
    folder = tmp_path_factory.mktemp("nginx")
    behind = ("--root-path", "/pizza", "--proxy", "127.0.0.1")
    with serving(folder / "log", bundle, *behind) as server:
        stripping, keeping = free_ports(2)
        text = CONFIGURATION.format(
            folder=folder, port=server.port, stripping=stripping, keeping=keeping
        )
        (folder / "nginx.conf").write_text(text)
        run = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"])
        try:
            addresses = [f"http://127.0.0.1:{port}/pizza" for port in (stripping, keeping)]
            for address in addresses:
                wait_for(f"{address}/readyz")
            yield Outside(server, *addresses)
        finally:
            run.terminate()
            run.wait(10)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5)
            return
        assert time.monotonic() < deadline, url
        time.sleep(0.05)


def fetched(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    """The status and the text of what is at an address."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, {"Content-Type": "image/png", **named})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_api_is_the_same_below_a_prefix(outside: Outside) -> None:
    for address in (outside.stripping, outside.keeping):
        status, text = fetched(f"{address}/predict", SMALL)
        assert (status, '"label":"red"' in text) == (200, True)
        status, text = fetched(f"{address}/nothing")
        assert status == 404
        assert '"instance":"/pizza/nothing"' in text
        assert "/pizza/docs tells what there is" in text
        assert '"servers":[{"url":"/pizza"}]' in fetched(f"{address}/openapi.json")[1]
        host = urlsplit(address).netloc
        assert f"https://{host}/pizza/predict" in html.unescape(fetched(f"{address}/docs")[1])
        assert fetched(f"{address}/predict/", SMALL)[0] == 200


def test_only_the_machine_itself_may_reload_also_behind_a_proxy(outside: Outside) -> None:
    address = f"{outside.stripping}/models/colours/reload"
    assert fetched(address, b"")[0] == 200
    assert fetched(address, b"", X_Forwarded_For="127.0.0.1")[0] == 200
    status, text = fetched(address, b"", X_Forwarded_For="192.0.2.9")
    assert (status, "only this machine itself" in text) == (403, True)
    # A page of the proxy's own address is no page from elsewhere.
    own = f"https://{urlsplit(address).netloc}"
    assert fetched(address, b"", Origin=own)[0] == 200
    assert fetched(address, b"", Origin="https://evil.example")[0] == 403


def test_the_pages_work_below_a_prefix(outside: Outside, tmp_path: Path) -> None:
    picture(602, hue=RED).save(tmp_path / "red.png")
    with chromium() as browser:
        for address in (f"{outside.stripping}/", f"{outside.keeping}/", outside.keeping):
            below = f"{address.rstrip('/')}/"
            with open_page(browser, address, DESK) as (page, troubles):
                page.set_input_files("#files", tmp_path / "red.png")
                expect(page.locator(".card .answer")).to_contain_text("red", timeout=30_000)
                for link in page.locator("header a").all():
                    target = link.evaluate("element => element.href")
                    assert target.startswith(below)
                page.goto(f"{below}watch/")
                expect(page.locator("main")).to_contain_text("colours", timeout=30_000)
                assert not list(page_state(page, troubles).complaints())


class Seen:
    """An application that notes what it is asked."""

    def __init__(self) -> None:
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope


def through(
    path: str = "/predict", peer: str = PROXY, prefix: str = "", **headers: str
) -> dict[str, Any]:
    """What the server sees of a request."""
    seen = Seen()
    named = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    scope = {
        "type": "http", "path": path, "client": (peer, 1234), "scheme": "http",
        "headers": [(b"host", b"inside:8000"), *named],
    }  # fmt: skip
    app = ProxyMiddleware(seen, prefix, networks([PROXY, "fd00::/8", "10.1.0.0/16"]))
    asyncio.run(app(scope, None, None))  # type: ignore[arg-type]
    host = dict(reversed(seen.scope["headers"]))[b"host"].decode()
    client = seen.scope["client"]
    return {**seen.scope, "host": host, "who": client and client[0]}


def test_a_stated_proxy_is_believed_and_nobody_else() -> None:
    headers = {
        "x_forwarded_for": "192.0.2.9", "x_forwarded_proto": "https",
        "x_forwarded_host": "shop.example", "x_forwarded_prefix": "/pizza",
    }  # fmt: skip
    seen = through(**headers)
    known = (seen["who"], seen["scheme"], seen["host"], seen[PREFIX])
    assert known == ("192.0.2.9", "https", "shop.example", "/pizza")
    other = through(peer="192.0.2.1", **headers)
    assert (other["who"], other["scheme"], other["host"]) == ("192.0.2.1", "http", "inside:8000")
    assert other[PREFIX] == ""


@pytest.mark.parametrize(
    ("forwarded", "who"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("127.0.0.1, 192.0.2.9", "192.0.2.9"),  # the first is what the client itself wrote
        ("192.0.2.9, 10.1.2.3", "192.0.2.9"),  # by way of another proxy of ours
        ("10.1.2.3, 10.1.2.4", "10.1.2.3"),  # from a proxy itself
        ("192.0.2.9:4711", "192.0.2.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("127.0.0.1, nonsense", None),
        ("127.0.0.1, nonsense, 10.1.2.3", None),
        ("nonsense, 192.0.2.9", "192.0.2.9"),
        ("", None),
    ],
)
def test_who_asks_is_the_last_that_is_no_proxy(forwarded: str, who: str | None) -> None:
    assert through(x_forwarded_for=forwarded)["who"] == who


def test_a_proxy_that_names_no_client_is_not_taken_for_it() -> None:
    assert through()["who"] is None


def test_a_proxy_is_recognised_at_a_socket_for_both_kinds_of_address() -> None:
    seen = through(peer=f"::ffff:{PROXY}", x_forwarded_for="192.0.2.9")
    assert seen["who"] == "192.0.2.9"


def test_nonsense_in_headers_changes_nothing() -> None:
    seen = through(
        x_forwarded_proto="gopher", x_forwarded_host="a b", x_forwarded_prefix="//evil.example"
    )
    assert (seen["scheme"], seen["host"], seen[PREFIX]) == ("http", "inside:8000", "")
    seen = through(x_forwarded_proto="http, https", x_forwarded_host="evil.example, shop.example")
    assert (seen["scheme"], seen["host"]) == ("https", "shop.example")


def test_no_header_chooses_a_prefix_where_one_was_given() -> None:
    seen = through("/models/a/reload", prefix="/pizza", x_forwarded_prefix="/models/a")
    assert (seen["path"], seen[PREFIX]) == ("/models/a/reload", "/pizza")


@pytest.mark.parametrize("prefix", ["/..", "/a/../b", "/.", "/a/./b", "/a/.."])
def test_no_prefix_leads_elsewhere(prefix: str) -> None:
    seen = through(f"{prefix}/predict", x_forwarded_prefix=prefix)
    assert (seen["path"], seen[PREFIX]) == (f"{prefix}/predict", "")


@pytest.mark.parametrize(
    ("asked", "path", "bare"),
    [
        ("/pizza/predict", "/predict", False),
        ("/predict", "/predict", False),
        ("/pizza/", "/", False),
        ("/pizza", "/", True),
        ("/pizzas", "/pizzas", False),
        ("/", "/", False),
    ],
)
def test_routes_never_see_the_prefix(asked: str, path: str, bare: bool) -> None:
    seen = through(asked, prefix="/pizza")
    assert (seen["path"], seen[PREFIX], seen[BARE]) == (path, "/pizza", bare)


def test_what_is_no_path_or_no_address_is_refused(bundle: Path) -> None:
    assert [root_path(text) for text in ("pizza/", "/a/b", "/", "")] == ["/pizza", "/a/b", "", ""]
    for text in ("/a b", "http://x", "/a//b", "/..", '/"'):
        with pytest.raises(InputError, match=r"--root-path .*: name a path of letters and digits"):
            root_path(text)
    with pytest.raises(InputError, match=r"--proxy shop\.example: no address; name one such as"):
        networks(["shop.example"])
    assert "--root-path" in refusal(bundle, "--root-path", "a b")
    assert "--proxy" in refusal(bundle, "--proxy", "10.0.0.1/8")
