"""What the checks of an audit look at, of pictures that are drawn on the spot."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from diptych.auditing.checks import Check
from diptych.auditing.features import image_features
from diptych.auditing.material import Material
from diptych.auditing.report import Finding
from diptych.data.dataset import Dataset
from diptych.images.decoding import decode_files, pixel_store
from diptych.sources import read
from diptych.system.progress import unwatched


def saved(root: Path, pictures: Mapping[str, Image.Image]) -> Path:
    """A folder of pictures, by their names with the label before the slash."""
    for name, picture in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(root / name, exif=picture.getexif())
    return root


def material_of(root: Path, *, features: bool = False) -> Material:
    """All pictures of a folder, decoded as an audit does."""
    dataset: Dataset = read(root)
    store = pixel_store(dataset.shape_at(288))
    found = decode_files((sample.path for sample in dataset.samples), store)
    pictures = {s.name: picture for s, picture in zip(dataset.samples, found, strict=True)}
    sound = dataset.with_samples(
        s._replace(digest=pictures[s.name].digest) for s in dataset.samples
    )
    features_ND = image_features(sound, store, unwatched) if features else None
    return Material(sound, pictures, store, {}, features_ND)


def found(material: Material, checks: Iterable[Check]) -> dict[str, list[str]]:
    """The names of pictures with each issue."""
    issues: dict[str, list[str]] = {}
    for check in checks:
        for finding in check(material):
            issues.setdefault(finding.issue, []).append(finding.name)
    return issues


def details(findings: Iterable[Finding]) -> list[str]:
    return [finding.detail for finding in findings]
