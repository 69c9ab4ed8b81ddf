"""From what an audit found to a data set that can be trained on; originals stay untouched."""

from dataclasses import replace

from diptych.auditing.report import Audit
from diptych.data.arguments import require_dataset
from diptych.data.dataset import Dataset, pictures_hash
from diptych.data.grouping import grouped
from diptych.errors import InputError
from diptych.system.arguments import require


def clean(dataset: Dataset, audit: Audit) -> Dataset:
    """Leave out every file that the audit sets aside; keep near-duplicates as groups.

    Groups that samples have already stay together: one that a near-duplicate touches, if only by a
    copy that is left out, becomes one with it. Raises InputError when the audit is of other
    samples, a class has no picture left, or a part of a data set that is split already has none of
    a class that it had.
    """
    require_dataset(dataset, "clean")
    require(audit, Audit, "what clean takes second", "clean(data, audit(data))")
    unknown = [sample.name for sample in dataset.samples if sample.name not in audit.pictures]
    if unknown:
        raise InputError(
            f"{dataset.root}: the audit does not know {unknown[0]}; audit this data set"
        )
    set_aside = audit.reasons
    kept = [
        sample._replace(digest=audit.pictures[sample.name].digest)
        for sample in grouped(dataset.samples, audit.groups)
        if sample.name not in set_aside
    ]
    compared = pictures_hash(picture.digest for picture in audit.pictures.values())
    cleaned = replace(dataset, samples=tuple(kept), compared=compared, bits=audit.bits)
    for label, count in cleaned.counts().items():
        if not count:
            raise InputError(
                f"{dataset.root}: class '{label}' has no usable picture; "
                "add some or remove the class (`diptych audit` says what is wrong with each file)"
            )
    before, after = ({(s.part, s.label) for s in data.samples} for data in (dataset, cleaned))
    for part, label in sorted(before - after):
        raise InputError(
            f"{dataset.root}: {part} has no usable picture of {label}; "
            "add some (`diptych audit` says what is wrong with each file)"
        )
    return cleaned
