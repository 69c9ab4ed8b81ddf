"""Which operations of a graph belong to which layer, the same for every format."""

from collections.abc import Mapping, Sequence
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
    weighted operation before the probabilities, and what computes the OOD score. `graph` is in the
    order of its execution. Raises InputError where there are none.
    """
    producers = {tensor: operation for operation in graph for tensor in operation.outputs}
    way = [producers[probabilities]]
    while not way[0].weighted:
        way = [*way[1:], *(producers[tensor] for tensor in way[0].inputs if tensor in producers)]
        if not way:
            raise InputError("the network has no dense layer; its file cannot be made smaller")
    body: set[Name] = set()
    waiting = list(way[0].inputs)
    while waiting:
        operation = producers.get(waiting.pop())
        if operation is not None and operation.name not in body:
            body.add(operation.name)
            waiting += operation.inputs
    groups: dict[Name, list[Name]] = {}
    for operation in graph:
        if operation.name in body:
            if operation.weighted:
                groups[operation.name] = []
            if groups:
                groups[next(reversed(groups))].append(operation.name)
    if not groups:
        raise InputError(
            "the network has one layer alone, which stays in float; export it as it is"
        )
    return {name: tuple(names) for name, names in groups.items()}


def operations_of(
    layers: Mapping[Name, Sequence[Name]], float_layers: frozenset[Name]
) -> set[Name]:
    """The operations that are to be in int8: those of all layers but these."""
    return {name for layer in layers if layer not in float_layers for name in layers[layer]}
