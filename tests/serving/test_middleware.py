import http.client
import re
from contextlib import closing
from pathlib import Path

import pytest

from diptych.serving.keys import add_key
from served import SMALL, Server, assorted, begin_request, serving

PATHS = (
    "/", "/watch", "/docs", "/openapi.json", "/static/index.js", "/static/mark.svg", "/healthz",
    "/readyz", "/metrics", "/model", "/model?model=others", "/drift", "/v2", "/v2/health/live",
    "/v2/health/ready", "/v2/models/colours", "/v2/models/colours/ready",
)  # fmt: skip
REFUSED = ("/nothing", "/static/nothing.js", "/model?model=nothing", "/predict", "/static/")
# What tells one answer from the next.
OWN = ("x-request-id", "date", "content-length")


def test_a_request_has_an_id(server: Server) -> None:
    assert server.get("/model", X_Request_ID="order-66").headers["x-request-id"] == "order-66"
    identities = {
        server.get("/model", X_Request_ID=bad).headers["x-request-id"] for bad in ("", "a b")
    }
    identities.add(server.get("/nothing").headers["x-request-id"])
    assert len(identities) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in identities)


def test_a_line_of_the_log_tells_of_a_request_and_not_of_the_picture(server: Server) -> None:
    server.post_form("/predict", ("secret-name.png", assorted()["0.png"]))
    server.post("/predict", assorted()["0.png"], X_Request_ID="last")
    line = server.line("last")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/predict", 200)
    assert (line["model"], line["pictures"]) == ("colours", 1)
    assert line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"])
    assert "secret" not in server.log.read_text()


def test_only_pages_that_were_named_may_ask_from_elsewhere(server: Server) -> None:
    def allowed(origin: str) -> str | None:
        answer = server.post("/predict", assorted()["0.png"], Origin=origin)
        return answer.headers.get("access-control-allow-origin")

    assert allowed("https://shop.example") == "https://shop.example"
    assert allowed("https://evil.example") is None


@pytest.mark.parametrize("path", [*PATHS, *REFUSED])
def test_head_is_answered_as_get_without_a_body(server: Server, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        answers = []
        for method in ("GET", "HEAD", "GET", "HEAD", "HEAD", "GET"):
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
            assert not (method == "HEAD" and body)
            headers = {name: value for name, value in response.getheaders() if name not in OWN}
            answers.append((response.status, headers))
            assert response.getheader("content-length")
            if path != "/metrics":  # which grows with every request
                answers[-1][1]["content-length"] = str(response.getheader("content-length"))
            assert connection.sock is not None  # it is kept
        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == 200 or path in REFUSED


def test_after_a_head_nothing_but_the_next_answer_follows(server: Server) -> None:
    """What http.client would pass over: the bytes on the connection."""
    head = "HEAD /openapi.json HTTP/1.1\nHost: here\n\n"
    last = "HEAD /nothing HTTP/1.1\nHost: here\nConnection: close\n\n"
    with closing(begin_request(server, head + head + last)) as connection:
        text = b"".join(iter(lambda: connection.recv(65536), b""))
    heads = text.split(b"\r\n\r\n")
    assert [part[:12] for part in heads] == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 404", b""]


def test_what_can_be_done_is_said_where_something_else_was_tried(server: Server) -> None:
    for path, allowed in (
        ("/predict", "POST"),
        ("/explain/", "POST"),
        ("/models/colours/reload", "POST"),
        ("/v2/models/colours/infer", "POST"),
        ("/healthz", "GET, HEAD"),
        ("/", "GET, HEAD"),
        ("/docs/", "GET, HEAD"),
        ("/static/index.js", "GET, HEAD"),
        ("/v2", "GET, HEAD"),
    ):
        for method in ("PUT", "DELETE", "PATCH", "POST" if "GET" in allowed else "GET"):
            refused = server.ask(method, path)
            assert (refused.status, refused.headers["allow"]) == (405, allowed), (method, path)
            assert refused.json["detail"] == f"{method} cannot be used here; {allowed} can"
        told = server.ask("OPTIONS", path)
        assert (told.status, told.headers["allow"], told.body) == (204, allowed, b"")
    assert server.ask("OPTIONS", "/nothing").status == 404


@pytest.mark.parametrize("path", [path.replace("?", "/?") for path in PATHS if path != "/"])
def test_a_slash_at_the_end_changes_nothing(server: Server, path: str) -> None:
    slash = path if "?" in path else f"{path}/"
    plain, answer = server.get(path.replace("/?", "?")), server.get(slash)
    assert (answer.status, plain.status) == (200, 200)
    assert "location" not in answer.headers
    assert answer.headers["content-type"] == plain.headers["content-type"]
    assert server.ask("HEAD", slash).status == 200


def test_what_is_posted_to_a_slash_is_answered_there(server: Server, bundle: Path) -> None:
    for path in ("/predict", "/predict/", "/predict/?model=colours", "/predict%2F"):
        answer = server.post(path, SMALL, Host="shop.example", X_Forwarded_Proto="https")
        assert (answer.status, "location" in answer.headers) == (200, False)
    for path in ("/explain/", "/models/others/reload/"):
        assert server.post(path, SMALL).status == 200
    assert server.post("/v2/models/colours/infer/", b"{").status == 400
    for path in ("/predict//", "//", "//predict", "/nothing/"):
        assert server.get(path).status == 404


def test_neither_head_nor_a_slash_opens_what_needs_a_key(bundle: Path, tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys", "ada")
    with serving(tmp_path / "log", bundle, "--keys", tmp_path / "keys") as guarded:
        for path in ("/", "/healthz/", "/readyz", "/docs/", "/watch/", "/static/style.css"):
            assert guarded.ask("HEAD", path).status == 200
        for path in ("/model", "/model/", "/metrics", "/drift/", "/v2/", "/static", "/nothing/"):
            assert guarded.ask("HEAD", path).status == 401
            assert guarded.get(path).status == 401
        assert guarded.ask("HEAD", "/model/", X_API_Key=key).status == 200
        assert guarded.post("/predict/", SMALL).status == 401


@pytest.mark.parametrize(
    "path", ["/static/%00", "/%00", "/%ff%fe", "/static/" + "a" * 5000, "/static/..%2f..%2fapp.py",
             "/static/%2e%2e/app.py", "/v2/models/%ED%A0%80", "/model?model=%ff", "/%"],
)  # fmt: skip
def test_paths_of_any_kind_are_answered(server: Server, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert server.ask(method, path).status == 404


def test_a_path_may_be_written_in_any_way(server: Server) -> None:
    assert server.post("/%70redict", SMALL).status == 200
    assert server.get("/v2/models/colo%75rs").status == 200
    assert server.get("/model?model=other%73").json["name"] == "others"


def test_a_body_that_is_waited_for_is_asked_for(server: Server) -> None:
    """Expect: 100-continue, as curl sends with what is large."""
    head = "POST /predict HTTP/1.1\nHost: here\nExpect: 100-continue\nConnection: close\n"
    length = f"Content-Length: {len(SMALL)}\n\n"
    with closing(begin_request(server, head + length)) as connection:
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(SMALL)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
    with closing(begin_request(server, f"{head}Content-Length: 99999999\n\n")) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", ["-1", "1x", "0x10", "5, 6", "٣"])
def test_a_length_that_is_none_is_refused(server: Server, length: str) -> None:
    head = f"POST /predict HTTP/1.1\nHost: here\nContent-Length: {length}\n\n"
    with closing(begin_request(server, head)) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    both = "Transfer-Encoding: chunked\nContent-Length: 5"
    head = f"POST /predict HTTP/1.1\nHost: here\n{both}\n\n"
    with closing(begin_request(server, head, b"0\r\n\r\n")) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("accept", ["text/html", "image/webp", "application/xml;q=0.1", "*/*", "?"])
def test_answers_are_the_same_whatever_is_preferred(server: Server, accept: str) -> None:
    answer = server.post("/predict", SMALL, Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    refused = server.post("/predict", b"words", Accept=accept)
    assert refused.headers["content-type"] == "application/problem+json"
