"""Where files lie: a `Tree` lists files by their names and opens them, and knows nothing of labels.

- `folder` on this machine (`walking` goes through it), `addresses` such as s3://bucket/photos.
- `archives` by their names: `zips` and `tars`, both an `archive_tree` of members (`member_names`).
- Made of other trees: `joined` (several as one), `narrowed` (without some), `unwrapping` (from the
  folder on that holds everything); `numbered` names the pieces of one set.
- `shown` leaves out what programs keep for themselves.
- Bytes: `pieces`, `spool` (copies in the cache), `unchanged` (a file that must stay the same).
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from diptych.data.dataset import Stray
from diptych.data.places import Address, Member


class Tree(Protocol):
    """The files below a place, called by their paths from there in posix form."""

    @property
    def root(self) -> Path | Address:
        """The place, for messages and for the data set."""

    @property
    def names(self) -> Sequence[str]:
        """Every regular file once, sorted, hidden ones too."""

    @property
    def folders(self) -> Collection[str]:
        """Every folder, empty ones too."""

    @property
    def strays(self) -> Sequence[Stray]:
        """What is there and is no regular file: links that lead nowhere, closed folders."""

    def place(self, name: str) -> Path | Member:
        """Where the bytes of a file are."""
