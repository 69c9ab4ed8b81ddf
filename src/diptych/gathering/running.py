"""A whole run: what is there already, what has to be asked for, what came of it."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from diptych.gathering.addresses import WebAddress, web_address, without_secrets
from diptych.gathering.arriving import arrivals
from diptych.gathering.client import Client
from diptych.gathering.columns import Wanted, WantedTable
from diptych.gathering.failures import Failure
from diptych.gathering.fetching import Arrival
from diptych.gathering.kept import Kept
from diptych.gathering.limits import Limits
from diptych.gathering.manifest import CAME, Earlier, Entry, Manifest, earlier_rows
from diptych.gathering.result import Gathered, with_copies
from diptych.system.files import write_file
from diptych.system.progress import Track

# What the manifest says of rows that a stopped run did not come to.
STOPPED = "not asked", "the run was stopped"


@dataclass
class _Rows:
    """The rows of one address."""

    address: WebAddress
    numbers: list[int]


def run(
    table: WantedTable,
    folder: Path,
    limits: Limits,
    track: Track,
    client: Callable[[Limits], Client] = Client,
) -> Gathered:
    """Gather what a table wants into a folder, of which this is the only writer."""
    earlier = earlier_rows(folder)
    kept = Kept(folder, earlier)
    folders = [table.folders.get(row.label, "") for row in table.rows]
    others = [[without_secrets(cell) for cell in row.others] for row in table.rows]
    entries, asked = _entries(table.rows)
    addresses = len(asked)
    for key, rows in list(asked.items()):
        places = kept.places(key, {folders[i] for i in rows.numbers})
        if places is not None:
            del asked[key]
            for i in rows.numbers:
                entries[i] = _kept_entry(entries[i], folder, places[folders[i]], kept)
    manifest = Manifest(folder, table.titles, earlier.values())
    manifest.write(_known(entries, others), _of_others(folder, earlier, entries))
    new: dict[int, Entry] = {}
    try:
        with closing(client(limits)) as asking, manifest.adding() as add:
            waiting = arrivals([rows.address for rows in asked.values()], asking, limits)
            with closing(waiting):
                for address, result in track(waiting, "gathering", len(asked)):
                    numbers = asked[address.key].numbers
                    new = {i: _entry(entries[i], result, folders[i], address) for i in numbers}
                    # Before the file: a picture that lies there has its row.
                    for i in numbers:
                        add(new[i], others[i])
                    if isinstance(result, Arrival):
                        for path in {entry.path for entry in new.values()}:
                            write_file(folder / path, result.data)
                    for i in numbers:
                        entries[i] = new[i]
    except BaseException:
        # What came is kept, whatever stopped the rest, and wherever it was stopped.
        with contextlib.suppress(Exception):
            for i, entry in new.items():
                if (folder / entry.path).exists():
                    entries[i] = entry
            known = zip(entries, others, strict=True)
            manifest.write(known, _of_others(folder, earlier, entries))
        raise
    entries = with_copies(entries)
    manifest.write(zip(entries, others, strict=True), _of_others(folder, earlier, entries))
    return Gathered(folder, tuple(entries), addresses, len(asked), table.note)


def _entries(rows: Sequence[Wanted]) -> tuple[list[Entry], dict[str, _Rows]]:
    """An entry for each row, as if it were never asked for, and the rows of each address."""
    entries: list[Entry] = []
    asked: dict[str, _Rows] = {}
    for i, row in enumerate(rows):
        outcome, detail = row.trouble
        shown = without_secrets(row.url)
        if not outcome:
            try:
                address = web_address(row.url)
                asked.setdefault(address.key, _Rows(address, [])).numbers.append(i)
                outcome, detail = STOPPED
            except Failure as failure:
                outcome, detail = failure.reason, failure.detail
        entries.append(Entry(shown, row.label, outcome=outcome, detail=detail))
    return entries, asked


def _known(
    entries: Sequence[Entry], others: Sequence[Sequence[str]]
) -> Iterator[tuple[Entry, Sequence[str]]]:
    """The rows that nothing more comes of."""
    for entry, own in zip(entries, others, strict=True):
        if (entry.outcome, entry.detail) != STOPPED:
            yield entry, own


def _of_others(
    folder: Path, earlier: Mapping[str, Earlier], entries: Sequence[Entry]
) -> Iterator[Earlier]:
    """The rows of pictures that are there and that this table does not name: another one did."""
    own = {entry.path for entry in entries}
    for path, row in earlier.items():
        if path not in own and (folder / path).exists():
            yield row


def _kept_entry(row: Entry, folder: Path, path: str, kept: Kept) -> Entry:
    """The entry of a picture that is there."""
    earlier = kept.entry(path)
    if earlier is None:
        data = (folder / path).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        earlier = row._replace(bytes=len(data), sha256=digest, status=0)
    own = earlier._replace(url=row.url, label=row.label, path=path)
    return own._replace(outcome=CAME, detail="")


def _entry(row: Entry, result: Arrival | Failure, folder: str, address: WebAddress) -> Entry:
    """The entry of a row whose address was asked."""
    if isinstance(result, Failure):
        return row._replace(
            outcome=result.reason,
            detail=without_secrets(result.detail),
            status=result.status,
        )
    return row._replace(
        path=f"{folder}/{address.key}{result.ending}".lstrip("/"),
        outcome=CAME,
        detail="",
        status=result.status,
        bytes=len(result.data),
        sha256=hashlib.sha256(result.data).hexdigest(),
        final_url=str(result.address),
    )
