"""Whether a file answers as the trained network does, on every validation picture.

Letters in names: N pictures, K classes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import Bundle
from diptych.errors import GateError
from diptych.exporting.formats.contract import LIGHTER
from diptych.exporting.row import Row
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, OpenFile
from diptych.images.limits import PIXELS_LIMIT
from diptych.images.preprocess import Decoded, decode
from diptych.images.rows import Rows
from diptych.metrics import share
from diptych.metrics.probabilities import Probabilities
from diptych.runtimes import gate

# Of files that resize by themselves: pixels are off by a level here and there. On 300 photographs
# probabilities were by 0.01 at most.
RESIZED_LIMIT = 0.02
RESIZED_OOD_SCORE_LIMIT = 0.05  # thresholds


class Expected(NamedTuple):
    """What files should answer, and what would be right."""

    p_NK: Probabilities
    ood_score_N: npt.NDArray[np.float32]
    targets_N: npt.NDArray[np.intp]


def check_parity(row: Row, file: OpenFile, images_NHWC: Rows, expected: Expected) -> Row:
    """The row with what came of all pictures, and refused where it differs from the network.

    A lighter file may differ: what that costs is measured elsewhere.
    """
    try:
        batched = gate.run_in_batches(file, images_NHWC)
        parity = gate.parity(batched, expected.p_NK)
    except GateError as error:
        return row._replace(refusal=f"it {error}")
    difference = None
    if OOD_SCORE in batched.outputs:
        expected_B = expected.ood_score_N[batched.order_B]
        difference = gate.ood_score_difference(batched.outputs[OOD_SCORE], expected_B)
    once = np.unique(batched.order_B, return_index=True)[1]
    right = int((batched.outputs[PROBABILITIES][once].argmax(1) == expected.targets_N).sum())
    row = row._replace(
        pictures=parity.pictures,
        max_difference=parity.max_difference,
        agreement=parity.agreement,
        ood_score_difference=difference,
        accuracy=share(right, parity.pictures),
    )
    return row if row.kind in LIGHTER else row._replace(refusal=_refusal(parity, difference))


def _refusal(parity: gate.Parity, ood_score_difference: float | None) -> str:
    """Why a file in float is not as good as its network; "" where it is."""
    if reason := gate.refusal(parity):
        return f"it {reason}"
    if ood_score_difference is not None and not ood_score_difference <= gate.OOD_SCORE_LIMIT:
        return (
            f"its OOD score differs by {ood_score_difference:.2g} thresholds from the bundle's "
            f"(limit {gate.OOD_SCORE_LIMIT:g})"
        )
    return ""


def check_resizing(row: Row, file: OpenFile, fixed: OpenFile, bundle: Bundle) -> Row:
    """The row, refused where a picture in its own size is answered otherwise than when resized.

    The pictures are the bundle's golden ones. `file` takes one (H, W, 3), `fixed` pixels of the
    bundle's shape.
    """
    for path in bundle.golden():
        data = path.read_bytes()
        small = decode(data, bundle.shape, bundle.bits)
        large = decode(data, (*_size_held(small), 3), bundle.bits)
        outputs, expected = file(large.pixels), fixed(small.pixels[None])
        difference = float(np.abs(outputs[PROBABILITIES] - expected[PROBABILITIES]).max())
        ood_difference = gate.ood_score_difference(outputs[OOD_SCORE], expected[OOD_SCORE])
        if not (difference <= RESIZED_LIMIT and ood_difference <= RESIZED_OOD_SCORE_LIMIT):
            return row._replace(
                refusal=f"of a picture of {small.width} × {small.height} pixels its probabilities "
                f"differ by {difference:.2g} (limit {RESIZED_LIMIT:g}), its OOD score by "
                f"{ood_difference:.2g} thresholds (limit {RESIZED_OOD_SCORE_LIMIT:g})"
            )
    return row


def _size_held(picture: Decoded) -> tuple[int, int]:
    """The height and width of a picture; of a huge one, those of a smaller copy."""
    height, width = picture.height, picture.width
    if height * width > PIXELS_LIMIT:
        while height * width > PIXELS_LIMIT // 16:
            height, width = height // 2, width // 2
    return height, width
