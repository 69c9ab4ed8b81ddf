"""Work over many pictures on many machines, by Ray: the one package that knows it.

`working_on("ray")` has the work of a block done there. What is worked on are rows, and each comes
back with a result of its own: no picture is lost, and no order is changed, whatever dies meanwhile.
"""

import contextlib
from collections.abc import Iterator

from diptych.distributing.places import is_elsewhere as is_elsewhere
from diptych.distributing.places import place_of_work as place_of_work
from diptych.system.workplace import working_at


@contextlib.contextmanager
def working_on(place: str | None) -> Iterator[None]:
    """Have the work of the block done at a place: "ray", "ray://HEAD:10001", or here for None.

    Raises InputError where there is nothing at that address, or no token for it; MissingExtra
    without Ray.
    """
    if place is None:
        yield
        return
    from diptych.distributing.connection import connected
    from diptych.distributing.pool import Pool

    with connected(place), contextlib.closing(Pool()) as pool, working_at(pool):
        yield
