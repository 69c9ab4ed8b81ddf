"""Does the server stand ten minutes at 80 % of its load, one request in twenty malformed?

Requests are due at even times, on connections of their own or kept, as clients do: a picture as it
is, in a form, in JSON or in a binary tensor in turn, and one in ten is a HEAD. Each answer is
compared with what the bundle answers by itself. Malformed ones are truncated pictures, bombs, text
instead of pictures, settings that there are not, base64 that is none, tensors of another length,
headers without end, clients that stop amid a body and clients that go away.
Memory is that of all the server's processes, after the first minute and at the end. At last the
server is told to end under full load: what it accepted it has to answer. `bench_soak.py [MINUTES
[BUNDLE]]`: of a bundle with exports beside it the fastest answers, and its answers have to be those
that it gives one at a time.
"""

import asyncio
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import ways
from measuring import answers, diptych, free_port, machine, need_photos, resident
from ways import Answer, answer, asked, bomb, json_answer, tensor_answer

from diptych import load
from diptych.bundles.predictor import Prediction
from diptych.serving.client import Client

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
SHARE, MALFORMED, CLIENTS = 0.8, 0.05, 32
HEADS = 0.1
HEAD = b"HEAD /model HTTP/1.1\r\nHost: x\r\n\r\n"
BUNDLE = Path(sys.argv[2]) if len(sys.argv) > 2 else None
MODEL = BUNDLE.stem if BUNDLE else "photos"
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
        self.way = itertools.cycle(WAYS)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.kept: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.ways: list[Callable[[], Coroutine[Any, Any, int | None]]] = [
            self.truncated,
            self.bomb,
            self.text,
            self.unknown_setting,
            self.no_base64,
            self.wrong_length,
            self.endless_header,
            self.slow,
            self.gone,
        ]

    async def good(self) -> None:
        """A picture, whose answer has to be right."""
        data, want = next(self.turn)
        way = next(self.way)
        answered = await self.on_kept_connection(WAYS[way](data))
        if answered is None:
            return
        status, head, body = answered
        self.counts[f"{way} {status}"] += 1
        self.counts[f"good {status}"] += 1
        if status != 200:
            self.wrong.append(f"{way}: {status}")
            return
        label, p_K = tensor_answer(head, body) if way == "tensor" else json_answer(body)
        probabilities = want.probabilities or {}
        if label != want.label:
            self.wrong.append(f"{way}: {label}, not {want.label}")
        elif np.abs(p_K - [probabilities[c] for c in sorted(probabilities)]).max() > 1e-4:
            self.wrong.append(f"{way}: probabilities of {want.path} are others")

    async def head(self) -> None:
        """A question about the model, whose answer has no body."""
        answered = await self.on_kept_connection(HEAD)
        if answered is not None:
            self.counts[f"HEAD {answered[0]}"] += 1
            if answered[0] != 200:
                self.wrong.append(f"HEAD: {answered[0]}")

    async def on_kept_connection(self, sent: bytes) -> "Answer | None":
        """The answer to a request; None, and a note, where there is none."""
        try:
            reader, writer = self.kept.pop() if self.kept else await self.opened()
            try:
                answered = await asked(reader, writer, sent)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                    raise
                # A connection that was idle for long is closed, as HTTP allows.
                reader, writer = await self.opened()
                answered = await asked(reader, writer, sent)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.wrong.append(f"no answer: {error!r}")
            return None
        self.kept.append((reader, writer))
        return answered

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

    async def unknown_setting(self) -> int | None:
        """A form with a setting that there is not."""
        data, _ = next(self.turn)
        return await self.alone(ways.in_form(data, modle="photos").http)

    async def no_base64(self) -> int | None:
        """JSON with something else in it."""
        sent = ways.in_json(b"")
        body = sent.body.replace(b"base64,", b"base64,what*ever")
        return await self.alone(sent._replace(body=body).http)

    async def wrong_length(self) -> int | None:
        """A tensor of which a byte is missing."""
        data, _ = next(self.turn)
        sent = ways.in_tensor(data, model=MODEL)
        return await self.alone(sent._replace(body=sent.body[:-1]).http)

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
            kinds = (self.malformed, self.head, self.good)
            (kind,) = random.choices(kinds, (MALFORMED, HEADS, 1 - MALFORMED - HEADS))
            task = asyncio.create_task(kind())
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
                    status, _, _ = await answer(reader)
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
    return ways.as_it_is(body).http


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": request,
    "form": lambda data: ways.in_form(data, model=MODEL).http,
    "JSON": lambda data: ways.in_json(data, model=MODEL).http,
    "tensor": lambda data: ways.in_tensor(data, model=MODEL, in_binary=True).http,
}


BOMB = bomb(30_000)


def answers_alone(bundle: Path, port: int, files: list[Path]) -> list[Prediction]:
    """What each picture is answered alone: by the bundle, or by the file that the server chose."""
    if not BUNDLE:
        return load(bundle).predict(files)
    client = Client(f"http://127.0.0.1:{port}", None)
    return [one for file in files for one in client.stream([file])]


async def soak(bundle: Path, log: Path) -> None:
    """The whole test."""
    files = sorted(need_photos().rglob("*.jpg"))[::15]
    port = free_port()
    command = [sys.executable, "-m", "diptych", "serve", bundle, "--port", port]
    command += ["--timeout", PATIENCE, *(["--fastest"] if BUNDLE else [])]
    with log.open("wb") as errors:
        process = subprocess.Popen([*map(str, command)], stdout=errors, stderr=errors)
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            assert process.poll() is None, log.read_text()
            await asyncio.sleep(0.1)
        expected = await asyncio.to_thread(answers_alone, bundle, port, files)
        one = Soak(port, files, expected)
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
        if BUNDLE:
            asyncio.run(soak(BUNDLE, Path(folder) / "log"))
            return
        train = [*map(str, diptych("train", need_photos(), "--out", bundle))]
        subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(soak(bundle, Path(folder) / "log"))
    print(machine())


main()
