"""The checks of an audit: each is a plain function that yields what it finds.

Those of `CHECKS` look at the pictures that can be used, as a `Material`; whoever has another one
adds a line, or gives it to `audit`. `files`, `label_names` and `depth` look at what comes before.
"""

from collections.abc import Callable, Iterable

from diptych.auditing.material import Material
from diptych.auditing.report import Finding

Check = Callable[[Material], Iterable[Finding]]

CHECKS: tuple[Check, ...] = ()
