"""Several bundles on one backbone: its pass is done once for a picture, then each of the heads."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import GRAPH, Bundle
from diptych.bundles.predictor import Output, by_picture
from diptych.graphs.merging import merged
from diptych.images.preprocess import Pixels
from diptych.runtimes import open_on_one_core, open_outputs

# Of the numbers in the smallest graph, the share that all have where they share a backbone. A head
# is small beside it, but knows outliers by the features of training pictures.
BACKBONE = 0.5
OUTPUTS = 3  # of each bundle's graph


class SharedNetwork:
    """The networks of several bundles, run together: an output of each for a picture."""

    def __init__(self, bundles: Sequence[Bundle], graph: bytes) -> None:
        self.bundle = bundles[0]  # for the shape and depth, which all have
        self._graph = graph

    def outputs(self, pixels_NHWC: Pixels) -> Iterator[tuple[Output, ...]]:
        """What each graph gives for pixels of the bundles' shape, picture by picture."""
        return _each(open_outputs(self._graph)(pixels_NHWC))

    def on_one_core(self) -> Callable[[Pixels], Iterator[tuple[Output, ...]]]:
        """`outputs` on one core, for as many threads at a time as there are cores."""
        run = open_on_one_core(self._graph)
        return lambda pixels_NHWC: _each(run(pixels_NHWC))


def shared_network(bundles: Sequence[Bundle]) -> SharedNetwork | None:
    """The networks of bundles as one; None where they are not on the same backbone.

    Raises MissingExtra without the package onnx.
    """
    kinds = {(bundle.shape, bundle.bits) for bundle in bundles}
    if len(kinds) > 1:
        return None
    whole = merged([bundle.read(GRAPH) for bundle in bundles])
    return SharedNetwork(bundles, whole.graph) if whole.shared >= BACKBONE else None


def _each(outputs: Sequence[npt.NDArray[np.float32]]) -> Iterator[tuple[Output, ...]]:
    parts = (outputs[i : i + OUTPUTS] for i in range(0, len(outputs), OUTPUTS))
    return zip(*map(by_picture, parts), strict=True)
