"""A row of the table: a file, whether it is there, and all that was measured of it."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from diptych.exporting.formats.contract import FLOAT
from diptych.exporting.quantization.fidelity import Fidelity
from diptych.metrics import Score
from diptych.runtimes.speed import FileSpeed


class Row(NamedTuple):
    """A file, and all that was measured of it."""

    format: str
    kind: str  # "fp32", "any size", "int8" or "bf16"
    files: tuple[str, ...]
    refusal: str = ""  # why it was not put in place; "" where it was
    bytes: int = 0
    pictures: int = 0
    max_difference: float | None = None  # in probability, from the trained network's
    agreement: float | None = None  # the share of pictures with the same answer, ties aside
    ood_score_difference: float | None = None  # in thresholds; None where it does not tell
    accuracy: Score | None = None
    speed: FileSpeed | None = None
    fidelity: Fidelity | None = None  # of a lighter file, against the one in float
    float_layers: tuple[str, ...] = ()  # of a lighter file, the layers that stayed in float
    sha256: tuple[str, ...] = ()  # of the files as they were checked; of a folder ""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.format if self.kind == FLOAT else f"{self.format} {self.kind}"

    def __str__(self) -> str:
        if self.refusal:
            return f"{self.name}: refused: {self.refusal}"
        if self.fidelity is not None:
            return f"{self.name}: {self.fidelity}"
        return (
            f"{self.name}: within {self.max_difference:.1e} of the trained network on "
            f"{self.pictures:,} pictures"
        )

    def to_json(self) -> dict[str, Any]:
        """The row as plain data; null where a difference is no number."""
        plain = {"name": self.name, **self._asdict()}
        for key in ("accuracy", "speed"):
            if plain[key] is not None:
                plain[key] = plain[key]._asdict()
        for key in ("max_difference", "ood_score_difference"):
            if plain[key] is not None and math.isnan(plain[key]):
                plain[key] = None
        if self.fidelity is not None:
            drops = {key: getattr(self.fidelity, key)._asdict() for key in _DROPS}
            plain["fidelity"] = {**self.fidelity._asdict(), **drops}
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Row":
        """What `to_json` and JSON made of it."""
        # An older table lacks what is new.
        fields = {**cls._field_defaults, **{key: plain[key] for key in cls._fields if key in plain}}
        for key, kind in (("accuracy", Score), ("speed", FileSpeed)):
            if fields[key] is not None:
                fields[key] = kind(**fields[key])
        if fields["fidelity"] is not None:
            drops = {key: list(fields["fidelity"][key].values()) for key in _DROPS}
            fields["fidelity"] = Fidelity.from_json({**fields["fidelity"], **drops})
        for key in ("files", "float_layers", "sha256"):
            fields[key] = tuple(fields[key])
        return cls(**fields)


_DROPS = ("drop", "acceptance_drop")
