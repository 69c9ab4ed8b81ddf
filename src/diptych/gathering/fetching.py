"""One request: a picture, or where to look for it, or why there is none."""

import http
from typing import NamedTuple

from diptych.errors import ImageError
from diptych.gathering.addresses import WebAddress
from diptych.gathering.bodies import read_body
from diptych.gathering.client import Client, Reply
from diptych.gathering.failures import Again, Failure
from diptych.gathering.retrying import may_pass
from diptych.gathering.robots import REDIRECTS
from diptych.images.preprocess import decode

# How a file is called by what is in it; others by the name of their format.
_ENDINGS = {
    "JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "HEIF": ".heic", "JPEG2000": ".jp2",
    "DIB": ".bmp",
}  # fmt: skip
# Pixels to decode at: enough to run through all of a file.
_GLANCE = (32, 32, 3)


class Arrival(NamedTuple):
    """A picture that came."""

    data: bytes
    ending: str  # of its name, by its content: .jpg
    status: int
    address: WebAddress  # where it was found in the end


def fetch(client: Client, address: WebAddress, most_bytes: int) -> Arrival | WebAddress:
    """A picture, or the address that the server sends us to; raises Failure for anything else.

    What arrives is decoded: neither its name nor what the server says of it counts.
    """
    with client.get(address) as reply:
        if reply.status in REDIRECTS:
            return _location(reply, address)
        if may_pass(reply.status):
            raise Again(*_refusal(reply.status), reply.status, reply.wait)
        if reply.status != http.HTTPStatus.OK:
            raise Failure(*_refusal(reply.status), reply.status)
        try:
            data = read_body(reply, most_bytes)
            return Arrival(data, _ending(data), reply.status, address)
        except ImageError as error:
            # Where the server does not say how much there is, it may have been cut off.
            cut = error.reason == "truncated" and "content-length" not in reply.headers
            kind = Again if cut else Failure
            raise kind(error.reason, error.detail, reply.status) from error
        except Failure as failure:
            failure.status = reply.status
            raise


def _ending(data: bytes) -> str:
    """The ending for a picture's name; raises ImageError where it is none."""
    kind = decode(data, _GLANCE).format
    return _ENDINGS.get(kind, f".{kind.lower()}")


def _location(reply: Reply, address: WebAddress) -> WebAddress:
    location = reply.headers.get("location", "")
    try:
        if location:
            return address.redirected(location)
        raise Failure("bad redirect", "it does not say where to")
    except Failure as failure:
        failure.status = reply.status
        raise


def _refusal(status: int) -> tuple[str, str]:
    """How a status is called, and what it means."""
    try:
        return f"status {status}", http.HTTPStatus(status).phrase.lower()
    except ValueError:
        return f"status {status}", ""
