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
    visited: set[BaseException] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, KeyboardInterrupt):
            return True
        if one is not None and one not in visited:
            visited.add(one)
            waiting += [one.__cause__, one.__context__]
    return False


def stop(hint: str = "") -> NoReturn:
    """End the process at once, with the exit code of Ctrl-C and one line."""
    line = f"diptych: stopped; {hint}" if hint else "diptych: stopped"
    with contextlib.suppress(OSError):
        os.write(2, f"{line}\n".encode())
    # Not sys.exit: where the interrupt passed through an exec() of source text, as in many an
    # import, CPython remembers it and would end the process by the signal after all.
    os._exit(130)


def _arrive(number: int, frame: FrameType | None) -> NoReturn:
    global _arrived
    _arrived = time.monotonic()
    raise KeyboardInterrupt
