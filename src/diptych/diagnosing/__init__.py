"""What works on this machine: packages, engines, the cache; and what to do about the rest.

Nothing that may be missing or broken is imported in this process: each is looked at in a child, so
that one that crashes is a line like any other.
"""

from collections.abc import Iterator

from diptych.diagnosing.check import Check
from diptych.diagnosing.machine import cache, machine
from diptych.diagnosing.packages import CORE, packages
from diptych.diagnosing.trial import FRAMEWORKS, trials


def diagnose() -> Iterator[Check]:
    """Each check as soon as it is done; those of engines take some seconds each."""
    yield from machine()
    yield cache()
    yield from packages()
    yield from trials()


def works(checks: list[Check]) -> bool:
    """Whether the core works, and at least one engine that trains photographs."""
    failed = {check.name for check in checks if not check.works}
    return not failed & {CORE, "cache", "engine linear"} and any(
        f"engine {engine}" not in failed for engine in FRAMEWORKS
    )
