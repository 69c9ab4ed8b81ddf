"""Which pictures are shown together, and in which order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diptych.auditing.planned import UNLABELLED
from diptych.data.plan import Row
from diptych.reviewing.collection import Collection, Item
from diptych.reviewing.findings import Findings

Rows = Mapping[str, Row]


class Gallery(NamedTuple):
    """A choice of pictures, by what is said of them."""

    id: str
    title: str
    kind: str  # "work", "issue", "proposal", "class" or "all": under which heading it stands
    pictures: int
    open: int  # how many of them wait for a decision


class Rankings(NamedTuple):
    """Orders of pictures by what a network makes of them; empty without one."""

    teaching: Sequence[int] = ()  # open pictures without a label, or all: what would teach most
    doubted: Sequence[int] = ()  # labelled ones, whose label a network doubts most
    by: str = ""  # whose opinion that is


def label_now(item: Item, row: Row | None) -> str:
    """The label of a picture as it was decided."""
    return row.label if row and row.decision == "relabel" else item.label


def is_open(item: Item, row: Row | None) -> bool:
    """Whether a picture waits for a decision: something is proposed, or it has no label."""
    if row is None:
        return not item.label
    return not row.decision and (bool(row.proposal) or not item.label)


def listed(
    collection: Collection, rows: Rows, findings: Findings, rankings: Rankings
) -> list[Gallery]:
    """The galleries that have pictures, in the order in which one would go through them."""
    counts, opens = Counter[str](), Counter[str]()
    for item in collection.items:
        row = rows.get(item.name)
        waits = is_open(item, row)
        for gallery in _galleries_of(item, row, findings):
            counts[gallery] += 1
            opens[gallery] += waits
    counts["teaching"], counts["doubted"] = len(rankings.teaching), len(rankings.doubted)
    opens["teaching"] = sum(
        is_open(collection.items[n], rows.get(collection.items[n].name)) for n in rankings.teaching
    )
    return [
        Gallery(one, _title(one, rankings), _kind(one), counts[one], opens[one])
        for one in sorted(counts, key=_place)
        if counts[one]
    ]


def numbers_of(
    gallery: str, collection: Collection, rows: Rows, findings: Findings, rankings: Rankings
) -> list[int]:
    """The numbers of the pictures of a gallery, in its order; none where it is not known."""
    if gallery == "teaching":
        return list(rankings.teaching)
    if gallery == "doubted":
        return list(rankings.doubted)
    members = [
        number
        for number, item in enumerate(collection.items)
        if gallery in _galleries_of(item, rows.get(item.name), findings)
    ]
    if gallery == "unlabelled" and rankings.teaching:
        place = {number: at for at, number in enumerate(rankings.teaching)}
        return sorted(members, key=lambda number: place.get(number, len(place)))

    def urgency(number: int) -> tuple[bool, float]:
        item = collection.items[number]
        row = rows.get(item.name)
        issue = gallery.removeprefix("issue:")
        scores = [f.score for f in findings.get(item.name, ()) if f.issue == issue]
        score = max(scores, default=row.score if row else 0.0)
        proposed = bool(row and row.proposal not in ("", "keep"))
        return (gallery == "undecided" and not proposed), -score

    ranked = gallery.startswith(("issue:", "proposal:")) or gallery in ("undecided", "aside")
    return sorted(members, key=urgency) if ranked else members


def _galleries_of(item: Item, row: Row | None, findings: Findings) -> Iterator[str]:
    """The galleries that a picture is in, but for those of a network."""
    yield "all"
    safe = row is not None and row.is_safe
    if is_open(item, row) and item.label:
        yield "undecided"
    if row is not None and row.is_decided:
        yield "decided"
    if safe or any(finding.set_aside for finding in findings.get(item.name, ())):
        yield "aside"
    if not item.label and not (row and row.decision):
        yield "unlabelled"
    yield from {f"issue:{issue}" for issue in issues_of(item, row, findings)}
    if row and row.proposal == "relabel" and row.label and not row.decision:
        yield f"proposal:{row.label}"
    if label := label_now(item, row):
        yield f"class:{label}"


def issues_of(item: Item, row: Row | None, findings: Findings) -> set[str]:
    """What is the matter with a picture, in the words of an audit."""
    issues = {finding.issue for finding in findings.get(item.name, ())}
    if row and row.reason:
        issues.update(row.reason.split("; "))
    return issues - {*UNLABELLED, "near duplicate"}


_TITLES = {
    "undecided": "Undecided",
    "unlabelled": "Unlabelled",
    "aside": "Set aside",
    "decided": "Decided",
    "all": "All",
}
_ORDER = ("undecided", "teaching", "unlabelled", "doubted", "proposal", "issue", "aside")


def _kind(gallery: str) -> str:
    kind, colon, _ = gallery.partition(":")
    if colon:
        return kind
    return "all" if gallery in ("decided", "all") else "work"


def _place(gallery: str) -> tuple[int, str]:
    kind = gallery.partition(":")[0]
    order = (*_ORDER, "class", "decided", "all")
    return order.index(kind), gallery


def _title(gallery: str, rankings: Rankings) -> str:
    match gallery.partition(":"):
        case ("teaching", "", _):
            return "Would teach most"
        case ("doubted", "", _):
            return f"Doubted by {rankings.by}"
        case (kind, "", _):
            return _TITLES[kind]
        case ("issue", _, issue):
            return issue[:1].upper() + issue[1:]
        case (_, _, label):
            return label
