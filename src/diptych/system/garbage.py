"""A pause of Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage() -> Iterator[None]:
    """While many objects are made that all are kept, nothing looks for garbage among them.

    The collector would look at hundreds of thousands of them again and again, and find none.
    Afterwards they count as old, which are seldom looked at.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # Freezing and thawing makes all that there is old, without a look at any of it.
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
