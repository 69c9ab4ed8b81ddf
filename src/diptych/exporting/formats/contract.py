"""What a format says of itself: how a file of it is written, opened and shown by example."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.exporting.quantization.contract import Calibrated
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import OpenFile

# Kinds of files: as the network was trained, one that resizes by itself, and lighter ones.
FLOAT, ANY_SIZE = "fp32", "any size"
INT8, BF16 = "int8", "bf16"
LIGHTER = (INT8, BF16)

# Processes: each framework has one of its own, the runtimes share one.
TORCH, TENSORFLOW, RUNTIMES = "torch", "tensorflow", "runtimes"

Need = tuple[str, str]  # a module, and the extra of Diptych that brings it
Paths = Sequence[Path]  # of a file and those beside it


class Example(NamedTuple):
    """What is a format's own in a script that answers for one picture."""

    imports: str
    load: str  # from `file` to `classes`, and to what answers; {classes} stands for their names
    answer: str  # from `pixels` (1, H, W, C) to `p` (K,) and `ood_score`
    standard: str = ""  # imports of Python's own library


class Quantiser(NamedTuple):
    """The tool that makes a format's files lighter."""

    name: str
    kinds: tuple[str, ...]  # that it makes
    start: Calibrated
    int8_needs: tuple[Need, ...] = ()


class Format(NamedTuple):
    """A kind of file that a classifier can be written as."""

    name: str
    runtime: str  # what runs it, for people
    package: str  # that brings the runtime, and all that it needs
    made_in: str  # the process
    run_in: str
    needs: tuple[Need, ...]
    endings: tuple[str, ...]  # behind the bundle's name; the first file is the one to open
    write: Callable[[ExportSource, str, Paths], object]  # of this kind
    open: Callable[[Paths, str], OpenFile]  # raises anything where a file is no good
    examples: Mapping[str, Example]  # by kind; a lighter file is used as the one in float is
    kinds: tuple[str, ...] = (FLOAT,)  # that `write` writes
    quantiser: Quantiser | None = None
    # On one core, for as many threads as there are cores; None where our server does not use it.
    open_on_one_core: Callable[[Paths, str], OpenFile] | None = None
    beside: tuple[str, ...] = ()  # files that are called the same for every bundle
    needs_library: bool = False  # whether a backbone of a library is built by the library
    note: str = ""  # on other tools that take its files; {file} and {stem} stand for names

    @property
    def lighter(self) -> tuple[str, ...]:
        """The kinds of lighter files."""
        return self.quantiser.kinds if self.quantiser else ()

    def files(self, stem: str, kind: str) -> tuple[str, ...]:
        """What its files are called."""
        middle = "" if kind == FLOAT else f".{kind.replace(' ', '_')}"
        return (*(f"{stem}{middle}{ending}" for ending in self.endings), *self.beside)
