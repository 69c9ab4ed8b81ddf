"""What is unusual in a data set, and how sure it is: what a finding of a single picture needs.

Where most pictures are dark, it is a data set of the night; where most of a class are grey, that is
how the class looks (and a shortcut, if other classes are not). Neither is said of each picture.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from diptych.auditing.material import Material
from diptych.auditing.report import Finding

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]

# Of a class with fewer pictures, nobody can tell what is usual in it.
LEAST_CLASS = 10


def unusual(material: Material, found_N: Flags) -> Flags:
    """The pictures for which something was found that most of their class, and of all, lack."""
    if 2 * found_N.sum() > len(found_N):
        return np.zeros_like(found_N)
    labels, classes = material.labels, len(material.dataset.classes)
    of_class_K = np.bincount(labels, minlength=classes)
    found_K = np.bincount(labels[found_N], minlength=classes)
    usual_K = (2 * found_K > of_class_K) & (of_class_K >= LEAST_CLASS)
    return found_N & ~usual_K[labels]


def sureness(value_N: Floats, limit: float, sure: float) -> Floats:
    """From 0.5 at the limit of a finding to 1 where there is no doubt."""
    return np.asarray(np.clip(0.5 + 0.5 * (value_N - limit) / (sure - limit), 0.5, 1))


def findings(
    material: Material, found_N: Flags, issue: str, score_N: Floats, detail: Callable[[int], str]
) -> Iterator[Finding]:
    """A finding a picture; `detail` says it of the picture at a position."""
    for i in np.flatnonzero(found_N).tolist():
        name = material.dataset.samples[i].name
        yield Finding(name, issue, detail(i), False, score=float(score_N[i]))
