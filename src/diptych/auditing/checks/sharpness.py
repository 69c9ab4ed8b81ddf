"""Pictures without fine detail, judged by what their own size can hold.

An edge that is sharp bends as strongly over one pixel as over four or eight; one that is blurred
needs more of them. So the strongest bends at a fine scale are compared with those at scales 4 and 8
times as coarse, each direction by itself: a camera that was moved blurs but one. A blurred
background around something sharp does not count, since the strongest bends are those of the sharp
part. Axes: N pictures, S scales, D directions.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych.auditing.checks.unusual import findings, sureness, unusual
from diptych.auditing.material import Material
from diptych.auditing.measures import SCALES
from diptych.auditing.report import Finding

# Blurred pictures had 0.11 at most (a Gaussian of 0.6 % of the longer side), those of a moved
# camera 0.13 in the middle; of 1,200 photographs one or two had less, and they are soft.
BLURRED, SURE = 0.17, 0.08
# Pixels a side at the scale that is judged: a smaller picture has no fine detail to lose.
LEAST_SIDE = 100
# Bends at a coarse scale that are weaker say nothing of edges.
FAINT = 20


def blurred(material: Material) -> Iterator[Finding]:
    """Pictures that are out of focus or shaken."""
    sharp_N = sharpness(material)
    found_N = (sharp_N < BLURRED) & ~material.measures.plain & ~material.measures.graphic

    def detail(i: int) -> str:
        return (
            f"its sharpest edges have {sharp_N[i]:.0%} of the strength at a fine scale that they "
            "have at coarse ones; drop it, unless such pictures will be asked about"
        )

    score_N = sureness(-sharp_N, -BLURRED, -SURE)
    yield from findings(material, unusual(material, found_N), "blurred", score_N, detail)


def sharpness(material: Material) -> npt.NDArray[np.float32]:
    """How sharp the sharpest edges are in the blurriest direction, (N,).

    1 and more is as sharp as pixels can be. Infinite where it cannot be judged.
    """
    detail_NSD = material.measures.detail_NSD
    sharp_N = np.full(len(detail_NSD), np.inf, np.float32)
    scale_N = _own_scale(material)
    for scale in range(SCALES - 3):
        some = scale_N == scale
        fine_ND, coarse_ND, coarser_ND = (detail_NSD[some, scale + s] for s in (0, 2, 3))
        ratio_ND = fine_ND / np.sqrt((coarse_ND + 1) * (coarser_ND + 1))
        judged_N = (coarser_ND >= FAINT).all(1) & (coarse_ND >= FAINT / 2).all(1)
        sharp_N[some] = np.where(judged_N, ratio_ND.min(1), np.inf)
    return sharp_N


def _own_scale(material: Material) -> npt.NDArray[np.intp]:
    """The finest scale at which each picture has not been enlarged; −1 where that is too small."""
    side = material.measures.side
    own_N = np.full(len(material.dataset), side)
    if not material.dataset.shape:
        for i, sample in enumerate(material.dataset.samples):
            picture = material.pictures[sample.name]
            own_N[i] = min(side, picture.width, picture.height)
    # A picture that is enlarged by a tenth is still judged as it is.
    scale_N = np.ceil(np.log2(side / np.maximum(own_N, 1)) - 0.1).clip(0).astype(np.intp)
    return np.where((side >> scale_N) < LEAST_SIDE, -1, scale_N)
