"""Files that are much smaller than the others, or of quite another shape.

Pictures that came as numbers are all of one size. Axes: N pictures.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych.auditing.checks.unusual import findings, sureness, unusual
from diptych.auditing.material import Material
from diptych.auditing.report import Finding

# So many times smaller than the median, and than what the network is given, is tiny.
TINY = 3
# So many times as long as wide, and as most others are, is odd; 2.8 for strips cut to 3 by hand.
ODD = 2.8


def tiny(material: Material) -> Iterator[Finding]:
    """Pictures that are enlarged three times or more, where most are not."""
    if material.dataset.shape:
        return
    # Of a square with as many pixels: a strip is not tiny, it has an odd shape.
    sides_N = np.sqrt(sides(material).prod(1))
    usual = float(np.median(sides_N))
    times_N = min(material.measures.side, usual) / np.maximum(sides_N, 1)

    def detail(i: int) -> str:
        return (
            f"{_size(material, i)} pixels, where most have as many as {usual:.0f} × {usual:.0f}: "
            "enlarged, it shows little: find the original or drop it"
        )

    score_N = sureness(times_N, TINY, 3 * TINY)
    yield from findings(material, unusual(material, times_N >= TINY), "tiny", score_N, detail)


def odd_aspect(material: Material) -> Iterator[Finding]:
    """Pictures that are squashed far more than the others."""
    if material.dataset.shape:
        return
    width_N, height_N = sides(material).T
    aspect_N = np.log(width_N / height_N)
    long_N = np.exp(np.abs(aspect_N))
    times_N = np.minimum(long_N, np.exp(np.abs(aspect_N - np.median(aspect_N))))

    def detail(i: int) -> str:
        way = "wide as high" if width_N[i] > height_N[i] else "high as wide"
        return (
            f"{_size(material, i)} pixels, {long_N[i]:.1f} times as {way}: squashed to a square, "
            "little can be recognised; cut out what matters or drop it"
        )

    score_N = sureness(times_N, ODD, 2 * ODD)
    found_N = unusual(material, times_N >= ODD)
    yield from findings(material, found_N, "odd aspect", score_N, detail)


def sides(material: Material) -> npt.NDArray[np.float64]:
    """Width and height of each file, (N, 2), as a viewer shows it."""
    pictures = (material.pictures[sample.name] for sample in material.dataset.samples)
    return np.array([(max(p.width, 1), max(p.height, 1)) for p in pictures], float)


def _size(material: Material, i: int) -> str:
    picture = material.pictures[material.dataset.samples[i].name]
    return f"{picture.width} × {picture.height}"
