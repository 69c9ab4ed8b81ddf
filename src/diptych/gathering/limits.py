"""How much is asked of other people's servers, and how much is taken from them."""

import importlib.metadata
import math
from dataclasses import dataclass, fields

from diptych.errors import InputError, described
from diptych.images.limits import BYTES_LIMIT

HOME = "https://github.com/diptych/diptych"
# The least that makes sense of each; of others 1.
_LEAST = {"redirects": 0, "delay": 0, "backoff": 0, "longest_wait": 0, "seconds": 0.001}


@dataclass(frozen=True)
class Limits:
    """What a run keeps to; the defaults are polite. Raises InputError for what makes no sense."""

    bytes: int = BYTES_LIMIT  # of a picture, also once it is decompressed
    seconds: float = 30.0  # that one request may take, to the last byte
    redirects: int = 5  # that are followed from one address
    tries: int = 4  # of a request that may do better later
    at_once: int = 16  # requests at a time, to all hosts
    connections: int = 2  # … and to one host
    delay: float = 0.25  # seconds between two requests to one host
    backoff: float = 1.0  # seconds to the second try; each further one takes twice as long
    longest_wait: float = 120.0  # seconds that a server may ask us to wait
    allow_private: bool = False  # addresses of this machine, and of the network that it is in
    robots: bool = True  # leave out what robots.txt does
    user_agent: str = ""  # who we say we are; "" for Diptych

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type in (int, float):
                _refuse_amount(field.name, value, field.type is int)
        agent = self.user_agent
        if not (isinstance(agent, str) and agent.isascii() and agent.isprintable()):
            raise InputError(f"user_agent is a line of ASCII, not {described(agent)}")

    @property
    def agent(self) -> str:
        """Who we say we are, with a page that tells more."""
        return self.user_agent or f"diptych/{importlib.metadata.version('diptych')} (+{HOME})"


def _refuse_amount(name: str, value: object, whole: bool) -> None:
    """Raise InputError for what is no number, or too small."""
    least = _LEAST.get(name, 1)
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not least <= value < math.inf:  # type: ignore[operator]
        kind = "a whole number" if whole else "a number"
        raise InputError(f"{name} is {kind} from {least} on, not {described(value)}")
