"""A data set as somebody decided: relabelled, grouped, without what was dropped.

No file is touched: `with_plan` makes another data set of what was read.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from diptych.auditing.report import Finding
from diptych.data.arguments import require_dataset
from diptych.data.class_order import in_order
from diptych.data.dataset import NONE, Dataset, Sample, Stray
from diptych.data.grouping import grouped
from diptych.data.plan import Plan, Row
from diptych.errors import ImageError, InputError, nearest
from diptych.images.decoding import read_file

# Files that may be pictures whose class nobody has said.
UNLABELLED = ("no class", "unlabelled", "no label", "several labels", "not listed")
# What is set aside for these reasons may be kept: the picture can be used, and leaks nothing.
KEEPABLE = ("too small", "two labels", "exact duplicate")


def with_plan(dataset: Dataset, plan: Plan, *, new_labels: bool = False) -> Dataset:
    """The data set as a plan has it; what nobody decided stays as it is.

    Files without a class become samples where the plan has a label for them. Raises InputError for
    a picture that is not there or has changed since, and for a label that is no class, unless
    `new_labels` says that it may become one, or there is none yet.
    """
    require_dataset(dataset, "with_plan")
    rows = {row.path: row for row in plan.decided}
    _refuse_unknown(dataset, plan, rows)
    if dataset.classes and not new_labels:
        _refuse_labels(dataset, plan, rows)
    samples = [*dataset.samples, *_labelled(dataset, rows)]
    dropped = {row.path for row in rows.values() if row.decision == "drop"}
    for sample in samples:
        _refuse_changed(sample, rows.get(sample.name), plan)
    strays = [stray for stray in dataset.strays if not _takes(rows.get(stray.name))]
    for sample in samples:
        if sample.name in dropped:
            strays.append(Stray(sample.name, "dropped", _why(rows[sample.name])))
    changed = [_changed(s, rows.get(s.name), plan) for s in samples if s.name not in dropped]
    groups = {row.path: f"plan: {row.group}" for row in rows.values() if row.group}
    together = tuple(grouped(changed, groups)) if groups else tuple(changed)
    return replace(
        dataset,
        samples=together,
        strays=tuple(strays),
        classes=_classes(dataset, together),
        plan=plan,
    ).with_note(f"{plan.source}: {plan}")


def kept(dataset: Dataset, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, which no longer set aside what the plan of a data set keeps.

    A file that is no picture stays set aside, and so does a copy of a test picture.
    """
    rows = dataset.plan.decided if dataset.plan else ()
    keep = {row.path for row in rows if row.decision == "keep"}
    for finding in findings:
        spared = finding.name in keep and finding.issue in KEEPABLE
        yield finding._replace(set_aside=finding.set_aside and not spared)


def _refuse_unknown(dataset: Dataset, plan: Plan, rows: dict[str, Row]) -> None:
    """Raise InputError where the plan names pictures that are not there, and not to be dropped."""
    there = {sample.name for sample in dataset.samples}
    there |= {stray.name for stray in dataset.strays}
    gone = [row for row in rows.values() if row.path not in there and row.decision != "drop"]
    if plan.rows and not any(row.path in there for row in plan.rows):
        raise InputError(
            f"{plan.source}: none of its pictures is in {dataset.root}, such as "
            f"{plan.rows[0].path}; it is the plan of other data"
        )
    if gone:
        more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
        raise InputError(
            f"{plan.source}: {gone[0].path}{more} is not in {dataset.root}; put it back, or delete "
            "its row"
        )


def _refuse_labels(dataset: Dataset, plan: Plan, rows: dict[str, Row]) -> None:
    for row in rows.values():
        if row.decision == "relabel" and row.label not in dataset.classes:
            raise InputError(
                f"{plan.source}: {row.path} is to be '{row.label}', which is no class of "
                f"{dataset.root}{nearest(row.label, dataset.classes)}; --new-labels makes it one"
            )


def _takes(row: Row | None) -> bool:
    """Whether a file without a class gets one."""
    return row is not None and row.decision == "relabel"


def _labelled(dataset: Dataset, rows: dict[str, Row]) -> Iterator[Sample]:
    """The files without a class that have a label by the plan."""
    for stray in dataset.strays:
        row = rows.get(stray.name)
        if row is None or not _takes(row):
            continue
        root = dataset.root
        if stray.reason not in UNLABELLED or not isinstance(root, Path) or not root.is_dir():
            raise InputError(
                f"{row.path}: set aside as '{stray.reason}', so it cannot be relabelled; delete "
                "its row in the plan"
            )
        yield Sample(stray.name, row.label, root / stray.name)


def _refuse_changed(sample: Sample, row: Row | None, plan: Plan) -> None:
    """Raise InputError where the content of a picture is not what was decided about."""
    if row and row.sha256 and row.sha256 != _digest(sample):
        raise InputError(
            f"{plan.source}: {sample.name} has changed since; run `diptych audit` again, or delete "
            "its row"
        )


def _changed(sample: Sample, row: Row | None, plan: Plan) -> Sample:
    """A sample with the label that was decided."""
    if row is None or row.decision != "relabel":
        return sample
    if row.label == NONE:
        raise InputError(f"{plan.source}: {sample.name}: no class may be called '{NONE}'")
    return sample._replace(label=row.label)


def _digest(sample: Sample) -> str:
    if sample.digest:
        return sample.digest
    try:
        return hashlib.sha256(read_file(sample.path)).hexdigest()
    except ImageError:
        return ""  # the audit says why


def _classes(dataset: Dataset, samples: Iterable[Sample]) -> tuple[str, ...]:
    """The classes in their order; those that have lost all of their samples are gone."""
    counts = Counter(sample.label for sample in samples)
    before = dataset.counts()
    gone = {label for label in before if before[label] and not counts[label]}
    if counts.keys() <= before.keys():
        return tuple(label for label in dataset.classes if label not in gone)
    return in_order({*counts, *before} - gone)


def _why(row: Row) -> str:
    return f"by the plan ({row.reason})" if row.reason else "by the plan"
