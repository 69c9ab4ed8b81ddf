"""What the owners of servers ask of programs, in robots.txt (RFC 9309)."""

import threading

from diptych.gathering.addresses import WebAddress
from diptych.gathering.bodies import read_body
from diptych.gathering.client import Client
from diptych.gathering.failures import Again, Failure
from diptych.gathering.retrying import may_pass
from diptych.gathering.robots_rules import Rules, rules_for

PATH = "/robots.txt"
MOST_BYTES = 500 * 2**10  # as much as every program has to read
MOST_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)


class Robots:
    """The rules of every server that is asked; each is asked for them once."""

    def __init__(self, client: Client, agent: str) -> None:
        self._client = client
        # Rules name a program without its version: diptych/0.1.0 is diptych.
        self._agent = agent.partition("/")[0].partition(" ")[0]
        self._rules: dict[str, Rules] = {}
        self._asking: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def delay(self, address: WebAddress) -> float:
        """Seconds that its server wants between requests; raises Failure where it wants none.

        Where the rules cannot be read, the server is not asked for more (RFC 9309, 2.3.1.4): that
        raises Again.
        """
        rules = self._rules_of(address)
        if not rules.allow(address.url.raw_path.decode("ascii")):
            said = f"{address.origin}{PATH} leaves it out"
            raise Failure("forbidden by robots.txt", said, asked=False)
        return rules.delay

    def _rules_of(self, address: WebAddress) -> Rules:
        with self._lock:
            asking = self._asking.setdefault(address.origin, threading.Lock())
        with asking:
            if address.origin not in self._rules:
                self._rules[address.origin] = self._asked(address)
            return self._rules[address.origin]

    def _asked(self, address: WebAddress) -> Rules:
        try:
            return rules_for(self._agent, self._text(address.beside(PATH)))
        except Again as cause:
            said = f"{PATH}: {cause.detail}".rstrip(": ")
            raise Again(cause.reason, said, cause.status, cause.wait) from cause

    def _text(self, there: WebAddress) -> str:
        """What the file says; nothing where there is none."""
        for _ in range(MOST_REDIRECTS + 1):
            with self._client.get(there) as reply:
                if reply.status == 200:
                    return read_body(reply, MOST_BYTES, cut=True).decode("utf-8-sig", "replace")
                if may_pass(reply.status):
                    raise Again(f"status {reply.status}", status=reply.status, wait=reply.wait)
                if reply.status not in REDIRECTS or not (to := reply.headers.get("location")):
                    return ""
                there = there.redirected(to)
        return ""
