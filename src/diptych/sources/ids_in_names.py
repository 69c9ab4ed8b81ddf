"""Ids in the names of files that come again: patient12_3.png, P001_L.png, video1_frame20.jpg."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from diptych.data.dataset import Dataset, Sample
from diptych.sources.name_patterns import NAME, last_of, name_pattern

_SUBJECTS = (
    *("patient", "pat", "subject", "subj", "sub", "person", "participant", "case", "slide"),
    *("scene", "sequence", "seq", "session", "video", "vid", "clip", "study", "animal", "plant"),
    *("individual", "specimen", "lesion", "donor", "track", "burst", "series", "exam", "scan"),
)
_CALLED = re.compile(rf"(?<![^\W\d_])({'|'.join(_SUBJECTS)})([ _-]?)\d+", re.IGNORECASE)
_SEPARATORS = ("_", "-", " ", ".")
# A day is no subject, nor is what every picture is called with a number.
_DAY = re.compile(r"\D*(19|20)\d\d[-_.]?\d\d[-_.]?\d\d\D*")
_PICTURE = re.compile(
    r"(img|image|frame|photo|pic|picture|dsc|dscn|dscf|crop|tile|patch|slice|page|view|file)[_-]?\d+",
    re.IGNORECASE,
)
# So many names tell what the others are like.
LOOKED_AT = 200
# Shares: of names with an id where that is called as one, and where it only begins the name; of ids
# that are of one class, or among whose names one of the others' endings is too.
CALLED, BEGINNING, PURE, RESTARTS = 0.25, 0.9, 0.95, 0.8
LEAST = 5


def note_on_ids(data: Dataset) -> str:
    """A line on ids in names that come again, with the option that groups by them; "" for none."""
    samples = data.samples
    if any(sample.group for sample in samples[:1]) or "--group" in data.note:
        return ""
    some = samples[:: max(len(samples) // LOOKED_AT, 1)]
    # Names that begin anew in each folder have the same ids for other things.
    if len({last_of(sample.name) for sample in some}) < BEGINNING * len(some):
        return ""
    files = {last_of(sample.name) for sample in samples}
    if len(files) < BEGINNING * len(samples):
        return ""
    # What Roboflow makes of a picture is known by such names already.
    if sum(".rf." in sample.name for sample in samples[:LOOKED_AT]) * 2 > LOOKED_AT:
        return ""
    for pattern in dict.fromkeys(_patterns(some)):
        of = name_pattern(pattern)
        assert of is not None
        if not any(of(sample.name) for sample in some):
            continue
        ids = {s.name: one for s in samples if (one := of(s.name))}
        called = bool(_CALLED.search(pattern.replace(r"\d+", "1")))
        if (_are_called_so if called else _are_begun_with)(samples, ids):
            one, count = Counter(ids.values()).most_common(1)[0]
            quoted = f"'{pattern}'" if "(" in pattern else pattern
            return (
                f"names have ids that come again, {one} in {count:,} of them: --group {quoted} "
                "keeps what has the same together"
            )
    return ""


def _patterns(samples: Sequence[Sample]) -> Iterator[str]:
    """The patterns by which ids may be read from names like these, the surest first."""
    names = [last_of(sample.name) for sample in samples]
    words = Counter(match[1] + match[2] for name in names if (match := _CALLED.search(name)))
    yield from (rf"{NAME}({word}\d+)" for word, _ in words.most_common(2))
    stems = [name.rpartition(".")[0] for name in names]
    for sign in _SEPARATORS:
        if all(stem.count(sign) == 1 for stem in stems) and sign != " ":
            yield f"{NAME}{sign}"
        else:
            # Behind the last full stop is the ending.
            yield rf"{NAME}^([^.]+)\..*\." if sign == "." else f"{NAME}^([^{sign}]+){sign}"


def _are_called_so(samples: Sequence[Sample], ids: Mapping[str, str]) -> bool:
    """Whether words such as patient1 come again, more of them than there are classes."""
    different = set(ids.values())
    classes = {sample.label for sample in samples}
    enough = len(ids) >= CALLED * len(samples)
    return enough and max(2, len(classes)) < len(different) < len(ids)


def _are_begun_with(samples: Sequence[Sample], ids: Mapping[str, str]) -> bool:
    """Whether what names begin with are ids of something of which there are several pictures."""
    counts = Counter(ids.values())
    labels = {sample.label for sample in samples}
    numbered = sum(n for one, n in counts.items() if any(map(str.isdigit, one)))
    if numbered < BEGINNING * len(samples) or len(counts) < max(LEAST, 2 * len(labels) + 1):
        return False
    repeated = [one for one, count in counts.items() if count > 1]
    if sum(counts[one] for one in repeated) < RESTARTS * len(ids):
        return False
    if all(_DAY.fullmatch(one) for one in counts) or all(map(_PICTURE.fullmatch, counts)):
        return False
    classes: dict[str, set[str]] = {}
    endings: dict[str, set[str]] = {}
    for sample in samples:
        if one := ids.get(sample.name):
            classes.setdefault(one, set()).add(sample.label)
            endings.setdefault(one, set()).add(last_of(sample.name).partition(one)[2])
    pure = sum(len(classes[one]) == 1 for one in repeated)
    usual = Counter(ending for own in endings.values() for ending in own).most_common(1)[0][1]
    return pure >= PURE * len(repeated) or usual >= RESTARTS * len(counts)
