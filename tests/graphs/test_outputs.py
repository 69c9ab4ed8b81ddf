import numpy as np

from diptych.graphs.outputs import concatenated


def test_outputs_of_batches_become_those_of_all_pictures_in_their_order() -> None:
    batches = (
        {"p": np.full((n, 2), n, np.float32), "s": np.full(n, n, np.float32)} for n in (2, 1)
    )
    outputs = concatenated(batches)
    assert outputs["p"].tolist() == [[2, 2], [2, 2], [1, 1]]
    assert outputs["s"].tolist() == [2, 2, 1]
