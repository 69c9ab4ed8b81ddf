"""Pictures and labels that lie in arrays: MNIST's own files, Keras' and MedMNIST's .npz, .npy."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.data.places import Address
from diptych.errors import InputError, nearest, shortened
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.sources.endings import ANY_PICTURES
from diptych.sources.foreign import refuse_foreign_folder
from diptych.sources.meaning import Meaning
from diptych.sources.part_labels import refuse_unlearned
from diptych.sources.pixels.adding import add_pixels, class_names
from diptych.sources.pixels.array_facts import ArrayFacts, facts_beside, names_of
from diptych.sources.pixels.array_labels import labels_of
from diptych.sources.pixels.array_names import Pair, labels_beside, pairs, refuse_as_fact
from diptych.sources.pixels.array_pictures import ArrayPictures, as_pictures, range_of
from diptych.sources.pixels.number_arrays import (
    NumberArray,
    arrays_in,
    is_array_name,
    is_idx,
    key_of,
)
from diptych.sources.pixels.ranges import Range
from diptych.sources.pixels.shapes import mirrored
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import other_files, shown

_NO_LABEL = {"-1", "-1.0"}
USED = ("label", "part", "group", "fold", "shape", "value_range")


def holds_arrays(path: Path) -> bool:
    """Whether a file holds arrays, by its name or its beginning."""
    return is_array_name(path.name) or (path.suffix.lower() in ("", ".gz") and is_idx(path))


def are_arrays(tree: Tree) -> bool:
    """Whether a tree holds arrays, and no files of pictures.

    Raises InputError where it holds arrays of kinds that are not opened.
    """
    others = other_files(tree)
    if not others or any(
        name.lower().endswith(ANY_PICTURES) and shown([name]) for name in tree.names
    ):
        return False
    if any(map(is_array_name, others)):
        return True
    refuse_foreign_folder(tree)
    return False


def array_files(tree: Tree) -> list[str]:
    """The files of a tree that are called as those of arrays are."""
    return list(filter(is_array_name, other_files(tree)))


def read_array_folder(tree: Tree, meaning: Meaning, expected: PixelFormat) -> Dataset:
    """The pictures and labels in the arrays of a tree, as `read_arrays`; other files are strays."""
    keys: dict[str, str] = {}
    strays = list(tree.strays)
    for name in sorted(array_files(tree), key=lambda name: (len(name), name)):
        # MNIST's files often lie beside what was unpacked of them.
        if (other := keys.setdefault(key_of(name), name)) != name:
            strays.append(Stray(name, "not used", f"{other} is the same, unpacked"))
    arrays: dict[str, NumberArray] = {}
    for key, name in keys.items():
        inside = arrays_in(tree.place(name))
        many = name.lower().endswith(".npz")
        alone = len(keys) == 1
        arrays |= {(f"{key}/{a.key}" if not alone else a.key) if many else key: a for a in inside}
    for name in tree.names:
        if name not in keys.values() and not any(stray.name == name for stray in strays):
            strays.append(Stray(name, "not used", "it is no array of pictures or labels"))
    return _dataset(tree.root, arrays, meaning, expected, strays)


def read_array_file(path: Path, meaning: Meaning, expected: PixelFormat) -> Dataset:
    """The pictures and labels in a file; the labels of IDX and .npy lie in one beside it."""
    arrays = {array.key: array for array in arrays_in(path)}
    if path.suffix.lower() != ".npz":
        beside = {
            key_of(other.name): other
            for other in sorted(path.parent.iterdir(), reverse=True)
            if other != path and is_array_name(other.name) and other.is_file()
        }
        wanted = meaning.label or labels_beside(key_of(path.name), beside)
        arrays = {key_of(path.name): array for array in arrays.values()}
        if wanted in beside:
            arrays[wanted] = arrays_in(beside[wanted])[0]
    return _dataset(path, arrays, meaning, expected, [])


def read_array_pixels(path: Path, expected: PixelFormat) -> Iterator[tuple[list[str], Pixels]]:
    """Names and pixels (N, *shape) of a file of arrays, with or without labels.

    Raises what `read_array_file` raises.
    """
    arrays = {key_of(array.key): array for array in arrays_in(path)}
    found = pairs(path, arrays, Meaning())
    pictures = [as_pictures(pair.images, Meaning(), expected) for pair in found]
    ends, why = range_of(pictures, Meaning(), expected)
    for one in pictures:
        done = 0
        for pixels_NHWC in one.pixels(ends, why):
            yield names_of(one.array, done, len(pixels_NHWC)), pixels_NHWC
            done += len(pixels_NHWC)


def _dataset(
    root: Path | Address,
    arrays: Mapping[str, NumberArray],
    meaning: Meaning,
    expected: PixelFormat,
    strays: Sequence[Stray],
) -> Dataset:
    """Every picture as a sample whose pixels are in the cache."""
    meaning.refuse_unused(root, "pictures in arrays", *USED)
    said = _said(root, arrays, meaning)
    free = {key: array for key, array in arrays.items() if array not in said.values()}
    found, aside = _labelled(pairs(root, free, meaning))
    strays = (*strays, *aside)
    if (said or meaning.fold is not None) and len(found) > 1:
        raise InputError(
            f"{root}: --part, --fold and --group are for pictures in one array, not several"
        )
    pictures = [as_pictures(pair.images, meaning, expected) for pair in found]
    if len({one.shape for one in pictures}) > 1:
        sizes = ", ".join(f"{one.array.key} {one.shape}" for one in pictures)
        raise InputError(f"{root}: the parts have pictures of different shapes: {sizes}")
    ends, why = range_of(pictures, meaning, expected)
    labels = [labels_of(pair) for pair in found]
    names = class_names(root, "the labels", [one for part in labels for one in part if one])
    called = [[names[label] if label else "" for label in part] for part in labels]
    facts = facts_beside(root, arrays, found, said, called[0], meaning)
    samples, unlabelled = _samples(found, pictures, called, facts, ends, why)
    shape = pictures[0].shape
    planar = pictures[0].planar if pictures[0].flat and shape[2] == 3 else None
    values = PixelValues(*ends, planar)
    unused = {key: array for key, array in arrays.items() if key not in facts.used}
    note = "\n".join((_note(root, unused, found, pictures, values, why), *facts.said.notes))
    data = Dataset(
        root, in_order(names.values()), tuple(samples), (*strays, *unlabelled), shape, note,
        facts.said.columns,
        values=values,
    )  # fmt: skip
    return refuse_unlearned(data)


def _samples(
    found: Sequence[Pair],
    pictures: Sequence[ArrayPictures],
    labels: Sequence[Sequence[str]],
    facts: ArrayFacts,
    ends: Range,
    why: str,
) -> tuple[list[Sample], list[Stray]]:
    """Every picture as a sample whose pixels are in the cache, or as a stray without a label."""
    samples, unlabelled = list[Sample](), list[Stray]()
    for pair, one, own in zip(found, pictures, labels, strict=True):
        parts, groups = facts.of(pair, len(own))
        added = zip(_added(one, ends, why), own, parts, groups, strict=True)
        for (name, digest), label, part, group in added:
            if label:
                samples.append(Sample(name, label, one.array.file, part, group, digest))
            else:
                unlabelled.append(Stray(name, "no label", "its label is empty"))
    return samples, unlabelled


def _said(
    root: object, arrays: Mapping[str, NumberArray], meaning: Meaning
) -> dict[str, NumberArray]:
    """The arrays that were named for parts and groups; raises InputError where there is none."""
    named = [("part", meaning.part), *(("group", one) for one in meaning.group)]
    said: dict[str, NumberArray] = {}
    for option, key in named:
        if key is None:
            continue
        if key not in arrays:
            raise InputError(
                f"{root}: --{option} {key}: no array is called so{nearest(key, arrays)}"
            )
        if meaning.label is None:
            refuse_as_fact(root, arrays, key, option)
        said[key] = arrays[key]
    return said


def _labelled(found: Sequence[Pair]) -> tuple[Sequence[Pair], list[Stray]]:
    """The parts but those to test on that have no labels beside others that have: strays.

    Labels that are -1 throughout are none: so a test is published whose labels are kept secret.
    """
    why: dict[str, str] = {}
    for pair in found:
        if pair.part in ("valid", "test") and not pair.label:
            if pair.labels is None:
                why[pair.part] = "there are no labels of it"
            elif pair.labels.dtype.kind in "if" and set(labels_of(pair)) <= _NO_LABEL:
                why[pair.part] = f"{pair.labels.key} says -1 of every picture"
    kept = [pair for pair in found if pair.part not in why]
    if not kept:
        return found, []
    return kept, [
        Stray(
            pair.images.name,
            "unlabelled",
            f"{pair.images.shape[0]:,} pictures: {why[pair.part]}; `diptych predict` answers for "
            "such",
        )
        for pair in found
        if pair.part in why
    ]


def _added(pictures: ArrayPictures, ends: Range, why: str) -> Iterator[tuple[str, str]]:
    """The name and digest of each picture, whose pixels are then in the cache."""
    store, done = pixel_store(pictures.shape), 0
    for pixels_NHWC in pictures.pixels(ends, why):
        digests = add_pixels(store, pixels_NHWC)
        yield from zip(names_of(pictures.array, done, len(digests)), digests, strict=True)
        done += len(digests)


def _note(
    root: Path | Address,
    arrays: Mapping[str, NumberArray],
    found: Sequence[Pair],
    pictures: Sequence[ArrayPictures],
    values: PixelValues,
    why: str,
) -> str:
    """What was inferred, in a line."""
    size = "×".join(map(str, pictures[0].shape))
    count = sum(one.array.shape[0] for one in pictures)
    first = pictures[0].planar and not pictures[0].flat
    said = [f"{count:,} pictures of {size}{' with the channels first' if first else ''}"]
    classes = [pair.label for pair in found if pair.label]
    said += [f"each file is a class ({shortened(classes, 3)})"] * bool(classes)
    said += [
        f"{pair.images.key} with the labels of {_key(pair.labels)}"
        for pair in found
        if not pair.label
    ]
    said.append(f"values {values}{why and ' ('}{why}{why and ')'}")
    used = [array for pair in found for array in (pair.images, pair.labels)]
    if rest := [key for key, array in arrays.items() if array not in used]:
        said.append(f"not used: {shortened(rest, 4)}")
    said += filter(None, {mirrored(one.array.name) for one in pictures})
    return f"{root.name}: {', '.join(said)}"


def _key(array: NumberArray | None) -> str:
    return array.key if array is not None else ""
