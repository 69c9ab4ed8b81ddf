"""Check: what was looked at, how it is, and what to do about it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

OK, MISSING, BROKEN = "ok", "missing", "broken"


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    status: str  # OK, MISSING or BROKEN
    detail: str
    advice: str = ""  # what to do where it is not OK
    facts: Mapping[str, Any] = {}  # for programs

    @property
    def works(self) -> bool:
        """Whether there is nothing to do."""
        return self.status == OK

    def __str__(self) -> str:
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.status:<8} {self.name}: {self.detail}{advice}"

    def to_json(self) -> dict[str, str]:
        """The check without its facts."""
        return {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "advice": self.advice,
        }
