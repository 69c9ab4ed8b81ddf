"""What a tool that makes files lighter can do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from diptych.images.rows import Rows

# By its ending: {".onnx": …}, {".xml": …, ".bin": …}, {".tflite": …}.
Files = Mapping[str, bytes]
LayerName = str


class Tool(Protocol):
    """A format's own way to fewer bits."""

    @property
    def layers(self) -> Sequence[LayerName]:
        """Those that can be in int8, in the order of the graph."""
        ...

    def quantise(self, float_layers: frozenset[LayerName], *, quick: bool = False) -> Files:
        """The file with all layers in int8 but these; `quick`: good enough to compare layers."""
        ...

    def with_bf16_weights(self) -> Files:
        """The file with weights of half the size; raises InputError where the format has none."""
        ...


# A tool at work on a file in float, with pictures to calibrate by and a folder for its own files.
Calibrated = Callable[[Files, Rows, Path], Tool]
