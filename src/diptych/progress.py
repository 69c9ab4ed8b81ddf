"""How long work is watched: a `Track` wraps an iterable and passes its items on, like tqdm."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Shows how far an iterable has come."""

    def __call__(self, items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        """Pass the items on; `total` is how many there are, `doing` names the work."""


def unwatched(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
    """The Track of a library: silence."""
    return items
