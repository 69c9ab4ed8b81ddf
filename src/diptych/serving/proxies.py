"""Behind a proxy: who asks, by which scheme and host, and below which path the server is found.

A proxy passes requests on and says in headers whose they are. Anybody can write such headers, so
only a proxy whose address was given is believed (see "Forwarded HTTP Extension", RFC 7239, 8.1).
Where several proxies each add to a header, the last value is that of the nearest one.

Whether the proxy takes the path's prefix away or leaves it there, the routes never see it.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from diptych.errors import InputError

# In the scope of a request: the path that the server is found below, "" or such as "/pizza", and
# whether no more than that was asked for.
PREFIX, BARE = "diptych.prefix", "diptych.bare"

Networks = tuple[IPv4Network | IPv6Network, ...]
Headers = Sequence[tuple[bytes, bytes]]

# No part of it is "." or "..", which lead elsewhere.
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~-]+)+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_WITH_PORT = re.compile(r"\[(?P<six>.*)\](:[0-9]+)?|(?P<four>[0-9.]+):[0-9]+")


def root_path(text: str) -> str:
    """A prefix of paths as it is used: "/pizza" of "pizza/"; raises InputError for what is none."""
    path = "/" + text.strip("/") if text.strip("/") else ""
    if path and not _PREFIX.fullmatch(path):
        raise InputError(f"--root-path {text}: name a path of letters and digits, such as /pizza")
    return path


def networks(proxies: Iterable[str]) -> Networks:
    """The addresses of proxies; raises InputError for what is neither an address nor a network."""
    found = []
    for text in proxies:
        try:
            found.append(ip_network(text))
        except ValueError as cause:
            raise InputError(
                f"--proxy {text}: no address; name one such as 10.0.0.7, or a network, 10.0.0.0/8"
            ) from cause
    return tuple(found)


class ProxyMiddleware:
    """Tells the server who asks and where it is found, as a proxy sees it."""

    def __init__(self, app: ASGIApp, root_path: str, proxies: Networks) -> None:
        """`root_path` is such as "/pizza"; where it is "", a proxy may name one by a header."""
        self._app = app
        self._root_path = root_path
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = self._root_path
        changed: dict[str, object] = {}
        if scope["client"] and _is_one_of(scope["client"][0], self._proxies):
            headers: Headers = scope["headers"]
            changed["client"] = self._client(_values(headers, b"x-forwarded-for"))
            scheme = _last(headers, b"x-forwarded-proto").lower()
            changed["scheme"] = scheme if scheme in ("http", "https") else scope["scheme"]
            host = _last(headers, b"x-forwarded-host")
            if _HOST.fullmatch(host):
                others = [(name, value) for name, value in headers if name != b"host"]
                changed["headers"] = [(b"host", host.encode()), *others]
            named = _last(headers, b"x-forwarded-prefix").rstrip("/")
            # A proxy that sets no such header passes on what the client wrote.
            prefix = prefix or (named if _PREFIX.fullmatch(named) else "")
        path = scope["path"]
        bare = bool(prefix) and path == prefix
        if prefix and (bare or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        await self._app(
            {**scope, **changed, "path": path, PREFIX: prefix, BARE: bare}, receive, send
        )

    def _client(self, forwarded: Sequence[str]) -> tuple[str, int] | None:
        """The address that the proxies were asked from: the last that is not a proxy's itself.

        None where it is unknown: the proxy's own address, which may be this machine's, is not it.
        """
        client = None
        for text in reversed(forwarded):
            if (address := _address(text)) is None:
                return None  # whoever wrote this is not to be believed any further
            client = (address, 0)
            if not _is_one_of(address, self._proxies):
                break
        return client


def shown_path(scope: Scope) -> str:
    """The path of a request as it is outside."""
    return f"{scope.get(PREFIX, '')}{scope['path']}"


def _is_one_of(address: str, proxies: Networks) -> bool:
    try:
        one = ip_address(address)
    except ValueError:
        return False  # a socket of the file system has no address
    # A socket for both kinds of address shows 10.0.0.7 as ::ffff:10.0.0.7.
    mapped = one.ipv4_mapped if isinstance(one, IPv6Address) else None
    return any(one in network or (mapped and mapped in network) for network in proxies)


def _address(text: str) -> str | None:
    """An address without its port; None for what is none."""
    match = _WITH_PORT.fullmatch(text)
    plain = (match["six"] or match["four"]) if match else text
    try:
        return str(ip_address(plain))
    except ValueError:
        return None


def _values(headers: Headers, name: bytes) -> list[str]:
    """The values of a header, in their order, of all its lines."""
    lines = (value.decode("latin-1") for own, value in headers if own == name)
    return [part.strip() for line in lines for part in line.split(",")]


def _last(headers: Headers, name: bytes) -> str:
    return (_values(headers, name) or [""])[-1]
