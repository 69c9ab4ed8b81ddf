"""Does any request make the server fail? Schemathesis by its OpenAPI description, and odd bodies.

Every file of `dirty/` is sent as it is, in a form, in JSON and in a binary tensor, and then ten
together in each way that takes several; no answer may be a 5xx, and whether a file is a picture may
not depend on the way. Then requests that are right are damaged: bytes are changed, left out and put
in, headers too. What answers GET has to answer HEAD with the same status and without a body, on one
connection all the time. `pip install schemathesis` first; SCHEMATHESIS names the program where it
lies elsewhere. `bench_fuzz.py [EXAMPLES [DAMAGED [BUNDLE]]]`: the examples for each way to ask, how
many requests are damaged, and a bundle with exports beside it, of which the fastest answers; else
digits are asked about.
"""

import http.client
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import ways
from measuring import SHARED, machine, served
from ways import Sent

EXAMPLES = sys.argv[1] if len(sys.argv) > 1 else "100"
DAMAGED = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
SCHEMATHESIS = os.environ.get("SCHEMATHESIS", Path(sys.executable).with_name("schemathesis"))
BUNDLE = Path(sys.argv[3]) if len(sys.argv) > 3 else None
MODEL = BUNDLE.stem if BUNDLE else "digits"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
PAGES = (
    "/", "/watch/", "/docs", "/openapi.json", "/static/index.js", "/healthz", "/readyz", "/model",
    "/drift", "/v2", f"/v2/models/{MODEL}", "/nothing", "/predict", "/model?model=none",
)  # fmt: skip


class Server:
    """One that is asked on a connection that stays open while it can."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def status(self, sent: Sent) -> int:
        """The status of an answer; 0 where the server has closed the connection without one."""
        try:
            self._connection.request("POST", sent.path, sent.body, dict(sent.headers))
            response = self._connection.getresponse()
            response.read()
            return response.status
        except (http.client.HTTPException, OSError):
            self._connection.close()
            return 0

    def is_same_without_body(self, path: str) -> bool:
        """Whether HEAD is answered as GET."""
        answers = []
        for method in ("GET", "HEAD", "GET"):
            self._connection.request(method, path)
            response = self._connection.getresponse()
            body = response.read()
            answers.append((response.status, response.getheader("content-type")))
            if method == "HEAD" and body:
                return False
        return len(set(answers)) == 1


def every_way(*pictures: bytes) -> dict[str, Sent]:
    """The requests with these pictures."""
    alone = {"as it is": ways.as_it_is(*pictures)} if len(pictures) == 1 else {}
    return {
        **alone,
        "form": ways.in_form(*pictures, model=MODEL),
        "JSON": ways.in_json(*pictures, model=MODEL),
        "tensor": ways.in_tensor(*pictures, model=MODEL),
    }


def damaged(sent: Sent, rng: random.Random) -> Sent:
    """A request with something wrong in its body, or in one of its headers."""
    body, headers = bytearray(sent.body), dict(sent.headers)
    # What tells the parts of a body apart stands where there are few bytes of pictures.
    spots = [rng.choice((rng.randrange(400), -rng.randrange(1, 400))) for _ in range(3)]
    for spot in spots[: rng.randint(1, 3)]:
        place = max(0, min(spot % max(len(body), 1), len(body) - 1))
        match rng.randrange(4):
            case 0:
                body[place : place + 1] = rng.randbytes(1)
            case 1:
                del body[place : place + rng.randint(1, 40)]
            case 2:
                body[place:place] = rng.choice((b'"', b"\r\n", b"--", b"{", b"\xff\xd8", b"\0" * 9))
            case _:
                name = rng.choice(list(headers))
                headers[name] = rng.choice((headers[name][:-1], headers[name] + "0", "a/b", ""))
    return Sent(sent.path, headers, bytes(body))


def ask_with_dirty_files(server: Server, files: list[Path]) -> int:
    """Print the statuses of each way; the number of files that only some ways took."""
    alone, together = Counter[str](), Counter[str]()
    disagreements = 0
    for path in files:
        requests = every_way(path.read_bytes())
        statuses = {way: server.status(sent) for way, sent in requests.items()}
        alone.update(f"{way} {status}" for way, status in statuses.items())
        disagreements += len(set(statuses.values())) > 1
    for at in range(0, len(files), 10):
        ten = every_way(*(path.read_bytes() for path in files[at : at + 10]))
        together.update(f"{way} {server.status(sent)}" for way, sent in ten.items())
    print(f"dirty/, {len(files)} files alone: {dict(sorted(alone.items()))}")
    print(f"ten together: {dict(sorted(together.items()))}")
    assert not [answer for answer in (*alone, *together) if answer.split()[-1][0] in "05"]
    return disagreements


def ask_with_damaged_requests(server: Server, pictures: list[bytes]) -> None:
    """Print the statuses of requests that were right before."""
    rng = random.Random(1)
    statuses = Counter[str]()
    for _ in range(DAMAGED):
        way, sent = rng.choice(list(every_way(rng.choice(pictures)).items()))
        statuses[f"{way} {server.status(damaged(sent, rng))}"] += 1
    print(f"{DAMAGED} damaged requests: {dict(sorted(statuses.items()))}")
    assert not [answer for answer in statuses if answer.split()[-1][0] in "05"]


def digits(folder: Path) -> Path:
    """A bundle of digits."""
    table, bundle = folder / "digits.csv", folder / f"{MODEL}.bundle"
    for command in (
        ["sample", "digits", table],
        ["train", table, "--out", bundle, "--epochs", "5", "--network", "cnn"],
    ):
        subprocess.run([sys.executable, "-m", "diptych", *map(str, command)], check=True)
    return bundle


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = BUNDLE or digits(Path(folder))
        serve = [sys.executable, "-m", "diptych", "serve", bundle, "--port", "PORT"]
        serve += ["--fastest"] if BUNDLE else []
        with served(serve, "/readyz") as url:
            run = subprocess.run(
                [
                    SCHEMATHESIS, "run", f"{url}/openapi.json",
                    "--max-examples", EXAMPLES, "--checks", ",".join(CHECKS), "--seed", "1",
                ],
                cwd=folder,
            )  # fmt: skip
            server = Server(url)
            files = sorted(path for path in (SHARED / "dirty").rglob("*") if path.is_file())
            disagreements = ask_with_dirty_files(server, files)
            photos = sorted((SHARED / "photos").rglob("*.jpg"))[:20]
            ask_with_damaged_requests(server, [path.read_bytes() for path in photos])
            heads = [server.is_same_without_body(path) for path in PAGES]
            print(
                f"{disagreements} files taken in one way only; {sum(heads)} of {len(heads)} HEADs"
            )
        assert run.returncode == 0
        assert disagreements == 0
        assert all(heads)
    print(machine())


main()
