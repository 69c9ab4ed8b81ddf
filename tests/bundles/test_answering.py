import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from conftest import picture
from diptych.bundles.answering import FEW, answers
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.sources.inputs import input_pictures
from served import encoded


class Means:
    """A network that answers with the mean level of each picture, and notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def on_all_cores(self, pixels_NHWC: Pixels) -> Iterator[float]:
        self.asked.append(("all", len(pixels_NHWC)))
        return iter(pixels_NHWC.mean((1, 2, 3)))

    def on_one_core(self) -> Callable[[Pixels], Iterator[float]]:
        def answer(pixels_NHWC: Pixels) -> Iterator[float]:
            self.asked.append(("one", len(pixels_NHWC)))
            return iter(pixels_NHWC.mean((1, 2, 3)))

        return answer


@pytest.mark.parametrize("side", [16, 300])
@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 3 * FEW + 2])
def test_each_picture_has_its_own_answer_in_its_place(count: int, side: int) -> None:
    files = [encoded(picture(i, 24)) for i in range(count)]
    files[count // 2] = b"none"
    network = Means()
    given = input_pictures(files, (side, side, 3))
    answered = list(answers(given, (side, side, 3), 0, network.on_all_cores, network.on_one_core))
    assert len(answered) == count
    for i, (_, answer) in enumerate(answered):
        if i == count // 2:
            assert isinstance(answer, ImageError)
        else:
            assert answer == pytest.approx(np.asarray(picture(i, 24)).mean(), abs=2)
    # Few are answered together; of many, large ones alone and small ones some together.
    assert {how for how, _ in network.asked} <= {"all" if count <= FEW else "one"}
    if count > FEW:
        most = max(size for _, size in network.asked)
        assert most == 1 if side == 300 else most >= FEW - 1


def test_many_pictures_are_answered_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diptych.system.ahead.cores", lambda: 2)
    both = threading.Barrier(2, timeout=20)

    def on_one_core() -> Callable[[Pixels], Iterator[int]]:
        def answer(pixels_NHWC: Pixels) -> Iterator[int]:
            both.wait()  # only another thread that answers lets this one go on
            return iter([1] * len(pixels_NHWC))

        return answer

    files = [encoded(picture(i, 24)) for i in range(2 * FEW)]
    shape = (300, 300, 3)
    answered = answers(input_pictures(files, shape), shape, 0, lambda pixels: [], on_one_core)
    assert [answer for _, answer in answered] == [1] * len(files)
