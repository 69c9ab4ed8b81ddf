import time
from contextlib import closing
from typing import cast

import pytest

from diptych.serving.models import Models
from diptych.serving.monitoring import Monitor
from diptych.serving.problems import Problem
from diptych.serving.settings import Limits, Settings
from diptych.serving.state import ServerState
from served import HALF, SMALL, Server, begin_request


def test_who_comes_when_the_queue_is_full_is_asked_to_come_again(narrow: Server) -> None:
    deadline = time.monotonic() + 30
    response = None
    while response is None or response.status != 429:  # those who wait are sent away after a second
        assert time.monotonic() < deadline
        with closing(begin_request(narrow, HALF)), closing(begin_request(narrow, HALF)):
            response = narrow.post("/predict", SMALL)
    assert int(response.headers["retry-after"]) >= 1
    assert response.json["title"] == "Too Many Requests"
    assert narrow.get("/healthz").status == 200
    while narrow.post("/predict", SMALL).status == 429:
        assert time.monotonic() < deadline


def test_bodies_that_are_held_have_a_limit_together() -> None:
    settings = Settings((), limits=Limits(bytes=100))
    state = ServerState(settings, cast(Models, None), Monitor())
    with state.admit() as first:
        first(700)
        with state.admit() as second, pytest.raises(Problem) as refused:
            second(101)
        assert refused.value.status == 429
        assert refused.value.headers["Retry-After"] == "1"
    assert (state.bytes_held, state.requests) == (0, 0)
