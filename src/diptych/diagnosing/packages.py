"""The packages of the core and of each extra: missing, too old, broken, or fine."""

import importlib.metadata
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from diptych.diagnosing.check import BROKEN, MISSING, OK, Check
from diptych.system.child_process import ChildProcessFailed, run_child

CORE = "core"
# What is imported of a package, where it is not its name; by Diptych itself where it does more than
# to import it.
MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "keras": "diptych.networks.libraries.tensorflow",
    "matplotlib": "matplotlib.figure",
    "pillow": "PIL.Image",
    "scikit-learn": "sklearn.datasets",
    "scipy": "scipy.optimize",
    "tensorflow": "diptych.networks.libraries.tensorflow",
    "timm": "diptych.networks.libraries.timm:names",
}


class Requirement(NamedTuple):
    """A package that is needed for something."""

    package: str
    range: str  # such as >=2.0

    @property
    def module(self) -> str:
        """What is imported of it."""
        return MODULES.get(self.package, self.package.replace("-", "_"))

    def version(self) -> str:
        """The version that is installed; "" where none is."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""

    def too_old(self) -> bool:
        """Whether the installed version is below the range."""
        least = self.range.partition(">=")[2].partition(",")[0]
        return bool(least) and _numbers(self.version()) < _numbers(least)


def packages() -> Iterator[Check]:
    """The core, then each extra."""
    reasons: dict[str, str] = {}
    for extra, needed in requirements(importlib.metadata.requires("diptych") or ()).items():
        there = [r for r in needed if r.version() and not r.too_old()]
        unknown = dict.fromkeys(r.module for r in there if r.module not in reasons)
        reasons.update(reasons_against(unknown))
        yield check(extra, needed, reasons)


def requirements(lines: Iterable[str]) -> dict[str, list[Requirement]]:
    """From the lines of a package's metadata: what the core and each extra need."""
    needed: dict[str, list[Requirement]] = {CORE: []}
    for line in lines:
        text, _, marker = line.partition(";")
        match = re.match(r"\s*([\w.-]+)\s*(\[[^\]]*\])?\s*\(?([^)]*)\)?", text)
        excluded = re.search(r"sys_platform != ['\"](\w+)['\"]", marker)
        if not match or (excluded and excluded[1] == sys.platform):
            continue
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", marker)
        # An extra made of other extras says nothing of its own.
        if match[1].lower() != "diptych":
            of_extra = needed.setdefault(extra[1] if extra else CORE, [])
            of_extra.append(Requirement(match[1].lower(), match[3].strip()))
    return needed


def check(extra: str, needed: list[Requirement], reasons: Mapping[str, str]) -> Check:
    """How the packages of an extra are; `reasons` says of modules why they cannot be imported."""
    name = extra if extra == CORE else f"extra {extra}"
    versions = {r.package: v for r in needed if (v := r.version())}
    facts = {"versions": versions}
    if missing := [r for r in needed if r.package not in versions]:
        wanted = "' '".join(r.package + r.range for r in missing)
        advice = f"run: pip install '{wanted if extra == CORE else f'diptych[{extra}]'}'"
        detail = f"{', '.join(r.package for r in missing)} not installed"
        return Check(name, BROKEN if extra == CORE else MISSING, detail, advice, facts)
    if old := [r for r in needed if r.too_old()]:
        wanted = "' '".join(r.package + r.range for r in old)
        detail = ", ".join(f"{r.package} {r.version()} is not {r.range}" for r in old)
        return Check(name, BROKEN, detail, f"run: pip install --upgrade '{wanted}'", facts)
    if broken := [r for r in needed if reasons.get(r.module)]:
        detail = "; ".join(f"{r.package} {r.version()}: {reasons[r.module]}" for r in broken)
        again = " ".join(f"{r.package}=={r.version()}" for r in broken)
        return Check(name, BROKEN, detail, f"run: pip install --force-reinstall {again}", facts)
    return Check(name, OK, ", ".join(f"{p} {v}" for p, v in versions.items()), facts=facts)


def reasons_against(modules: Iterable[str]) -> dict[str, str]:
    """Why each of the modules cannot be imported, all of them in one child; "" of those that can.

    Where it crashes, the next child takes the rest.
    """
    waiting = list(modules)
    reasons: dict[str, str] = {}
    while waiting:
        with tempfile.TemporaryDirectory() as task:
            try:
                for line in run_child("diptych.diagnosing.imports", Path(task), *waiting):
                    module, reason = json.loads(line)
                    reasons[module] = reason
                    waiting.remove(module)
            except ChildProcessFailed as error:
                reasons[waiting.pop(0)] = str(error)
    return reasons


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version: 2.13.0+cpu is (2, 13, 0)."""
    beginning = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, beginning[0].split("."))) if beginning else ()
