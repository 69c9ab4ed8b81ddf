"""Pictures from the web: a table of addresses and labels becomes a folder of class folders.

`columns` says which column is which, `class_folders` what labels are called as folders, `kept` what
is there already. Of the rest, `turns` gives each address its turn, so that no host is asked too
much, and `robots` whether it wants to be asked; `arriving` has the threads; `fetching` makes one
request, over a `client` whose connections lead to no private address (`guard`), and looks at the
bytes that come. `running` puts it together, and writes the `manifest`.
"""

import os
from pathlib import Path

from diptych.bundles.destinations import only_writer, refuse_unwritable_folder
from diptych.errors import InputError
from diptych.gathering.columns import WantedTable, read_wanted
from diptych.gathering.limits import Limits as Limits
from diptych.gathering.result import Gathered as Gathered
from diptych.system.arguments import require
from diptych.system.files import path_of
from diptych.system.progress import Track, unwatched

_POLITE = Limits()


def gather(
    table: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    url: str | None = None,
    label: str | None = None,
    limits: Limits = _POLITE,
    track: Track = unwatched,
) -> Gathered:
    """Fetch the pictures that a table names into a folder with a folder for each label.

    A table is a CSV, TSV, JSON lines or Parquet file with a column of addresses, and perhaps one of
    labels; their titles are inferred, or said. What an earlier run brought is not asked for again.
    `out/gathered.csv` says what came, what did not, and why. Raises InputError where the table
    cannot be used or the folder not be written, MissingExtra without the extra "gather".
    """
    folder = path_of(out, "the folder")
    wanted = read_table(table, folder, url, label)
    return gather_wanted(wanted, folder, limits, track)


def read_table(
    table: str | os.PathLike[str], folder: Path, url: str | None = None, label: str | None = None
) -> WantedTable:
    """What a table wants to have gathered into a folder; raises InputError as `gather` does."""
    source = path_of(table, "the table of addresses")
    refuse_unwritable_folder(folder)
    if source.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{source} lies in {folder}, and would be taken for a table of its labels; name "
            "another --out"
        )
    return read_wanted(source, url, label)


def gather_wanted(wanted: WantedTable, folder: Path, limits: Limits, track: Track) -> Gathered:
    """Fetch what is not there yet; raises as `gather` does."""
    require(limits, Limits, "limits", "say Limits(delay=1), for one")
    from diptych.gathering.running import run  # the extra is needed from here on

    with only_writer(folder):
        return run(wanted, folder, limits, track)


def how_it_is_read(gathered: Gathered) -> str:
    """A word on labels that are not the classes of what was gathered; "" where they are."""
    from diptych.sources import read

    labels = {Path(e.path).parts[0] for e in gathered.entries if "/" in e.path}
    if not labels:
        return ""
    try:
        classes = set(read(gathered.folder).classes)
    except InputError as error:
        return f"it cannot be trained on as it is: {error}"
    if classes == labels:
        return ""
    return (
        f"read as a data set, {gathered.folder} has other classes than these labels: "
        f"{', '.join(sorted(classes)[:4]) or 'none'}; --label folder:1 takes the folders"
    )
