"""Windows of a review, asked without a socket, and real ones in a process of their own."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from starlette.types import Message

from diptych.reviewing.app import application
from diptych.reviewing.server import Settings
from diptych.reviewing.session import Session

TOKEN = "the-token"
HERE = "127.0.0.1:8431"


def settings(plan: Path, **more: Any) -> Settings:
    """A review of small pictures by anna."""
    return Settings(plan, ("photos",), plan.with_name("new.bundle"), "anna", 32, **more)


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A browser window, without a socket between it and the application."""

    def __init__(self, session: Session, window: str = "first") -> None:
        self.app = application(session, TOKEN)
        self.window = window
        self.seen = 0

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", f"/{TOKEN}/{path}", b"", **headers)

    def post(self, path: str, **body: Any) -> Answer:
        data = json.dumps({"window": self.window, "seen": self.seen, **body}).encode()
        return self.ask("POST", f"/{TOKEN}/{path}", data, content_type="application/json")

    def decide(self, *numbers: int, decision: str, **more: Any) -> Answer:
        answer = self.post("decide", numbers=numbers, decision=decision, **more)
        if answer.status == 200:
            self.seen = answer.json["version"]
        return answer

    def ask(self, method: str, path: str, data: bytes = b"", **headers: str) -> Answer:
        """Any request; in names of headers _ stands for -."""
        path, _, query = path.partition("?")
        sent = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        }
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": data}

        async def send(message: Message) -> None:
            told.append(message)

        async def answered() -> None:
            await self.app(scope, receive, send)

        asyncio.run(answered())
        start, *rest = told
        received = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], received, b"".join(m.get("body", b"") for m in rest))


def number(session: Session, name: str) -> int:
    return session.review.collection.number_of[name]


class Running(NamedTuple):
    """A `diptych review` at work."""

    process: "subprocess.Popen[str]"
    answer: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.answer["url"])


@contextlib.contextmanager
def reviewing(*arguments: str | Path) -> Iterator[Running]:
    """A review in a process of its own, whose cache is that of the test; killed at the end."""
    command = [sys.executable, "-m", "diptych", "review", *map(str, arguments), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    try:
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()
            text += line
        yield Running(process, json.loads(text))
    finally:
        process.kill()
        process.communicate()
