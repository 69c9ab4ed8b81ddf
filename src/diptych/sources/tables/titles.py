"""What people call the columns of tables."""

import re
from collections.abc import Sequence

FILE_TITLES = (
    *("file_name", "filename", "path", "image_path", "image", "file", "filepath", "id", "image_id"),
    *("images", "filepaths", "filenames", "image_name", "img", "img_path", "img_name", "fname"),
    *("image_file", "image_filename", "imagepath", "image_index", "id_code", "name", "picture"),
)
# The surest first; of one line none is surer than another.
LABEL_TITLES = (
    ("label", "labels"),
    (
        *("class", "classes", "target", "targets", "y", "category", "categories", "emotion"),
        *("class_name", "classname", "label_name", "labelname", "class_id", "classid"),
        *("label_id", "class_label", "category_id", "category_name", "ground_truth", "gt", "lbl"),
        *("finding_labels", "image_label", "img_label"),
    ),
    ("diagnosis", "dx", "species", "breed", "variety", "disease", "kind"),
)
PART_TITLES = (
    *("split", "usage", "part", "set", "subset", "fold", "data_set", "dataset", "partition"),
    *("phase", "tvt", "train_test", "sets"),
)
FOLD = re.compile(r"(k_?)?folds?(_?(id|no|nr|number|idx|index))?|cv_?fold")
# What a column of True and False is called, and the part of what is true.
_OF_TRUE = {
    "valid": ("valid", "val", "validation"),
    "test": ("test", "testing", "holdout"),
    "train": ("train", "training"),
}
TRUE_FOR = {
    f"{first}_{word}{last}": part
    for part, words in _OF_TRUE.items()
    for word in words
    for first in ("is", "in", "used_for", "for")
    for last in ("", "_set", "_image", "_data", "_split", "set")
}
# The same of titles that may be classes too, such as train beside bus.
MAYBE_TRUE_FOR = {"train": "train", "training": "train", "valid": "valid", "val": "valid"}
MAYBE_TRUE_FOR |= {"validation": "valid", "test": "test", "testing": "test", "holdout": "test"}
# Of whom or what several pictures were taken; then what else keeps pictures together.
_SUBJECT = (
    r"patients?|subjects?|persons?|participants?|cases?|donors?|lesions?|individuals?|slides?"
    r"|stud(y|ies)|videos?|volunteers?|sessions?"
)
_TOGETHER = (
    r"sources?|scenes?|sequences?|animals?|users?|authors?|clips?|plants?|specimens?|groups?"
    r"|tracks?|bursts?|sites?|batch|wells?"
)
GROUPS = re.compile(rf"(^|_)({_SUBJECT}|{_TOGETHER})(_|$|id)")
_SUBJECTS = re.compile(rf"(^|_)({_SUBJECT})(_|$|id)")
# How, where and when a picture was taken, and who is on it: labels of few data sets.
_FACTS = re.compile(
    r"(^|_)(age|sex|gender|ethnicity|race|weight|height|width|length|size|area|x|y|z|x_?min|y_?min"
    r"|x_?max|y_?max|roi|bbox|camera|lens|iso|exposure|aperture|focal|flash|model|make|device"
    r"|scanner|manufacturer|machine|magnification|mag|zoom|resolution|dpi|channels?|format|mode"
    r"|laterality|side|eye|view|position|orientation|angle|rotation|pose|projection|implant"
    r"|country|city|region|location|place|room|hospital|center|centre|clinic|institution|lab|node"
    r"|date|time|timestamp|year|month|day|hour|season|weather|light|lighting|illumination|night"
    r"|photographer|author|license|licence|url|rating|caption|description|notes?|comments?|frames?"
    r"|seq(uence)?|num(ber)?|count|index|idx|version|annotator|rater|reader)(_|$|id)"
)
# What a column of numbers counts, which names no file whatever files are called.
_MEASURE = r"ages?|weight|height|bmi"
_AMOUNT = re.compile(
    rf"(.*_)?({_MEASURE}|visits?|years?|months?|weeks?|days?|width|size|scores?|counts?|amount|sex"
    r"|gender)(_.*)?"
)
_MEASURES = re.compile(rf"({_MEASURE})(_.*)?")
# Beside columns of pixels, where other titles may be anything.
LABELS = ("label", "labels", "class", "target", "y", "category", "emotion")
# What a column is called that holds all numbers of a picture.
TOGETHER = ("pixels",)
_WORDS = re.compile(r"label|class|category|name|species|kind|type|breed|diagnosis")


def plain(title: str) -> str:
    """A title in small letters, its words parted by one underscore: "Image Index", "imageIndex"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", title.strip())
    return re.sub(r"[^\w]+|_+", "_", parted.casefold()).strip("_")


def column(titles: Sequence[str], names: Sequence[str]) -> int | None:
    """The position of the first of the names that is a title, in small letters or capitals."""
    lower = [title.strip().lower() for title in titles]
    return next((lower.index(name) for name in names if name in lower), None)


def rank(title: str, names: Sequence[str]) -> int:
    """How usual a title is: its position among names, or their number where it is not there."""
    forms = plain(title), title.strip().casefold()
    return min(names.index(form) if form in names else len(names) for form in forms)


def label_tier(title: str) -> int:
    """How surely a title means labels: 0 is the surest, the number of tiers not at all."""
    tiers = (i for i, names in enumerate(LABEL_TITLES) if rank(title, names) < len(names))
    return next(tiers, len(LABEL_TITLES))


def is_label_title(title: str) -> bool:
    """Whether a column of such a title surely has labels."""
    return label_tier(title) < len(LABEL_TITLES)


def is_file_title(title: str) -> bool:
    """Whether a column that names files is called so."""
    return rank(title, FILE_TITLES) < len(FILE_TITLES)


def is_of_amounts(title: str) -> bool:
    """Whether a column of numbers is called as ages, folds and other amounts are."""
    own = plain(title)
    return bool(_AMOUNT.fullmatch(own) or FOLD.fullmatch(own)) or is_part_title(title)


def is_of_measures(title: str) -> bool:
    """Whether a column of numbers is called as what is measured of people, and no classes."""
    return bool(_MEASURES.fullmatch(plain(title)))


def is_part_title(title: str) -> bool:
    """Whether a column of parts or folds is called so."""
    return rank(title, PART_TITLES) < len(PART_TITLES)


def is_fact_title(title: str) -> bool:
    """Whether a column of such a title says how, where or of whom a picture was taken."""
    own = plain(title)
    return bool(_FACTS.search(own) or GROUPS.search(own))


def is_subject(title: str) -> bool:
    """Whether a column of such a title says of whom or what several pictures were taken."""
    return bool(_SUBJECTS.search(plain(title)))


def may_name_classes(title: str) -> bool:
    """Whether a column of such a title may say in words what another says in numbers."""
    return bool(_WORDS.search(plain(title)))


def may_be_parts(title: str) -> bool:
    """Whether a title is one that columns of parts, folds or groups have, rather than labels."""
    own = plain(title)
    named = is_part_title(title) or own in TRUE_FOR or own in MAYBE_TRUE_FOR
    return named or bool(FOLD.fullmatch(own) or GROUPS.search(own))
