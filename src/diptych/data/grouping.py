"""Which samples belong together, where more than one thing says so."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

from diptych.data.dataset import Sample

# Between what a group is of, in its name: those of two data sets are one where they have any of it.
_BETWEEN = " ∪ "


def grouped(samples: Sequence[Sample], copies: Mapping[str, str]) -> list[Sample]:
    """The samples in groups of all that belongs together: by their own groups, and as copies.

    `copies` names a group for samples, by their names, which says what is a copy of what. A group
    that a sample has already keeps its name; several that become one have the names of all.
    """
    leaders = united(keys(sample.group, copies=copies.get(sample.name, "")) for sample in samples)
    names: dict[int, set[str]] = {}
    for leader, sample in zip(leaders, samples, strict=True):
        names.setdefault(leader, set()).update(group_keys(sample.group))
    for leader, sample in zip(leaders, samples, strict=True):
        names[leader] = names[leader] or {copies.get(sample.name, "")}
    name_of = {leader: _named(own) for leader, own in names.items()}
    return [s._replace(group=name_of[leader]) for leader, s in zip(leaders, samples, strict=True)]


def groups_by(values: Sequence[Mapping[str, str]]) -> list[str]:
    """The group of each item, by what it has under one or more titles, "" where that is nothing.

    What has any value in common with another is of its group; what has none at all is of no group.
    """
    known = [[item for item in own.items() if item[1]] for own in values]
    leaders = united(known)
    single = len({title for own in values for title in own}) == 1
    names: dict[int, set[str]] = {}
    for leader, own in zip(leaders, known, strict=True):
        of = (value if single else f"{title}: {value}" for title, value in own)
        names.setdefault(leader, set()).update(of)
    name_of = {leader: _named(own) for leader, own in names.items()}
    return [name_of[leader] for leader in leaders]


def group_keys(group: str) -> list[str]:
    """What a group is of, by its name; nothing of no group."""
    return group.split(_BETWEEN) if group else []


def keys(group: str = "", **known: str) -> list[tuple[str, str]]:
    """What is known of an item as keys for `united`, each of a kind of its own."""
    return [*(("group", one) for one in group_keys(group)), *(k for k in known.items() if k[1])]


def _named(names: Iterable[str]) -> str:
    return _BETWEEN.join(sorted(names))


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
