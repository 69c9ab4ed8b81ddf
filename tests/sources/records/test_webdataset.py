import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from archives import png, write_tar
from diptych.errors import InputError
from diptych.images.decoding import read_file
from diptych.sources import read


def shard(path: Path, labels: Mapping[str, object], ending: str = "cls", first: int = 0) -> Path:
    files: dict[str, bytes] = {}
    for i, (key, label) in enumerate(labels.items()):
        files[f"{key}.png"] = png(first + i)
        files[f"{key}.{ending}"] = str(label).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_tar(path, files)


def test_a_shard_of_numbers(tmp_path: Path) -> None:
    data = read(shard(tmp_path / "a.tar", {"000": 10, "001": 2, "002": 10}))
    assert data.classes == ("2", "10")
    assert [(s.name, s.label) for s in data.samples] == [
        ("000.png", "10"), ("001.png", "2"), ("002.png", "10"),
    ]  # fmt: skip
    assert [read_file(s.path) for s in data.samples] == [png(0), png(1), png(2)]
    assert data.strays == ()


def test_shards_in_a_folder_give_parts_and_a_file_gives_names(tmp_path: Path) -> None:
    for i, part in enumerate(("train", "train", "val")):
        shard(tmp_path / f"{part}-{i:06d}.tar", {"000": 0, "001": 1}, first=2 * i)
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    data = read(tmp_path)
    assert [(s.name, s.label, s.part) for s in data.samples] == [
        ("train-000000.tar/000.png", "cat", "train"), ("train-000000.tar/001.png", "dog", "train"),
        ("train-000001.tar/000.png", "cat", "train"), ("train-000001.tar/001.png", "dog", "train"),
        ("val-000002.tar/000.png", "cat", "valid"), ("val-000002.tar/001.png", "dog", "valid"),
    ]  # fmt: skip
    assert [(s.name, s.reason) for s in data.strays] == [("classes.txt", "table")]


def test_a_pattern_names_shards(tmp_path: Path) -> None:
    for i in range(3):
        shard(tmp_path / f"a-{i:03d}.tar", {"000": 0, "001": 1}, first=2 * i)
    assert len(read(tmp_path / "a-{000..001}.tar")) == 4
    assert len(read(str(tmp_path / "a-*.tar"))) == 6
    with pytest.raises(InputError, match=r"a-003\.tar: no such file; the pattern names it"):
        read(tmp_path / "a-{000..003}.tar")
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "b-*.tar")


def test_words_and_json(tmp_path: Path) -> None:
    assert read(shard(tmp_path / "a.tar", {"0": "cat", "1": "dog\n"}, "txt")).classes == (
        "cat",
        "dog",
    )
    said = {
        str(i): json.dumps(
            {"label": i % 2, "camera": "xy"[i > 2], "patient": i // 2, "kind": "ab"[i // 2]}
        )
        for i in range(4)
    }
    path = shard(tmp_path / "b.tar", said, "json")
    data = read(path, group="patient")
    assert (data.classes, [s.group for s in data.samples]) == (("0", "1"), ["0", "0", "1", "1"])
    assert data.columns["camera"] == {f"{i}.png": "xy"[i > 2] for i in range(4)}
    assert read(path, label="kind").classes == ("a", "b")
    with pytest.raises(InputError, match="has no 'absent' for --label"):
        read(path, label="absent")
    with pytest.raises(InputError, match="for --label; did you mean 'label'"):
        read(path, label="lable")


def test_names_of_hugging_face(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"0": 1, "1": 0})
    features = {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}
    (tmp_path / "dataset-info.json").write_text(json.dumps(features))
    assert [s.label for s in read(tmp_path).samples] == ["dog", "cat"]
    (tmp_path / "dataset-info.json").write_text("{")
    with pytest.raises(InputError, match=r"dataset-info\.json is no JSON"):
        read(tmp_path)


def test_fewer_names_than_classes_are_refused(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"0": 1, "1": 2})
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    with pytest.raises(InputError, match="there is a class 2, and names for 2 classes"):
        read(tmp_path)


def test_records_that_lack_something_are_strays(tmp_path: Path) -> None:
    files = {
        "0.png": png(0), "0.cls": b"0", "1.png": png(1), "1.cls": b"1", "2.png": png(2),
        "3.cls": b"1", "0.seg.png": png(3), "._1.png": b"x", "4.png": png(4), "4.cls": b"",
    }  # fmt: skip
    data = read(write_tar(tmp_path / "a.tar", files))
    assert [s.name for s in data.samples] == ["0.png", "1.png"]
    assert {(s.name, s.reason) for s in data.strays} == {
        ("2.png", "no label"), ("3.cls", "no picture"), ("0.seg.png", "not listed"),
        ("._1.png", "hidden file"), ("4.png", "no label"), ("4.cls", "no label"),
    }  # fmt: skip


def test_words_beside_pictures_in_class_folders_are_no_labels(tmp_path: Path) -> None:
    files = {
        f"{label}/{i}.{ending}": png(i) if ending == "png" else b"0 0.5 0.5 1 1"
        for i, label in enumerate(("cat", "dog"))
        for ending in ("png", "txt")
    }
    assert read(write_tar(tmp_path / "a.tar", files)).classes == ("cat", "dog")


def test_descriptions_are_no_classes(tmp_path: Path) -> None:
    labels = {f"{i:04d}": f"a picture of number {i}" for i in range(1200)}
    with pytest.raises(InputError, match="look like descriptions, and no classes"):
        read(shard(tmp_path / "a.tar", labels, "txt"))


def test_records_with_any_key_in_common_are_one_group(tmp_path: Path) -> None:
    said = [("a", "x"), ("b", "x"), ("b", "y"), ("c", "z"), ("?", "z"), ("?", "")]
    keys = ("patient", "site")
    shard(
        path := tmp_path / "a.tar",
        {str(i): json.dumps({"label": i % 2} | dict(zip(keys, v, strict=True)))
         for i, v in enumerate(said)},
        "json",
    )  # fmt: skip
    groups = [s.group for s in read(path, group=keys).samples]
    assert groups[0] == groups[1] == groups[2] != groups[3] == groups[4]
    assert groups[5] == ""


def test_records_that_lack_what_to_group_by_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the record of 0\.cls has no 'patient' for --group"):
        read(shard(tmp_path / "a.tar", {"0": 0, "1": 1}), group="patient")
    with pytest.raises(InputError, match=r"0\.json has no 'patient' for --group"):
        read(shard(tmp_path / "b.tar", {"0": '{"label": 1}'}, "json"), group="patient")


def test_what_says_nothing_is_no_label(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"0": 1, "1": 0, "2": -1, "3": "N/A"})
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    data = read(tmp_path)
    assert [s.label for s in data.samples] == ["dog", "cat"]
    assert {s.name for s in data.strays if s.reason == "no label"} == {
        f"a.tar/{i}.{ending}" for i in (2, 3) for ending in ("png", "cls")
    }


def test_boxes_are_no_labels(tmp_path: Path) -> None:
    boxes = {"0": "0 0.50 0.4 0.1 0.2", "1": "1 0.5 0.5 1 1\n0 0.1 0.1 0.2 0.2"}
    with pytest.raises(InputError, match=r"0\.txt holds several numbers, as boxes are noted"):
        read(shard(tmp_path / "a.tar", boxes, "txt"))


def records(path: Path, *said: Mapping[str, object], key: str = "{0:03d}") -> Path:
    """A tar of records that say this in files of these endings; JSON of what is no text."""
    files: dict[str, bytes] = {}
    for i, own in enumerate(said):
        stem = key.format(i, ("train", "test")[i % 3 == 2], ("cat", "dog")[i % 2])
        files[f"{stem}.png"] = png(i)
        for ending, value in own.items():
            text = value if isinstance(value, str) else json.dumps(value)
            files[f"{stem}.{ending}"] = text.encode()
    return write_tar(path, files)


def test_two_labels_of_a_record_that_differ_are_asked_about(tmp_path: Path) -> None:
    path = records(
        tmp_path / "a.tar",
        *({"cls": str(i % 2), "json": {"label": ("cat", "dog")[i > 1]}} for i in range(4)),
    )
    with pytest.raises(
        InputError, match=r"which differ \(001\.png: cat, but 1\); say which"
    ) as one:
        read(path)
    assert "--label label or --label cls" in str(one.value)
    assert read(path, label="cls").classes == ("0", "1")
    assert [s.label for s in read(path, label="label").samples] == ["cat", "cat", "dog", "dog"]


def test_two_labels_of_a_record_that_go_together_are_one(tmp_path: Path) -> None:
    said = [{"cls": str(i % 2), "json": {"label": ("cat", "dog")[i % 2]}} for i in range(4)]
    data = read(records(tmp_path / "a.tar", *said, {"cls": "1"}))
    assert [s.label for s in data.samples] == ["cat", "dog", "cat", "dog", "dog"]
    assert "classes called as label of its .json says" in data.note
    with pytest.raises(InputError, match=r"004\.png has the label 7 in \.cls, others have words"):
        read(records(tmp_path / "b.tar", *said, {"cls": "7"}))


def test_words_beside_numbers_of_classes_name_them(tmp_path: Path) -> None:
    said = [{"cls": str(i % 2), "txt": ("cat", "dog")[i % 2]} for i in range(4)]
    data = read(records(tmp_path / "a.tar", *said))
    assert data.classes == ("cat", "dog")
    assert "classes called as .txt says: 0 is cat, 1 is dog" in data.note
    captions = [{"cls": str(i % 2), "txt": f"picture {i}"} for i in range(4)]
    assert read(records(tmp_path / "b.tar", *captions)).classes == ("0", "1")
    numbers = [{"cls": str(i % 2)} for i in range(6)]
    data = read(records(tmp_path / "c.tar", *numbers, key="{1}/{2}/{0}"))
    assert (data.classes, data.parts()) == (("cat", "dog"), ("train", "test"))
    assert "parts as the folders are called" in data.note
    # Of folders that go with no class nothing is taken.
    mixed = [{"cls": str(i // 2 % 2)} for i in range(6)]
    assert read(records(tmp_path / "d.tar", *mixed, key="train/{2}/{0}")).classes == ("0", "1")


def test_lists_of_one_label_are_that_label(tmp_path: Path) -> None:
    lists = [["cat"], ["dog"], ["cat", "dog"], []]
    data = read(records(tmp_path / "a.tar", *({"json": {"labels": own}} for own in lists)))
    assert [s.label for s in data.samples] == ["cat", "dog"]
    assert {(s.name, s.reason) for s in data.strays} == {
        ("002.png", "several labels"), ("002.json", "several labels"),
        ("003.png", "no label"), ("003.json", "no label"),
    }  # fmt: skip


def test_keys_of_json_are_as_the_columns_of_tables(tmp_path: Path) -> None:
    said = [
        {
            "json": {
                "class_name": ("cat", "dog")[i % 2],
                "patient_id": f"p{i // 3}",
                "fold": i % 4,
                "is_valid": i % 4 == 0,
            }
        }
        for i in range(12)
    ]
    path = records(tmp_path / "a.tar", *said)
    data = read(path)
    assert data.classes == ("cat", "dog")
    assert [s.part for s in data.samples[:3]] == ["valid", "train", "train"]
    assert "parts in is_valid" in data.note
    assert "--group 'patient_id' keeps" in data.note
    folds = read(path, fold=1, group="patient_id")
    assert [s.part for s in folds.samples[:3]] == ["valid", "test", "train"]
    assert len({s.group for s in folds.samples}) == 4


def test_folders_of_keys_may_be_said(tmp_path: Path) -> None:
    numbers = [{"cls": str(i // 2 % 2)} for i in range(6)]
    path = records(tmp_path / "a.tar", *numbers, key="{1}/{2}/{0}")
    data = read(path, part="folder:1", group="folder:2")
    assert data.parts() == ("train", "test")
    assert {s.group for s in data.samples} == {"cat", "dog"}
    assert read(path, label="folder:2").classes == ("cat", "dog")


def test_records_without_a_part_are_set_aside(tmp_path: Path) -> None:
    said = [
        {"json": {"label": "ab"[i % 2], "split": ("train", "test", "")[i % 3]}} for i in range(6)
    ]
    data = read(records(tmp_path / "a.tar", *said))
    assert {sample.part for sample in data.samples} == {"train", "test"}
    assert [stray.reason for stray in data.strays] == ["no part"] * 2
