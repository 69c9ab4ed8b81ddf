"""What is wrong with a pile of pictures: `audit(dataset)` looks at every file once.

Every file ends as used or set aside with one reason:

==================  ============================================================================
reason              meaning
==================  ============================================================================
no class            not inside a class folder
no part             in a data set that is split already, outside of its parts
unlabelled          in a part of a data set that has no class folders, such as a test to be sent in
mask                drawn over a picture beside it, or in a folder of masks, by its name
annotation          in a folder of masks, and no picture: says where things lie on pictures
sidecar             notes of a program on a picture, the moving part of a Live Photo, by its name
backup              what a program kept of a file beside it, by its name
figure              in a folder of figures beside the one of all classes, by its name
hidden folder       in a folder that some program keeps for itself
hidden file         its name begins with a dot, or a program keeps it for itself
link                leads to a folder that is looked at where it lies, or to no file; or lies in
                    an archive
outside             its name leads out of the archive that it is in
encrypted           packed with a password
named twice         a later file of the archive, or another archive, has the same name
table               says what is on the files of a folder: metadata.csv, train.csv; or names classes
not listed          no row of that table, or line of that list, names it; or its record has another
                    picture
no picture          a file of a record without a picture
not used            neither a table nor a Parquet file, beside such that are the data set
missing             a row of a table names it, and it is not there, or none for certain
no label            a row or record that says no class
several labels      a row of a table says more than one class
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
dropped             somebody decided so, in a plan
==================  ============================================================================

Near-duplicates of the same label are used, and kept together when the pictures are split. So are
copies that were mirrored, turned, recoloured or partly covered, and those of one original that
Roboflow named. A mirrored "left" may well be a "right", so such copies may have other labels. Of
pictures of more than 8 bits all are decoded at one depth, the fewest bits that the brightest level
among them needs.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from diptych.auditing.checks import CHECKS, Check
from diptych.auditing.checks.depth import extra_bands, unclear_depth
from diptych.auditing.checks.files import few_pictures, relabelled, repeated, two_labels, unusable
from diptych.auditing.checks.label_names import odd_labels
from diptych.auditing.copies.duplicates import duplicates
from diptych.auditing.features import image_features
from diptych.auditing.leakage import leakage
from diptych.auditing.material import Material
from diptych.auditing.planned import kept
from diptych.auditing.report import Audit, Finding
from diptych.data.arguments import require_dataset
from diptych.data.dataset import Dataset
from diptych.images.decoding import (
    Picture,
    PixelStore,
    copy_alike,
    decode_files,
    pixel_store,
    stored_pictures,
)
from diptych.images.depth import common_bits
from diptych.recipe import IMAGE_SIZE, RANGES
from diptych.system.arguments import whole_number
from diptych.system.progress import Track, unwatched

__all__ = ["Audit", "Finding", "audit"]


def audit(
    dataset: Dataset,
    *,
    size: int = IMAGE_SIZE,
    min_side: int = 16,
    checks: Sequence[Check] = CHECKS,
    track: Track = unwatched,
) -> Audit:
    """Read every file and say what is wrong with it.

    Files are decoded at `size` × `size` into the cache, where training finds them again;
    `min_side` is in pixels. The `checks` look at what can be used: each is a function from a
    `Material` to findings. Nothing is set aside for these, and with none of them only the files
    are looked at, and which are copies.
    """
    require_dataset(dataset, "audit")
    shape = dataset.shape_at(whole_number(size, "size", *RANGES["image_size"]))
    min_side = whole_number(min_side, "min_side", 0)
    if dataset.shape:
        min_side = 0  # pixels that came as numbers are as large as they are meant to be
    pictures, store, bits = _read(dataset, pixel_store(shape), track)
    findings = [Finding(name, reason, detail, True) for name, reason, detail in dataset.strays]
    findings += kept(dataset, unusable(pictures, min_side))
    bad = _aside(findings)
    usable = [
        sample._replace(digest=pictures[sample.name].digest)
        for sample in dataset.samples
        if sample.name not in bad
    ]
    # Nobody crops or resizes rows of numbers.
    found = duplicates(usable, store, crops=not dataset.shape, track=track)
    findings += kept(dataset, two_labels(found.same))
    findings += kept(dataset, repeated(found.groups, _aside(findings), found.changes))
    findings += relabelled(found.groups, _aside(findings))
    findings += few_pictures(dataset, _aside(findings))
    findings += [*unclear_depth(pictures, bits), *extra_bands(pictures), *odd_labels(dataset)]
    # Called by their content, groups mean the same in every data set and in any order.
    group_of = {
        sample.name: min(member.digest for member in members)
        for members in found.groups
        for sample in members
    }
    every = dataset.with_samples(usable)
    features_ND = image_features(every, store, track) if checks else None
    aside = _aside(findings)
    sound = np.array([sample.name not in aside for sample in usable], bool)
    material = Material(
        dataset.with_samples(sample for sample in usable if sample.name not in aside),
        pictures,
        store,
        group_of,
        features_ND and features_ND.only(sound),
    )
    findings += _checked(material, checks, track)
    leaks = leakage(every, found.groups, features_ND)
    return Audit(dataset, tuple(findings), pictures, group_of, bits, material, leaks)


def _aside(findings: Iterable[Finding]) -> set[str]:
    """The names of files that are set aside."""
    return {finding.name for finding in findings if finding.set_aside}


def _checked(material: Material, checks: Sequence[Check], track: Track) -> Iterator[Finding]:
    """What the checks find, the surest of each first."""
    if not (material.dataset.samples and checks):
        return
    for check in track(checks, "checking", len(checks)):
        yield from sorted(check(material), key=lambda finding: -finding.score)


def _read(
    dataset: Dataset, store: PixelStore, track: Track
) -> tuple[dict[str, Picture], PixelStore, int]:
    """What the files turned out to be, the store of their pixels, and the depth of deep ones."""
    pictures = _pictures(dataset, store, track)
    bits = common_bits(picture.bits for picture in pictures.values())
    if bits:
        plain, store = store, pixel_store(store.picture_shape, bits)
        copy_alike(pictures.values(), plain, store)
        pictures = _pictures(dataset, store, track)
    return pictures, store, bits


def _pictures(dataset: Dataset, store: PixelStore, track: Track) -> dict[str, Picture]:
    """What each file turned out to be, by the name of its sample; their pixels are in the store."""
    if dataset.shape:
        reading = stored_pictures(dataset.samples, store)
    else:
        reading = decode_files((sample.path for sample in dataset.samples), store)
    doing = f"reading pictures at {store.bits} bits" if store.bits else "reading pictures"
    read = track(reading, doing, len(dataset))
    return {s.name: picture for s, picture in zip(dataset.samples, read, strict=True)}
