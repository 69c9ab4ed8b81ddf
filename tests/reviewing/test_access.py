import pytest

from windows import HERE, TOKEN, Client


@pytest.mark.parametrize("path", ["/", "/overview", "/wrong/overview", f"/{TOKEN}x/overview", "//"])
def test_nobody_is_let_in_without_the_token(client: Client, path: str) -> None:
    answer = client.ask("GET", path)
    assert answer.status == 403
    assert "token" in answer.json["detail"]


@pytest.mark.parametrize("path", ["", "overview", "static/index.js", "picture/0"])
def test_with_the_token_everything_is_there(client: Client, path: str) -> None:
    assert client.get(path).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8431", "127.0.0.1.evil.example", ""]
)
def test_a_name_that_leads_here_is_no_name_of_ours(client: Client, host: str) -> None:
    answer = client.get("overview", host=host)
    assert answer.status == 403
    assert b"photos" not in answer.body


def test_a_page_of_somebody_else_is_refused_though_it_knew_the_token(client: Client) -> None:
    assert client.get("overview", origin="http://evil.example").status == 403
    assert client.get("overview", origin=f"http://{HERE}").status == 200


def test_no_other_page_may_show_it_read_it_or_learn_its_address(client: Client) -> None:
    headers = client.get("").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert not any(name.startswith("access-control") for name in headers)


def test_a_form_of_another_page_decides_nothing(client: Client) -> None:
    body = b'{"window": "first", "numbers": [0], "decision": "drop"}'
    answer = client.ask("POST", f"/{TOKEN}/decide", body, content_type="text/plain")
    assert answer.status == 415
