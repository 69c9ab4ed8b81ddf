import sys

import numpy as np
import pytest

from diptych.errors import MissingExtra
from diptych.graphs.builder import Builder


def test_without_onnx_a_graph_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match=r"onnx is not installed; .*'diptych\[torch\]'"):
        Builder().constant(1.0)


def test_numbers_in_bfloat16_have_half_the_bytes_and_are_float32_to_who_reads_them() -> None:
    builder = Builder()
    name = builder.bfloat16(np.array([0x3F80, 0xC000], np.uint16), output="weight")
    (cast,), (constant,) = builder.nodes, builder.constants.values()
    assert name == "weight"
    assert list(cast.output) == ["weight"]
    assert list(cast.input) == [constant.name]
    assert np.frombuffer(constant.raw_data, np.uint16).tolist() == [0x3F80, 0xC000]
