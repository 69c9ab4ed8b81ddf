import re

from served import Server, assorted


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
