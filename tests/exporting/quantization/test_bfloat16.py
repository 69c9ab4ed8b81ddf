import numpy as np

from diptych.exporting.quantization.bfloat16 import upper_halves


def test_bfloat16_is_the_nearest_number_of_eight_bits() -> None:
    values = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3e38, 0], np.float32)
    actual = (upper_halves(values).astype(np.uint32) << 16).view(np.float32)
    # Half-way between two, the even one.
    assert actual.tolist() == [1, 1, 1 + 2**-6, 1 + 2**-7, -226 * 2.0**120, 0]
