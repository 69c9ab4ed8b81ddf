"""Which formats are wanted, and whether they can be had here."""

import difflib
import importlib.util
from collections.abc import Sequence

from diptych.bundles.format import Bundle
from diptych.errors import InputError, MissingExtra
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import INT8, RUNTIMES, Format, Need
from diptych.networks.libraries import LIBRARIES

# What people call formats elsewhere, and what they are called here.
OTHER_NAMES = {
    "ort": "onnx",
    "jit": "torchscript",
    "script": "torchscript",
    "pt": "torchscript",
    "pt2": "torch-export",
    "export": "torch-export",
    "pth": "torch",
    "pytorch": "torch",
    "state-dict": "torch",
    "tf": "savedmodel",
    "tensorflow": "savedmodel",
    "saved-model": "savedmodel",
    "pb": "savedmodel",
    "h5": "keras",
    "hdf5": "keras",
    "tflite": "litert",
    "lite": "litert",
    "tf-lite": "litert",
    "tensorflow-lite": "litert",
    "ir": "openvino",
    "ov": "openvino",
    "xml": "openvino",
}


def format_name(text: str) -> str:
    """What was asked for as formats are called here: in small letters, with hyphens."""
    return text.strip().lower().lstrip(".").replace("_", "-").replace(" ", "-")


def choose_formats(
    names: Sequence[str], bundle: Bundle, lighter: Sequence[str]
) -> tuple[Format, ...]:
    """The formats of these names, each once; `lighter` are the kinds that are wanted as well.

    Raises InputError for one that does not exist, that this network does not have or that needs
    what is not installed.
    """
    if not names:
        raise InputError(f"no format was named; there are: {', '.join(FORMATS)}")
    formats = tuple(FORMATS[name] for name in dict.fromkeys(map(_known, names)))
    _refuse_foreign(formats, bundle)
    for kind in lighter:
        if not any(kind in format.lighter for format in formats):
            able = ", ".join(f.name for f in FORMATS.values() if kind in f.lighter)
            raise InputError(f"--{kind}: none of these formats has it; there are: {able}")
    for format in formats:
        _refuse_missing(format, format.needs)
        if format.quantiser and INT8 in lighter:
            _refuse_missing(format, format.quantiser.int8_needs)
    return formats


def _known(text: str) -> str:
    """The name of a format, however it was written; raises InputError where there is none."""
    name = format_name(text)
    if name in FORMATS:
        return name
    names = {**{name: name for name in FORMATS}, **OTHER_NAMES}
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"; did you mean '{names[near[0]]}'?" if near else ""
    raise InputError(f"no format '{text}'; there are: {', '.join(FORMATS)}{meant}")


def _refuse_missing(format: Format, needs: Sequence[Need]) -> None:
    for module, extra in needs:
        if not importlib.util.find_spec(module):
            raise MissingExtra(f"{format.name}: {module}", extra)


def _refuse_foreign(formats: Sequence[Format], bundle: Bundle) -> None:
    """A backbone of one framework's library has no twin in the other."""
    source = bundle.facts["network"].partition("/")[0]
    if (own := LIBRARIES.get(source)) is None:
        return
    foreign = [format.name for format in formats if format.made_in not in (own, RUNTIMES)]
    if foreign:
        able = ", ".join(f.name for f in FORMATS.values() if f.made_in in (own, RUNTIMES))
        raise InputError(
            f"{bundle.facts['network']} has no twin outside of {own}, and cannot become "
            f"{', '.join(foreign)}; it can be: {able}"
        )
