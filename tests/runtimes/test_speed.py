import time
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.runtimes.speed import RUNS, file_speed, latency, rate

PIXELS = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)


def test_a_pause_of_the_machine_does_not_count() -> None:
    calls = 0

    def answer(pixels: npt.NDArray[Any]) -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.1 if calls == 3 else 0.001)

    measured = latency(answer, PIXELS, 0.2)
    assert 1 <= measured.p50 < 20
    calls = 0
    assert 8 / 0.02 < rate(answer, PIXELS, 8, 0.2) <= 8 / 0.001


def test_pictures_are_shown_in_turn_and_again_after_the_last() -> None:
    batches: list[list[int]] = []
    rate(lambda pixels: batches.append(pixels.ravel().tolist()), PIXELS, 3, 5.0)
    assert batches[:4] == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]
    assert len(batches) == RUNS + 1


def test_a_file_is_measured_with_the_batch_that_suits_it_best() -> None:
    def slow_to_begin(pixels: npt.NDArray[Any]) -> None:
        time.sleep(0.003)

    measured = file_speed(slow_to_begin, PIXELS)
    assert measured.batch == 32
    assert measured.rate > 1 / 0.003
    assert 3 <= measured.p50 <= measured.p95
