import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from archives import png
from diptych.auditing import audit
from diptych.errors import InputError
from diptych.images.decoding import read_file
from diptych.sources import read


def write(
    path: Path,
    labels: Sequence[Any],
    *,
    names: Sequence[str] | None = None,
    rows_a_group: int = 3,
    image: str = "image",
    first: int = 0,
    **further: Sequence[Any],
) -> Path:
    """A file as the library datasets writes them: bytes and a path in a struct."""
    rows = [{"bytes": png(first + i), "path": f"{i}.png"} for i in range(len(labels))]
    features: dict[str, Any] = {image: {"_type": "Image"}}
    if names:
        features["label"] = {"names": list(names), "_type": "ClassLabel"}
    words = {"huggingface": json.dumps({"info": {"features": features}})} if names else {}
    frame = pl.DataFrame({image: rows, "label": labels, **further}, strict=False)
    frame.write_parquet(path, row_group_size=rows_a_group, metadata=words, mkdir=True)
    return path


def test_labels_are_called_as_the_file_says(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet", [1, 0, 1, 0, 1], names=["cat", "dog"]))
    assert data.classes == ("cat", "dog")
    assert [(s.name, s.label) for s in data.samples][:2] == [
        ("a.parquet/0", "dog"), ("a.parquet/1", "cat"),
    ]  # fmt: skip
    assert [read_file(s.path) for s in data.samples] == [png(i) for i in range(5)]
    assert data.note == "a.parquet: 5 pictures in image, labels in label"


def test_numbers_without_names_are_classes_in_their_order(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet", [10, 9, 10, 2.0, 9, 2, 2]))
    assert data.classes == ("2", "9", "10")


def test_files_give_the_parts(tmp_path: Path) -> None:
    for i, name in enumerate(
        ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")
    ):
        write(tmp_path / "data" / f"{name}.parquet", ["cat", "dog"], first=2 * i)
    (tmp_path / "README.md").write_text("a card")
    data = read(tmp_path)
    assert [(s.name, s.part) for s in data.samples] == [
        ("data/test-00000-of-00001.parquet/0", "test"),
        ("data/test-00000-of-00001.parquet/1", "test"),
        ("data/train-00000-of-00002.parquet/0", "train"),
        ("data/train-00000-of-00002.parquet/1", "train"),
        ("data/train-00001-of-00002.parquet/0", "train"),
        ("data/train-00001-of-00002.parquet/1", "train"),
    ]
    assert data.note.endswith("parts by the files' names")


def test_folders_give_the_parts(tmp_path: Path) -> None:
    for part in ("train", "validation"):
        write(tmp_path / "default" / part / "0000.parquet", ["cat", "dog"])
    assert read(tmp_path).parts() == ("train", "valid")


def test_bytes_alone_are_pictures_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"img": [png(0), png(1)], "class": ["a", "b"]})
    frame.write_parquet(tmp_path / "a.parquet")
    data = read(tmp_path / "a.parquet")
    assert [read_file(s.path) for s in data.samples] == [png(0), png(1)]


def test_rows_without_a_picture_or_a_label_are_set_aside(tmp_path: Path) -> None:
    image = [{"bytes": png(0), "path": None}, None, {"bytes": None, "path": "x.png"}]
    image += [{"bytes": png(i), "path": None} for i in range(3, 6)]
    words = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    pl.DataFrame({"image": image, "label": [0, 1, 1, None, -1, 1]}).write_parquet(
        tmp_path / "a.parquet", metadata={"huggingface": json.dumps(words)}
    )
    found = audit(read(tmp_path / "a.parquet"), size=32)
    assert {(f.name, f.issue) for f in found.findings if f.set_aside} == {
        ("a.parquet/1", "missing"), ("a.parquet/2", "missing"),
        ("a.parquet/3", "no label"), ("a.parquet/4", "no label"),
    }  # fmt: skip


def test_columns_are_said_where_titles_do_not_tell(tmp_path: Path) -> None:
    features = {
        title: {"names": names, "_type": "ClassLabel"}
        for title, names in (("fine", ["apple", "oak"]), ("coarse", ["fruit", "tree"]))
    }
    columns = {
        "image": [png(0), png(1)],
        "mask": [png(2), png(3)],
        "fine": [0, 1],
        "coarse": [1, 0],
    }
    path = tmp_path / "a.parquet"
    words = {"huggingface": json.dumps({"info": {"features": features}})}
    pl.DataFrame(columns).write_parquet(path, metadata=words)
    with pytest.raises(
        InputError, match=r"several columns may hold .* \(fine, coarse\); say which"
    ):
        read(path)
    assert read(path, label="coarse").classes == ("fruit", "tree")
    masks = read(path, label="fine", files="mask")
    assert read_file(masks.samples[0].path) == png(2)
    with pytest.raises(InputError, match="no column 'absent' for --label"):
        read(path, label="absent")
    with pytest.raises(InputError, match="'maks' of pictures for --files; did you mean 'mask'"):
        read(path, files="maks")


def test_parts_groups_and_folds_of_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.parquet", ["cat", "dog"] * 3, split=["train"] * 4 + ["test"] * 2,
        patient=["a", "1.0", "a", "?", "1", "c"], kfold=[0, 1, 2] * 2, site=["x", "y", "y"] * 2,
    )  # fmt: skip
    data = read(path, group="patient")
    assert [s.part for s in data.samples] == ["train"] * 4 + ["test"] * 2
    assert [s.group for s in data.samples] == ["a", "1", "a", "", "1", "c"]
    assert data.columns["site"] == {f"a.parquet/{i}": "xyy"[i % 3] for i in range(6)}
    folds = read(path, fold=1)
    assert [s.part for s in folds.samples] == ["train", "valid", "train", "train", "test", "test"]
    with pytest.raises(InputError, match="kfold has no fold 7"):
        read(path, fold=7)
    with pytest.raises(InputError, match="has no use for --shape"):
        read(path, shape="8x8")


def test_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", ["cat", "dog"])
    write(tmp_path / "b.parquet", ["cat", "dog"], image="photo")
    with pytest.raises(InputError, match=r"its pictures are in photo, those of a\.parquet in"):
        read(tmp_path)


def test_what_holds_no_classes_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["x"], "label": [1]}).write_parquet(path)
    with pytest.raises(InputError, match="no column of pictures among text, label"):
        read(path)
    pl.DataFrame({"image": [png(0)], "label": [None]}).write_parquet(path)
    with pytest.raises(InputError, match=r"no column of labels \(label: empty\)"):
        read(path)
    pl.DataFrame({"image": [png(0)], "label": ["x"]}).clear().write_parquet(path)
    with pytest.raises(InputError, match="it has no rows"):
        read(path)


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_damaged_file_is_one_line(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path / "a.parquet", ["cat", "dog"])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"a\.parquet: cannot be read: "):
        read(path)


def test_a_further_column_of_one_file_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", ["cat", "dog"] * 3, site=["x", "y"] * 3)
    write(
        tmp_path / "b.parquet",
        ["cat", "dog"] * 3,
        site=["x", "y", "y"] * 2,
        lens=["p", "q", "q"] * 2,
    )
    data = read(tmp_path)
    assert (len(data), set(data.columns)) == (12, {"site"})
    write(tmp_path / "b.parquet", ["cat", "dog"], split=["train", "test"])
    with pytest.raises(InputError, match=r"a\.parquet: it has no column split, which others"):
        read(tmp_path)


def test_files_may_spell_a_title_in_capitals(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", ["cat", "dog"], Patient=["a", "b"])
    write(tmp_path / "b.parquet", ["cat", "dog"], patient=["b", "c"])
    assert [s.group for s in read(tmp_path, group="patient").samples] == ["a", "b", "b", "c"]


def test_a_column_may_be_said_for_two_things(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ["cat", "dog", "cat"])
    assert [s.group for s in read(path, group="label").samples] == ["cat", "dog", "cat"]
    with pytest.raises(InputError, match=r"no part: 'cat' in 2 rows, .* \(a\.parquet/0, for"):
        read(path, part="label")


def test_a_cell_of_parts_that_names_none_is_one_line(tmp_path: Path) -> None:
    split = ["train", "train", "train", "test", None, "unknown"]
    path = write(tmp_path / "a.parquet", ["cat", "dog"] * 3, split=split)
    with pytest.raises(InputError, match=r"no part: 'unknown' in 1 row \(a\.parquet/5"):
        read(path)
    split[-1] = "?"
    path = write(path, ["cat", "dog"] * 3, split=split)
    data = read(path)
    assert [s.part for s in data.samples] == ["train"] * 3 + ["test"]
    assert [(s.name, s.reason) for s in data.strays] == [
        ("a.parquet/4", "no part"), ("a.parquet/5", "no part"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("further", "parts", "note"),
    [
        ({"is_valid": [True, False, False] * 4}, ["valid", "train", "train"], "parts in is_valid"),
        ({"phase": ["dev", "Training", "hold-out"] * 4}, ["valid", "train", "test"], "in phase"),
        ({"kfold": [0, 1, 2] * 4}, ["", "", ""], "kfold has 3 folds (0, 1, 2); --fold 0"),
        ({"patient_id": [f"p{i // 2}" for i in range(12)]}, ["", "", ""], "--group 'patient_id'"),
    ],
)
def test_further_columns_are_those_of_tables_of_files(
    tmp_path: Path, further: dict[str, Any], parts: list[str], note: str
) -> None:
    data = read(write(tmp_path / "a.parquet", ["cat", "cat", "dog", "dog"] * 3, **further))
    assert [s.part for s in data.samples[:3]] == parts
    assert note in data.note


def test_files_that_are_parts_have_no_folds(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write(tmp_path / f"mnist_{part}.parquet", ["cat", "dog"] * 2, kfold=[0, 1, 2, 0])
    assert read(tmp_path).parts() == ("train", "test")
    with pytest.raises(InputError, match="its files are parts already, which --fold would mix"):
        read(tmp_path, fold=0)


def test_lists_of_one_label_are_that_label(tmp_path: Path) -> None:
    labels = [["cat"], ["dog"], ["cat", "dog"], [], ["dog"], None]
    data = read(write(tmp_path / "a.parquet", labels))
    assert [s.label for s in data.samples] == ["cat", "dog", "dog"]
    assert {(s.name, s.reason, s.detail) for s in data.strays} == {
        ("a.parquet/2", "several labels", "label has 2 labels: cat, dog"),
        ("a.parquet/3", "no label", "label says nothing"),
        ("a.parquet/5", "no label", "label says nothing"),
    }


@pytest.mark.parametrize("form", ["feature", "list"])
def test_lists_of_classes_are_called_as_the_file_says(tmp_path: Path, form: str) -> None:
    inner = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    feature = {"feature": inner, "_type": "Sequence"} if form == "feature" else [inner]
    words = {"huggingface": json.dumps({"info": {"features": {"labels": feature}}})}
    frame = pl.DataFrame({"image": [png(0), png(1)], "labels": [[1], [0]]})
    frame.write_parquet(tmp_path / "a.parquet", metadata=words)
    assert [s.label for s in read(tmp_path / "a.parquet").samples] == ["dog", "cat"]


def test_labels_are_where_those_of_tables_of_files_are(tmp_path: Path) -> None:
    pictures = [png(i) for i in range(12)]
    for further, classes in (
        ({"species": ["owl", "jay"] * 6, "camera": ["x", "x", "y"] * 4}, ("jay", "owl")),
        ({"label": [0, 1] * 6, "label_name": ["owl", "jay"] * 6}, ("jay", "owl")),
        ({"owl": [0, 1] * 6, "jay": [1, 0] * 6}, ("jay", "owl")),
    ):
        pl.DataFrame({"image": pictures, **further}).write_parquet(tmp_path / "a.parquet")
        assert read(tmp_path / "a.parquet").classes == classes
    amounts = [i * 0.37 for i in range(40)]
    with pytest.raises(InputError, match="label looks continuous"):
        read(write(tmp_path / "b.parquet", amounts))


@pytest.mark.parametrize("kept", ["in the picture", "in a column"])
def test_without_labels_the_folders_of_the_paths_are_classes(tmp_path: Path, kept: str) -> None:
    paths = [f"{('train', 'test')[i % 3 > 1]}/{('cat', 'dog')[i % 2]}/{i}.png" for i in range(6)]
    bare = [png(i) for i in range(6)]
    structs = [{"bytes": own, "path": path} for own, path in zip(bare, paths, strict=True)]
    beside = {"image": bare, "file_name": paths}
    frame = pl.DataFrame({"image": structs} if kept == "in the picture" else beside)
    frame.write_parquet(tmp_path / "a.parquet")
    data = read(tmp_path / "a.parquet")
    assert [(s.label, s.part) for s in data.samples] == [
        ("cat", "train"), ("dog", "train"), ("cat", "test"),
        ("dog", "train"), ("cat", "train"), ("dog", "test"),
    ]  # fmt: skip
    assert "(cat, dog)" in data.note
    # Parts are no classes.
    flat = [{"bytes": own, "path": f"{('train', 'test')[i % 2]}/{i}"} for i, own in enumerate(bare)]
    pl.DataFrame({"image": flat}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="no column beside the pictures can hold labels"):
        read(tmp_path / "b.parquet")


def test_cells_that_say_nothing_are_those_of_tables(tmp_path: Path) -> None:
    labels = ["cat", "N/A", " nan", "dog", "?", "None", "cat"]
    path = write(tmp_path / "a.parquet", labels, patient=["?", "a", "a", "nan", "b", "b", "N/A"])
    data = read(path, group="patient")
    assert [(s.label, s.group) for s in data.samples] == [("cat", ""), ("dog", ""), ("cat", "")]
    assert {(s.name, s.reason) for s in data.strays} == {
        (f"a.parquet/{row}", "no label") for row in (1, 2, 4, 5)
    }
    assert "'None' is no label here" in data.note
    assert read(write(path, ["1", "1.0", "2", "2"])).classes == ("1", "2")


def test_names_of_one_file_are_those_of_others_that_have_none(tmp_path: Path) -> None:
    write(tmp_path / "train-0.parquet", [0, 1, 0], names=["cat", "dog"])
    write(tmp_path / "test-0.parquet", [1, 0, None, -1, 1.0])
    data = read(tmp_path)
    assert data.classes == ("cat", "dog")
    assert [s.label for s in data.samples if s.part == "test"] == ["dog", "cat", "dog"]
    assert "test-0.parquet: classes called as in the rest" in data.note
    write(tmp_path / "test-0.parquet", [1, 2])
    with pytest.raises(InputError, match=r"row 1: there is a class 2, and names for 2 from 0 on"):
        read(tmp_path)
    write(tmp_path / "valid-0.parquet", [0, 1], names=["dog", "cat"])
    with pytest.raises(InputError, match="it has no names of classes, and other files have diff"):
        read(tmp_path)


def test_what_lies_beside_is_set_aside(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", ["cat", "dog"])
    for name in ("notes.md", "more.csv", ".DS_Store", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "gone.parquet").symlink_to("nowhere")
    assert {(s.name, s.reason) for s in read(tmp_path).strays} == {
        ("notes.md", "not used"), ("more.csv", "not used"), (".DS_Store", "hidden file"),
        (".git/config", "hidden folder"), ("gone.parquet", "link"),
    }  # fmt: skip
