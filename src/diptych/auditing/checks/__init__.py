"""The checks of an audit: each is a plain function that yields what it finds.

Those of `CHECKS` look at the pictures that can be used, as a `Material`; whoever has another one
adds a line, or gives it to `audit`. `files`, `label_names` and `depth` look at what comes before.
"""

from collections.abc import Callable, Iterable

from diptych.auditing.checks.colours import grey_among_colour
from diptych.auditing.checks.drawn import drawn_pictures
from diptych.auditing.checks.exposure import blank, dark, over_exposed
from diptych.auditing.checks.sharpness import blurred
from diptych.auditing.checks.shortcuts import label_shortcuts
from diptych.auditing.checks.sizes import odd_aspect, tiny
from diptych.auditing.checks.strangers import irrelevant
from diptych.auditing.checks.two_in_one import two_in_one
from diptych.auditing.checks.wrong_labels import likely_wrong_labels
from diptych.auditing.material import Material
from diptych.auditing.report import Finding

Check = Callable[[Material], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    likely_wrong_labels,
    irrelevant,
    two_in_one,
    blank,
    dark,
    over_exposed,
    blurred,
    drawn_pictures,
    grey_among_colour,
    tiny,
    odd_aspect,
    label_shortcuts,
)
