import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from conftest import picture
from diptych import audit, read
from diptych.errors import InputError

X = np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8)


def test_arrays_come_as_pixels() -> None:
    for given in (X, X[..., None], list(X), tuple(X)):
        data = read(given, [7, 10, 10, 7])
        assert (data.shape, data.classes) == ((8, 8, 1), ("7", "10"))
        assert [s.label for s in data.samples] == ["7", "10", "10", "7"]
    assert read(np.stack([X] * 3, -1), list("abab")).shape == (8, 8, 3)
    assert audit(read(X, list("abab"))).used == 4


def test_names_of_files_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        picture(len(name)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    data = read(["a/1.png", Path("b/../b/1.png"), "a/1.png", "b/2.png"], ["x", "y", "x", "y"])
    assert data.root == tmp_path
    assert [s.name for s in data.samples] == ["a/1.png", "b/1.png", "a/1.png:3"]
    assert [(s.name, s.reason) for s in data.strays] == [("b/2.png", "missing")]
    assert data.samples[0].path == tmp_path / "a" / "1.png"


def test_pictures_of_any_size_and_kind_are_read(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "a.png")
    file = io.BytesIO()
    picture(2).save(file, "JPEG")
    items = [tmp_path / "a.png", file, file.getvalue(), picture(3, 40), np.asarray(picture(4, 50))]
    data = read([*items, b"no picture", b""], [0, 1, 0, 1, 0, 1, 1])
    found = audit(data, size=32)
    assert data.classes == ("0", "1")
    assert found.reasons == {"picture 6": "not an image", "picture 3": "two labels",
                             "picture 2": "two labels", "picture 7": "empty"}  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, 20, 3, 20], ("3", "20")),
        ([1.0, 2.0, 1.0, 2.0], ("1", "2")),
        ([True, False, True, True], ("False", "True")),
        (np.array([2, 1, 1, 2], np.int64), ("1", "2")),
        (np.array(["b", "a", "a", "b"]), ("a", "b")),
        ((" a", "b", "a", "b "), ("a", "b")),
    ],
)
def test_labels_are_words_and_numbers(labels: Any, classes: tuple[str, ...]) -> None:
    assert read(X, labels).classes == classes


def test_a_test_part_comes_as_a_pair() -> None:
    data = read(X, list("abab"), test=(255 - X, list("abab")))
    assert [s.part for s in data.samples] == ["train"] * 4 + ["test"] * 4


@pytest.mark.parametrize(
    ("pictures", "labels", "complaint"),
    [
        (X, ["a"], "4 pictures and 1 labels"),
        (X, None, r"an array of uint8 \(4, 8, 8\) is no folder or table; .* want a label each"),
        (["a.png"], None, r"a list is no folder or table; .* read\(pictures, labels\)"),
        (X.astype(float), list("abab"), "pictures are uint8, from 0 to 255"),
        (X.reshape(4, 64), list("abab"), "pictures are uint8"),
        (X.reshape(4, 1, 8, 8), list("abab"), "with the colours last"),
        (X, np.eye(4), r"one a picture, \(N,\), not an array of float64 \(4, 4\)"),
        (X, "abab", "want a label each, not 'abab'"),
        (X, [1, 2, 1.5, 2], "label 3: 1.5 is no class"),
        (X, [1, 2, None, 2], "label 3: None is no class"),
        (X, [1, 2, float("nan"), 2], "label 3: nan is no class"),
        (X, ["a", "b", " ", "b"], "label 3: ' ' is no class"),
        (X, ["a", "b", "none of these", "b"], "no class may be called"),
        ([0, 1], X[:2], "labels are one a picture"),
        ([0, 1], ["a", "b"], "picture 1: 0 is no picture"),
        ([X, X], ["a", "b"], "pictures are uint8"),
        ("photos", ["a", "b"], "'photos' is no list of pictures"),
        ([], [], "there is no picture in it"),
        (["absent/1.png", "absent/2.png"], [0, 1], "none of the 2 pictures can be read: missing"),
    ],
)
def test_a_wrong_call_is_one_line(pictures: Any, labels: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read(pictures, labels)
    assert "\n" not in str(caught.value)


def test_a_label_is_the_same_however_it_is_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "Käse")
    assert read(X, [decomposed, "Brot", "Käse", "Brot"]).classes == ("Brot", "Käse")


class OnAnotherDevice:
    """An array that is not in memory."""

    shape = (4,)

    def __array__(self, *_: object) -> NoReturn:
        raise RuntimeError("can't convert a device tensor")

    def __iter__(self) -> Iterator[int]:
        yield from (0, 1, 0, 1)


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [(OnAnotherDevice(), "abab"), ([OnAnotherDevice()] * 4, "abab"), (X, OnAnotherDevice())],
)
def test_an_array_that_is_not_in_memory_is_told_so(pictures: Any, labels: Any) -> None:
    labels = list(labels) if isinstance(labels, str) else labels
    with pytest.raises(InputError, match=r"OnAnotherDevice .*is no array in memory"):
        read(pictures, labels)
