"""What arrays hold, as their names say: x_train, test_labels, t10k-images-idx3-ubyte."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from diptych.errors import InputError, nearest
from diptych.sources.meaning import Meaning
from diptych.sources.parts import PART_NAMES
from diptych.sources.pixels.number_arrays import NumberArray

IMAGES = frozenset(
    ("x", "images", "image", "imgs", "img", "data", "pixels", "pictures", "features", "inputs")
)
LABELS = frozenset(("y", "labels", "label", "targets", "target", "classes", "class"))
# Of these an array may be, and is then neither pictures nor labels.
_ABOUT = frozenset(("names", "name", "mean", "std", "ids", "id", "meta", "weights", "index"))
_NOISE = frozenset(("idx", "ubyte", "npz", "npy", "raw", "gz"))
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
# Quick, Draw! has it before the class.
_QUICK_DRAW = re.compile(r"full(_|%2F)numpy_bitmap(_|%2F)", re.IGNORECASE)
_UNNAMED = re.compile(r"arr_\d+")
_JOINED = re.compile(r"(x|y)(\w+)|(\w+)(x|y)")


class Pair(NamedTuple):
    """Pictures, with their labels where there are some, of one part."""

    part: str
    images: NumberArray
    labels: NumberArray | None
    label: str = ""  # of all of them, where a file holds one class


class _Name(NamedTuple):
    role: str  # "images", "labels" or ""
    part: str
    rest: frozenset[str]  # the other words, which tell one data set from another


def pairs(where: object, arrays: Mapping[str, NumberArray], meaning: Meaning) -> list[Pair]:
    """The pictures of each part with their labels, by what the arrays are called.

    Raises InputError where that does not tell which is which.
    """
    names = {key: _parsed(key) for key in arrays}
    if meaning.label is not None:
        names = _with_label(where, names, meaning.label)
    elif _are_classes(arrays, names):
        return [Pair("", array, None, _class_of(key)) for key, array in arrays.items()]
    if not any(name.role == "images" for name in names.values()):
        names = _with_images(where, arrays, names)
    found = []
    for part in dict.fromkeys(name.part for name in names.values()):
        images, labels = (
            [key for key, name in names.items() if (name.role, name.part) == (role, part)]
            for role in ("images", "labels")
        )
        if len(images) > 1:
            raise InputError(
                f"{where}: {_listed(images)} could be the pictures; give one of these files, or "
                "keep one of these arrays"
            )
        if images:
            label = _label_of(where, names, images[0], labels)
            found.append(Pair(part, arrays[images[0]], None if label is None else arrays[label]))
    order = ("train", "valid", "test", "")
    return sorted(found, key=lambda pair: order.index(pair.part))


def _are_classes(arrays: Mapping[str, NumberArray], names: Mapping[str, _Name]) -> bool:
    """Whether each array is a file of its own with the pictures of a class: cat.npy, dog.npy.

    Their names say neither that they are pictures or labels, nor of which part, and differ in more
    than a number. A picture in each file has two sides, which may be equal, or its colours last.
    """
    if len({re.sub(r"\d+", "", key) for key in arrays}) < max(len(arrays), 2):
        return False
    if any(name.role or name.part for name in names.values()):
        return False
    shapes = [array.shape for array in arrays.values()]
    single = all((len(s) == 2 and s[0] == s[1]) or (len(s) == 3 and s[2] in (1, 3)) for s in shapes)
    alone = all(array.file.suffix.lower() == ".npy" for array in arrays.values())
    alike = len({shape[1:] for shape in shapes}) == 1 and len(shapes[0]) in (2, 3, 4)
    return alone and alike and not single and not any("/" in key for key in arrays)


def _class_of(key: str) -> str:
    return _QUICK_DRAW.sub("", key)


def refuse_as_fact(where: object, arrays: Mapping[str, NumberArray], key: str, option: str) -> None:
    """Raise InputError for an array that was said to say parts or groups, and has to have more."""
    names = {own: _parsed(own) for own in arrays}
    role = names[key].role
    if role and not any(name.role == role for own, name in names.items() if own != key):
        what = "the pictures" if role == "images" else "their labels"
        raise InputError(f"{where}: --{option} {key}: this array has {what}; name another")


def labels_beside(images: str, others: Iterable[str]) -> str | None:
    """The array that has the labels of these pictures, by its name."""
    wanted = _parsed(images)._replace(role="labels")
    return next((key for key in others if _parsed(key) == wanted), None)


def _parsed(key: str) -> _Name:
    words = set[str]()
    for word in _WORD.findall(key.replace("t10k", "test")):
        lower = word.lower()
        joined = _JOINED.fullmatch(lower)
        letters = [one for one in joined.groups() if one] if joined else []
        words |= set(letters) if set(letters) & set(PART_NAMES) else {lower}
    parts = {PART_NAMES[word] for word in words if word in PART_NAMES}
    part = parts.pop() if len(parts) == 1 else ""
    role = "" if words & _ABOUT else "labels" if words & LABELS else ""
    role = role or ("images" if words & IMAGES and not words & _ABOUT else "")
    rest = words - IMAGES - LABELS - _NOISE - set(PART_NAMES)
    return _Name(role, part, frozenset(word for word in rest if not word.isdigit()))


def _with_label(where: object, names: Mapping[str, _Name], label: str) -> dict[str, _Name]:
    """The names where only arrays that were named as labels are labels."""
    wanted = frozenset(word.lower() for word in _WORD.findall(label))
    chosen = {
        key
        for key in names
        if key == label or wanted <= frozenset(word.lower() for word in _WORD.findall(key))
    }
    if label in names:
        chosen = {label}
    if not chosen:
        raise InputError(f"{where}: --label {label}: no array is called so{nearest(label, names)}")
    if all(names[key].role == "images" for key in chosen):
        raise InputError(
            f"{where}: --label {label}: {_listed(sorted(chosen))} has the pictures; --label NAME "
            "says where their labels are"
        )
    return {
        key: name._replace(role="labels" if key in chosen else name.role.replace("labels", ""))
        for key, name in names.items()
    }


def _with_images(
    where: object, arrays: Mapping[str, NumberArray], names: Mapping[str, _Name]
) -> dict[str, _Name]:
    """The names where the only array that can be pictures is; of several, somebody has to say."""
    labels = [key for key, name in names.items() if name.role == "labels"]
    able = [key for key in arrays if len(arrays[key].shape) > 1 and key not in labels]
    others = [key for key in arrays if key not in able]
    if len(able) == len(others) == 1 and all(map(_UNNAMED.fullmatch, arrays)):
        # numpy.savez(path, x, y) calls them arr_0 and arr_1.
        roles = {able[0]: "images", others[0]: "labels"}
        return {key: name._replace(role=roles[key]) for key, name in names.items()}
    if len(able) == 1 and (labels or len(arrays) == 1):
        return {**names, able[0]: names[able[0]]._replace(role="images")}
    if not able:
        raise InputError(f"{where}: there are no pictures in {_listed(arrays)}; give those too")
    shapes = ", ".join(f"{key} {arrays[key].shape}" for key in list(arrays)[:6])
    if len(able) > 2 and not labels and all("/" in key for key in able):
        raise InputError(
            f"{where}: a picture in each .npy is not read, such as {able[0]} "
            f"{arrays[able[0]].shape}; write them as PNG files into the same folders, or save all "
            "in one file: numpy.savez('data.npz', images=…, labels=…)"
        )
    raise InputError(
        f"{where}: it is not clear what is pictures and what is labels among {shapes}; say which "
        "are labels with --label NAME, or call them images and labels"
    )


def _label_of(
    where: object, names: Mapping[str, _Name], images: str, labels: Sequence[str]
) -> str | None:
    if len(labels) > 1:
        same = [key for key in labels if names[key].rest == names[images].rest]
        labels = same if len(same) == 1 else labels
    if len(labels) > 1:
        raise InputError(
            f"{where}: labels may be in {_listed(labels)}; say which with --label NAME"
        )
    return labels[0] if labels else None


def _listed(keys: Iterable[str]) -> str:
    names = list(keys)
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
