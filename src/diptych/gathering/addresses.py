"""Addresses on the web, and how they are shown: without what may be secret in them."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from diptych.errors import MissingExtra, first_line
from diptych.gathering.failures import Failure

try:
    import httpx2
except ModuleNotFoundError as cause:
    raise MissingExtra("httpx2", "gather") from cause

SCHEMES = ("http", "https")
HIGHEST_PORT = 2**16 - 1
LONGEST = 8192  # letters; servers take no more
# A name and a password before the host, also in a cell that lacks the scheme.
_LOGIN = re.compile(r"(?:(?<=//)[^/?#\s]*|^[^/?#\s:@]*:[^/?#\s@]*)@")
# Parameters by which somebody may look at what others may not.
_SECRET = re.compile(
    r"([?&;][^=&;#\s]*(?:token|secret|signature|passw(?:or)?d|credential|session|auth|api_?key"
    r"|access_?key)[^=&;#\s]*=|[?&;](?:key|sig|pwd|pass|jwt|sid)=)[^&;#\s]+",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """A text, such as a cell of a table, without the passwords and keys of an address in it."""
    return _SECRET.sub(r"\1***", _LOGIN.sub("", text))


@dataclass(frozen=True)
class WebAddress:
    """A place on the web that can be asked for."""

    url: httpx2.URL

    def __str__(self) -> str:
        return without_secrets(str(self.url))

    @cached_property
    def key(self) -> str:
        """A name for what it leads to, which is the same every time."""
        bare = self.url.copy_with(userinfo=b"", fragment=None)
        return hashlib.sha256(str(bare).encode()).hexdigest()[:16]

    @property
    def origin(self) -> str:
        """The server that it is on: https://example.com, with a port where it has one."""
        return f"{self.url.scheme}://{self.url.netloc.decode('ascii')}"

    @property
    def host(self) -> str:
        """The host with the port, whatever the scheme: whom we are polite to."""
        return self.url.netloc.decode("ascii")

    @property
    def login(self) -> str:
        """The header that its name and password make; "" for none."""
        if not self.url.userinfo:
            return ""
        said = f"{self.url.username}:{self.url.password}".encode()
        return f"Basic {base64.b64encode(said).decode('ascii')}"

    def beside(self, path: str) -> "WebAddress":
        """Another path on the same server, for the same person."""
        return WebAddress(self.url.copy_with(path=path, query=None, fragment=None))

    def redirected(self, location: str) -> "WebAddress":
        """Where a server sends us from here; raises Failure where that is no place to go."""
        try:
            there = self.url.join(location)
        except (httpx2.InvalidURL, ValueError) as cause:
            raise Failure("bad redirect", "it leads to no address") from cause
        # A name and a password are for the server that they were written for.
        mine = self.origin == WebAddress(there).origin
        userinfo = self.url.userinfo if mine else b""
        return _asked_for(there.copy_with(userinfo=userinfo), "bad redirect", "it leads to ")


def web_address(text: str) -> WebAddress:
    """The address that a text is; raises Failure where it is none of the web."""
    if not text:
        raise Failure("no address", "the cell is empty")
    if len(text) > LONGEST:
        raise Failure("no address", f"it has {len(text):,} letters; the limit is {LONGEST:,}")
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as cause:
        raise Failure("no address", without_secrets(first_line(cause))) from cause
    return _asked_for(url, "no address", "")


def _asked_for(url: httpx2.URL, reason: str, before: str) -> WebAddress:
    if not url.scheme:
        raise Failure(reason, f"{before}what does not begin with http:// or https://")
    if url.scheme not in SCHEMES:
        raise Failure(reason, f"{before}{url.scheme}:, and only http and https are asked for")
    if not url.host:
        raise Failure(reason, f"{before}no host")
    if (url.port or 0) > HIGHEST_PORT:
        raise Failure(reason, f"{before}port {url.port}, which there is not")
    return WebAddress(url)
