"""`diptych doctor`: what works on this machine, and what to do about the rest."""

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from diptych.cli import arguments
from diptych.cli.display import print_json, print_line


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    arguments.add_verb(
        verbs, "doctor", doctor, "what works on this machine, and how to get the rest"
    )


def doctor(options: Namespace) -> int:
    """Say how each thing is; 1 unless the core and at least one engine work."""
    from diptych.diagnosing import diagnose, works

    checks = []
    for check in diagnose():
        checks.append(check)
        if not options.as_json:
            print_line(str(check))
    if options.as_json:
        print_json(
            {
                "works": works(checks),
                "checks": [check.to_json() for check in checks],
                **merged(check.facts for check in checks),
            }
        )
    return 0 if works(checks) else 1


def merged(facts: Iterable[Any]) -> dict[str, Any]:
    """All facts in one; of those that are dictionaries, what is in them."""
    answer: dict[str, Any] = {}
    for one in facts:
        for key, value in one.items():
            answer[key] = {**answer.get(key, {}), **value} if isinstance(value, dict) else value
    return answer
