"""A local page on which a person puts data right: keep, drop, relabel, by one key each.

`review` answers until Ctrl-C. The pictures are a `collection`; what was found comes from audit.csv
(`findings`), and `decisions` are rows of plan.csv, on the disk before anybody is told so. A
`background` thread reads what is there already from the audit: contents, sizes, features; with a
bundle, or once enough is labelled (`lessons`, `learning`), a network has its `opinions`: which
labels would teach most, which are doubted, what the rest may be. `galleries` say what is shown
together. `review` answers a window in plain data, `app` by HTTP, to this machine alone (`access`).
"""

from diptych.reviewing.server import Settings as Settings
from diptych.reviewing.server import review as review

__all__ = ["Settings", "review"]
