"""Pictures that a program drew, among photographs: placeholders, screenshots, pages of text.

A page of text has all that a photograph has: detail, contrast, a bright background. But a network
trained on ImageNet knows one class of such pictures, "web site". Axes: N pictures, D features.
"""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.checks.sizes import sides
from diptych.auditing.checks.unusual import findings, sureness, unusual
from diptych.auditing.imagenet import probability
from diptych.auditing.material import Material
from diptych.auditing.measures import PAINTED
from diptych.auditing.report import Finding

WEB_SITE = 916  # the position of the class in ImageNet
# Its probability: 1.7 % at most for 1,200 photographs, 12 % at least for drawn pages and scans.
PAGE, SURE = 0.08, 0.4
# Share of flat pixels: a word or a sign on a background that need not be of one level.
# Photographs that light had washed out had 95 %, but nothing dark.
FLAT, PALE = 0.92, 180
# Pixels a side: a smaller picture is flat once it is enlarged, such as a plane in a clear sky.
LEAST_SIDE = 64


def drawn_pictures(material: Material) -> Iterator[Finding]:
    """Screenshots and scanned pages, and pictures that say that there is none."""
    if material.dataset.shape and material.measures.side < LEAST_SIDE:
        return
    m = material.measures
    web_site_N = np.zeros(len(material.dataset), np.float32)
    if material.features_ND is not None:
        web_site_N = probability(material.features_ND, WEB_SITE)
    page_N = (web_site_N >= PAGE) & ~m.plain
    flat_N = (m.two_N >= PAINTED) | (m.flat_N >= FLAT) & (m.level(0.01) < PALE)
    large_N = sides(material).min(1) >= LEAST_SIDE
    sign_N = large_N & m.graphic & flat_N & ~m.plain & ~page_N & (m.level(0.99) > PALE / 3)
    alike = int(sign_N.sum()) - 1

    def page(i: int) -> str:
        return (
            f"a screenshot or a page of text, as a network sees it ({web_site_N[i]:.0%}); drop it, "
            "or cut out the picture that is on it"
        )

    def sign(i: int) -> str:
        others = f", like {alike:,} others" if alike > 1 else ""
        return (
            f"a word or a sign on a flat background ({m.flat_N[i]:.0%} of it is flat){others}, "
            "such as what is sent for a picture that is not there; drop it"
        )

    score_N = sureness(web_site_N, PAGE, SURE)
    yield from findings(material, unusual(material, page_N), "screenshot", score_N, page)
    score_N = sureness(m.flat_N, 0.8, 0.95)
    yield from findings(material, unusual(material, sign_N), "placeholder", score_N, sign)
