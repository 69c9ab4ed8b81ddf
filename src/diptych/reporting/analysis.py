"""Where a classifier fails: its worst answers, the classes it takes for each other, labels that are
likely wrong, and the kinds of pictures on which it does worse than chance explains.

Axes: N pictures, H their height, W their width, C colours, K classes, D features, M training
pictures, L neighbours.
"""

import itertools
import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.errors import InputError
from diptych.images.cache import Store
from diptych.images.decoding import CHUNK, known
from diptych.images.preprocess import Pixels
from diptych.metrics import Score, share
from diptych.metrics.predictions import Predictions
from diptych.sources.columns import MOST_WORDS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Column = Sequence[str | float]  # a fact of each picture; "" and NaN where it is not known

FEWEST = 10  # pictures of a slice, and of the others
QUARTERED = 100  # independent pictures from which numbers are cut into quarters; fewer into thirds
# The share of wrong labels in most data sets, and as how many pictures that belief counts.
WRONG, BELIEVED = 0.02, 50
CERTAIN = 0.05  # chance of any finding at all where nothing is to be found

# The facts of `picture_facts`, as pictures with their lowest and highest values are called.
CALLED = {
    "brightness": ("dark", "bright"),
    "contrast": ("flat", "contrasty"),
    "sharpness": ("blurred", "sharp"),
    "size": ("small", "large"),
    "aspect": ("narrow", "wide"),
    "kilobytes": ("lightweight", "heavyweight"),
}
SAME = 0.8  # slices that share so much of their pictures are one finding


class Answer(NamedTuple):
    """One picture, what it is and what it was taken for."""

    name: str
    label: str
    answer: str
    p_label: float  # the probability of the label
    p_answer: float  # the probability of the answer

    @property
    def loss(self) -> float:
        """The cross-entropy, in nats."""
        return -math.log(max(self.p_label, float(np.finfo(np.float32).tiny)))


def worst(predictions: Predictions, most: int = 5) -> tuple[Answer, ...]:
    """The answers with the largest loss: those whose label was thought the least likely."""
    return tuple(sorted(_answers(predictions), key=lambda a: -a.loss)[:most])


def most_wrong(predictions: Predictions, most: int = 5) -> tuple[Answer, ...]:
    """The mistakes with the most confidence in the answer."""
    wrong = [a for a in _answers(predictions) if a.answer != a.label]
    return tuple(sorted(wrong, key=lambda a: -a.p_answer)[:most])


class Confusion(NamedTuple):
    """One class that is taken for another."""

    label: str
    answer: str
    times: int
    share: Score  # of the label's pictures


def confused_pairs(predictions: Predictions, most: int = 5) -> tuple[Confusion, ...]:
    """The classes that are taken for each other, the most frequent first."""
    dataset, p_NK, _ = predictions
    k = len(dataset.classes)
    cells_N = _labels(dataset) * k + p_NK.argmax(1)
    counts_KK = np.bincount(cells_N, minlength=k * k).reshape(k, k)
    found = [
        Confusion(
            dataset.classes[i],
            dataset.classes[j],
            int(counts_KK[i, j]),
            share(int(counts_KK[i, j]), int(counts_KK[i].sum())),
        )
        for i, j in np.argwhere(counts_KK)
        if i != j
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.times, -pair.share.value))[:most])


class Neighbours(NamedTuple):
    """The training pictures that look most alike to a network, the nearest first."""

    indices_NL: Indices  # positions among the training pictures
    similarity_NL: npt.NDArray[np.float32]  # the cosine: 1 where the features point the same way


def neighbours(
    test_features_ND: npt.NDArray[Any], train_features_MD: npt.NDArray[Any], most: int = 5
) -> Neighbours:
    """The training pictures nearest to each test picture by the cosine of their features."""
    train_DM = _directions(train_features_MD).T
    kept = min(most, train_DM.shape[1])
    indices, similarity = [], []
    for start in range(0, len(test_features_ND), CHUNK):
        cosine_NM = _directions(test_features_ND[start : start + CHUNK]) @ train_DM
        nearest_NL = np.argpartition(-cosine_NM, kept - 1, axis=1)[:, :kept]
        cosine_NL = np.take_along_axis(cosine_NM, nearest_NL, 1)
        order_NL = np.argsort(-cosine_NL, axis=1)
        indices.append(np.take_along_axis(nearest_NL, order_NL, 1))
        similarity.append(np.take_along_axis(cosine_NL, order_NL, 1))
    return Neighbours(np.concatenate(indices), np.concatenate(similarity))


class Suspicion(NamedTuple):
    """A label that is more likely wrong than the answer is."""

    name: str
    label: str
    likely: str  # the label it likely should have
    chance: float  # that the label is wrong
    why: str


def suspicious_labels(predictions: Predictions) -> tuple[Suspicion, ...]:
    """Labels that are more likely wrong than the classifier is, the most suspicious first.

    A label is either right, as likely as its probability says, or wrong and any other class's. The
    share of wrong ones is found by expectation and maximisation (Dempster, Laird & Rubin 1977),
    with a prior of 2 % that counts as 50 pictures. A mistake that a classifier makes now and then
    at such a confidence is no suspicion. The probabilities must be calibrated, and come from a
    classifier that was not trained on these pictures.
    """
    dataset, p_NK, _ = predictions
    labels_N, likely_N = _labels(dataset), p_NK.argmax(1)
    right_N = p_NK[np.arange(len(dataset)), labels_N].astype(np.float64)
    wrong_N = (1 - right_N) / max(len(dataset.classes) - 1, 1)
    wrong_share = WRONG
    for _ in range(30):
        both_N = wrong_share * wrong_N + (1 - wrong_share) * right_N
        chance_N = wrong_share * wrong_N / both_N
        wrong_share = (chance_N.sum() + WRONG * BELIEVED) / (len(dataset) + BELIEVED)

    def suspicion(i: int) -> Suspicion:
        label, likely = dataset.classes[labels_N[i]], dataset.classes[likely_N[i]]
        why = (
            f"taken for {likely} with {_percent(p_NK[i, likely_N[i]])}, for {label} with "
            f"{_percent(right_N[i])}"
        )
        return Suspicion(dataset.samples[i].name, label, likely, float(chance_N[i]), why)

    suspicious = np.flatnonzero((chance_N > 0.5) & (likely_N != labels_N))
    order = np.argsort(-chance_N[suspicious], kind="stable")
    return tuple(suspicion(i) for i in suspicious[order])


class Slice(NamedTuple):
    """Pictures that have something in common and are answered worse than the others."""

    fact: str
    what: str
    n: int
    score: Score  # accuracy
    others: Score
    p: float  # how likely chance alone has it so, after a correction for every slice looked at

    def __str__(self) -> str:
        return f"{self.what}: {self.score} of {self.n:,}, the others {_percent(self.others.value)}"


class Slices(NamedTuple):
    """The slices found, the least likely by chance first, and how many were looked at."""

    found: tuple[Slice, ...]
    looked_at: int


def slices(predictions: Predictions, facts: Mapping[str, Column]) -> Slices:
    """Slices of the pictures with more mistakes than chance explains.

    `facts` are those of `picture_facts` or any others: a value for each picture, by name. Numbers
    are cut at their quartiles or terciles, words make a slice each. Every slice of 10 or more
    pictures is compared with the others by Fisher's exact test, one-sided (Fisher, "The Logic of
    Inductive Inference", 1935), corrected for their number by Holm ("A Simple Sequentially
    Rejective Multiple Test Procedure", 1979). Found is what then has p < 0.05; of slices that are
    nearly the same pictures, the clearest. Of a group of near-duplicates only the first is counted:
    its copies are no further evidence.

    Raises InputError for a fact that is not given for each picture.
    """
    dataset, p_NK, _ = predictions
    for fact, column in facts.items():
        if len(column) != len(dataset):
            raise InputError(
                f"fact '{fact}': {len(column):,} values for {len(dataset):,} pictures; "
                "give one for each, '' or NaN where it is not known"
            )
    counted = _first_of_groups(dataset.samples)
    wrong_N = (p_NK.argmax(1) != _labels(dataset))[counted]
    looked_at = [
        (_compared(fact, what, inside_N, wrong_N), inside_N)
        for fact, column in facts.items()
        for what, inside_N in _cuts(fact, [column[i] for i in counted])
        if FEWEST <= inside_N.sum() <= len(counted) - FEWEST
    ]
    found, p = list[tuple[Slice, Flags]](), 0.0
    for i, (each, inside_N) in enumerate(sorted(looked_at, key=lambda each: each[0].p)):
        p = max(p, min((len(looked_at) - i) * each.p, 1.0))
        if p < CERTAIN and not any(_overlap(inside_N, other_N) > SAME for _, other_N in found):
            found.append((each._replace(p=p), inside_N))
    return Slices(tuple(each for each, _ in found), len(looked_at))


def fisher(wrong_inside: int, inside: int, wrong: int, n: int) -> float:
    """The chance that so many of the wrong ones or more fall inside, were they spread at random.

    The upper tail of the hypergeometric distribution: `wrong` and `inside` count among all `n`.
    """

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    least, largest = max(wrong_inside, inside + wrong - n), min(inside, wrong)
    ways = log_choose(n, inside)
    return min(
        math.fsum(
            math.exp(log_choose(wrong, k) + log_choose(n - wrong, inside - k) - ways)
            for k in range(least, largest + 1)
        ),
        1.0,
    )


def picture_facts(dataset: Dataset, store: Store) -> dict[str, Column]:
    """What can be told of each picture without knowing what it shows, in the data set's order.

    brightness   mean of the luma (ITU-R BT.601), 0 to 255
    contrast     standard deviation of the luma
    sharpness    variance of the luma's Laplacian (Pech-Pacheco et al., "Diatom Autofocusing in
                 Brightfield Microscopy", ICPR 2000), as a share of the luma's variance
    size         pixels of the shorter side, of the file
    aspect       width / height
    format       JPEG, PNG, …
    kilobytes    of the file
    folder       the folder inside the class folder; "" where there is none
    subfolder    all folders inside the class folder, where there are several

    The store has the pixels of every sample's digest.
    """
    digests = [sample.digest for sample in dataset.samples]
    starts = range(0, len(digests), CHUNK)
    seen_3N = np.concatenate(
        [np.empty((3, 0)), *(_luma_facts(store.read(digests[i : i + CHUNK])) for i in starts)], 1
    )
    pictures = list(known(dataset.samples, store))
    inside = [_folders(sample) for sample in dataset.samples]
    return {
        **dict(zip(("brightness", "contrast", "sharpness"), seen_3N.tolist(), strict=True)),
        "size": [min(picture.width, picture.height) for picture in pictures],
        "aspect": [picture.width / max(picture.height, 1) for picture in pictures],
        "format": [picture.format for picture in pictures],
        "kilobytes": [math.nan if dataset.shape else _kilobytes(s) for s in dataset.samples],
        "folder": [folders[0] if folders else "" for folders in inside],
        "subfolder": ["/".join(folders) if len(folders) > 1 else "" for folders in inside],
    }


def column_facts(dataset: Dataset) -> dict[str, Column]:
    """What a table says of each picture besides its label, in the data set's order.

    Words, or numbers where there are too many different ones to be a word each.
    """
    return {
        title: _cells([values.get(sample.name, "") for sample in dataset.samples])
        for title, values in dataset.columns.items()
    }


def _cells(cells: Sequence[str]) -> Column:
    if len(set(cells)) <= MOST_WORDS:
        return cells
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError:
        return cells


def _answers(predictions: Predictions) -> Iterator[Answer]:
    dataset, p_NK, _ = predictions
    for sample, label, p_K in zip(dataset.samples, dataset.targets(), p_NK, strict=True):
        answer = int(p_K.argmax())
        yield Answer(
            sample.name, sample.label, dataset.classes[answer], float(p_K[label]), float(p_K.max())
        )


def _labels(dataset: Dataset) -> Indices:
    return np.array(dataset.targets(), np.intp)


def _directions(features_ND: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Features of length 1; those that are all 0 stay so, and are like nothing."""
    length_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.asarray(features_ND / np.where(length_N1 > 0, length_N1, 1), np.float32)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _first_of_groups(samples: Sequence[Sample]) -> list[int]:
    """The positions of pictures that are no near-duplicate of one before."""
    first: dict[str, int] = {}
    for i, sample in enumerate(samples):
        first.setdefault(sample.group or sample.name, i)
    return list(first.values())


def _compared(fact: str, what: str, inside_N: Flags, wrong_N: Flags) -> Slice:
    """A slice with the p-value that it would have alone."""
    n, inside = len(wrong_N), int(inside_N.sum())
    wrong, wrong_inside = int(wrong_N.sum()), int(wrong_N[inside_N].sum())
    score = share(inside - wrong_inside, inside)
    others = share(n - inside - (wrong - wrong_inside), n - inside)
    return Slice(fact, what, inside, score, others, fisher(wrong_inside, inside, wrong, n))


def _overlap(one_N: Flags, other_N: Flags) -> float:
    """The share of the pictures of either that are of both (Jaccard)."""
    return float((one_N & other_N).sum() / max((one_N | other_N).sum(), 1))


def _cuts(fact: str, column: Column) -> Iterator[tuple[str, Flags]]:
    """Each slice of a fact in words, and which pictures are in it."""
    if any(isinstance(value, str) and value for value in column):
        words = [str(value) for value in column]
        for word in dict.fromkeys(filter(None, words)):
            yield f"pictures whose {fact} is {word}", np.array([word == other for other in words])
        return
    numbers_N = np.array([value if value != "" else math.nan for value in column], np.float64)
    parts = 4 if len(column) >= QUARTERED else 3
    inner = np.linspace(0, 1, parts + 1)[1:-1]
    known_N = numbers_N[~np.isnan(numbers_N)]
    if not len(known_N):
        return
    # Where many have the same number, two cuts may fall together.
    edges = [-math.inf, *np.unique(np.quantile(known_N, inner, method="higher")), math.inf]
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        place = 2 * i - (len(edges) - 2)
        yield _range(fact, low, high, place), (numbers_N >= low) & (numbers_N < high)


def _range(fact: str, low: float, high: float, place: int) -> str:
    """What pictures between two values of a fact are called; the upper one is not included.

    `place` is below 0 for ranges below the middle one, 0 for that, and above 0 for those above it.
    """
    small, large = CALLED.get(fact, (f"low-{fact}", f"high-{fact}"))
    if low == -math.inf:
        return f"{small} pictures ({fact} below {_short(high)})"
    if high == math.inf:
        return f"{large} pictures ({fact} {_short(low)} or more)"
    called = f"rather {small if place < 0 else large}" if place else f"neither {small} nor {large}"
    return f"{called} pictures ({fact} {_short(low)} to {_short(high)})"


def _short(value: float) -> str:
    """A number with three digits, and all of those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _luma_facts(pixels_NHWC: Pixels) -> Floats:
    """Brightness, contrast and sharpness of each picture (3, N)."""
    colours = pixels_NHWC.astype(np.float32)
    weight_C = np.array([0.299, 0.587, 0.114] if colours.shape[3] == 3 else [1], np.float32)
    luma_NHW = colours @ weight_C
    wide_NHW = np.pad(luma_NHW, ((0, 0), (1, 1), (1, 1)), "edge")
    beside_NHW = wide_NHW[:, 1:-1, :-2] + wide_NHW[:, 1:-1, 2:]
    above_NHW = wide_NHW[:, :-2, 1:-1] + wide_NHW[:, 2:, 1:-1]
    laplacian_NHW = beside_NHW + above_NHW - 4 * luma_NHW
    variance_N = luma_NHW.var((1, 2))
    # A picture of one colour is neither blurred nor sharp.
    sharpness_N = np.where(
        variance_N > 0, laplacian_NHW.var((1, 2)) / np.where(variance_N > 0, variance_N, 1), np.nan
    )
    return np.stack([luma_NHW.mean((1, 2)), np.sqrt(variance_N), sharpness_N]).astype(np.float64)


def _folders(sample: Sample) -> tuple[str, ...]:
    """The folders between a picture and its class, or its part where classes have no folder."""
    above = PurePosixPath(sample.name).parts[:-1]
    named = [unicodedata.normalize("NFC", folder) for folder in above]
    if sample.label in named:
        return above[named.index(sample.label) + 1 :]
    return above[1:] if above and above[0] in PARTS else above


def _kilobytes(sample: Sample) -> float:
    try:
        return sample.path.stat().st_size / 1000
    except OSError:
        return math.nan  # the file has gone since its pixels were read
