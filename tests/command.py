"""The command line as a person has it: a process of its own."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LINEAR = ["--engine", "linear", "--network", "linear", "--set", "image_size=32", "--epochs", "5"]
PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
# What is below these keys has keys of the data's own: classes, reasons, engines, packages.
OPEN = (
    "probabilities",
    "per_class",
    "set_aside",
    "classes",
    "failed",
    "top_k",
    "engines",
    "runtimes",
    "versions",
    "recipe",
    "members",
    "synthetic_outliers",
)


def diptych(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diptych", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)


def answer_of(*arguments: str | Path) -> Any:
    """The answer in JSON, of which every key must be said in docs/cli.md."""
    run = diptych(*arguments, "--json")
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert not keys_without_a_word(str(arguments[0]), answer)
    return answer


def keys_without_a_word(verb: str, answer: Any) -> set[str]:
    """The keys of a verb's answer, or of a file, that docs/cli.md does not name for it."""
    text = PAGE.read_text(encoding="utf-8")
    about_scores, *_ = text.partition("| verb |")
    rows = [line for line in text.splitlines() if line.startswith((f"| `{verb} ", f"| `{verb}`"))]
    assert rows, f"{PAGE} has no row for {verb}"
    return set(keys_of(answer)) - set(re.findall(r'"(\w+)"', "\n".join([about_scores, *rows])))


def keys_of(value: Any, are_open: bool = False) -> Iterator[str]:
    """Every key of an answer in JSON, however deep, but those that the data name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not are_open:
                yield key
            yield from keys_of(inner, key in OPEN and not are_open)
    if isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def complaint(*arguments: str | Path, code: int = 2) -> str:
    """What a failing command says last: one line."""
    run = diptych(*arguments)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    last = run.stderr.splitlines()[-1]
    assert last.startswith("diptych: ")
    return last
