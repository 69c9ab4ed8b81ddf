"""A server asked from the command line answers as its bundle does."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from command import complaint, diptych
from conftest import BLUE, GREEN, RED, picture
from diptych import load
from diptych.errors import InputError
from diptych.images.preprocess import decode
from diptych.serving.client import IN_FLIGHT, Client
from diptych.serving.remote import is_address
from served import Server, encoded, serving


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server so small that it often says that it is busy."""
    with serving(tmp_path_factory.mktemp("log") / "log", bundle, "--queue", "2") as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures, odd files among them, and of rows of numbers."""
    folder = tmp_path / "new"
    folder.mkdir()
    for i in range(20):
        picture(900 + i, hue=(RED, BLUE, GREEN)[i % 3]).save(folder / f"{i:02d}.png")
    picture(930, hue=RED).convert("L").save(folder / "grey é.jpg")
    (folder / "cut.png").write_bytes(encoded(picture(931))[:-1000])
    (folder / "empty.jpg").touch()
    (folder / "words.txt").write_text("no picture")
    pixels = [np.asarray(picture(940 + i, 32, hue=BLUE)).ravel() for i in range(3)]
    (folder / "rows.csv").write_text("\n".join(",".join(map(str, row)) for row in pixels) + "\n")
    (folder / "bad.csv").write_text("1,2,3\n4,5,6\n")
    return folder


def at(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_a_table_of_files_is_answered_as_by_the_bundle(
    bundle: Path, server: Server, pictures: Path
) -> None:
    (pictures / "list.csv").write_text("file,kind\n03,x\n99,y\n01,x\n")
    names = [pictures / "list.csv"]
    here, there = diptych("predict", bundle, *names), diptych("predict", at(server), *names)
    assert there.stdout == here.stdout
    assert [line.split("  ")[0] for line in there.stdout.splitlines()] == ["03", "99", "01"]


def test_the_lines_are_those_of_the_bundle(bundle: Path, server: Server, pictures: Path) -> None:
    names: list[str | Path] = [pictures, f"{pictures}/1*.png", pictures / "not there.jpg"]
    here, there = diptych("predict", bundle, *names), diptych("predict", at(server), *names)
    assert there.stdout == here.stdout
    assert there.stdout.count("cannot be read") == 5
    assert there.stdout.count("rows.csv:") == 3
    assert there.returncode == here.returncode == 1
    assert there.stderr == ""


def test_the_json_is_that_of_the_bundle_but_for_rounding(
    bundle: Path, server: Server, pictures: Path
) -> None:
    here, there = (
        json.loads(diptych("predict", source, pictures, "--json").stdout)
        for source in (str(bundle), at(server))
    )
    assert len(here) == len(there) == 28
    for one, other in zip(here, there, strict=True):
        for key in ("path", "label", "prediction_set", "error"):
            assert one[key] == other[key]
        for key in ("probability", "ood_score", "probabilities"):
            assert one[key] == pytest.approx(other[key], abs=1e-5)


def test_a_model_is_picked_by_name(server: Server, pictures: Path) -> None:
    address = f"{at(server)}/?model=colours"
    assert diptych("predict", address, pictures / "00.png").returncode == 0
    said = complaint("predict", f"{at(server)}?model=flowers", pictures)
    assert "no model 'flowers'; there are: colours" in said


def test_names_of_files_are_not_told(server: Server, tmp_path: Path) -> None:
    picture(950, hue=RED).save(tmp_path / "private.png")
    assert diptych("predict", at(server), tmp_path / "private.png").returncode == 0
    assert "private" not in server.log.read_text()


def test_a_key_is_sent_from_the_option_or_the_environment(
    bundle: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diptych.serving.keys import add_key

    key = add_key(tmp_path / "keys", "ada")
    one = pictures / "00.png"
    with serving(tmp_path / "log", bundle, "--keys", tmp_path / "keys") as guarded:
        assert diptych("predict", at(guarded), one, "--key", key).returncode == 0
        assert "give a key with --key" in complaint("predict", at(guarded), one)
        assert "give a key" in complaint("predict", at(guarded), one, "--key", "wrong")
        monkeypatch.setenv("DIPTYCH_KEY", key)
        assert diptych("predict", at(guarded), one).returncode == 0
    assert "no key has" in complaint("predict", at(guarded), one, "--key", "two\nlines")
    assert "wants no key" in complaint("predict", bundle, one, "--key", key)


def test_nothing_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        said = complaint("predict", address, "a.png")
    assert said.startswith(f"diptych: {address}: cannot be reached: connection refused; is")


@pytest.mark.parametrize(
    "address", ["http://", "http://host:port", "http://host?size=3", "https://me:word@host"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert is_address(address)
    with pytest.raises(InputError, match="no address of a server"):
        Client(address)


def test_a_folder_is_no_address(bundle: Path) -> None:
    assert not is_address(str(bundle))
    assert "httpd.bundle: no such bundle" in complaint("predict", "httpd.bundle", "a.png")


class Scripted(BaseHTTPRequestHandler):
    """Answers as a real server would in a bad moment, then as it should."""

    protocol_version = "HTTP/1.1"
    script: ClassVar[list[Callable[["Scripted"], None]]]
    connections: ClassVar[set[Any]]
    bodies: ClassVar[list[bytes]]
    facts: ClassVar[dict[str, Any]] = {"input": [32, 32, 3], "limits": {"bytes": 5000}}

    def do_GET(self) -> None:
        self.tell(200, self.facts)

    def do_POST(self) -> None:
        self.connections.add(self.client_address)
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        (self.script.pop(0) if self.script else Scripted.answer)(self)

    def answer(self) -> None:
        one = {"label": "red", "probability": 1.0, "probabilities": {"red": 1.0}}
        rest = {"path": "picture", "ood_score": 0.5, "prediction_set": ["red"], "error": None}
        self.tell(200, {"model": "colours", "predictions": [one | rest]})

    def busy(self) -> None:
        self.tell(429, {"detail": "busy"}, {"Retry-After": "0"})

    def closing(self) -> None:
        self.tell(503, {"detail": "shutting down"}, {"Connection": "close"})

    def hang_up(self) -> None:
        self.close_connection = True

    def fail(self) -> None:
        self.tell(500, {"detail": "this should not have happened"})

    def answer_strangely(self) -> None:
        self.tell(200, {"predictions": "pizza"})

    def answer_and_hang_up(self) -> None:
        self.answer()
        self.close_connection = True

    def tell(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def scripted(*script: Callable[[Scripted], None]) -> Iterator[tuple[str, type[Scripted]]]:
    """The address of a server that does these things first."""
    bound = {"script": list(script), "connections": set(), "bodies": []}
    handler = type("Bound", (Scripted,), bound)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


def test_numbers_mean_what_they_do_in_the_model(tmp_path: Path) -> None:
    dark = np.arange(2 * 9).reshape(2, 9) % 5
    (tmp_path / "dark.csv").write_text("\n".join(",".join(map(str, row)) for row in dark))
    values = {"low": 0, "high": 255, "planar": None}
    with scripted() as (address, handler):
        handler.facts = handler.facts | {"input": [3, 3, 1], "values": values}
        assert len(list(Client(address).stream([tmp_path / "dark.csv"]))) == 2
        pixels = [decode(body, (3, 3, 1)).pixels.ravel().tolist() for body in handler.bodies]
    assert sorted(pixels) == sorted(dark.tolist())


@pytest.fixture
def red(tmp_path: Path) -> Path:
    picture(951, 16, hue=RED).save(tmp_path / "red.png")
    return tmp_path / "red.png"


@pytest.mark.parametrize(
    "trouble",
    [
        (Scripted.busy, Scripted.busy),
        (Scripted.closing,),
        (Scripted.hang_up,),
        (Scripted.answer_and_hang_up,),
    ],
)
def test_what_passes_is_waited_for(trouble: tuple[Any, ...], red: Path) -> None:
    with scripted(*trouble) as (address, handler):
        answers = list(Client(address).stream([red, red]))
        assert [answer.label for answer in answers] == ["red", "red"]
        assert handler.bodies.count(red.read_bytes()) >= 2
        assert not handler.script


def test_what_a_picture_does_to_a_server_is_said_in_its_line(red: Path) -> None:
    with scripted(Scripted.fail) as (address, _):
        (answer,) = Client(address).stream([red])
    assert answer.error == "this should not have happened"


def test_a_server_of_another_kind_is_refused(red: Path) -> None:
    with (
        scripted(Scripted.answer_strangely) as (address, _),
        pytest.raises(InputError, match="something answers there, but not `diptych serve`"),
    ):
        list(Client(address).stream([red]))


def test_a_server_that_is_gone_for_long_is_given_up(
    red: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diptych.serving.remote.GONE", 0.5)
    with (
        scripted(*[Scripted.hang_up] * 100) as (address, _),
        pytest.raises(InputError, match="cannot be reached: remote end closed connection"),
    ):
        list(Client(address).stream([red]))


def test_a_server_that_is_busy_for_long_is_given_up(
    red: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diptych.serving.remote.PATIENCE", 0.5)
    with (
        scripted(*[Scripted.busy] * 100) as (address, _),
        pytest.raises(InputError, match="still busy: busy"),
    ):
        list(Client(address).stream([red]))


def test_a_file_larger_than_the_server_takes_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(os.urandom(5001))
    with scripted() as (address, handler):
        (answer,) = Client(address).stream([tmp_path / "large.png"])
        assert answer.error == "too large: 5,001 bytes; the server takes at most 5,000"
        assert handler.bodies == []


def test_answers_come_while_pictures_are_still_being_named(red: Path) -> None:
    named = 0

    def naming() -> Iterator[Path]:
        nonlocal named
        for _ in range(100):
            named += 1
            yield red

    with scripted() as (address, handler):
        answers = Client(address).stream(naming())
        next(answers)
        assert named <= 2 * IN_FLIGHT + 1
        assert len(list(answers)) == 99
        # Connections are kept.
        assert len(handler.connections) <= IN_FLIGHT


@pytest.mark.realdata
def test_real_photographs_are_answered_as_by_the_bundle(
    bundle: Path, server: Server, real: Path
) -> None:
    photos = sorted((real / "photos" / "pizza").iterdir())[:20]
    odd = sorted((real / "dirty" / "libjpeg-turbo").iterdir())
    here = [str(answer) for answer in load(bundle).predict([*photos, *odd])]
    assert list(map(str, Client(at(server)).stream([*photos, *odd]))) == here
