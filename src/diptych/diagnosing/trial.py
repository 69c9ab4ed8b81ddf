"""Whether a small training works here with each engine, in a child process of its own."""

import importlib.util
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diptych.diagnosing.check import BROKEN, MISSING, OK, Check
from diptych.errors import DiptychError, MissingExtra
from diptych.recipe import CHOICES
from diptych.system.child_process import ChildProcessFailed, run_child

# Those that train photographs; the other, linear, is a part of the core.
FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
ADVICE = "see its packages above, or take another engine with --engine"


def trials() -> Iterator[Check]:
    """A training with each engine."""
    return map(trial, CHOICES["engine"])


def trial(engine: str) -> Check:
    """Train a few drawn pictures, predict, and compare the answers with those of the graph."""
    name = f"engine {engine}"
    if engine in FRAMEWORKS and not importlib.util.find_spec(engine):
        return _missing(name, str(MissingExtra(FRAMEWORKS[engine], engine)))
    with tempfile.TemporaryDirectory() as task:
        try:
            (line,) = run_child("diptych.diagnosing.trial_process", Path(task), engine)
        except ChildProcessFailed as error:
            because = f" ({error.last_line})" if error.last_line else ""
            return Check(name, BROKEN, f"{error}{because}", ADVICE)
        except DiptychError as error:
            return Check(name, BROKEN, str(error), ADVICE)
    facts = json.loads(line)
    if "missing" in facts:
        return _missing(name, facts["missing"])
    if "error" in facts:
        return Check(name, BROKEN, facts["error"], ADVICE)
    runtimes = ", ".join(
        f"{runtime} differs by {difference:.1g}"
        for runtime, difference in facts["runtimes"].items()
    )
    detail = (
        f"trains on {facts['device']} in {facts['precision']}; "
        f"{facts['pictures']} pictures in {facts['seconds']:.0f} s; {runtimes}"
    )
    return Check(name, OK, detail, facts={"engines": {engine: facts}})


def _missing(name: str, text: str) -> Check:
    """From what MissingExtra says."""
    detail, _, advice = text.partition("; ")
    return Check(name, MISSING, detail, advice)
