"""From a data set and a plan to a page at an address of this machine."""

import contextlib
import importlib.util
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from diptych.data.dataset import Dataset
from diptych.data.plan import Plan, Row
from diptych.errors import InputError, MissingExtra
from diptych.images import cache
from diptych.reviewing.background import Background
from diptych.reviewing.child_training import ChildTraining
from diptych.reviewing.collection import Collection, collection_of, require_own
from diptych.reviewing.decisions import Decisions, refuse_read_only
from diptych.reviewing.findings import read_findings
from diptych.reviewing.review import Review
from diptych.reviewing.session import Session
from diptych.system.asgi import server_config
from diptych.system.sockets import open_socket

HOST = "127.0.0.1"
NEEDED = ("starlette", "uvicorn")
# Seconds for answers that have begun when it ends.
GRACE = 3


class Settings(NamedTuple):
    """Where the page is, who decides, and by what."""

    plan: Path
    words: tuple[str, ...]  # by which a command line names the data
    out: Path  # of the bundle that the page offers to train
    name: str  # of who decides
    size: int  # pixels at which the audit decoded
    bundle: Path | None = None
    port: int = 0
    browser: bool = True


class Opened(NamedTuple):
    """What stands when the page answers."""

    url: str
    plan: Plan
    pictures: int
    gone: tuple[Row, ...]  # rows of the plan whose pictures are no longer there


def require_packages() -> None:
    """Raise MissingExtra where a package is missing that the page needs."""
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra("fastapi" if package == "starlette" else package, "serve")


def review(dataset: Dataset, settings: Settings, ready: Callable[[Opened], None]) -> str:
    """Answer until Ctrl-C; returns what came of it, in a line.

    The plan must be there. Raises InputError where it is the plan of other data, cannot be read,
    may not be written, or is being reviewed by another process; MissingExtra without the packages
    of the extra "serve".
    """
    require_packages()
    refuse_read_only(settings.plan)
    if not 0 <= settings.port <= 65535:
        raise InputError(f"--port {settings.port}: ports go from 0 (any that is free) to 65535")
    with _alone(settings.plan), contextlib.closing(open_socket(HOST, settings.port)) as listening:
        session, gone = opened_session(dataset, settings)
        try:
            from diptych.reviewing.access import new_token

            token = new_token()
            url = f"http://{HOST}:{listening.getsockname()[1]}/{token}/"
            plan = session.review.decisions.plan()

            def answers() -> None:
                session.review.background.start()
                ready(Opened(url, plan, len(session.review.collection), gone))
                if settings.browser and _has_browser():
                    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

            _run(session, token, listening, answers)
        finally:
            session.close()
        return session.summary()


def opened_session(dataset: Dataset, settings: Settings) -> tuple[Session, tuple[Row, ...]]:
    """A data set and its plan as a session that nobody asks yet; and rows whose pictures are gone.

    Raises InputError as `review`.
    """
    collection = collection_of(dataset)
    decisions = Decisions(settings.plan)
    gone = require_own(collection, decisions.plan())
    audit = settings.plan.with_name("audit.csv")
    findings = read_findings(audit) if audit.exists() else {}
    sessions: list[Session] = []
    background = Background(collection, settings.size, lambda seen: sessions[0].looked(seen))
    own = Review(collection, findings, decisions, background, settings.name)
    training = ChildTraining(settings.words, settings.plan, settings.out)
    sessions.append(Session(own, training, settings.bundle))
    return sessions[0], gone


def first_plan(dataset: Dataset) -> Plan:
    """The plan of a data set that has no labels at all: each picture is to get one."""
    collection: Collection = collection_of(dataset)
    return Plan(tuple(Row(i.name, "relabel", reason=i.reason) for i in collection.items))


def _alone(plan: Path) -> contextlib.AbstractContextManager[None]:
    """One process at a time: two would not know of each other's decisions."""
    refusal = f"{plan}: another `diptych review` has it open; decide there, or end that one"
    return cache.alone(plan, "review", refusal)


def _has_browser() -> bool:
    """Whether a browser would open in a window, rather than in the terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _run(session: Session, token: str, listening: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn

    from diptych.reviewing.app import application

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # Not remembered, as uvicorn does, to be raised again: this is how it is meant to end.
            self.force_exit = self.should_exit
            self.should_exit = True

    Server(server_config(application(session, token), GRACE)).run([listening])
