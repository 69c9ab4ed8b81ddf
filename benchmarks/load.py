"""Asks a server for answers, from a process of its own: `load.py URL CLIENTS SECONDS RATE FILE…`.

Each client holds one connection and sends one picture a request, as a form does. With a RATE of
requests a second requests are due at even times, and one that is late counts from when it was due;
0 is for as many as there can be. Prints {"rate", "p50", "p99", "statuses"} as JSON, times in
milliseconds.
"""

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "a-line-between-parts"
KIND = f"multipart/form-data; boundary={BOUNDARY}"
# LitServe wants this name, the others take any.
FIELD = 'name="request"; filename="picture.jpg"'


def form(picture: bytes) -> bytes:
    """The body of a form with one picture."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {FIELD}\r\n"
    kind = "Content-Type: image/jpeg\r\n\r\n"
    return (head + kind).encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()


async def client(
    url: str,
    bodies: Iterator[bytes],
    due: Iterator[float],
    ended: float,
    done: list[tuple[int, float]],
) -> None:
    """One connection, one request after the other."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {KIND}\r\n"
    for at in due:
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        started = min(at, time.perf_counter()) if at else time.perf_counter()
        if started >= ended:
            break
        body = next(bodies)
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        done.append((int(answer.split(b" ", 2)[1]), time.perf_counter() - started))
    writer.close()


async def load(url: str, clients: int, seconds: float, rate: float, pictures: list[bytes]) -> None:
    """All clients at once, and what came of it."""
    started = time.perf_counter()
    bodies = itertools.cycle(pictures)
    due = (started + i / rate for i in itertools.count()) if rate else itertools.repeat(0.0)
    done: list[tuple[int, float]] = []
    ended = started + seconds
    await asyncio.gather(*(client(url, bodies, due, ended, done) for _ in range(clients)))
    took = time.perf_counter() - started
    times = [1000 * seconds for _, seconds in done]
    p50, p99 = (statistics.quantiles(times, n=100)[i] for i in (49, 98))
    statuses = Counter(status for status, _ in done)
    print(json.dumps({"rate": len(done) / took, "p50": p50, "p99": p99, "statuses": statuses}))


if __name__ == "__main__":
    address, clients, seconds, rate, *files = sys.argv[1:]
    forms = [form(Path(file).read_bytes()) for file in files]
    asyncio.run(load(address, int(clients), float(seconds), float(rate), forms))
