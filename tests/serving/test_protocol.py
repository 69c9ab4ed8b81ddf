from contextlib import closing

from served import HALF, SMALL, Server, begin_request, read_response


def test_who_sends_too_slowly_is_told_so(narrow: Server) -> None:
    with closing(begin_request(narrow, HALF, b"a few bytes")) as connection:
        other = narrow.post("/predict", SMALL)
        answer = read_response(connection)
        assert answer.status == 408
        assert answer.json["detail"] == "the request was not complete after 1 s"
        assert other.status == 200
    with closing(begin_request(narrow, "GET / HTTP/1.1\nHost: he")) as connection:
        answer = read_response(connection)
        assert (answer.status, answer.json["status"]) == (408, 408)
    with closing(begin_request(narrow, "")) as connection:
        assert read_response(connection).status == 408


def test_a_head_that_is_endless_or_none_is_refused(narrow: Server) -> None:
    with closing(begin_request(narrow, "GET / HTTP/1.1\nX: " + "x" * 40_000)) as connection:
        assert read_response(connection).status == 431
    with closing(
        begin_request(narrow, "GET / HTTP/1.1\nX: " + "x" * 100_000 + "\n\n")
    ) as connection:
        assert read_response(connection).status == 431
    # The answer arrives, however much comes after it was given.
    with closing(
        begin_request(narrow, "GET / HTTP/1.1\nX: " + "x" * 20_000_000 + "\n\n")
    ) as connection:
        assert read_response(connection).status == 431
    with closing(begin_request(narrow, "no request at all\n\n")) as connection:
        answer = read_response(connection)
        assert (answer.status, answer.json["detail"]) == (400, "this is no HTTP request")
