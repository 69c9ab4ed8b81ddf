"""The formats there are, a module for each; no framework is imported before it is needed."""

from diptych.exporting.formats import (
    keras,
    litert,
    onnx,
    openvino,
    savedmodel,
    torch_export,
    torch_weights,
    torchscript,
)
from diptych.exporting.formats.contract import Format

# In the order in which they are listed and made.
FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        onnx,
        torchscript,
        torch_export,
        torch_weights,
        savedmodel,
        keras,
        litert,
        openvino,
    )
}
