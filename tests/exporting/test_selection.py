from pathlib import Path

import pytest

from diptych.bundles.format import Bundle
from diptych.errors import InputError
from diptych.exporting.selection import choose_formats


@pytest.mark.parametrize(
    ("network", "names", "able"),
    [
        ("timm/resnet50", ["onnx", "keras", "litert"], "onnx, torchscript, torch-export, torch, o"),
        ("keras/ResNet50", ["keras", "torch", "onnx"], "onnx, savedmodel, keras, litert, openvino"),
    ],
)
def test_a_backbone_of_one_framework_does_not_become_a_file_of_the_other(
    network: str, names: list[str], able: str
) -> None:
    bundle = Bundle(Path("a.bundle"), {"network": network})
    with pytest.raises(InputError, match="has no twin outside of") as caught:
        choose_formats(names, bundle, ())
    assert f"it can be: {able}" in str(caught.value)
    assert network in str(caught.value)
    (only,) = choose_formats(["onnx", "onnx"], bundle, ())
    assert only.name == "onnx"
