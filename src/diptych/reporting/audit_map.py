"""The map of a data set: where each picture lies, what it is, and the same in words.

Axes: N pictures on the map, 2 coordinates.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.auditing.material import Material
from diptych.auditing.report import SEVERITIES, Audit, Finding
from diptych.data.dataset import Sample
from diptych.images.rows import Rows
from diptych.metrics.intervals import percent
from diptych.reporting.audit_advice import issues, of_pictures
from diptych.reporting.audit_pictures import Thumbnails, sheets
from diptych.reporting.plots import COLOURS
from diptych.reporting.projection import Positions, projected
from diptych.reporting.regions import regions
from diptych.system.progress import Track, unwatched
from diptych.system.text import printable

# More pictures would make the page too large to send, and the map too full to read.
MOST = 10_000
FEWEST = 5
GRID = 1000  # positions are whole numbers up to it
# Of ten classes, which many data sets have, each has its own.
MAP_COLOURS = (*COLOURS, "#7c3aed", "#5a9a0c", "#f43f5e")
NUMBER_OF_SHAPES = 8  # that the script of the page knows
TYPICAL = 4  # pictures of a region
TYPICAL_SIDE = 96


@dataclass(frozen=True)
class AuditMap:
    """What the page shows of the map."""

    samples: tuple[Sample, ...]
    positions_N2: Positions
    region_N: npt.NDArray[np.intp]
    total: int  # of the pictures that can be used

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each picture on the map, by its name."""
        return {sample.name: number for number, sample in enumerate(self.samples)}


def audit_map(audit: Audit, track: Track = unwatched) -> AuditMap | None:
    """The map of the pictures that can be used; None without features, or with very few pictures.

    Of more than `MOST` pictures it has those with the gravest findings, and others drawn at
    random, the same ones every time.
    """
    material = audit.material
    if material is None or material.features_ND is None or len(material.dataset) < FEWEST:
        return None
    chosen = _chosen(audit, material)
    positions_N2 = projected(_Some(material.features_ND, chosen), track)
    samples = tuple(material.dataset.samples[i] for i in chosen)
    return AuditMap(samples, positions_N2, regions(positions_N2), len(material.dataset))


@dataclass(frozen=True)
class _Some:
    """Some of many rows."""

    rows: Rows
    chosen: npt.NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.chosen), *self.rows.shape[1:]

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        return self.rows[self.chosen[indices]]


def _chosen(audit: Audit, material: Material) -> npt.NDArray[np.intp]:
    samples = material.dataset.samples
    if len(samples) <= MOST:
        return np.arange(len(samples))
    rank = {
        finding.name: (SEVERITIES.index(finding.severity), -finding.score)
        for finding in sorted(audit.findings, key=lambda f: (f.severity, f.score))
        if of_pictures(finding)
    }
    drawn = np.random.default_rng(0).permutation(len(samples))
    order = sorted(
        range(len(samples)),
        key=lambda i: (*rank.get(samples[i].name, (len(SEVERITIES), 0.0)), drawn[i]),
    )
    return np.sort(np.array(order[:MOST]))


def map_data(audit: Audit, shown: AuditMap, thumbnails: Thumbnails) -> dict[str, Any]:
    """All that the script of the page needs, as JSON has it."""
    classes = {label: k for k, label in enumerate(audit.dataset.classes)}
    own = [f for f in audit.findings if of_pictures(f) and f.name in shown.numbers]
    kinds = issues(own)
    of: dict[int, list[list[Any]]] = {}
    for finding in own:
        said = [kinds.index(finding.issue), printable(finding.detail), printable(finding.proposal)]
        of.setdefault(shown.numbers[finding.name], []).append(said)
    places_N2 = np.rint(shown.positions_N2 * GRID).astype(int)
    pictures = [audit.pictures[sample.name] for sample in shown.samples]
    return {
        "classes": [printable(label) for label in classes],
        "issues": kinds,
        "colours": MAP_COLOURS,
        "shapes": NUMBER_OF_SHAPES,
        "x": places_N2[:, 0].tolist(),
        "y": places_N2[:, 1].tolist(),
        "name": [printable(sample.name) for sample in shown.samples],
        "label": [classes[sample.label] for sample in shown.samples],
        "region": shown.region_N.tolist(),
        # Of width to height.
        "ratio": [round((p.width or 1) / (p.height or 1), 2) for p in pictures],
        "findings": of,
        "sheets": asdict(sheets(thumbnails.store, [sample.digest for sample in shown.samples])),
        "letters": [
            {"letter": region_letter(region), "x": x, "y": y}
            for region, (x, y) in enumerate(_middles(shown.region_N, places_N2))
        ],
    }


def region_letter(region: int) -> str:
    """A, B, C: what a region is called."""
    return chr(ord("A") + region)


def _middles(region_N: npt.NDArray[np.intp], places_N2: npt.NDArray[Any]) -> Iterator[list[int]]:
    for region in range(region_N.max(initial=-1) + 1):
        yield np.median(places_N2[region_N == region], axis=0).astype(int).tolist()


def map_in_words(audit: Audit, shown: AuditMap, thumbnails: Thumbnails) -> list[dict[str, Any]]:
    """Each region: how many pictures, of which classes, what was found, and typical ones."""
    found: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        found.setdefault(finding.name, []).append(finding)
    told = []
    for region in range(shown.region_N.max(initial=-1) + 1):
        inside = np.flatnonzero(shown.region_N == region)
        samples = [shown.samples[i] for i in inside]
        middle_2 = np.median(shown.positions_N2[inside], axis=0)
        away = np.linalg.norm(shown.positions_N2[inside] - middle_2, axis=1)
        typical = [samples[i].name for i in np.argsort(away, kind="stable")[:TYPICAL]]
        counts = Counter(f.issue for s in samples for f in found.get(s.name, ()))
        told.append(
            {
                "letter": region_letter(region),
                "count": f"{len(samples):,}",
                "classes": _shares([sample.label for sample in samples]),
                "findings": ", ".join(f"{n:,} {issue}" for issue, n in counts.most_common(3)),
                "pictures": [thumbnails.facts(name, TYPICAL_SIDE) for name in typical],
            }
        )
    return told


def _shares(labels: Sequence[str]) -> str:
    counts = Counter(labels).most_common()
    shares = [
        f"{printable(label)} {percent(n / len(labels))}".replace(" %", "\u00a0%")
        for label, n in counts[:3]
    ]
    more = f", {len(counts) - 3} more" if len(counts) > 3 else ""
    return ", ".join(shares) + more


def still_map(audit: Audit, shown: AuditMap) -> dict[str, Any]:
    """The map as a drawing, for paper and where no script runs: a path of dots for each class."""
    places_N2 = np.rint(shown.positions_N2 * GRID).astype(int)
    labels = [sample.label for sample in shown.samples]
    paths = []
    for k, label in enumerate(audit.dataset.classes):
        own = places_N2[[one == label for one in labels]]
        dots = "".join(f"M{x} {y}h0" for x, y in own.tolist())
        colour = MAP_COLOURS[k % len(MAP_COLOURS)]
        paths.append({"label": printable(label), "colour": colour, "dots": dots})
    dot = 16 if len(labels) < 500 else 10 if len(labels) < 3000 else 6
    letters = [
        (region_letter(region), x, y)
        for region, (x, y) in enumerate(_middles(shown.region_N, places_N2))
    ]
    high = int(places_N2[:, 1].max()) + 40
    return {"paths": paths, "height": high, "dot": dot, "letters": letters}
