"""How long until `diptych review` shows the first gallery of 10,000 pictures, and until it answers?

They are audited at 64 pixels, to be done in minutes. Beside that, what saving alone costs: the same
plan written by itself, as often.
"""

import http.client
import json
import statistics
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from measuring import SHARED, cold_cache, diptych, machine, measured

from diptych.data.plan import Plan, Row

DECISIONS = 300
# What a window of 1,360 × 850 pixels shows at first.
SHOWN = 60


class Window(NamedTuple):
    """What a browser does at an address."""

    port: int
    token: str

    def ask(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """A request on a connection of its own, as the slowest browser would."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        data = None if body is None else json.dumps(body)
        method, headers = ("POST" if data else "GET"), {"Content-Type": "application/json"}
        connection.request(method, f"/{self.token}/{path}", data, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == 200, content
        return content

    def json(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer as a value."""
        return json.loads(self.ask(path, body))

    def first_gallery(self) -> int:
        """All that a page asks for until its first gallery stands; how many pictures it has."""
        for file in ("", "static/index.js", "static/style.css", "overview"):
            self.ask(file)
        numbers: list[int] = self.json("gallery?id=undecided")["numbers"]
        shown = numbers[:SHOWN]
        self.ask(f"pictures?numbers={','.join(map(str, shown))}")
        for number in shown:
            self.ask(f"picture/{number}")
        return len(numbers)

    def decide(self, numbers: list[int], decision: str) -> float:
        """Seconds until a decision is on the disk, and the page may show it."""
        wish = {"window": "bench", "seen": 10**9, "numbers": numbers, "decision": decision}
        started = time.perf_counter()
        self.ask("decide", wish)
        return time.perf_counter() - started


@contextmanager
def reviewing(data: Path, plan: Path, env: dict[str, str]) -> Iterator[tuple[Window, float]]:
    """A page, and when its process was started."""
    started = time.perf_counter()
    command = [str(word) for word in diptych("review", data, "--plan", plan, "--size", "64")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    try:
        text = ""
        while not text.endswith("}\n"):
            text += process.stdout.readline()
        url = urlsplit(json.loads(text)["url"])
        yield Window(url.port or 0, url.path.strip("/")), started
    finally:
        process.terminate()
        process.wait()


def write_cifar(folder: Path) -> None:
    """The 10,000 test pictures of CIFAR-10, each a file in the folder of its class."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        for name in archive.namelist():
            part, label, file = name.split("/")[-3:]
            if part == "test" and file.endswith(".jpg"):
                (folder / label).mkdir(parents=True, exist_ok=True)
                (folder / label / file).write_bytes(archive.read(name))


def fill(plan: Path, data: Path) -> None:
    """A row for every picture: the most that a plan of so many can have."""
    names = sorted(path.relative_to(data).as_posix() for path in data.glob("*/*"))
    rows = (
        Row(name, "relabel", label="ship", reason="likely wrong label", score=at / len(names))
        for at, name in enumerate(names)
    )
    Plan(tuple(rows)).write(plan)


def seconds_to_write(plan: Path) -> float:
    """The median of writing the same plan by itself."""
    own, times = Plan.read(plan), []
    for _ in range(20):
        started = time.perf_counter()
        own.write(plan.with_name("alone.csv"))
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
        data, audit = Path(folder) / "cifar", Path(folder) / "audit"
        write_cifar(data)
        measured(diptych("audit", data, "--size", "64", "--out", audit), env)
        plan = audit / "plan.csv"
        for _ in range(3):
            fill(plan, data)
            with reviewing(data, plan, env) as (window, started):
                pictures = window.first_gallery()
                first = time.perf_counter() - started
                at_once = [window.decide([n], "keep") for n in range(30)]
                while window.json("changes?since=0")["background"]["doing"]:
                    time.sleep(0.2)
                settled = time.perf_counter() - started
                times = sorted(window.decide([n], "drop") for n in range(100, 100 + DECISIONS))
                bulk = window.decide(list(range(pictures)), "open")
            print(
                f"{pictures:,} pictures: first gallery of {SHOWN} after {first:.2f} s; a decision "
                f"{1000 * statistics.median(times):.0f} ms (median of {DECISIONS}; 99 %: "
                f"{1000 * times[int(0.99 * DECISIONS)]:.0f} ms; while the pictures are looked at, "
                f"until {settled:.1f} s: {1000 * statistics.median(at_once):.0f} ms, at most "
                f"{1000 * max(at_once):.0f}); all at once {1000 * bulk:.0f} ms; writing the plan "
                f"alone {1000 * seconds_to_write(plan):.0f} ms"
            )
    print(machine())


main()
