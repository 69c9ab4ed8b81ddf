from collections.abc import Iterator

import pytest

from web import Web, web_server


@pytest.fixture
def web() -> Iterator[Web]:
    """A server on this machine."""
    with web_server() as server:
        yield server
