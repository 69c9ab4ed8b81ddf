"""Does the server stand ten minutes at 80 % of its load, one request in twenty malformed?

Requests are due at even times, on connections of their own or kept, as clients do. Each answer is
compared with what the bundle answers by itself. Malformed ones are truncated pictures, bombs, text
instead of pictures, headers without end, clients that stop amid a body and clients that go away.
Memory is that of all the server's processes, after the first minute and at the end. At last the
server is told to end under full load: what it accepted it has to answer. `bench_soak.py [MINUTES]`
"""

import asyncio
import itertools
import json
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from measuring import diptych, free_port, machine, need_photos

from diptych import load
from diptych.bundles.predictor import Prediction

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
SHARE, MALFORMED, CLIENTS = 0.8, 0.05, 32
# Seconds that the server is told to wait for a body.
PATIENCE = 5


class Wrong(Exception):
    """An answer that is not what it should be."""


class Soak:
    """Requests to one server, and what came of them."""

    def __init__(self, port: int, files: list[Path], expected: list[Prediction]) -> None:
        self.port = port
        self.pictures = [
            (path.read_bytes(), want) for path, want in zip(files, expected, strict=True)
        ]
        self.turn = itertools.cycle(self.pictures)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.kept: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.ways: list[Callable[[], Coroutine[Any, Any, int | None]]] = [
            self.truncated,
            self.bomb,
            self.text,
            self.endless_header,
            self.slow,
            self.gone,
        ]

    async def good(self) -> None:
        """A picture, whose answer has to be right."""
        data, want = next(self.turn)
        sent = request(data)
        try:
            reader, writer = self.kept.pop() if self.kept else await self.opened()
            try:
                status, body = await asked(reader, writer, sent)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                    raise
                # A connection that was idle for long is closed, as HTTP allows.
                reader, writer = await self.opened()
                status, body = await asked(reader, writer, sent)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.wrong.append(f"no answer: {error!r}")
            return
        self.kept.append((reader, writer))
        prediction = json.loads(body)["predictions"][0] if status == 200 else {}
        self.counts[f"good {status}"] += 1
        if status != 200 or prediction["label"] != want.label:
            self.wrong.append(f"{status}: {prediction.get('label')}, not {want.label}")
        elif (
            max(
                abs(p - (want.probabilities or {})[c])
                for c, p in prediction["probabilities"].items()
            )
            > 1e-4
        ):
            self.wrong.append(f"probabilities of {want.path} are others")

    async def malformed(self) -> None:
        """One of the ways to be wrong; the answer has to say so."""
        way = random.choice(self.ways)
        try:
            status = await way()
        except OSError:
            # A server may close before it is sent all of what it refuses.
            status = None
        self.counts[f"{way.__name__} {status or 'closed'}"] += 1
        if status is not None and not 400 <= status < 500:
            self.wrong.append(f"{way.__name__}: {status}")

    async def truncated(self) -> int | None:
        """Half of a picture."""
        data, _ = next(self.turn)
        return await self.alone(request(data[: len(data) // 2]))

    async def bomb(self) -> int | None:
        """A picture of 30,000 × 30,000 pixels in a few bytes."""
        return await self.alone(request(BOMB))

    async def text(self) -> int | None:
        """No picture."""
        return await self.alone(request(b"pizza " * 1000))

    async def endless_header(self) -> int | None:
        """A header larger than any."""
        return await self.alone(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 2**20 + b"\r\n\r\n"
        )

    async def slow(self) -> int | None:
        """A body that stops half-way."""
        data, _ = next(self.turn)
        whole = request(data)
        return await self.alone(whole[: len(whole) // 2])

    async def gone(self) -> None:
        """A client that goes away amid its body, or before the answer."""
        data, _ = next(self.turn)
        whole = request(data)
        _, writer = await self.opened()
        writer.write(whole[: random.choice((len(whole) // 2, len(whole)))])
        await writer.drain()
        writer.close()

    async def alone(self, sent: bytes) -> int | None:
        """The status of a request on a connection of its own; None where that was closed."""
        reader, writer = await self.opened()
        try:
            return (await asked(reader, writer, sent))[0]
        except asyncio.IncompleteReadError:
            return None
        finally:
            writer.close()

    async def opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def full(self, seconds: float) -> float:
        """As many as there can be; the rate."""
        ended, before = time.monotonic() + seconds, self.counts["good 200"]

        async def client() -> None:
            while time.monotonic() < ended:
                await self.good()

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return (self.counts["good 200"] - before) / seconds

    async def steady(self, rate: float, seconds: float, each_minute: Callable[[], None]) -> None:
        """Requests at even times, some of them malformed."""
        started, running = time.monotonic(), set[asyncio.Task[None]]()
        minute = 0.0
        for i in itertools.count():
            due = i / rate
            if due > seconds:
                break
            await asyncio.sleep(max(0.0, started + due - time.monotonic()))
            wrong = random.random() < MALFORMED
            task = asyncio.create_task(self.malformed() if wrong else self.good())
            running.add(task)
            task.add_done_callback(running.discard)
            if due >= minute + 60:
                minute += 60
                each_minute()
        await asyncio.gather(*running)

    async def ended(self, process: "subprocess.Popen[bytes]") -> tuple[int, int, int]:
        """Answers, refusals and losses when the server is told to end under full load."""
        answered = refused = lost = 0
        ended = False

        async def client() -> None:
            nonlocal answered, refused, lost
            reader, writer = await self.opened()
            for data, _ in itertools.islice(self.turn, 10_000):
                try:
                    writer.write(request(data))
                    await writer.drain()
                    status, _ = await answer(reader)
                except (OSError, asyncio.IncompleteReadError) as error:
                    # A request that met a closed connection was never accepted.
                    never = isinstance(error, ConnectionError) or not error.partial  # type: ignore[union-attr]
                    lost += not (ended and never)
                    return
                answered += status == 200
                refused += status == 503
                if status != 200:
                    return

        async def end() -> None:
            nonlocal ended
            await asyncio.sleep(3)
            ended = True
            process.send_signal(signal.SIGTERM)

        await asyncio.gather(end(), *(client() for _ in range(CLIENTS)))
        return answered, refused, lost


def request(body: bytes) -> bytes:
    """A request with a picture as it is."""
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes
) -> tuple[int, bytes]:
    """A request's status and body."""
    writer.write(sent)
    await writer.drain()
    return await answer(reader)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if line)
    body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return int(head.split(b" ", 2)[1]), body


def bomb(side: int) -> bytes:
    """A PNG of so many pixels a side, all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    line = bytes(side + 1)
    rows = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


BOMB = bomb(30_000)


def resident(pid: int) -> float:
    """The memory of a process and its children, in MiB."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(
                line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
            )
        except OSError:
            continue
        parents[int(facts["Pid"])] = int(facts["PPid"]), int(facts.get("VmRSS", "0 kB").split()[0])
    family = {pid}
    while more := {p for p, (parent, _) in parents.items() if parent in family} - family:
        family |= more
    return sum(parents[p][1] for p in family if p in parents) / 1024


async def soak(bundle: Path, log: Path) -> None:
    """The whole test."""
    files = sorted(need_photos().rglob("*.jpg"))[::15]
    expected = load(bundle).predict(files)
    port = free_port()
    command = [sys.executable, "-m", "diptych", "serve", bundle, "--port", port]
    command += ["--timeout", PATIENCE]
    with log.open("wb") as errors:
        process = subprocess.Popen([*map(str, command)], stdout=errors, stderr=errors)
        one = Soak(port, files, expected)
        while True:
            try:
                (await one.opened())[1].close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                await asyncio.sleep(0.1)
        await one.full(5)
        rate = await one.full(10)
        memory: list[float] = []
        await one.steady(SHARE * rate, 60 * MINUTES, lambda: memory.append(resident(process.pid)))
        memory.append(resident(process.pid))
        print(f"{rate:.1f}/s at most; {MINUTES:g} minutes at {SHARE:.0%} of it,", end=" ")
        print(f"{MALFORMED:.0%} malformed")
        print(", ".join(f"{n:,} {what}" for what, n in sorted(one.counts.items())))
        print(f"wrong: {len(one.wrong)} {one.wrong[:5]}")
        growth = memory[-1] / memory[0] - 1
        first, last = memory[0], memory[-1]
        print(f"memory {first:.0f} MiB after a minute, {last:.0f} at the end ({growth:+.1%})")
        answered, refused, lost = await one.ended(process)
        code = process.wait(timeout=60)
        print(
            f"told to end under full load: {answered} answered, {refused} refused, {lost} lost, "
            f"exit code {code}"
        )
    assert not one.wrong and not lost and code == 0 and growth < 0.05


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "photos.bundle"
        train = [*map(str, diptych("train", need_photos(), "--out", bundle))]
        subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(soak(bundle, Path(folder) / "log"))
    print(machine())


main()
