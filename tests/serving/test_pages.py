import re
from urllib.parse import urljoin

import pytest

from served import Server


@pytest.mark.parametrize("path", ["/", "/watch", "/watch/", "/docs", "/docs/"])
def test_the_addresses_of_a_page_hold_wherever_it_is(server: Server, path: str) -> None:
    page = server.get(path)
    text = page.body.decode()
    root = re.search(r'<base href="([^"]+)">', text)
    base = urljoin(f"http://here{path}", root[1] if root else "")
    linked = {urljoin(base, href) for href in re.findall(r'(?:href|src)="([^"#]+)', text)}
    assert {f"http://here{part}" for part in ("/", "/static/mark.svg", "/watch", "/docs")} <= linked
    for address in linked:
        assert server.get(address.removeprefix("http://here")).status == 200
    assert "base-uri 'self'" in page.headers["content-security-policy"]
