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


def test_formats_may_be_written_in_any_way() -> None:
    bundle = Bundle(Path("a.bundle"), {"network": "cnn"})
    names = [format.name for format in choose_formats(["ONNX", "Onnx", "Torch_Export"], bundle, ())]
    assert names == ["onnx", "torch-export"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        *(("TFLite", "litert"), ("tf-lite", "litert"), ("tf", "savedmodel"), ("pb", "savedmodel")),
        *(("saved_model", "savedmodel"), ("pytorch", "torch"), (".pth", "torch"), ("h5", "keras")),
        *(
            ("onxn", "onnx"),
            ("open-vino", "openvino"),
            ("jit", "torchscript"),
            ("liteRT2", "litert"),
        ),
    ],
)
def test_what_a_format_is_called_elsewhere_is_understood(asked: str, meant: str) -> None:
    bundle = Bundle(Path("a.bundle"), {"network": "cnn"})
    with pytest.raises(InputError, match=rf"no format '{asked}'; .*; did you mean '{meant}'\?"):
        choose_formats([asked], bundle, ())
