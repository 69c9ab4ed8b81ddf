"""The pictures that an audit found something about, gathered by what that is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from diptych.auditing.report import Audit, Finding
from diptych.reporting.audit_advice import issues, of_pictures, sentence
from diptych.reporting.audit_pictures import Thumbnails
from diptych.system.text import printable

# Cards of one gallery, and pictures in all of them: these take 5 kB each.
CARDS, FEWEST_CARDS, PICTURES = 24, 4, 400
# Files that are set aside are named so often for each reason.
NAMED = 20


class Gallery(NamedTuple):
    """Some of the findings of one kind, the gravest first."""

    issue: str
    says: str  # in a sentence
    detail: str  # where it is the same for all
    set_aside: bool
    cards: tuple[dict[str, Any], ...]
    more: str  # how many more there are; nothing where all are shown


def galleries(audit: Audit, thumbnails: Thumbnails, on_map: Mapping[str, int]) -> list[Gallery]:
    """A gallery for each kind of finding on pictures that can be shown.

    `on_map` has the number of those that are on the map, by name.
    """
    shown = [f for f in audit.findings if of_pictures(f) and f.name in thumbnails]
    kinds = issues(shown)
    pictures = 1 + (sum(bool(f.related) for f in shown) > len(shown) / 2)
    each = max(FEWEST_CARDS, min(CARDS, PICTURES // pictures // max(len(kinds), 1)))
    made = []
    for issue in kinds:
        own = sorted((f for f in shown if f.issue == issue), key=lambda f: -f.score)
        text = sentence(issue, len(own))
        with_detail = len(own) == 1 or len({finding.detail for finding in own}) > 1
        made.append(
            Gallery(
                issue,
                f"{text[:1].upper()}{text[1:]}.",
                "" if with_detail else printable(own[0].detail),
                own[0].set_aside,
                tuple(_card(f, thumbnails, on_map, with_detail) for f in own[:each]),
                f"{len(own) - each:,}" if len(own) > each else "",
            )
        )
    return made


def _card(
    finding: Finding, thumbnails: Thumbnails, on_map: Mapping[str, int], with_detail: bool
) -> dict[str, Any]:
    """What a template needs to show a finding."""
    names = [finding.name]
    if finding.related and finding.related != finding.name and finding.related in thumbnails:
        names.append(finding.related)
    pictures = [{**thumbnails.facts(name), "at": on_map.get(name)} for name in names]
    return {
        "pictures": pictures,
        "label": pictures[0]["label"],
        "proposal": printable(finding.proposal),
        # A score of 1 is a fact.
        "score": f"{finding.score:.2f}" if finding.score < 1 else "",
        "detail": printable(finding.detail) if with_detail else "",
        "alt": _alt(pictures[0], finding),
    }


def _alt(picture: Mapping[str, Any], finding: Finding) -> str:
    looks = f", looks like {finding.proposal}" if finding.proposal else ""
    return printable(f"{picture['name']}, labelled {picture['label']}{looks}")


def on_classes(audit: Audit, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """The findings on classes, and on the whole data set first, as a template shows them."""
    found = sorted(
        (f for f in audit.findings if not of_pictures(f)), key=lambda f: (f.name != "/", -f.score)
    )
    return [
        {
            "of": "all pictures" if f.name == "/" else printable(f.name.removesuffix("/")),
            "issue": f.issue,
            "detail": printable(f.detail),
            "severity": f.severity,
            "picture": thumbnails.facts(f.related, 96) if f.related in thumbnails else None,
        }
        for f in found
    ]


def set_aside(audit: Audit) -> list[dict[str, Any]]:
    """Each reason that files are set aside for, with some of their names."""
    aside: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        if finding.set_aside:
            aside.setdefault(finding.issue, []).append(finding)
    return [
        {
            "reason": reason,
            "count": f"{len(own):,}",
            "files": list(_named(own[:NAMED])),
            "more": f"{len(own) - NAMED:,}" if len(own) > NAMED else "",
        }
        for reason, own in sorted(aside.items(), key=lambda item: -len(item[1]))
    ]


def _named(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    for finding in findings:
        related = f" ({finding.related})" if finding.related else ""
        yield printable(finding.name), printable(f"{finding.detail}{related}")
