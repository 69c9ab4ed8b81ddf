"""The checks of an audit: each is a plain function that yields what it finds.

Those of `CHECKS` look at the pictures that can be used, as a `Material`; whoever has another one
adds a line, or gives it to `audit`. `files`, `label_names` and `depth` look at what comes before.
"""

from collections.abc import Callable, Iterable

from diptych.auditing.checks.strangers import irrelevant
from diptych.auditing.checks.two_in_one import two_in_one
from diptych.auditing.checks.wrong_labels import likely_wrong_labels
from diptych.auditing.material import Material
from diptych.auditing.report import Finding

Check = Callable[[Material], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (likely_wrong_labels, irrelevant, two_in_one)
