"""What is wrong with a data set, in words, and what to do about it first."""

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.auditing.report import SEVERITIES, Audit, Finding
from diptych.system.text import printable

# What is said of pictures, where the name of the issue is no adjective.
PREDICATES = {
    "likely wrong label": "likely labelled wrong",
    "two labels": "in two classes at once",
    "copy with another label": "a copy of a picture with another label",
    "across parts": "a copy of a picture in another part",
    "irrelevant": "unlike all others",
    "placeholder": "a placeholder",
    "screenshot": "a screenshot",
    "odd aspect": "of odd proportions",
    "near duplicate": "almost the same as another",
    "exact duplicate": "the same as another, byte by byte",
    "unclear depth": "of unclear depth",
}
ADJECTIVES = frozenset(
    ("blank", "dark", "over-exposed", "blurred", "grey among colour", "tiny", "too small")
)
LABELS = ("likely wrong label", "two labels", "copy with another label")
COPIES = ("exact duplicate", "near duplicate", "across parts")
BROKEN = (
    *("permission denied", "empty", "not an image", "truncated", "unreadable", "too large"),
    *("missing", "no picture", "encrypted"),
)
# Findings on files that nobody took for pictures: there is nothing to do about them.
BESIDE = (
    *("mask", "annotation", "sidecar", "backup", "figure", "hidden folder", "hidden file"),
    *("link", "outside", "named twice", "table", "not listed", "not used", "unlabelled", "dropped"),
)
SCARCE = ("few pictures", "imbalance")
NAMES = ("two in one class", "similar label", "combined label", "labels are numbers")
# Why a file has no label; it may be a picture of a class all the same.
WITHOUT_LABEL = ("no class", "no label", "several labels", "unlabelled")


class Action(NamedTuple):
    """Something to do, why, and the command that does it, if one does."""

    what: str
    why: str
    command: str = ""
    value: float = 0.0  # how much it changes what a classifier learns


def of_pictures(finding: Finding) -> bool:
    """Whether a finding is on one file, not on a class or on all."""
    return finding.set_aside or not finding.name.endswith("/")


def issues(findings: Iterable[Finding]) -> list[str]:
    """The names of what was found, the gravest first, then the most frequent."""
    counts, severity = Counter[str](), dict[str, int]()
    for finding in findings:
        counts[finding.issue] += 1
        rank = SEVERITIES.index(finding.severity)
        severity[finding.issue] = min(rank, severity.get(finding.issue, rank))
    first = {issue: place for place, issue in enumerate(("shortcut", *LABELS))}
    return sorted(counts, key=lambda issue: (severity[issue], first.get(issue, 9), -counts[issue]))


def sentence(issue: str, count: int) -> str:
    """What was found, as a clause: 3 pictures are blurred."""
    who = "one picture" if count == 1 else f"{count:,} pictures"
    predicate = PREDICATES.get(issue, issue if issue in ADJECTIVES else "")
    if not predicate:
        return f"of {who} it is said: {issue}"
    return f"{who} {'is' if count == 1 else 'are'} {predicate}"


def worst(audit: Audit) -> str:
    """The worst problem as a clause; nothing where there is none."""
    every = [f for f in audit.findings if f.issue not in BESIDE]
    for issue in issues(every):
        own = sorted(
            (finding for finding in every if finding.issue == issue),
            key=lambda finding: (finding.name != "/", -finding.score),
        )
        if not of_pictures(own[0]):
            where = "" if own[0].name == "/" else f"class {own[0].name.removesuffix('/')}, "
            return f"{issue}: {where}{own[0].detail}"
        if own[0].severity != "low":
            return sentence(issue, len(own))
    return ""


def actions(audit: Audit, plan: Path) -> list[Action]:
    """What to do, the most valuable first; never empty. `plan` is where plan.csv lies."""
    data, where = shlex.quote(str(audit.dataset.root)), shlex.quote(str(plan))
    review = f"diptych review {data} --plan {where}"
    clean = f"diptych clean {data} --plan {where} --out cleaned/"
    every = [
        *_shortcuts(audit),
        *_labels(audit, review),
        *_odd_pictures(audit, review),
        *_broken(audit),
        *_without_label(audit, review),
        *_copies(audit, clean),
        *_scarce(audit),
        *_names(audit),
    ]
    every.sort(key=lambda action: -action.value)
    train = f"diptych train {data} --plan {where} --out model.bundle"
    last = Action("Train.", "Pictures that are set aside stay out of it by themselves.", train)
    return [*every, last] if every else [last._replace(what="Nothing stands out: train.")]


def _of(audit: Audit, wanted: Sequence[str]) -> list[Finding]:
    found = (finding for finding in audit.findings if finding.issue in wanted)
    return sorted(found, key=lambda finding: (finding.name != "/", -finding.score))


def _share(audit: Audit, found: Sequence[Finding]) -> float:
    """How much of the data set findings are about, from 0 to 1; few are not next to nothing."""
    return math.sqrt(len({finding.name for finding in found}) / max(audit.files, 1))


def _shortcuts(audit: Audit) -> Iterator[Action]:
    found = _of(audit, ["shortcut"])
    if found:
        yield Action(
            "Take the pictures of all classes in the same way.",
            f"The label can be told without a look: {found[0].detail}{_more(found)}. A classifier "
            "learns that, and fails on pictures from elsewhere.",
            value=2.0,
        )


def _labels(audit: Audit, review: str) -> Iterator[Action]:
    found = _of(audit, LABELS)
    if found:
        n = len({finding.name for finding in found})
        yield Action(
            "Check one label." if n == 1 else f"Check {n:,} labels.",
            f"{_clauses(found)}. Wrong labels cost accuracy, and make the score untrue. Keep, drop "
            "or relabel each with one key:",
            review,
            3.0 * _share(audit, found),
        )


def _odd_pictures(audit: Audit, review: str) -> Iterator[Action]:
    elsewhere = {*LABELS, *COPIES, *BROKEN, *BESIDE, *WITHOUT_LABEL, "no part"}
    found = [
        finding
        for finding in audit.findings
        if of_pictures(finding) and finding.issue not in elsewhere and finding.severity != "low"
    ]
    if found:
        n = len({finding.name for finding in found})
        yield Action(
            "Look at one picture." if n == 1 else f"Look at {n:,} pictures.",
            f"{_clauses(found)}. Where they are not what the classifier is to know, drop them:",
            review,
            1.5 * _share(audit, found),
        )


def _broken(audit: Audit) -> Iterator[Action]:
    found = _of(audit, BROKEN)
    if found:
        n = len(found)
        yield Action(
            "Get one file again." if n == 1 else f"Get {n:,} files again.",
            f"They cannot be used: {_counts(found)}. They are named under Set aside.",
            value=1.2 * _share(audit, found),
        )


def _without_label(audit: Audit, review: str) -> Iterator[Action]:
    found = _of(audit, WITHOUT_LABEL)
    if found:
        n = len(found)
        yield Action(
            "See whether one file needs a label."
            if n == 1
            else f"See which of {n:,} files need a label.",
            f"They have none that can be used: {_counts(found)}. Pictures get one with a key:",
            review,
            1.0 * _share(audit, found),
        )


def _copies(audit: Audit, clean: str) -> Iterator[Action]:
    found = _of(audit, COPIES)
    if found:
        across = any(finding.issue == "across parts" for finding in found)
        why = "A score on pictures that were trained on says too much. " if across else ""
        yield Action(
            "Leave out copies." if any(f.set_aside for f in found) else "Keep copies together.",
            f"{_clauses(found)}. {why}Training does it by itself; for a folder without them:",
            clean,
            (2.5 if across else 0.3) * _share(audit, found),
        )


def _scarce(audit: Audit) -> Iterator[Action]:
    found = _of(audit, SCARCE)
    if found:
        classes = list(dict.fromkeys(finding.name.removesuffix("/") for finding in found))
        named = ", ".join(printable(label) for label in classes[:5])
        more = f" and {len(classes) - 5:,} more" if len(classes) > 5 else ""
        yield Action(
            f"Add pictures of {named}{more}.",
            f"{found[0].detail}{_more(found)}.",
            value=0.8 * math.sqrt(len(classes) / max(len(audit.dataset.classes), 1)),
        )


def _names(audit: Audit) -> Iterator[Action]:
    found = _of(audit, NAMES)
    if found:
        yield Action(
            "See whether the classes are meant so.",
            f"{found[0].name.removesuffix('/')}: {found[0].detail}{_more(found)}.",
            value=1.0 * math.sqrt(len(found) / max(len(audit.dataset.classes), 1)),
        )


def _more(found: Sequence[Finding]) -> str:
    return f" (and {len(found) - 1:,} more of the kind)" if len(found) > 1 else ""


def _clauses(found: Sequence[Finding]) -> str:
    counts = Counter(finding.issue for finding in found)
    text = ", ".join(sentence(issue, n) for issue, n in counts.most_common())
    return text[:1].upper() + text[1:]


def _counts(found: Sequence[Finding]) -> str:
    counts = Counter(finding.issue for finding in found)
    return ", ".join(f"{n:,} {issue}" for issue, n in counts.most_common())
