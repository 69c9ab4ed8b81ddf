"""The pages of the documentation: their blocks, and a folder in which these are run.

Blocks in `sh` and `python` are run in their order, as a reader would; a `json` block after one in
`sh` is what that answers. A block that cannot be run says why, in a comment before it:
`<!-- not run: the reason -->`. A line with an ellipsis is an outline, and is not run.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from command import OPEN

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {"README.md": ROOT / "README.md"} | {
    path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))
}

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^>]+) -->\n)?"
    r'^```(?P<language>\w*)(?: title="(?P<title>\w+)")?\n(?P<code>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)

# What a page draws, trains and exports is made small: of two equal options the last one counts.
# What it serves runs beside it, on a port of its own.
_SHELL = r"""
set -euo pipefail
diptych() {
  case "$*" in
    "sample plates "*)
      "$PYTHON" -m diptych "$@" --count 30 ;;
    "train "*.csv*)
      "$PYTHON" -m diptych "$@" --engine linear --network linear --epochs 3 ;;
    "train "*)
      "$PYTHON" -m diptych "$@" --engine "$ENGINE" --network "$NETWORK" \
          --set image_size=16 --epochs 3 ;;
    "tune "*)
      "$PYTHON" -m diptych "$@" --engine "$ENGINE" --network "$NETWORK" \
          --set image_size=16 --epochs 3 --cv 2 ;;
    "compare "*)
      "$PYTHON" -m diptych "$@" --network mlp --set image_size=16 --epochs 1 --seeds 1 ;;
    "export "*"--to torch "*)
      "$PYTHON" -m diptych "$@" ;;
    "export "*)
      "$PYTHON" -m diptych "$@" --to onnx ;;
    "gather "*)
      # The pictures that it names are those in photos/.
      sed -i "s#https://pictures.example.org#http://127.0.0.1:$WEB_PORT#" "$2"
      "$PYTHON" -m http.server "$WEB_PORT" --bind 127.0.0.1 --directory photos > /dev/null 2>&1 &
      until curl -fs "http://127.0.0.1:$WEB_PORT/" > /dev/null; do kill -0 $!; sleep 0.1; done
      "$PYTHON" -m diptych "$@" --allow-private --delay 0
      kill $! ;;
    "serve --new-key "*)
      "$PYTHON" -m diptych "$@" ;;
    "serve "*)
      stop_server
      "$PYTHON" -m diptych "$@" --host 127.0.0.1 --port "$PORT" > "$SERVER.out" 2> "$SERVER.log" &
      echo $! > "$SERVER.pid"
      until curl -fs "http://127.0.0.1:$PORT/readyz" > /dev/null; do kill -0 $!; sleep 0.1; done
      cat "$SERVER.out" ;;
    *)
      "$PYTHON" -m diptych "$@" ;;
  esac
}
stop_server() {
  [ -f "$SERVER.pid" ] || return 0
  kill "$(cat "$SERVER.pid")"
  rm "$SERVER.pid"
  while curl -s "http://127.0.0.1:$PORT/healthz" > /dev/null; do sleep 0.1; done
}
"""


Place = tuple[str, ...]


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    title: str
    code: str
    reason: str  # why it is not run, where it is not

    def __str__(self) -> str:
        return f"{self.page}, line {self.line}:\n{self.code}"


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = PAGES[page].read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start("language")) + 1,
            match["language"],
            match["title"] or "",
            match["code"],
            match["reason"] or "",
        )
        for match in _BLOCK.finditer(text)
    ]


class Reader:
    """Somebody who runs a page, block by block, in one folder."""

    def __init__(self, folder: Path, engine: str, network: str) -> None:
        self.folder = folder
        self.environment = {"PYTHON": sys.executable, "ENGINE": engine, "NETWORK": network}
        self.names: dict[str, Any] = {}
        with (
            socket.create_server(("127.0.0.1", 0)) as free,
            socket.create_server(("127.0.0.1", 0)) as also,
        ):
            self.port = free.getsockname()[1]
            self.environment["WEB_PORT"] = str(also.getsockname()[1])
        self.environment |= {"PORT": str(self.port), "SERVER": f"{folder}.server"}

    def run(self, page: str) -> None:
        """Run a page; an AssertionError names the block that fails."""
        answer = ""  # of the last block in sh, where that was run
        for block in blocks(page):
            if block.reason or block.title:
                answer = ""
            elif block.language == "sh":
                answer = self.shell(block)
            elif block.language == "python":
                exec(compile(block.code, f"{page}:{block.line}", "exec"), self.names)
            elif block.language == "json" and answer:
                assert not unlike(json.loads(block.code), json.loads(answer)), block

    def shell(self, block: Block) -> str:
        """What a block of commands prints."""
        run = subprocess.run(
            ["bash", "-c", _SHELL + self._here(block.code)],
            cwd=self.folder,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, f"{block}\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def _here(self, code: str) -> str:
        """The same commands, but for outlines, to a server on this machine."""
        lines = (line for line in code.splitlines() if "…" not in line.partition(" #")[0])
        return (
            "\n".join(lines)
            .replace(":8000", f":{self.port}")
            .replace("https://pictures.example.com/diptych", f"http://127.0.0.1:{self.port}")
        )


def unlike(example: Any, answer: Any) -> set[Place]:
    """Where an example and an answer have keys that the other lacks.

    An answer may have nothing where the example shows something, such as an empty list; an example
    says with the key "…" that the rest is as elsewhere.
    """
    shown, actual = set(places(example)), set(places(answer))
    ends = actual - {place[:-1] for place in actual}
    missing = {p for p in shown - actual if p[-1:] != ("…",) and not ends & set(above(p))}
    further = {p for p in actual - shown if not shown & {(*q, "…") for q in above(p)}}
    return missing | further


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where something is in a value of JSON, whatever its position in a list or a name of data."""
    yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, "*" if place[-1:] and place[-1] in OPEN else key))
    if isinstance(value, list):
        for inner in value:
            yield from places(inner, (*place, "[]"))


def above(place: Place) -> list[Place]:
    """The places that a place lies in."""
    return [place[:end] for end in range(len(place))]


@contextlib.contextmanager
def reader(folder: Path, engine: str = "linear", network: str = "linear") -> Iterator[Reader]:
    """A reader who trains this network, and whose server is stopped at the end."""
    somebody = Reader(folder, engine, network)
    try:
        yield somebody
    finally:
        somebody.shell(Block("", 0, "sh", "", "stop_server\n", ""))
