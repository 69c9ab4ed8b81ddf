"""What people call the parts of a data set, as folders and in tables."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from pathlib import PurePosixPath

from diptych.errors import InputError

# By their names in small letters, without spaces, signs and accents. Other languages than English
# stand here with words that mean nothing else.
_WORDS = {
    "train": (
        *("train", "training", "trn", "trainingsdaten", "entrenamiento"),
        "entrainement",
        *("addestramento", "treino", "treinamento", "обучение", "训练", "訓練", "학습", "훈련"),
    ),
    "valid": (
        *("val", "valid", "validate", "validation", "validating", "dev", "publictest"),
        *("validierung", "validierungsdaten", "validacion", "validacao", "validazione"),
        *("валидация", "验证", "検証", "검증"),
    ),
    "test": (
        *("test", "testing", "tst", "privatetest", "holdout", "heldout", "eval", "evaluation"),
        *("testdaten", "teste", "prueba", "pruebas", "тест", "测试", "テスト", "테스트"),
    ),
}
PART_NAMES = {name: part for part, names in _WORDS.items() for name in names}

# What stands before or after such a name and says no more: train_images, seg_test, 01_train.
_FILLERS = (
    *("set", "sets", "data", "dataset", "datasets", "split", "splits", "part", "folder", "files"),
    *("images", "image", "imgs", "img", "pictures", "photos", "pics", "jpg", "jpeg", "png"),
    *("seg", "cls", "raw", "final", "original", "cropped", "resized", "samples", "examples"),
    *("mini", "small", "aug", "augmented"),
    *("list", "lists", "filelist", "imagelist", "file"),
    *("ilsvrc2012", "ilsvrc", "imagenet", "集", "データ", "데이터", r"\d"),
)
_FILLER = "|".join(sorted(_FILLERS, key=len, reverse=True))
_NAME = "|".join(sorted(PART_NAMES, key=len, reverse=True))
_PART = re.compile(f"(?:{_FILLER})*({_NAME})(?:{_FILLER})*")
# assets_train and AssetsTrain are two words each.
_WORD = re.compile(r"[^\W_]+")
_BEFORE_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# train, Images and CSV of trainImagesCSV.
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_BOTH = re.compile(f"(?:{_FILLER})*trainval(?:{_FILLER})*")
# Words that are parts only beside one another.
_SHORT = {"tr": "train", "va": "valid", "te": "test"}
_EITHER = re.compile(f"(?:{_FILLER})*(eval|evaluation)(?:{_FILLER})*")


def part_of(text: str, where: str) -> str:
    """The part that a cell names; "" where it names none.

    Raises InputError, beginning with `where` the cell is, for anything else.
    """
    part = part_named(text)
    if text.strip() and not part:
        raise InputError(f"{where}: no part '{text}'; it may be train, valid or test")
    return part


@lru_cache(2**14)
def part_named(text: str) -> str:
    """The part that a name is one of, in any of its usual spellings; "" for other names."""
    match = _PART.fullmatch(_plain(text))
    return PART_NAMES[match[1]] if match else ""


def parts_named(names: Collection[str]) -> dict[str, str]:
    """The part of each name that is one of a part, where they stand side by side.

    Names of several parts may have more in common that says no more: asl_train and asl_test. Beside
    a test part, an evaluation is what others call the validation part; trainval is to train on
    beside such parts, where nothing else is; tr, va and te are parts together.
    """
    parts = {name: part for name in names if (part := part_named(name))}
    short = {name: part for name in names if (part := _SHORT.get(_plain(name), ""))}
    if "train" in short.values() and len({*short.values(), *parts.values()}) > 1:
        parts |= short
    parts = parts or _with_more(names)
    if parts and "train" not in parts.values():
        parts |= {name: "train" for name in names if _BOTH.fullmatch(_plain(name))}
    either = {name for name in parts if _EITHER.fullmatch(_plain(name))}
    others = {part for name, part in parts.items() if name not in either}
    if "test" in others and "valid" not in others:
        parts |= dict.fromkeys(either, "valid")
    return parts


@lru_cache(maxsize=2**16)
def folder_part(path: str) -> str:
    """The part that one of the folders of a path is called after; "" where none is."""
    return next(filter(None, map(part_in, path.split("/"))), "")


@lru_cache(maxsize=2**12)
def part_in(word: str) -> str:
    """The part that a name speaks of: of train_images, trainLabels.csv, Testing; "" for none."""
    whole = PART_NAMES.get(word.casefold().replace(" ", "").replace("_", ""), "")
    tokens = {PART_NAMES.get(token.lower(), "") for token in _TOKENS.findall(word)} - {""}
    return whole or (tokens.pop() if len(tokens) == 1 else "")


def are_parts(parts: Collection[str]) -> bool:
    """Whether each of some files is of a part, by its folder, and some are to train on, not all."""
    return all(parts) and "train" in parts and len(set(parts)) > 1


def parts_of_tables(names: Collection[str]) -> dict[str, str]:
    """The part that each of several tables is of, by what it is called, the training one first.

    Nothing where there is none to train on, or two are of one part.
    """
    stems = {PurePosixPath(name).name.partition(".")[0]: name for name in names}
    parts = {stems[stem]: part for stem, part in parts_named(stems).items()}
    if len(set(parts.values())) != len(parts) or len(parts) < 2 or "train" not in parts.values():
        return {}
    return dict(sorted(parts.items(), key=lambda one: one[1] != "train"))


def _with_more(names: Collection[str]) -> dict[str, str]:
    """The part of each name that has a word for one, where several have the same other words."""
    alike: dict[tuple[str, ...], dict[str, str]] = {}
    for name in names:
        words = _WORD.findall(_BEFORE_CAPITAL.sub(" ", name))
        parts = [part for word in words if (part := part_named(word))]
        if len(parts) == 1:
            rest = tuple(_plain(word) for word in words if not part_named(word))
            alike.setdefault(rest, {})[name] = parts[0]
    several = [found for found in alike.values() if len(set(found.values())) == len(found) > 1]
    return several[0] if len(several) == 1 else {}


def _plain(text: str) -> str:
    """A name in small letters, without spaces, signs and accents."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    # Marks of other scripts are letters there: テ with one is another letter, デ.
    composed = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", letters))
    return re.sub(r"[\W_]+", "", composed)
