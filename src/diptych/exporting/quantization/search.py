"""All layers in int8, or all but the most sensitive: the one loop for every tool.

Letters in names: N pictures, K classes.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import GateError
from diptych.exporting.quantization.contract import Files, LayerName, Tool
from diptych.exporting.quantization.fidelity import Fidelity, Outputs


class PassingFile(NamedTuple):
    """A lighter file that is good enough."""

    files: Files
    fidelity: Fidelity
    float_layers: tuple[LayerName, ...]


def lightest_passing_file(
    tool: Tool,
    measure: Callable[[Files], Fidelity],
    error: Callable[[Files], float],
    max_drop: float,
    log: Callable[[str], object],
) -> PassingFile:
    """The file with the fewest layers in float, in steps of 0, 1, 2, 4, …, that is good enough.

    Raises GateError where half of the layers in float do not suffice.
    """
    ranking = hardest(tool, error)
    float_layers: list[LayerName] = []
    for count in _steps(len(tool.layers)):
        float_layers += itertools.islice(ranking, count - len(float_layers))
        files = tool.quantise(frozenset(float_layers))
        fidelity = measure(files)
        log(f"{len(float_layers)} of {len(tool.layers)} layers in float: {fidelity}")
        if (refusal := fidelity.refusal(max_drop)) is None:
            return PassingFile(files, fidelity, tuple(float_layers))
    raise GateError(
        f"in int8, {refusal}, even with {len(float_layers)} of {len(tool.layers)} layers in float; "
        "nothing was written"
    )


def hardest(tool: Tool, error: Callable[[Files], float]) -> Iterator[LayerName]:
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
            float_layers = frozenset(every) - frozenset(every[slice(*part)])
            heapq.heappush(waiting, (-error(tool.quantise(float_layers, quick=True)), *part))


def noise(float_file: Outputs, lighter: Outputs) -> float:
    """The power of the error over that of the signal, summed over both outputs.

    Probabilities are compared as logarithms, about their mean: as logits, but for a common shift.
    Infinite where an answer is no number.
    """
    total = _share(_logits(float_file), _logits(lighter))
    total += _share(float_file.ood_score_N, lighter.ood_score_N)
    return total if np.isfinite(total) else float("inf")


def _steps(layers: int) -> Iterator[int]:
    yield 0
    count = 1
    while count <= layers // 2:
        yield count
        count *= 2


# In float32 a softmax rounds less to nothing.
_TINY = 1e-9


def _logits(outputs: Outputs) -> npt.NDArray[np.float64]:
    logits_NK = np.log(np.maximum(outputs.p_NK.astype(np.float64), _TINY))
    return np.asarray(logits_NK - logits_NK.mean(1, keepdims=True))


def _share(signal: npt.NDArray[Any], lighter: npt.NDArray[Any]) -> float:
    signal, lighter = signal.astype(np.float64), lighter.astype(np.float64)
    return float(((lighter - signal) ** 2).sum() / max((signal**2).sum(), _TINY))
