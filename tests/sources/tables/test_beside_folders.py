"""Tables whose files lie in folders that could be parts, classes or series as well."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]
NAMES = [f"{i:02d}.jpg" for i in range(20)]


def table(title: str, *cells: Callable[[int], object], names: list[str] = NAMES) -> list[str]:
    rows = [",".join([name, *(str(of(i)) for of in cells)]) for i, name in enumerate(names)]
    return [title, *rows]


@pytest.mark.parametrize("folder", ["train", "train_images", "test", "images/train"])
@pytest.mark.parametrize("name", ["metadata.csv", "labels.csv"])
def test_a_column_of_parts_outranks_a_folder_that_holds_all(
    laid: Laid, folder: str, name: str
) -> None:
    rows = table("file,label,split", lambda i: "ab"[i % 2], lambda i: ("train", "test")[i // 15])
    data = read(laid([f"{folder}/{one}" for one in NAMES], {name: rows}))
    assert Counter(s.part for s in data.samples) == {"train": 15, "test": 5}
    assert "all lie in a folder of" in data.note


def test_a_name_in_two_parts_is_not_taken_from_one_folder(laid: Laid) -> None:
    rows = ["file,label,split", *(f"{i:02d}.jpg,a,train" for i in range(10))]
    rows += [f"{i:02d}.jpg,b,test" for i in range(10)]
    rows += [f"{i:02d}.jpg,b,train" for i in range(10, 20)]
    data = read(laid([f"train/{one}" for one in NAMES], {"labels.csv": rows}))
    assert {s.part for s in data.samples} == {"train"}
    assert sum(stray.reason == "missing" for stray in data.strays) == 10


def test_parts_of_class_folders_in_one_part_are_those_of_the_table(laid: Laid) -> None:
    files = [f"train/{'xy'[i % 2]}/{one}" for i, one in enumerate(NAMES)]
    rows = table("file,split", lambda i: ("train", "test")[i // 15])
    data = read(laid(files, {"facts.csv": rows}))
    assert Counter(s.part for s in data.samples) == {"train": 15, "test": 5}
    assert "which says no more" in data.note


def test_a_list_of_a_part_outranks_a_folder_that_holds_all(laid: Laid) -> None:
    files = [f"train/{'xy'[i % 2]}/{one}" for i, one in enumerate(NAMES)]
    data = read(laid(files, {"test.txt": files[:6]}))
    assert Counter(s.part for s in data.samples) == {"train": 14, "test": 6}


@pytest.mark.parametrize("folders", [("images", "thumbnails"), ("CC", "MLO"), ("big", "small")])
def test_names_that_are_in_two_folders_are_asked_about(
    laid: Laid, folders: tuple[str, str]
) -> None:
    files = [f"{folder}/{one}" for folder in folders for one in NAMES]
    root = laid(files, {"labels.csv": table("file,label", lambda i: "ab"[i % 2])})
    with pytest.raises(InputError, match=r"2 files could be meant|different labels"):
        read(root)
    assert read(root, label="folder:1").classes == folders


def test_labels_tell_files_of_one_name_apart(laid: Laid) -> None:
    files = [f"{folder}/{one}" for folder in ("cat", "dog") for one in NAMES]
    rows = [f"{n},{c},{('train', 'test')[i // 15]}" for c in ("cat", "dog")
            for i, n in enumerate(NAMES)]  # fmt: skip
    data = read(laid(files, {"labels.csv": ["file,label,split", *rows]}))
    assert data.classes == ("cat", "dog")
    assert Counter(s.part for s in data.samples) == {"train": 30, "test": 10}


def test_lists_of_parts_that_mean_two_files_are_asked_about(laid: Laid) -> None:
    files = [f"{folder}/{one}" for folder in ("cat", "dog") for one in NAMES]
    root = laid(files, {"train.txt": NAMES[:15], "test.txt": NAMES[15:]})
    with pytest.raises(InputError, match=r"2 files could be meant: cat/15.jpg, dog/15.jpg"):
        read(root)


def test_a_table_of_one_of_two_folders_is_asked_about(laid: Laid) -> None:
    files = [*(f"images/{n}" for n in NAMES), *(f"png/{n[:-4]}.png" for n in NAMES)]
    root = laid(files, {"labels.csv": table("file,label", lambda i: "ab"[i % 2])})
    with pytest.raises(InputError, match="different labels of its pictures"):
        read(root)


def in_sessions(word: str) -> list[str]:
    return [f"{word}{100 + i // 5}/{one}" for i, one in enumerate(NAMES)]


@pytest.mark.parametrize("word", ["session", "P", ""])
@pytest.mark.parametrize("title", ["quality", "malignant", "outcome"])
def test_folders_of_ids_beside_what_may_be_labels_are_asked_about(
    laid: Laid, word: str, title: str
) -> None:
    names = in_sessions(word)
    root = laid(names, {"t.csv": table(f"path,{title}", lambda i: "ab"[i % 2], names=names)})
    with pytest.raises(InputError, match=f"look like ids.*--label '{title}' that column"):
        read(root)
    assert read(root, label=title).classes == ("a", "b")


def test_folders_that_another_column_names_are_asked_about(laid: Laid) -> None:
    files = [f"{['Ann', 'Ben', 'Cleo', 'Dora'][i // 5]}/{one}" for i, one in enumerate(NAMES)]
    rows = table("file,person,cancer", lambda i: ["Ann", "Ben", "Cleo", "Dora"][i // 5],
                 lambda i: i % 2)  # fmt: skip
    with pytest.raises(InputError, match=r"are called as person of t.csv are.*--group 'person'"):
        read(laid(files, {"t.csv": rows}))


@pytest.mark.parametrize("title", ["camera", "sex", "view", "split"])
def test_facts_beside_folders_of_ids_are_facts(laid: Laid, title: str) -> None:
    names = in_sessions("series")
    cells = ("train", "test") if title == "split" else ("a", "b")
    data = read(laid(names, {"t.csv": table(f"path,{title}", lambda i: cells[i % 2], names=names)}))
    assert len(data.classes) == 4


def test_facts_beside_classes_that_count_are_facts(laid: Laid) -> None:
    names = [f"{i // 5:05d}/{one}" for i, one in enumerate(NAMES)]
    data = read(laid(names, {"t.csv": table("path,quality", lambda i: "ab"[i % 2], names=names)}))
    assert len(data.classes) == 4
    assert "quality" in data.columns


def test_a_row_for_each_patient_in_metadata_is_asked_about(laid: Laid) -> None:
    rows = ["patient,age,diagnosis", *(f"P{100 + i},5{i},{'ab'[i % 2]}" for i in range(4))]
    root = laid(in_sessions("P"), {"metadata.csv": rows})
    with pytest.raises(InputError, match=r"diagnosis of metadata.csv are different labels"):
        read(root)
    assert read(root, label="diagnosis").counts() == {"a": 10, "b": 10}


def test_folders_may_be_named_by_their_numbers(laid: Laid) -> None:
    files = [f"train/{i // 5:05d}/{kind}/1.png" for i in range(20) for kind in ("T1", "T2")]
    rows = ["id,value", *(f"{i},{i % 2}" for i in range(4))]
    data = read(laid(files, {"train_labels.csv": rows}), label="value")
    assert set(data.classes) == {"0", "1"}
    assert len(data) == len(set(files))


def test_ids_beside_labels_that_name_nothing_are_asked_about(laid: Laid) -> None:
    root = laid(in_sessions("patient_"), {"metadata.csv": ["a,b,t", "3,4,1", "5,6,0"]})
    with pytest.raises(InputError, match=r"look like ids of .*, and metadata.csv"):
        read(root)
