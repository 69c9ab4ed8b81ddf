"""A file judged: whether it answers as the trained network does.

Letters in names: N pictures, K classes.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.exporting.formats import FLOAT
from diptych.exporting.quantization import KINDS
from diptych.exporting.quantization.fidelity import Fidelity
from diptych.exporting.speed import Speed
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, Answer
from diptych.images.rows import Rows
from diptych.metrics import Score, share
from diptych.metrics.probabilities import Probabilities
from diptych.runtimes.gate import LIMIT, OOD_SCORE_LIMIT, apart, parity

# A file with a fixed batch fails at one of these.
BATCHES = (1, 7, 32)


class Expected(NamedTuple):
    """What files should answer, and what would be right."""

    p_NK: Probabilities
    ood_score_N: npt.NDArray[np.float32]
    targets_N: npt.NDArray[np.intp]


class Row(NamedTuple):
    """A file, and all that was found about it."""

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
    speed: Speed | None = None
    fidelity: Fidelity | None = None  # of a lighter file, against the one in float
    floats: tuple[str, ...] = ()  # the layers of a lighter file that stayed in float

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
        given = {key: plain[key] for key in cls._fields}
        for key, kind in (("accuracy", Score), ("speed", Speed)):
            if given[key] is not None:
                given[key] = kind(**given[key])
        if given["fidelity"] is not None:
            drops = {key: list(given["fidelity"][key].values()) for key in _DROPS}
            given["fidelity"] = Fidelity.from_json({**given["fidelity"], **drops})
        return cls(**{**given, "files": tuple(given["files"]), "floats": tuple(given["floats"])})


_DROPS = ("drop", "acceptance_drop")


def judged(row: Row, answer: Answer, pixels: Rows, expected: Expected) -> Row:
    """The row with what came of all pictures, and refused where it differs.

    A lighter file may differ: what that costs is measured elsewhere.
    """
    batches = _batches(len(pixels))
    try:
        found = [answer(np.ascontiguousarray(pixels[which])) for which in batches]
        p_NK = np.concatenate([some[PROBABILITIES] for some in found])
    except Exception as cause:
        # Each runtime raises classes of its own that share no base.
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        sizes = ", ".join(map(str, BATCHES))
        return row._replace(refusal=f"it cannot be run on batches of {sizes} pictures ({said})")
    seen_N = np.concatenate(batches)
    wanted_NK = expected.p_NK[seen_N]
    if p_NK.shape != wanted_NK.shape:
        shapes = f"{p_NK.shape}, not {wanted_NK.shape}"
        return row._replace(refusal=f"it answers with probabilities of the shape {shapes}")
    compared = parity(p_NK, wanted_NK)
    strange = None
    if all(OOD_SCORE in some for some in found):
        found_N = np.concatenate([some[OOD_SCORE] for some in found])
        strange = apart(found_N, expected.ood_score_N[seen_N])
    once = np.unique(seen_N, return_index=True)[1]
    right = int((p_NK[once].argmax(1) == expected.targets_N).sum())
    row = row._replace(
        pictures=len(pixels),
        max_difference=compared.max_difference,
        agreement=compared.agreement,
        ood_score_difference=strange,
        accuracy=share(right, len(pixels)),
    )
    return row if row.kind in KINDS else row._replace(refusal=_refusal(row))


def _refusal(row: Row) -> str:
    """Why a file in float is not as good as its network; "" where it is."""
    assert row.max_difference is not None and row.agreement is not None
    if not row.max_difference <= LIMIT or row.agreement < 1:
        return (
            f"it differs from the trained network by {row.max_difference:.2g} in probability "
            f"(limit {LIMIT:g}; same answer on {row.agreement:.1%} of {row.pictures:,} pictures)"
        )
    strange = row.ood_score_difference
    if strange is not None and not strange <= OOD_SCORE_LIMIT:
        return (
            f"its OOD score differs by {strange:.2g} thresholds from the bundle's "
            f"(limit {OOD_SCORE_LIMIT:g})"
        )
    return ""


def _batches(count: int) -> list[npt.NDArray[np.intp]]:
    """Every picture at least once: batches of each size, then the rest.

    Where there are fewer pictures than that takes, they are shown again.
    """
    edges = np.cumsum(BATCHES)
    first = np.split(np.arange(edges[-1]) % count, edges[:-1])
    rest = np.arange(edges[-1], count)
    return [*first, *(rest[at : at + BATCHES[-1]] for at in range(0, len(rest), BATCHES[-1]))]
