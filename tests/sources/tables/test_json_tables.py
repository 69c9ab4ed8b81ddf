"""Tables in JSON, as Kaggle, pandas, COCO and StyleGAN write them."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from diptych.errors import InputError
from diptych.sources import read
from diptych.sources.tables.rows import records

FILES, LABELS = [f"{i}.jpg" for i in range(4)], list("abab")
PAIRS = list(zip(FILES, LABELS, strict=True))
ROWS = [list(pair) for pair in PAIRS]
COCO: dict[str, Any] = {
    "images": [{"id": i, "file_name": name} for i, name in enumerate(FILES)],
    "annotations": [{"image_id": i, "category_id": i % 2} for i in range(4)],
    "categories": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}],
}


@pytest.mark.parametrize(
    "value",
    [
        dict(PAIRS),
        {f: [label] for f, label in PAIRS},
        [{"file": f, "label": label} for f, label in PAIRS],
        {"info": {"by": "me"}, "data": [{"file": f, "label": label} for f, label in PAIRS]},
        {f: {"label": label} for f, label in PAIRS},
        {"file": dict(enumerate(FILES)), "label": dict(enumerate(LABELS))},
        {"label": dict(PAIRS)},
        {"columns": ["file", "label"], "index": [0, 1, 2, 3], "data": PAIRS},
        {"file": FILES, "label": LABELS},
        {"classes": ["a", "b"], "labels": {f: LABELS.index(label) for f, label in PAIRS}},
        [{"data": {"file": f}, "annotations": [{"label": [label]}]} for f, label in PAIRS],
        COCO,
    ],
)
def test_forms_of_files_and_labels(value: Any, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(value))
    table = records(tmp_path / "t.json")
    assert (table.titles, table.rows, table.headed) == (["file", "label"], ROWS, True)


def test_the_files_of_each_class(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"a": FILES[::2], "b": FILES[1::2]}))
    assert sorted(records(tmp_path / "t.json").rows) == ROWS


def test_stems_below_each_class_are_files_however_many(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"a": ["a/1", "a/2"], "b": ["b/1", "b/2"]}))
    table = records(tmp_path / "t.json")
    assert (table.titles, table.rows[0]) == (["file", "label"], ["a/1", "a"])


def test_the_files_of_each_part(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"train": ["a/1.jpg"], "test": ["b/2.jpg"]}))
    table = records(tmp_path / "t.json")
    assert table.titles == ["file", "split"]
    assert table.rows == [["a/1.jpg", "train"], ["b/2.jpg", "test"]]


def test_rows_of_each_part(tmp_path: Path) -> None:
    rows = [{"file": f, "label": label} for f, label in PAIRS]
    (tmp_path / "t.json").write_text(json.dumps({"train": rows[:3], "test": rows[3:]}))
    table = records(tmp_path / "t.json")
    assert table.titles == ["file", "label", "split"]
    assert table.column(2) == ["train", "train", "train", "test"]


def test_words_that_come_twice_in_an_object_keep_their_ways(tmp_path: Path) -> None:
    rows = [{"image": {"name": f}, "kind": {"name": label}} for f, label in PAIRS]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    assert records(tmp_path / "t.json").titles == ["image.name", "kind.name"]


def test_pairs_have_no_titles(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"labels": PAIRS}))
    table = records(tmp_path / "t.json")
    assert (table.rows, table.headed) == (ROWS, False)


def test_names_alone(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps(FILES))
    table = records(tmp_path / "t.json")
    assert (table.rows, table.headed) == ([[name] for name in FILES], False)


def test_objects_of_a_line_each(tmp_path: Path) -> None:
    lines = [json.dumps({"file": f, "label": label}) for f, label in PAIRS]
    (tmp_path / "t.json").write_text("\n".join(lines))
    assert records(tmp_path / "t.json").rows == ROWS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON: "),
        ('{"lr": {"a": 1}, "b": 2}', "no table is in this JSON; it may be"),
        ('[{"image": "1.jpg", "annotations": [{"coordinates": {"x": 1}}]}]', "where objects lie"),
        ("[1, 2]", "no table is in this JSON"),
        (
            json.dumps(COCO | {"annotations": [{"image_id": 0, "bbox": [1, 2, 3, 4]}]}),
            "says where objects lie on pictures",
        ),
    ],
)
def test_what_is_no_table_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(InputError, match=message):
        records(tmp_path / "t.json")


def test_lists_of_parts_may_be_called_as_folders_of_these_are(tmp_path: Path) -> None:
    lists = {"train_images": ["a/1.jpg"], "test_images": ["b/2.jpg"]}
    (tmp_path / "t.json").write_text(json.dumps(lists))
    table = records(tmp_path / "t.json")
    assert table.titles[-1] == "split"
    assert table.column(1) == ["train_images", "test_images"]


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".json"])
@pytest.mark.parametrize("packed", [".gz", ".zst", ".zip"])
def test_packed_json_is_read(ending: str, packed: str, laid: Callable[..., Path]) -> None:
    objects = [{"file_name": f"{i}.jpg", "label": "ab"[i % 2]} for i in range(6)]
    lines = "\n".join(map(json.dumps, objects))
    text = (json.dumps(objects) if ending == ".json" else lines).encode()
    root = laid([f"{i}.jpg" for i in range(6)], {})
    path = root / f"metadata{ending}{packed}"
    if packed == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"metadata{ending}", text)
    else:
        path.write_bytes(gzip.compress(text) if packed == ".gz" else zstandard.compress(text))
    for place in (path, root):
        assert [s.label for s in read(place).samples] == list("ababab")


def test_the_mark_of_the_end_of_an_old_file_is_no_object(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"file": "0.jpg", "label": "a"}\r\n\x1a')
    assert records(path).rows == [["0.jpg", "a"]]
