"""The bytes that a server sends, up to a limit, whatever it says of them."""

import zlib
from collections.abc import Iterator

from diptych.gathering.client import Reply
from diptych.gathering.failures import Again, Failure

PLAIN = ("", "identity")
ZIPPED = ("gzip", "x-gzip", "deflate")
# For zlib: a header of gzip or of zlib, whichever is there.
_ANY_HEADER = 32 + zlib.MAX_WBITS


def read_body(reply: Reply, most: int, *, cut: bool = False) -> bytes:
    """The bytes of an answer, unpacked; raises Failure where they are more than `most`.

    With `cut`, only so many are read of more.
    """
    said = reply.headers.get("content-length", "")
    if not cut and said.isdecimal() and int(said[:20]) > most:
        raise _too_large(f"{int(said[:20]):,}", most)
    body = bytearray()
    for piece in _unpacked(reply, most):
        body += piece
        if len(body) > most:
            if cut:
                return bytes(body[:most])
            raise _too_large(f"more than {most:,}", most)
    return bytes(body)


def _too_large(size: str, most: int) -> Failure:
    return Failure("too large", f"{size} bytes; the limit is {most:,}")


def _unpacked(reply: Reply, most: int) -> Iterator[bytes]:
    """The pieces of a body as they were before they were packed, none much larger than `most`."""
    encoding = reply.headers.get("content-encoding", "").strip().lower()
    if encoding in PLAIN:
        yield from reply.pieces
        return
    if encoding not in ZIPPED:
        raise Failure("unreadable", f"it is packed in a way that was not asked for: {encoding}")
    unpacker = zlib.decompressobj(_ANY_HEADER)
    try:
        for packed in reply.pieces:
            while packed and not unpacker.eof:
                # A kilobyte may unpack to a megabyte.
                yield unpacker.decompress(packed, most + 1)
                packed = unpacker.unconsumed_tail
    except zlib.error as cause:
        raise Failure("unreadable", f"it is no {encoding}, as the server says") from cause
    if not unpacker.eof:
        raise Again("connection broken", f"its {encoding} ends too early")
