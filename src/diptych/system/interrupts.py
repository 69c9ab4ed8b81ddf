"""Ctrl-C, told from other failures, also where it ends up as another error.

An interrupt that arrives inside of native code, such as the import of an extension, is often
turned into an error of that code.
"""

import contextlib
import os
import signal
import time
from types import FrameType
from typing import NoReturn

# Seconds from an interrupt to an error that it may have caused: importing TensorFlow takes some.
SOON = 10.0

_arrived = -SOON


def watch() -> None:
    """Take note of interrupts, unless this process is to ignore them or handles them otherwise."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _arrive)


def ignore() -> None:
    """Let no interrupt stop what is left, because the work is done."""
    if signal.getsignal(signal.SIGINT) is _arrive:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def caused(error: BaseException) -> bool:
    """Whether an interrupt lies behind an error: it is one, was raised by one, or followed one."""
    if time.monotonic() - _arrived < SOON:
        return True
    seen: set[BaseException] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if isinstance(found, KeyboardInterrupt):
            return True
        if found is not None and found not in seen:
            seen.add(found)
            waiting += [found.__cause__, found.__context__]
    return False


def stop(told: str = "") -> NoReturn:
    """End the process at once, with the exit code of Ctrl-C and one line."""
    line = f"diptych: stopped; {told}" if told else "diptych: stopped"
    with contextlib.suppress(OSError):
        os.write(2, f"{line}\n".encode())
    # Not sys.exit: where the interrupt passed through an exec() of source text, as in many an
    # import, CPython remembers it and would end the process by the signal after all.
    os._exit(130)


def _arrive(number: int, frame: FrameType | None) -> NoReturn:
    global _arrived
    _arrived = time.monotonic()
    raise KeyboardInterrupt
