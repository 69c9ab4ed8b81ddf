"""Shortcuts: properties that alone tell the label, so that a classifier may learn nothing else.

For each property, pictures are counted by its value and their label; a picture is then taken for
the label that is most frequent among the others of its value. "Others" are four fifths of the
pictures, and never its copies. What a property tells is the share of right answers, beyond that of
the largest class.

Axes: N pictures, V values, K classes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from diptych.auditing.material import Material
from diptych.auditing.properties import Property, Value, properties
from diptych.auditing.report import Finding
from diptych.metrics.intervals import Score, percent
from diptych.metrics.shares import Which, share_of

Positions = npt.NDArray[np.intp]

# Pictures are enough, of which headers are read.
MOST = 3000
FOLDS = 5
# Numbers are sorted into so many ranges at most, of at least so many pictures; names beyond the
# most frequent ones are one.
RANGES, IN_RANGE, NAMES = 16, 10, 64
# Of a smaller class nobody can tell.
LEAST_CLASS = 10
# How much of what the largest class leaves unknown a property must tell for certain (the lower
# limit of its interval). What is on pictures has to do with their brightness, or their bytes.
TELLS, CONTENT_TELLS = 0.25, 0.6
# The same for one class among others: its share that is found, less that of others taken for it.
TELLS_CLASS = 0.5


def label_shortcuts(material: Material) -> Iterator[Finding]:
    """Properties that tell the label of all pictures, or one class from the others."""
    some_N = _some(material)
    labels_N = material.labels[some_N]
    if len(np.unique(labels_N)) < 2:
        return
    groups_N = _groups(material, some_N)
    found: list[Finding] = []
    for one in sorted(properties(material, some_N.tolist()), key=lambda one: one.of_content):
        judged_N = np.array([value is not None for value in one.values])
        if len(np.unique(labels_N[judged_N])) < 2 or (one.of_content and found):
            # What is on pictures changes with how they were saved: the reason is enough.
            continue
        values = [value for value in one.values if value is not None]
        args = one._replace(values=values), labels_N[judged_N], groups_N[judged_N]
        found += _of_property(*args, material.dataset.classes)
    yield from found


def _some(material: Material) -> Positions:
    """The positions of some pictures, of classes that are large enough."""
    labels_N = material.labels
    large_K = np.bincount(labels_N, minlength=len(material.dataset.classes)) >= LEAST_CLASS
    large_N = np.flatnonzero(large_K[labels_N])
    # The same ones each time.
    return np.sort(np.random.default_rng(0).permutation(large_N)[:MOST])


def _groups(material: Material, some_N: Positions) -> Positions:
    """A number for each picture, which copies, and pictures of one group, have in common."""
    samples = [material.dataset.samples[i] for i in some_N.tolist()]
    names = [s.group or material.group_of.get(s.name, s.name) for s in samples]
    return np.unique(names, return_inverse=True)[1].reshape(-1)


def _of_property(
    one: Property, labels_N: Positions, groups_N: Positions, classes: Sequence[str]
) -> Iterator[Finding]:
    values_N = _numbered(one.values)
    folds_N = np.random.default_rng(0).permutation(groups_N.max() + 1)[groups_N] % FOLDS
    correct_N, said_NK = _answers(values_N, labels_N, folds_N, len(classes))
    accuracy = share_of(correct_N, np.ones_like(correct_N), groups_N).score
    largest = float(np.bincount(labels_N).max() / len(labels_N))
    tells = _beyond(accuracy, largest)
    if tells.low >= (CONTENT_TELLS if one.of_content else TELLS):
        detail = (
            f"its {one.name} alone tells the label of a picture: {accuracy} right, where the "
            f"largest class is {percent(largest)} ({_typical(one, labels_N, classes)}); a "
            f"classifier may learn just that: {one.advice}"
        )
        yield Finding("/", "shortcut", detail, False, score=tells.value)
    elif len(np.unique(labels_N)) > 2 and not one.of_content:
        for k in np.unique(labels_N).tolist():
            yield from _of_class(one, k, labels_N, said_NK[:, k], groups_N, classes)


def _of_class(
    one: Property,
    k: int,
    labels_N: Positions,
    said_N: Which,
    groups_N: Positions,
    classes: Sequence[str],
) -> Iterator[Finding]:
    """Whether a property tells a class from the others."""
    is_N = labels_N == k
    hits = share_of(said_N, is_N, groups_N).score
    false = share_of(said_N, ~is_N, groups_N).score
    if hits.low - false.high >= TELLS_CLASS:
        detail = (
            f"the {one.name} alone tells this class: {hits} of it have what {false} of the others "
            f"have ({_typical(one, is_N.astype(np.intp), ('others', classes[k]))}); a classifier "
            f"may learn just that: {one.advice}"
        )
        yield Finding(f"{classes[k]}/", "shortcut", detail, False, score=hits.value - false.value)


def _numbered(values: Sequence[Value]) -> Positions:
    """Values as whole numbers from 0: names by their number, numbers by their range."""
    numbers = np.array([v if isinstance(v, float) else np.nan for v in values])
    known = numbers[~np.isnan(numbers)]
    ranges = int(np.clip(len(known) // IN_RANGE, 1, RANGES))
    inner = np.unique(np.quantile(known, np.arange(1, ranges) / ranges)) if len(known) else known
    named = Counter(value for value in values if isinstance(value, str)).most_common(NAMES)
    of_name = {name: len(inner) + 1 + i for i, (name, _) in enumerate(named)}
    ranges_N = np.searchsorted(inner, numbers)
    return np.array(
        [
            of_name.get(value, len(inner) + 1 + NAMES) if isinstance(value, str) else in_range
            for value, in_range in zip(values, ranges_N.tolist(), strict=True)
        ],
        np.intp,
    )


def _answers(
    values_N: Positions, labels_N: Positions, folds_N: Positions, k: int
) -> tuple[Which, npt.NDArray[np.bool_]]:
    """Whether each picture's label is what others of its value have; whether each class is likely.

    (N,) and (N, K). A class is likely where its pictures have the value more often than others do.
    """
    counts_FVK = np.zeros((FOLDS, int(values_N.max()) + 1, k))
    np.add.at(counts_FVK, (folds_N, values_N, labels_N), 1)
    others_FVK = counts_FVK.sum(0) - counts_FVK
    of_class_FK = others_FVK.sum(1)
    # A value that no other picture has says nothing: then the largest class is the answer.
    prior_FK = of_class_FK / np.maximum(of_class_FK.sum(1, keepdims=True), 1)
    answer_FV = (others_FVK + prior_FK[:, None]).argmax(2)
    rest_FVK = others_FVK.sum(2, keepdims=True) - others_FVK
    of_rest_FK = rest_FVK.sum(1)
    likely_FVK = others_FVK * of_rest_FK[:, None] > rest_FVK * of_class_FK[:, None]
    return answer_FV[folds_N, values_N] == labels_N, likely_FVK[folds_N, values_N]


def _beyond(accuracy: Score, largest: float) -> Score:
    """An accuracy as a share of what the largest class leaves unknown."""
    return Score(*((limit - largest) / (1 - largest) for limit in accuracy))


def _typical(one: Property, labels_N: Positions, classes: Sequence[str]) -> str:
    """What is usual in the largest classes."""
    values_of: dict[int, list[Value]] = {}
    for k, value in zip(labels_N.tolist(), one.values, strict=True):
        values_of.setdefault(k, []).append(value)
    largest = sorted(values_of, key=lambda k: -len(values_of[k]))[:3]
    return "; ".join(f"{classes[k]}: {_usual(one, values_of[k])}" for k in sorted(largest))


def _usual(one: Property, values: Sequence[Value]) -> str:
    """The most frequent name, or the range in which half of the numbers are."""
    numbers = [value for value in values if isinstance(value, float)]
    names = Counter(value for value in values if isinstance(value, str))
    if names.total() > len(numbers):
        [(name, count)] = names.most_common(1)
        return f"{name} in {count / len(values):.0%}"
    low, high = (one.written(limit) for limit in np.quantile(numbers, (0.25, 0.75)).tolist())
    return low if low == high else f"half from {low} to {high}"
