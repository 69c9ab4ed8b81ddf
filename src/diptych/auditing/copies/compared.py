"""Which pictures were compared with each other, and which of them are copies: kept in the cache.

Each comparison is a file: the digests of the pictures, and the pairs among them by their positions.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.pairs import Pair
from diptych.images.cache import folder, unwritable
from diptych.images.store import Store
from diptych.system.files import write_file

# To be raised where other pairs than before are copies.
METHOD = 1
# Comparisons that are kept of pictures of one shape, those used last.
KEPT = 8


class Earlier(NamedTuple):
    """Pictures all of which were compared with each other."""

    digests: list[str]
    pairs: list[Pair]  # by their positions


def earlier_pairs(
    digests: Sequence[str], store: Store, *, crops: bool
) -> tuple[list[Pair], npt.NDArray[np.bool_]]:
    """The pairs that are known among pictures, and which of these have to be compared: (N,).

    What was paired with a picture that is gone is compared again: others may hang together by it,
    or have been further down among those closest to it.
    """
    position = {digest: at for at, digest in enumerate(digests)}
    best = Earlier([], [])
    for path in _files(_place(store, crops)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            one = _read(path)
            if _common(one, position) > _common(best, position):
                best = one
                path.touch()
    new_N = np.ones(len(digests), np.bool_)
    at_M = np.array([position.get(digest, -1) for digest in best.digests], np.intp)
    new_N[at_M[at_M >= 0]] = False
    both = [(pair, int(at_M[pair.first]), int(at_M[pair.second])) for pair in best.pairs]
    new_N[[max(a, b) for _, a, b in both if min(a, b) < 0 <= max(a, b)]] = True
    known = [
        pair._replace(first=min(a, b), second=max(a, b)) for pair, a, b in both if min(a, b) >= 0
    ]
    return [pair for pair in known if not (new_N[pair.first] or new_N[pair.second])], new_N


def remember(digests: Sequence[str], pairs: Sequence[Pair], store: Store, *, crops: bool) -> None:
    """Keep what was found among pictures.

    Raises InputError where the cache cannot be written.
    """
    place = _place(store, crops)
    text = json.dumps({"digests": list(digests), "pairs": pairs})
    with unwritable(place):
        place.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    write_file(place / f"{name}.json", text.encode())
    for path in _files(place)[KEPT:]:
        with suppress(OSError):
            path.unlink()


def _place(store: Store, crops: bool) -> Path:
    kind = "crops" if crops else "whole"
    return folder() / "comparisons" / f"{store.folder.name}-{kind}-{METHOD}"


def _files(place: Path) -> list[Path]:
    """Those used last first."""
    found = []
    for path in place.glob("*.json"):
        with suppress(OSError):  # cleared by another run just now
            found.append((-path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def _read(path: Path) -> Earlier:
    content = json.loads(path.read_bytes())
    return Earlier(content["digests"], [Pair(*pair) for pair in content["pairs"]])


def _common(one: Earlier, position: dict[str, int]) -> int:
    return sum(digest in position for digest in one.digests)
