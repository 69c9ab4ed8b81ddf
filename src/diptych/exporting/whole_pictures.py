"""A graph that resizes for itself, judged by pictures as they came: the bundle's golden ones."""

import numpy as np

from diptych.bundles.format import Bundle
from diptych.exporting.judging import Row
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, Answer
from diptych.images.preprocess import decode
from diptych.runtimes.gate import apart

# Pixels are off by a level here and there. On 300 photographs probabilities were by 0.01 at most.
LIMIT = 0.02
OOD_SCORE_LIMIT = 0.05  # thresholds


def judged_whole(row: Row, answer: Answer, fixed: Answer, bundle: Bundle) -> Row:
    """The row, refused where a picture in its own size is answered otherwise than when resized.

    `answer` takes a picture (H, W, 3), `fixed` pixels of the bundle's shape.
    """
    for path in bundle.golden():
        data = path.read_bytes()
        small = decode(data, bundle.shape)
        large = decode(data, (small.height, small.width, 3))
        found, expected = answer(large.pixels), fixed(small.pixels[None])
        off = float(np.abs(found[PROBABILITIES] - expected[PROBABILITIES]).max())
        strange = apart(found[OOD_SCORE], expected[OOD_SCORE])
        if not (off <= LIMIT and strange <= OOD_SCORE_LIMIT):
            return row._replace(
                refusal=f"of a picture of {small.width} × {small.height} pixels its probabilities "
                f"differ by {off:.2g} (limit {LIMIT:g}), its OOD score by {strange:.2g} "
                f"thresholds (limit {OOD_SCORE_LIMIT:g})"
            )
    return row
