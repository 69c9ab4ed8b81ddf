"""bfloat16: the upper half of a float32, as precise as 8 bits are."""

import numpy as np
import numpy.typing as npt

# Arrays with fewer numbers (biases, scales, bounds) stay as they are.
FEWEST = 1024


def upper_halves(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """The nearest bfloat16 of each number, ties to even, as 16 bits.

    The numbers are finite.
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return np.asarray((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16), np.uint16)
