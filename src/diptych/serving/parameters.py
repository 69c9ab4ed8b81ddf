"""The settings of a request, in its address or in its body: known ones, each with one value."""

from collections.abc import Collection, Iterable, Mapping

from starlette.requests import Request

from diptych.errors import nearest
from diptych.serving.problems import Problem

# Bytes of a setting at most.
LONGEST_SETTING = 1000


async def refuse_unknown_in_query(request: Request) -> None:
    """A dependency of routes: raises Problem for what the address holds beyond the route's own."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        refuse_unknown(name, known)
        # An empty one too: the route would take the last.
        if values.setdefault(name, value) != value:
            raise _two_values(name, values[name], value)


def refuse_unknown(name: str, known: Collection[str], hint: str = "") -> None:
    """Raise Problem, with a hint at its end, where nothing of that name can be set."""
    if name not in known:
        refuse_long(name[:LONGEST_SETTING], len(name))
        raise Problem(400, f"no setting {name!r}{nearest(name, known)}{hint}")


def refuse_long(name: str, length: int) -> None:
    """Raise Problem for a setting of more letters than any has."""
    if length > LONGEST_SETTING:
        raise Problem(400, f"the setting {name[:60]!r} has more than {LONGEST_SETTING:,} bytes")


def agreed(query: Mapping[str, str | None], fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The settings of a request by name: those of its address, and those of its body.

    What is empty is not set. Raises Problem where one has two values.
    """
    values = {name: value for name, value in query.items() if value}
    for name, value in fields:
        if value and values.setdefault(name, value) != value:
            raise _two_values(name, values[name], value)
    return values


def _two_values(name: str, first: str, second: str) -> Problem:
    return Problem(400, f"{name} is both {first!r} and {second!r}; give it once")
