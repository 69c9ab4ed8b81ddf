import json

from diptych.exporting.quantization.fidelity import Drop, Fidelity
from diptych.exporting.row import Row
from diptych.metrics import share
from diptych.runtimes.speed import FileSpeed

ONNX = Row("onnx", "fp32", ("a.onnx",))


def test_rows_come_back_from_json() -> None:
    drop = Drop(0.01, -0.02, 0.03)
    fidelity = Fidelity(50, 0.9, drop, 0.95, drop, 0.99, 0.2)
    for row in (
        ONNX,
        ONNX._replace(accuracy=share(40, 50), speed=FileSpeed(1.0, 2.0, 300.0, 8)),
        Row("openvino", "int8", ("a.xml", "a.bin"), fidelity=fidelity, float_layers=("stem",)),
    ):
        assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row
