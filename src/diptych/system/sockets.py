"""Sockets that a server listens on."""

import os
import socket

from diptych.errors import InputError


def open_socket(host: str, port: int) -> socket.socket:
    """A socket at an address; raises InputError where it is taken or is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as cause:
        raise InputError(f"--host {host}: {cause.strerror}") from cause
    try:
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as cause:
        opened.close()
        raise InputError(
            f"{host}:{port} cannot be used ({cause.strerror}); name another --port"
        ) from cause
    return opened
