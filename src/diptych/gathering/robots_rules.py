"""The rules in a robots.txt, as RFC 9309 reads them.

Python's own reader knows no * and $ within a path, lets the first rule that fits count and not the
longest, and loses a group that has an empty line in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

ANYBODY = "*"
LONGEST_DELAY = 60.0  # seconds; who asks for hours means "never", and says so otherwise


@dataclass
class Rules:
    """What is asked of one program."""

    paths: list[tuple[str, bool]] = field(default_factory=list)  # a pattern, and whether it allows
    delay: float = 0.0  # seconds between two requests

    def allow(self, path: str) -> bool:
        """Whether a path, with its query, may be asked for: the longest pattern that fits counts.

        Of two as long, the one that allows.
        """
        decoded = unquote(path)
        fitting = [(len(one), allows) for one, allows in self.paths if _fits(one, decoded)]
        return max(fitting, default=(0, True))[1]


def rules_for(agent: str, text: str) -> Rules:
    """The rules for a program in a robots.txt: those of its own groups, else those for anybody."""
    groups = list(_groups(text.splitlines()))
    own = [lines for agents, lines in groups if agent.casefold() in agents]
    anybody = [lines for agents, lines in groups if ANYBODY in agents]
    rules = Rules()
    for lines in own or anybody:
        for key, value in lines:
            if key == "crawl-delay":
                rules.delay = max(rules.delay, min(_seconds(value), LONGEST_DELAY))
            elif value:
                rules.paths.append((unquote(value), key == "allow"))
    return rules


def _groups(lines: Iterable[str]) -> Iterator[tuple[set[str], list[tuple[str, str]]]]:
    """Names of programs, and the lines for them."""
    agents: set[str] = set()
    own: list[tuple[str, str]] = []
    for line in lines:
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        key = key.casefold()
        if key == "user-agent":
            if own:
                yield agents, own
                agents, own = set(), []
            # A version behind the name says no more.
            agents.add(value.partition("/")[0].strip().casefold())
        elif key in ("allow", "disallow", "crawl-delay") and agents:
            own.append((key, value))
    yield agents, own


def _fits(pattern: str, path: str) -> bool:
    """Whether a path begins as a pattern does; * stands for anything, $ at the end for the end."""
    to_end = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in others[:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not others:
        return not to_end or at == len(path)
    last = others[-1]
    if to_end:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0


def _seconds(text: str) -> float:
    try:
        return max(float(text), 0.0)
    except ValueError:
        return 0.0
