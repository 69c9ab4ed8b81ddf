"""Which samples belong together, where more than one thing says so."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from diptych.data.dataset import Sample


def grouped(samples: Sequence[Sample], copies: Mapping[str, str]) -> list[Sample]:
    """The samples in groups of all that belongs together: by their own groups, and as copies.

    `copies` names a group for samples, by their names, which says what is a copy of what. A group
    that a sample has already keeps its name; of several that become one, the first by the alphabet.
    """
    leaders = united(
        keys(group=sample.group, copies=copies.get(sample.name, "")) for sample in samples
    )
    names: dict[int, str] = {}
    for leader, sample in zip(leaders, samples, strict=True):
        if sample.group:
            names[leader] = min(names.get(leader, sample.group), sample.group)
    for leader, sample in zip(leaders, samples, strict=True):
        names.setdefault(leader, copies.get(sample.name, ""))
    return [s._replace(group=names[leader]) for leader, s in zip(leaders, samples, strict=True)]


def keys(**known: str) -> list[tuple[str, str]]:
    """What is known of an item as keys for `united`, each of a kind of its own."""
    return [key for key in known.items() if key[1]]


def independent(samples: Iterable[Sample]) -> list[int]:
    """The positions of the first sample of each group."""
    first: dict[str, int] = {}
    for position, sample in enumerate(samples):
        first.setdefault(sample.group or sample.name, position)
    return list(first.values())


def united(items: Iterable[Iterable[Hashable]]) -> list[int]:
    """The position of the first item of each item's group: items with a key in common are one.

    Items that have no key in common are still in one group where others link them.
    """
    first_with: dict[Hashable, int] = {}
    pairs, count = [], 0
    for item, its_keys in enumerate(items):
        pairs += [(first_with.setdefault(key, item), item) for key in its_keys]
        count = item + 1
    return connected(count, pairs)


def connected(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """The first member of each item's connected component (union-find)."""
    parent = list(range(count))

    def leader(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for pair in pairs:
        low, high = sorted(map(leader, pair))
        parent[high] = low
    return [leader(item) for item in range(count)]
