"""What is odd about labels, from their names and numbers alone: each check yields what it finds.

Nothing is set aside for it: whether two labels mean the same only their owner can tell.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from diptych.auditing.report import Finding
from diptych.data.dataset import Dataset

# From this many pictures of the largest class to one of the smallest, scores hide the smallest.
IMBALANCE = 10
# Fewer different numbers are grades or codes.
AMOUNTS = 5
# What parts labels in a cell, and nothing else; what may also stand within a name.
_HARD, _SOFT = ("|", ";", ","), ("/", "+", "&", " and ", "_and_", "-", "_", " ")


def odd_labels(dataset: Dataset) -> Iterator[Finding]:
    """Everything that is odd about the labels of a data set."""
    counts = dataset.counts()
    yield from similar_labels(counts)
    yield from combined_labels(dataset.classes)
    yield from amounts(dataset.classes)
    yield from imbalance(counts)


def similar_labels(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Labels that differ in capitals, plural, spaces and signs, or how letters are written."""
    done = set[str]()
    for difference, spelling in _SPELLINGS.items():
        alike: dict[str, list[str]] = {}
        for label in counts:
            alike.setdefault(spelling(label), []).append(label)
        for labels in alike.values():
            usual = max(labels, key=lambda label: (label == _written(label), counts[label], label))
            for label in labels:
                if label != usual and label not in done:
                    done.add(label)
                    yield Finding(
                        f"{label}/",
                        "similar label",
                        f"'{usual}' differs only in {difference} ({counts[usual]:,} pictures, "
                        f"{counts[label]:,} here): if they are one class, call both '{usual}'",
                        False,
                        f"{usual}/",
                    )


def combined_labels(labels: Sequence[str]) -> Iterator[Finding]:
    """Labels that are made of others, as where several things are on a picture."""
    combined: dict[str, list[str]] = {}
    for sign in (*_HARD, *_SOFT):
        for label, words in _combined(labels, sign).items():
            combined.setdefault(label, words)
    for label, words in sorted(combined.items()):
        made = " and ".join(f"'{word}'" for word in words)
        detail = f"looks like {made} at once; here it is a class of its own, like any other"
        yield Finding(f"{label}/", "combined label", detail, False)


def _recombine(several: Collection[Sequence[str]]) -> bool:
    """Whether labels of several words are tags: most have the words of another one, and more."""
    sets = [frozenset(words) for words in several]
    times = Counter(word for one in sets for word in one)
    related = sum(any(one < other or other < one for other in sets) for one in sets)
    return related * 2 >= len(sets) > 2 and max(times.values()) > 2


def amounts(labels: Sequence[str]) -> Iterator[Finding]:
    """Labels that are numbers, and not those from 0 or 1 on that stand for classes."""
    numbers = [number for label in labels if (number := _number(label)) is not None]
    if len(numbers) < len(labels) or len(labels) < AMOUNTS:
        return
    low, high = min(numbers), max(numbers)
    whole = all(number.is_integer() for number in numbers)
    if not whole or high - low >= len(labels):
        yield Finding(
            f"{labels[0]}/",
            "labels are numbers",
            f"{len(labels):,} of them from {low:g} to {high:g}: if they are amounts, each is a "
            "class of its own here, and none is nearer to one than to another; make a few ranges",
            False,
        )


def imbalance(counts: Mapping[str, int]) -> Iterator[Finding]:
    """A class with far fewer pictures than another, and how many such there are."""
    there = {label: count for label, count in counts.items() if count}
    if len(there) < 2:
        return
    rare, common = min(there, key=there.__getitem__), max(there, key=there.__getitem__)
    ratio = there[common] / there[rare]
    if ratio >= IMBALANCE:
        few = sum(there[common] >= IMBALANCE * count for count in there.values())
        yield Finding(
            f"{rare}/",
            "imbalance",
            f"{there[rare]:,} to {there[common]:,} pictures of '{common}', 1 to {ratio:.0f}; "
            f"{few:,} of {len(there):,} classes have a tenth of those or fewer: judge by the "
            "scores of each class, not by the accuracy; --balance in training finds more of "
            "the rare ones",
            False,
            f"{common}/",
        )


def _written(label: str) -> str:
    """A label without what nobody sees: other ways to write a letter, marks without width."""
    text = unicodedata.normalize("NFKC", label)
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(seen.split())


def _folded(label: str) -> str:
    # Letters to be read are classes of their own in capitals.
    return label if len(label) == 1 else _written(label).casefold()


def _joined(label: str) -> str:
    """Without spaces, hyphens and underscores, but between digits: 1-2 is not 12."""
    return re.sub(r"(?<!\d)[\s_-]+|[\s_-]+(?!\d)", "", _folded(label))


_COPY = re.compile(
    r"^(?:copy of|kopie von|copia de|copie de) +"
    r"|[ _-]+(?:copy|kopie|old|backup|bak)(?: \d+)?(?: *\(\d+\))?$| *\(\d+\)$"
)


def _original(label: str) -> str:
    """Without what systems add to the name of a copied folder."""
    return _joined(_COPY.sub("", _folded(label)))


def _without_zeros(label: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", _joined(label))


_PLURALS = ((r"ies$", "y"), (r"([sxz]|ch|sh)es$", r"\1"), (r"([^sui])s$", r"\1"))


def _singular(label: str) -> str:
    word = _joined(label)
    for plural, singular in _PLURALS:
        if len(word) > 3 and re.search(plural, word):
            return re.sub(plural, singular, word)
    return word


def _whole(label: str) -> str:
    """Without zeros behind the point of a whole number: 1.0."""
    return re.sub(r"^(\d+)\.0+$", r"\1", _without_zeros(label))


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "how letters are written": _written,
    "capitals": _folded,
    "spaces, hyphens or underscores": _joined,
    "the mark of a copy": _original,
    "leading zeros": _without_zeros,
    "singular and plural": _singular,
    "decimals": _whole,
}


def _combined(labels: Iterable[str], sign: str) -> dict[str, list[str]]:
    """The labels that a sign parts into words which are labels too, or stand in others again."""
    words_of = {label: [word.strip() for word in label.split(sign)] for label in labels}
    words_of = {label: words for label, words in words_of.items() if all(words)}
    several = {label: words for label, words in words_of.items() if len(words) > 1}
    known = {words[0] for words in words_of.values() if len(words) == 1}
    times = Counter(word for words in several.values() for word in set(words))
    made = {
        label: words
        for label, words in several.items()
        if known.intersection(words) or (sign in _HARD and any(times[w] > 1 for w in words))
    }
    sure = any(known.issuperset(words) for words in made.values())
    if sign in _SOFT and not sure:
        # "white cat" beside "cat" is a kind of it
        return several if sign == " " and _recombine(several.values()) else {}
    if sign in _HARD:
        return made
    return {
        label: words
        for label, words in made.items()
        if sum(word in known or times[word] > 1 for word in words) > 1
    }


def _number(label: str) -> float | None:
    if not re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", label):
        return None
    return float(label.replace(",", "."))
