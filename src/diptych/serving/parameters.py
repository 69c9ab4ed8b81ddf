"""The settings of a request, in its address or in its body: known ones, each with one value."""

from collections.abc import Collection, Iterable, Mapping

from starlette.requests import Request

from diptych.errors import nearest
from diptych.serving.problems import Problem


async def refuse_unknown_in_query(request: Request) -> None:
    """A dependency of routes: raises Problem for what the address holds beyond the route's own."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    pairs = request.query_params.multi_items()
    for name, _ in pairs:
        refuse_unknown(name, known)
    agreed({}, pairs)


def refuse_unknown(name: str, known: Collection[str], hint: str = "") -> None:
    """Raise Problem, with a hint at its end, where nothing of that name can be set."""
    if name not in known:
        raise Problem(400, f"no setting {name!r}{nearest(name, known)}{hint}")


def agreed(query: Mapping[str, str | None], fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The settings of a request by name: those of its address, and those of its body.

    What is empty is not set. Raises Problem where one has two values.
    """
    values = {name: value for name, value in query.items() if value}
    for name, value in fields:
        if value and values.setdefault(name, value) != value:
            raise Problem(400, f"{name} is both {values[name]!r} and {value!r}; give it once")
    return values
