"""The formats there are: where each is made, what runs it, what its files are called."""

import difflib
import importlib.util
from collections.abc import Sequence
from typing import NamedTuple

from diptych.bundles.format import Bundle
from diptych.errors import InputError, MissingExtra
from diptych.exporting.quantization import KINDS
from diptych.networks.libraries import LIBRARIES

FLOAT = "fp32"
ANY_SIZE = "any size"


class Format(NamedTuple):
    """A kind of file that a classifier can be written as."""

    name: str
    runtime: str  # what runs it, for people
    package: str  # that brings the runtime, and all that it needs
    made_in: str  # the process: a framework has one of its own, all else shares "graphs"
    run_in: str
    endings: tuple[str, ...]  # behind the bundle's name
    needs: tuple[tuple[str, str], ...]  # modules, and the extra that brings each
    tool: str = ""  # that makes it lighter
    lighter: tuple[str, ...] = ()  # the kinds that the tool makes
    beside: tuple[str, ...] = ()  # files that are called the same for every bundle

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is made of it without a tool."""
        return (FLOAT, ANY_SIZE) if self.name == "onnx" else (FLOAT,)

    def files(self, stem: str, kind: str) -> tuple[str, ...]:
        """What its files are called."""
        middle = "" if kind == FLOAT else f".{kind.replace(' ', '_')}"
        return (*(f"{stem}{middle}{ending}" for ending in self.endings), *self.beside)


_ONNX = ("onnx", "torch")
_TORCH = (("torch", "torch"), _ONNX)
_TENSORFLOW = (("tensorflow", "tensorflow"), ("onnx", "tensorflow"))


def _pytorch(name: str, ending: str, beside: tuple[str, ...] = ()) -> Format:
    return Format(name, "PyTorch", "torch", "torch", "torch", (ending,), _TORCH, beside=beside)


def _tensorflow(name: str, runtime: str, ending: str) -> Format:
    process = "tensorflow"
    return Format(name, runtime, "tensorflow", process, process, (ending,), _TENSORFLOW)


FORMATS = {
    format.name: format
    for format in (
        Format(
            "onnx",
            "ONNX Runtime",
            "onnxruntime",
            made_in="graphs",
            run_in="graphs",
            endings=(".onnx",),
            needs=(_ONNX,),
            tool="onnxruntime",
            lighter=KINDS,
        ),
        _pytorch("torchscript", ".torchscript.pt"),
        _pytorch("torch-export", ".pt2"),
        _pytorch("torch", ".pth", beside=("network.py",)),
        _tensorflow("savedmodel", "TensorFlow", ".savedmodel"),
        _tensorflow("keras", "Keras", ".keras"),
        Format(
            "litert",
            "LiteRT",
            "ai-edge-litert",
            made_in="tensorflow",
            run_in="graphs",
            endings=(".tflite",),
            needs=(*_TENSORFLOW, ("ai_edge_litert", "litert")),
            tool="litert",
            lighter=("int8",),
        ),
        Format(
            "openvino",
            "OpenVINO",
            "openvino",
            made_in="graphs",
            run_in="graphs",
            endings=(".xml", ".bin"),
            needs=(("openvino", "fast"), _ONNX),
            tool="openvino",
            lighter=KINDS,
        ),
    )
}


def chosen(names: Sequence[str], bundle: Bundle, kinds: Sequence[str]) -> tuple[Format, ...]:
    """The formats of these names, each once; `kinds` are those of lighter files wanted as well.

    Raises InputError for one that does not exist, that this network does not have or that needs
    what is not installed.
    """
    if not names:
        raise InputError(f"no format was named; there are: {', '.join(FORMATS)}")
    for name in names:
        if name not in FORMATS:
            near = difflib.get_close_matches(name, FORMATS, n=1)
            meant = f"; did you mean '{near[0]}'?" if near else ""
            raise InputError(f"no format '{name}'; there are: {', '.join(FORMATS)}{meant}")
    found = tuple(FORMATS[name] for name in dict.fromkeys(names))
    _refuse_foreign(found, bundle)
    for kind in kinds:
        if not any(kind in format.lighter for format in found):
            able = ", ".join(f.name for f in FORMATS.values() if kind in f.lighter)
            raise InputError(f"--{kind}: none of these formats has it; there are: {able}")
    for format in found:
        for module, extra in format.needs:
            if not importlib.util.find_spec(module):
                raise MissingExtra(f"{format.name}: {module}", extra)
    if "int8" in kinds and any(format.name == "openvino" for format in found):
        _need("nncf", "int8")
    return found


def _need(module: str, extra: str) -> None:
    if not importlib.util.find_spec(module):
        raise MissingExtra(f"openvino: {module}", extra)


def _refuse_foreign(formats: Sequence[Format], bundle: Bundle) -> None:
    """A backbone of one framework's library has no twin in the other."""
    source = bundle.facts["network"].partition("/")[0]
    if (own := LIBRARIES.get(source)) is None:
        return
    foreign = [format.name for format in formats if format.made_in not in (own, "graphs")]
    if foreign:
        able = ", ".join(f.name for f in FORMATS.values() if f.made_in in (own, "graphs"))
        raise InputError(
            f"{bundle.facts['network']} has no twin outside of {own}, and cannot become "
            f"{', '.join(foreign)}; it can be: {able}"
        )
