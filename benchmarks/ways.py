"""The ways in which a picture can be sent to the server, and how the answers are read."""

import asyncio
import base64
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

BOUNDARY = "a-line-between-parts"
PREDICT = "/predict"
# An answer: its status, its head and its body.
Answer = tuple[int, dict[bytes, bytes], bytes]


class Sent(NamedTuple):
    """A request with a body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def http(self) -> bytes:
        """It as HTTP/1.1 has it."""
        fields = {"Host": "x", **self.headers, "Content-Length": str(len(self.body))}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def as_it_is(*pictures: bytes) -> Sent:
    """One picture, which is the body."""
    (picture,) = pictures
    return Sent(PREDICT, {"Content-Type": "application/octet-stream"}, picture)


def in_form(*pictures: bytes, **settings: str) -> Sent:
    """A multipart form, with settings after the pictures, and an input without a file."""
    files = [(f'name="files"; filename="{i}"', data) for i, data in enumerate(pictures)]
    texts = [(f'name="{name}"', text.encode()) for name, text in settings.items()]
    parts = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in [*files, ('name="more"; filename=""', b""), *texts]
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return Sent(PREDICT, {"Content-Type": kind}, parts + f"--{BOUNDARY}--\r\n".encode())


def in_json(*pictures: bytes, **settings: str) -> Sent:
    """JSON with data URLs."""
    urls = [f"data:;base64,{base64.b64encode(data).decode()}" for data in pictures]
    body = json.dumps({"images": urls, **settings}).encode()
    return Sent(PREDICT, {"Content-Type": "application/json"}, body)


def in_tensor(*pictures: bytes, model: str, in_binary: bool = False) -> Sent:
    """A binary tensor of the Open Inference Protocol; the answer may be in binary, too."""
    blob = b"".join(len(data).to_bytes(4, "little") + data for data in pictures)
    tensor = {
        "name": "pictures",
        "shape": [len(pictures)],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(blob)},
    }
    asked = {"inputs": [tensor], "parameters": {"binary_data_output": in_binary}}
    head = json.dumps(asked).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return Sent(f"/v2/models/{model}/infer", length, head + blob)


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


def json_answer(body: bytes) -> tuple[str, Any]:
    """The label and the probabilities of an answer, in the order of the classes' names."""
    (prediction,) = json.loads(body)["predictions"]
    by_class = sorted(prediction["probabilities"].items())
    return prediction["label"], np.array([p for _, p in by_class])


def tensor_answer(head: dict[bytes, bytes], body: bytes) -> tuple[str, Any]:
    """The same of an answer with tensors in binary."""
    length = int(head[b"inference-header-content-length"])
    at, blobs = length, {}
    for output in json.loads(body[:length])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        blobs[output["name"]] = body[at : at + size]
        at += size
    return blobs["labels"][4:].decode(), np.frombuffer(blobs["probabilities"], "<f4")


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> Answer:
    """The answer to a request."""
    writer.write(sent)
    await writer.drain()
    return await answer(reader, has_body=not sent.startswith(b"HEAD"))


async def answer(reader: asyncio.StreamReader, has_body: bool = True) -> Answer:
    """The next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    length = int(fields.get(b"content-length", b"0")) if has_body else 0
    body = await reader.readexactly(length)
    return int(head.split(b" ", 2)[1]), fields, body
