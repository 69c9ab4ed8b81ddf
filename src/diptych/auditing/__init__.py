"""What is wrong with a pile of pictures: `audit(dataset)` looks at every file once.

Every file ends as used or set aside with one reason:

==================  ============================================================================
reason              meaning
==================  ============================================================================
no class            not inside a class folder
no part             in a data set that is split already, outside of its parts
hidden folder       in a folder that some program keeps for itself
hidden file         its name begins with a dot
link                leads to a folder that is looked at where it lies, or to no file
table               the metadata.csv of a folder
not listed          no row of that metadata.csv names it
missing             a row of a table names it, and it is not there
permission denied   the file may not be read
empty               no bytes
not an image        no picture format that is read here, whatever the name says
truncated           the picture ends too early
unreadable          damaged, or of a kind that cannot be shown
too large           more bytes or pixels than the limits of `preprocess`
too small           the shorter side has fewer than `min_side` pixels
two labels          the same picture lies in several classes, so none of its labels can be trusted
exact duplicate     the same bytes as a picture that is used
across parts        a copy of a picture in another part of a data set that is split already
==================  ============================================================================

Near-duplicates of the same label are used, and kept together when the pictures are split.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from diptych.auditing.duplicates import same_pictures
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.images.decoding import Picture, decoded, known, pixel_store
from diptych.recipe import IMAGE_SIZE
from diptych.system.progress import Track, unwatched

# Below this many pictures of a class, a test of the classifier says little about it.
FEW = 30


class Finding(NamedTuple):
    """One thing worth knowing about a file, or about a class where `name` ends in a slash."""

    name: str
    issue: str
    detail: str
    set_aside: bool
    related: str = ""  # the other file, where there is one


@dataclass(frozen=True)
class Audit:
    """What an audit found. `str()` of it is a report for people."""

    dataset: Dataset
    findings: tuple[Finding, ...]
    pictures: Mapping[str, Picture]  # by sample name
    groups: Mapping[str, str]  # sample name → the name of its group of near-duplicates

    @property
    def files(self) -> int:
        """Every file below the root."""
        return len(self.dataset) + len(self.dataset.strays)

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of each file that is set aside, by name."""
        return {f.name: f.issue for f in self.findings if f.set_aside}

    @property
    def set_aside(self) -> dict[str, int]:
        """How many files are set aside for each reason, most frequent first."""
        return dict(Counter(self.reasons.values()).most_common())

    @property
    def used(self) -> int:
        """How many files are used."""
        return self.files - len(self.reasons)

    def __str__(self) -> str:
        aside = ", ".join(f"{count:,} {reason}" for reason, count in self.set_aside.items())
        lines = [f"{self.files:,} files: {self.used:,} used, {len(self.reasons):,} set aside"]
        lines[0] += f" ({aside})" if aside else ""
        kept = Counter(f.issue for f in self.findings if not f.set_aside)
        if kept:
            lines.append(
                "also found: " + ", ".join(f"{n:,} {issue}" for issue, n in kept.most_common())
            )
        return "\n".join(lines)

    def to_csv(self) -> str:
        """A row a finding: path, issue, set_aside, detail, related."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "issue", "set_aside", "detail", "related"])
        for name, issue, detail, aside, related in self.findings:
            rows.writerow([name, issue, "yes" if aside else "no", detail, related])
        return text.getvalue()


def audit(
    dataset: Dataset, *, size: int = IMAGE_SIZE, min_side: int = 16, track: Track = unwatched
) -> Audit:
    """Read every file and say what is wrong with it.

    Files are decoded at `size` × `size` into the cache, where training finds them again;
    `min_side` is in pixels.
    """
    store = pixel_store(dataset.shape_at(size))
    if dataset.shape:
        min_side = 0  # pixels that came as numbers are as large as they are meant to be
        found = known(dataset.samples, store)
    else:
        found = decoded((sample.path for sample in dataset.samples), store)
    pictures = {
        sample.name: picture
        for sample, picture in zip(
            dataset.samples, track(found, "reading pictures", len(dataset)), strict=True
        )
    }
    findings = [Finding(name, reason, detail, True) for name, reason, detail in dataset.strays]
    findings += unusable(pictures, min_side)
    bad = {finding.name for finding in findings}
    good = [s._replace(digest=pictures[s.name].digest) for s in dataset.samples]
    usable = [s for s in good if s.name not in bad]
    # Nobody crops or resizes rows of numbers.
    grouped = same_pictures(usable, store, crops=not dataset.shape, track=track)
    findings += two_labels(grouped)
    findings += repeated(grouped, {finding.name for finding in findings})
    findings += few(dataset, {finding.name for finding in findings if finding.set_aside})
    groups = {sample.name: members[0].name for members in grouped for sample in members}
    return Audit(dataset, tuple(findings), pictures, groups)


def unusable(pictures: Mapping[str, Picture], min_side: int) -> Iterator[Finding]:
    """Files that are no picture, or none that can be used."""
    for name, picture in pictures.items():
        if picture.reason:
            yield Finding(name, picture.reason, picture.detail, True)
        elif min(picture.width, picture.height) < min_side:
            detail = f"{picture.width} × {picture.height} pixels; the shorter side needs {min_side}"
            yield Finding(name, "too small", detail, True)


def two_labels(grouped: Iterable[list[Sample]]) -> Iterator[Finding]:
    """Pictures whose copies lie in another class: no label of such a group can be trusted."""
    for members in grouped:
        for sample in members:
            other = next((s for s in members if s.label != sample.label), None)
            if other:
                detail = f"the same picture is also labelled {other.label}"
                yield Finding(sample.name, "two labels", detail, True, other.name)


def repeated(grouped: Iterable[list[Sample]], done: set[str]) -> Iterator[Finding]:
    """Copies of one label: exact ones are used once, near ones stay together.

    In a data set that is split already, test pictures stay and their copies in train go.
    """
    for members in grouped:
        left = [sample for sample in members if sample.name not in done]
        last = max((sample.part for sample in left), key=_rank, default="")
        first: dict[str, Sample] = {}
        for sample in left:
            kept = next(iter(first.values()), sample)
            if sample.part != last:
                detail = f"a copy of a {last} picture would make the score look better"
                keeper = next(s for s in left if s.part == last)
                yield Finding(sample.name, "across parts", detail, True, keeper.name)
            elif twin := first.get(sample.digest):
                yield Finding(sample.name, "exact duplicate", "the same bytes", True, twin.name)
            else:
                first[sample.digest] = sample
                if sample is not kept:
                    detail = "almost the same picture; the two stay together when split"
                    yield Finding(sample.name, "near duplicate", detail, False, kept.name)


def few(dataset: Dataset, aside: set[str]) -> Iterator[Finding]:
    """Classes with too few pictures left for a test to say much."""
    used = Counter(sample.label for sample in dataset.samples if sample.name not in aside)
    for label in dataset.classes:
        if used[label] < FEW:
            detail = f"{used[label]} usable pictures; with fewer than {FEW} a test says little"
            yield Finding(f"{label}/", "few pictures", detail, False)


def _rank(part: str) -> int:
    return PARTS.index(part) if part else -1
