"""Which operations of a graph belong to which layer, the same for every format."""

from collections.abc import Sequence
from typing import NamedTuple

from diptych.errors import InputError

Name = str


class Operation(NamedTuple):
    """One operation of a graph."""

    name: Name
    inputs: tuple[Name, ...]  # tensors
    outputs: tuple[Name, ...]
    weighted: bool  # a convolution or product with constant weights


def layers(graph: Sequence[Operation], probabilities: Name) -> dict[Name, tuple[Name, ...]]:
    """The layers that can be in int8, in order: of each its name and its operations' names.

    A layer is a weighted operation with those that follow it up to the next. There is no layer of
    what comes before the first, nor of what is no part of the way to the features: the last
    weighted operation before the probabilities, and what measures OOD score. `graph` is in the
    order of its execution. Raises InputError where there are none.
    """
    made_by = {tensor: operation for operation in graph for tensor in operation.outputs}
    way = [made_by[probabilities]]
    while not way[0].weighted:
        way = [*way[1:], *(made_by[tensor] for tensor in way[0].inputs if tensor in made_by)]
        if not way:
            raise InputError("the network has no dense layer; its file cannot be made smaller")
    body: set[Name] = set()
    waiting = list(way[0].inputs)
    while waiting:
        operation = made_by.get(waiting.pop())
        if operation is not None and operation.name not in body:
            body.add(operation.name)
            waiting += operation.inputs
    found: dict[Name, list[Name]] = {}
    for operation in graph:
        if operation.name in body:
            if operation.weighted:
                found[operation.name] = []
            if found:
                found[next(reversed(found))].append(operation.name)
    if not found:
        raise InputError(
            "the network has one layer alone, which stays in float; export it as it is"
        )
    return {name: tuple(names) for name, names in found.items()}
