"""A bundle that answers by one of its exports, watched by the bundle's own graph.

An export has no outputs by which drift is seen, and a lighter one answers a little otherwise. So
one picture in `WATCHED` is also answered by the bundle's own graph: drift is seen by those, and how
often both give the same answer is counted.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import GRAPH, Bundle
from diptych.bundles.golden import verify_golden
from diptych.bundles.predictor import Output, Predictor, by_picture
from diptych.errors import BundleError
from diptych.exporting.formats import FORMATS
from diptych.exporting.row import Row
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, NamedOutputs, OpenFile
from diptych.images.preprocess import Pixels
from diptych.runtimes import PredictAll, in_order, open_on_one_core
from diptych.system.files import file_digest

# At 13 ms a picture beside 7, one in 64 costs 3 % of the time.
WATCHED = 64


class ExportPredictor(Predictor):
    """Answers by an export; its golden pictures were answered by both."""

    def __init__(self, bundle: Bundle, row: Row, folder: Path) -> None:
        """Open the files of a row in a folder.

        Raises BundleError where they are not as they were checked, or answer otherwise here, on all
        cores or on one; whatever the runtime raises where it cannot run them.
        """
        super().__init__(bundle)
        self.row = row
        self._paths = [folder / name for name in row.files]
        self._refuse_changed()
        self._own, self._count = self._run, itertools.count(1)
        self._run = _as_the_graph(FORMATS[row.format].open(self._paths, row.kind))
        for run in (self._run, self._run_on_one_core):
            self._refuse_others(run)

    def outputs(self, pixels_NHWC: Pixels) -> Iterator[Output]:
        """What the export gives for pixels of the bundle's shape, picture by picture.

        Of one picture in `WATCHED` they have the bundle's own answer beside them.
        """
        return self._watched(self._run, self._own, pixels_NHWC)

    def on_one_core(self) -> Callable[[Pixels], Iterator[Output]]:
        """`outputs` on one core, for as many threads at a time as there are cores."""
        run, own = self._run_on_one_core, open_on_one_core(self.bundle.read(GRAPH))
        return lambda pixels_NHWC: self._watched(run, own, pixels_NHWC)

    def _watched(self, run: PredictAll, own: PredictAll, pixels_NHWC: Pixels) -> Iterator[Output]:
        for i, output in enumerate(by_picture(run(pixels_NHWC))):
            reference = None
            if next(self._count) % WATCHED == 0:
                (reference,) = by_picture(own(pixels_NHWC[i : i + 1]))
            yield output._replace(components_C=None, reference=reference)

    @cached_property
    def _run_on_one_core(self) -> PredictAll:
        open_file = FORMATS[self.row.format].open_on_one_core
        assert open_file is not None
        return _as_the_graph(open_file(self._paths, self.row.kind))

    def _refuse_others(self, run: PredictAll) -> None:
        p_off, ood_score_off = self.row.max_difference or 0.0, self.row.ood_score_difference or 0.0
        try:
            verify_golden(self.bundle, run, p_off, ood_score_off)
        except BundleError as cause:
            why = "answers otherwise here than where it was checked; export it anew"
            raise BundleError(f"{self._paths[0]}: {why}") from cause

    def _refuse_changed(self) -> None:
        for path, digest in zip(self._paths, self.row.sha256, strict=True):
            try:
                same = file_digest(path) == digest
            except OSError as cause:
                raise BundleError(f"{path}: cannot be read ({cause.strerror})") from cause
            if not same:
                raise BundleError(f"{path}: changed since it was checked")


def _as_the_graph(file: OpenFile) -> PredictAll:
    """The outputs of a file in the order of a bundle's graph, without any components."""

    def outputs(batch: npt.NDArray[np.uint8]) -> NamedOutputs:
        given = file(batch)
        none_NC = np.empty((len(batch), 0), np.float32)
        named = {name: given[name] for name in (PROBABILITIES, OOD_SCORE)}
        return {**named, "components": none_NC}

    return in_order(outputs)
