"""How many groups there are: what a figure rests on, where pictures belong together."""

from diptych.data.dataset import Dataset, Sample
from diptych.data.splitting import Splits
from diptych.errors import shortened


def describe_groups(parts: Splits) -> str:
    """How many groups each part has, and which classes come from a single one in some part.

    A picture without a group is one of its own. What a class is scored on is then one patient, or
    one video, however many pictures there are of it.
    """
    counts = ", ".join(f"{_groups(data):,} for {part}" for part, data in parts._asdict().items())
    lines = [f"groups: {counts}"]
    for part, data in parts._asdict().items():
        if single := _of_one_group(data):
            what = "are each from one group" if len(single) > 1 else "is from one group"
            lines.append(f"of {part}, {shortened(single)} {what} alone: add pictures of others")
    return "\n".join(lines)


def _groups(data: Dataset) -> int:
    return len({_group(sample) for sample in data.samples})


def _of_one_group(data: Dataset) -> list[str]:
    """The classes whose pictures, of which there are several, are all of one group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for sample in data.samples:
        groups.setdefault(sample.label, []).append(_group(sample))
    return [label for label in data.classes if _is_single(groups.get(label, []))]


def _group(sample: Sample) -> tuple[str, str]:
    return sample.group, "" if sample.group else sample.name


def _is_single(groups: list[tuple[str, str]]) -> bool:
    return len(groups) > 1 and len(set(groups)) == 1
