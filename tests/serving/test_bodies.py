import json
import time
from contextlib import closing

from PIL import Image

from served import HALF, SMALL, Server, begin_request, encoded, read_response


def test_too_many_bytes_are_refused_before_they_are_read(narrow: Server) -> None:
    response = narrow.post("/predict", bytes(5_000_000))
    assert response.status == 413
    assert "the limit is 40,000" in response.json["detail"]
    head = "POST /predict HTTP/1.1\nHost: here\nConnection: close\nTransfer-Encoding: chunked\n\n"
    chunk = b"9c40\r\n" + bytes(40000) + b"\r\n"
    with closing(begin_request(narrow, head, 2 * chunk + b"0\r\n\r\n")) as connection:
        assert read_response(connection).status == 413


def test_too_many_pixels_or_files_are_refused(narrow: Server) -> None:
    many = narrow.post("/predict", encoded(Image.new("L", (200, 51))))
    assert (many.status, many.json["detail"]) == (
        413,
        "too large: 200 × 51 pixels; the limit is 10,000",
    )
    assert narrow.post("/predict", encoded(Image.new("L", (200, 50)))).status == 200
    files = [(f"{i}.png", SMALL) for i in range(3)]
    three = narrow.post_form("/predict", *files)
    assert (three.status, three.json["detail"]) == (
        413,
        "more pictures than 2, the limit a request",
    )
    assert narrow.post_form("/predict", *files[:2]).status == 200
    texts = {"name": "pictures", "shape": [3], "datatype": "BYTES", "data": ["AAAA"] * 3}
    body = json.dumps({"inputs": [texts]}).encode()
    assert narrow.post("/v2/models/colours/infer", body).status == 413


def test_clients_that_go_away_leave_nothing_behind(narrow: Server) -> None:
    for _ in range(6):
        begin_request(narrow, HALF, b"begun").close()
        begin_request(narrow, HALF.replace("5000", str(len(SMALL))), SMALL).close()
    deadline = time.monotonic() + 10
    while narrow.post("/predict", SMALL).status != 200:
        assert time.monotonic() < deadline
    while "\ndiptych_waiting_requests 0.0\n" not in narrow.get("/metrics").body.decode():
        assert time.monotonic() < deadline
    assert not [line for line in narrow.lines() if line.get("level") == "error"]
