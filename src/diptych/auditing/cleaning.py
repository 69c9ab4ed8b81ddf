"""From what an audit found to a data set that can be trained on; originals stay untouched."""

from diptych.auditing.report import Audit
from diptych.data.dataset import Dataset
from diptych.errors import InputError


def clean(dataset: Dataset, audit: Audit) -> Dataset:
    """Leave out every file that the audit sets aside; keep near-duplicates as groups.

    A sample that has a group already keeps it, unless a near-duplicate has another: then both
    groups become one. Raises InputError when a class has no picture left, or a part of a data set
    that is split already has none of a class that it had.
    """
    set_aside = audit.reasons
    kept = [
        sample._replace(digest=audit.pictures[sample.name].digest, group=audit.groups[sample.name])
        for sample in dataset.samples
        if sample.name not in set_aside
    ]
    cleaned = dataset.with_samples(kept)
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
