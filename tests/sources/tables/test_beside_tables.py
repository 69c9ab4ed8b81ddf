"""Several tables of the same pictures: of a part each, of folds, of what classes are called."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def of_part(part: str, labels: str = "ab") -> list[str]:
    return ["image,label", *(f"{part}{i}.jpg,{labels[i % 2]}" for i in range(10))]


PARTS = ("train", "test")


@pytest.mark.parametrize(
    ("files", "table"),
    [
        ("images/{p}/{p}{i}.jpg", "labels/{p}.csv"),
        ("images/{p}{i}.jpg", "splits/{p}.csv"),
        ("images/{p}{i}.jpg", "{p}/labels.csv"),
        ("{p}/images/{p}{i}.jpg", "{p}/labels.csv"),
        ("{p}_Input/{p}{i}.jpg", "{p}_GroundTruth/{p}_GroundTruth.csv"),
    ],
)
def test_tables_of_parts_may_lie_in_folders_beside_the_pictures(
    laid: Laid, files: str, table: str
) -> None:
    names = [files.format(p=p, i=i) for p in PARTS for i in range(10)]
    data = read(laid(names, {table.format(p=p): of_part(p) for p in PARTS}))
    assert Counter((s.part, s.label) for s in data.samples) == {
        (part, label): 5 for part in PARTS for label in "ab"
    }


def test_tables_in_folders_beside_the_pictures_may_name_the_same_of_each_part(laid: Laid) -> None:
    names = [f"images/{p}/{i}.jpg" for p in PARTS for i in range(10)]
    rows = {
        p: ["image,label", *(f"{i}.jpg,{'ab'[(i + (p == 'test')) % 2]}" for i in range(10))]
        for p in PARTS
    }
    data = read(laid(names, {f"labels/{p}.csv": rows[p] for p in PARTS}))
    assert Counter(s.part for s in data.samples) == {"train": 10, "test": 10}
    assert all(f"/images/{s.part}/" in str(s.path) for s in data.samples)
    first = {s.part: s.label for s in data.samples if str(s.path).endswith("/0.jpg")}
    assert first == {"train": "a", "test": "b"}


def test_a_picture_that_tables_of_two_parts_name_is_refused(laid: Laid) -> None:
    rows = ["image,label", *(f"{i}.jpg,{'ab'[i % 2]}" for i in range(10))]
    root = laid([f"img/{i}.jpg" for i in range(10)], {f"splits/{p}.csv": rows for p in PARTS})
    with pytest.raises(InputError, match="another table that it is in the"):
        read(root)


@pytest.mark.parametrize("labels", ["01", "AB"])
def test_tables_of_parts_with_other_classes_are_refused(laid: Laid, labels: str) -> None:
    names = [f"{p}/{p}{i}.jpg" for p in PARTS for i in range(10)]
    tables = {"train.csv": of_part("train"), "test.csv": of_part("test", labels)}
    with pytest.raises(InputError, match="the classes of its parts differ: test has no picture of"):
        read(laid(names, tables))


def test_predictions_are_no_labels_of_a_test_part(laid: Laid) -> None:
    names = [f"{p}/{p}{i}.jpg" for p in PARTS for i in range(10)]
    tables = {"train.csv": of_part("train"), "test_predictions.csv": of_part("test")}
    data = read(laid(names, tables))
    assert len(data) == 10
    assert "test" not in data.parts()


def test_a_look_up_table_of_the_classes_is_no_second_table_of_labels(laid: Laid) -> None:
    rows = ["file,class_id,name", *(f"{i}.jpg,{31 + i % 2},{'ab'[i % 2]}" for i in range(20))]
    tables = {"labels.csv": rows, "classes.csv": ["class_id,name", "31,a", "32,b"]}
    data = read(laid([f"images/{i}.jpg" for i in range(20)], tables))
    assert data.classes == ("a", "b")


def test_a_table_with_more_columns_is_read_for_one_that_agrees(laid: Laid) -> None:
    rows = [f"{i}.jpg,{'ab'[i % 2]}" for i in range(20)]
    folds = [f"{row},{i % 5}" for i, row in enumerate(rows)]
    root = laid(
        [f"train/{i}.jpg" for i in range(20)],
        {"train.csv": ["id,label", *rows], "train_folds.csv": ["id,label,fold", *folds]},
    )
    assert read(root).classes == ("a", "b")
    assert Counter(s.part for s in read(root, fold=1).samples) == {"train": 16, "test": 4}


def test_a_row_for_each_fold_parts_files_anew(laid: Laid) -> None:
    files = [f"{'xy'[i % 2]}/{i}.jpg" for i in range(20)]
    rows = [
        f"{fold},{'test' if i % 5 == fold else 'train'},{file}"
        for fold in range(5)
        for i, file in enumerate(files)
    ]
    root = laid(files, {"Folds.csv": ["fold,grp,filename", *rows]})
    assert not read(root).parts()
    assert "parts the files anew in each of 5 folds" in read(root).note
    tested = [s.name for s in read(root, fold=2).samples if s.part == "test"]
    assert tested == sorted(file for i, file in enumerate(files) if i % 5 == 2)
    with pytest.raises(InputError, match="fold has no fold 7"):
        read(root, fold=7)


def test_lists_of_several_sets_part_all_of_them(laid: Laid) -> None:
    files = [f"{d}/{c}/{i}.jpg" for d in ("clip", "real") for c in "xy" for i in range(4)]
    tables = {
        f"{d}_{p}.txt": [f for f in files if f.startswith(d) and (f[-5] == "3") == (p == "test")]
        for d in ("clip", "real")
        for p in PARTS
    }
    data = read(laid(files, tables), label="folder:2")
    assert Counter(s.part for s in data.samples) == {"train": 12, "test": 4}
    data = read(laid([f"more/{c}/1.jpg" for c in "xy"], {}), label="folder:2")
    assert not data.parts()
    assert "name some of the pictures alone" in data.note


def test_rows_that_agree_on_a_file_are_one(laid: Laid) -> None:
    rows = [f"{i}.jpg,{who},{'ab'[i % 2]}" for i in range(20) for who in ("ann", "bob", "eve")]
    rows[0] = "0.jpg,ann,b"
    data = read(laid([f"img/{i}.jpg" for i in range(20)], {"l.csv": ["image,who,label", *rows]}))
    assert len(data) == 21
    assert Counter(stray.reason for stray in data.strays) == {"repeated": 39, "table": 1}
    assert "1 file named in several rows with other labels each" in data.note


def test_two_columns_may_name_the_same_file(laid: Laid) -> None:
    rows = [f"{i}.jpg,/data/img/{i}.jpg,{'ab'[i % 2]}" for i in range(20)]
    tables = {"l.csv": ["filename,filepath,label", *rows]}
    assert len(read(laid([f"img/{i}.jpg" for i in range(20)], tables))) == 20


def test_a_cell_of_a_class_and_boxes_is_the_class(laid: Laid) -> None:
    rows = [f"v{i},n{i % 2} 85 1 499 272 n{i % 2} 3 4 5 6" for i in range(9)]
    rows += ["v9,n0 85 1 499 272 n1 3 4 5 6"]
    root = laid([f"v{i}.JPEG" for i in range(10)], {"s.csv": ["ImageId,PredictionString", *rows]})
    data = read(root / "s.csv")
    assert data.counts() == {"n0": 5, "n1": 4}
    assert [stray.reason for stray in data.strays] == ["several labels"]


def test_tables_of_other_parts_beside_one_that_is_given_are_said(laid: Laid) -> None:
    names = [f"{p}/{p}{i}.jpg" for p in PARTS for i in range(10)]
    root = laid(names, {f"{p}.csv": of_part(p) for p in PARTS})
    data = read(root / "train.csv")
    assert "test.csv is test; --test takes test.csv" in data.note
    assert "lie beside it" not in read(root).note


def test_sets_of_tables_in_folders_are_told_by_these(laid: Laid) -> None:
    names = [f"img/{p}{i}.jpg" for p in PARTS for i in range(10)]
    tables = {f"{s}/{p}.csv": of_part(p) for s in ("one", "two") for p in PARTS}
    tables["two/train.csv"] = of_part("train", "ba")
    with pytest.raises(InputError, match="give the folder of those that are meant: one, two"):
        read(laid(names, tables))


def test_a_map_of_classes_is_not_said_to_name_no_files(laid: Laid) -> None:
    root = laid([f"one/img{i}.jpg" for i in range(4)], {})
    (root / "label_map.json").write_text(json.dumps({"a": 0, "b": 1}), encoding="utf-8")
    assert read(root).classes == ("one",)


@pytest.mark.parametrize(
    ("name", "says"),
    [("x.manifest", "a manifest of another program"), ("solutions.csv", "says no labels of them")],
)
def test_what_lies_beside_a_single_folder_is_said(laid: Laid, name: str, says: str) -> None:
    rows = ["id,p", *(f"{i},0.{i}7" for i in range(9))]
    with pytest.raises(InputError, match=says):
        read(laid([f"one/{i}.jpg" for i in range(9)], {name: rows}))


def test_where_something_lies_is_no_label(laid: Laid) -> None:
    rows = ["id,x,y,Target", *(f"{i},{i % 3},{i % 4},{i % 2}" for i in range(20))]
    data = read(laid([f"img/{i}.jpg" for i in range(20)], {"t.csv": rows}))
    assert data.classes == ("0", "1")


def test_a_column_that_tells_nothing_is_no_rival(laid: Laid) -> None:
    rows = ["id,class,target", *(f"{i},one,{'ab'[i % 2]}" for i in range(20))]
    assert read(laid([f"img/{i}.jpg" for i in range(20)], {"t.csv": rows})).classes == ("a", "b")


@pytest.mark.parametrize("masks", ["trimaps", "masks", "thumbs"])
@pytest.mark.parametrize("ending", ["", ".jpg"])
@pytest.mark.parametrize("folder", ["annotations", "labels"])
def test_masks_beside_a_table_are_not_its_pictures(
    laid: Laid, folder: str, masks: str, ending: str
) -> None:
    files = [f"images/{i}a.jpg" for i in range(10)]
    files += [f"{folder}/{masks}/{i}a.png" for i in range(10)]
    rows = ["name,label", *(f"{i}a{ending},{'ab'[i % 2]}" for i in range(10))]
    data = read(laid(files, {f"{folder}/t.csv": rows}) / folder / "t.csv")
    assert {Path(str(s.path)).parent.name for s in data.samples} == {"images"}
