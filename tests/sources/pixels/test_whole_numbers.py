import numpy as np
import pytest

from diptych.sources.pixels import whole_numbers as module
from diptych.sources.pixels.whole_numbers import whole_numbers


@pytest.mark.parametrize("block", [16, 2**19], ids=["small blocks", "one block"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n\n"])
def test_numbers_come_out_as_they_were_written(
    ending: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    numbers = np.random.default_rng(0).choice([0, 7, 10, 42, 99, 100, 199, 200, 255], (40, 6))
    numbers[3] = [1, 2, 3, 4, 5, 6]
    lines = [",".join(map(str, row)) for row in numbers]
    text = ("\r\n" if ending == "\r\n" else "\n").join(lines) + ending
    actual = whole_numbers(text.encode(), 6, ",")
    assert actual is not None
    assert actual.dtype == np.uint8
    assert actual.tolist() == numbers.tolist()


def test_leading_zeros_change_nothing() -> None:
    actual = whole_numbers(b"007;01\n255;000", 2, ";")
    assert actual is not None
    assert actual.tolist() == [[7, 1], [255, 0]]


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,256\n",
        "1,2\n3,300\n",
        "1,2\n3,999\n",
        "1,2\n3,1000\n",
        "1,2\n3,-4\n",
        "1,2\n3,4.0\n",
        "1,2\n3,\n",
        "1,2\n,4\n",
        "1,2\n3\n",
        "1,2\n3,4,5\n",
        "1,2,3\n4\n",
        "1;2\n3;4\n",
        "1,2\n\n3,4\n",
        '1,2\n"3",4\n',
        "1,2\n3, 4\n",
        "1,2\na,4\n",
        "1,2\n3,é\n",
    ],
)
def test_anything_else_is_left_to_who_knows_all_of_csv(text: str) -> None:
    assert whole_numbers(text.encode(), 2, ",") is None
