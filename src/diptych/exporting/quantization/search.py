"""All layers in int8, or all but the most sensitive: the one loop for every tool.

Letters in names: N pictures, K classes.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from diptych.errors import GateError
from diptych.exporting.quantization.fidelity import Answers, Fidelity

Files = Mapping[str, bytes]
Layer = str


class Tool(Protocol):
    """A format's own way to int8."""

    @property
    def layers(self) -> Sequence[Layer]:
        """Those that can be in int8, in the order of the graph."""
        ...

    def quantise(self, floats: frozenset[Layer], *, quick: bool = False) -> Files:
        """The file with all layers in int8 but these; `quick`: good enough to compare layers."""
        ...

    def halved(self) -> Files:
        """The file with weights of half the size; raises InputError where the format has none."""
        ...


class Found(NamedTuple):
    """The first file that was good enough."""

    files: Files
    fidelity: Fidelity
    floats: tuple[Layer, ...]


def accurate(
    tool: Tool,
    measure: Callable[[Files], Fidelity],
    error: Callable[[Files], float],
    max_drop: float,
    tell: Callable[[str], object],
) -> Found:
    """The file with the fewest layers in float, in steps of 0, 1, 2, 4, …, that is good enough.

    Raises GateError where half of the layers in float do not suffice.
    """
    ranking = hardest(tool, error)
    floats: list[Layer] = []
    for count in _steps(len(tool.layers)):
        floats += itertools.islice(ranking, count - len(floats))
        files = tool.quantise(frozenset(floats))
        fidelity = measure(files)
        tell(f"{len(floats)} of {len(tool.layers)} layers in float: {fidelity}")
        if (refusal := fidelity.refusal(max_drop)) is None:
            return Found(files, fidelity, tuple(floats))
    raise GateError(
        f"in int8, {refusal}, even with {len(floats)} of {len(tool.layers)} layers in float; "
        "nothing was written"
    )


def hardest(tool: Tool, error: Callable[[Files], float]) -> Iterator[Layer]:
    """The layers, from the one that does most harm in int8 on.

    The harm of a layer is the error at the outputs where it alone is in int8 (the sensitivity
    analysis of Wu et al., "Integer Quantization for Deep Learning Inference", 2020, section 5.2).
    Runs of layers are tried before single ones, and the worst run is split in two until it is one
    layer (as in group testing, Dorfman 1943): as errors add, the worst layers come out first, of
    50 layers the first after a dozen tries.
    """
    every = list(tool.layers)
    waiting = [(0.0, 0, len(every))]
    while waiting:
        _, start, end = heapq.heappop(waiting)
        if end - start == 1:
            yield every[start]
            continue
        middle = (start + end) // 2
        for part in ((start, middle), (middle, end)):
            floats = frozenset(every) - frozenset(every[slice(*part)])
            heapq.heappush(waiting, (-error(tool.quantise(floats, quick=True)), *part))


def noise(floats: Answers, lighter: Answers) -> float:
    """The power of the error over that of the signal, summed over both outputs.

    Probabilities are compared as logarithms, about their mean: as logits, but for a common shift.
    Infinite where an answer is no number.
    """
    found = _share(_logits(floats), _logits(lighter))
    found += _share(floats.ood_score_N, lighter.ood_score_N)
    return found if np.isfinite(found) else float("inf")


def _steps(layers: int) -> Iterator[int]:
    yield 0
    count = 1
    while count <= layers // 2:
        yield count
        count *= 2


# In float32 a softmax rounds less to nothing.
_TINY = 1e-9


def _logits(answers: Answers) -> npt.NDArray[np.float64]:
    logits_NK = np.log(np.maximum(answers.p_NK.astype(np.float64), _TINY))
    return np.asarray(logits_NK - logits_NK.mean(1, keepdims=True))


def _share(signal: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    signal, found = signal.astype(np.float64), found.astype(np.float64)
    return float(((found - signal) ** 2).sum() / max((signal**2).sum(), _TINY))
