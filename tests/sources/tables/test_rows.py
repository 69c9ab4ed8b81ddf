"""Tables of several kinds."""

import json
from pathlib import Path

import polars
import pytest

from diptych.errors import InputError
from diptych.sources.tables.rows import records


def test_lines_of_json_may_lack_keys(tmp_path: Path) -> None:
    rows = [{"file_name": "a.jpg"}, {"label": 1, "file_name": "b.jpg", "box": [1, 2]}]
    (tmp_path / "m.jsonl").write_text("\n\n".join(map(json.dumps, rows)))
    table = records(tmp_path / "m.jsonl")
    assert table.titles == ["file_name", "label", "box"]
    assert table.rows == [["a.jpg", "", ""], ["b.jpg", "1", "[1, 2]"]]
    assert table.lines == [1, 3]


@pytest.mark.parametrize(
    ("text", "said"), [("{", "line 1 is no JSON"), ("[1]", "line 1 is no object"), ("", "no rows")]
)
def test_lines_of_something_else_are_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.jsonl").write_text(text)
    with pytest.raises(InputError, match=rf"m\.jsonl: .*{said}"):
        records(tmp_path / "m.jsonl")


def test_parquet_is_read_without_what_is_no_cell(tmp_path: Path) -> None:
    frame = polars.DataFrame({"f": ["a", None], "y": [1, 2], "b": [b"1", b"2"], "l": [[1], [2]]})
    frame.write_parquet(tmp_path / "m.parquet")
    table = records(tmp_path / "m.parquet")
    assert (table.titles, table.rows) == (["f", "y"], [["a", "1"], ["", "2"]])
    (tmp_path / "m.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"m\.parquet: cannot be read: "):
        records(tmp_path / "m.parquet")


def test_feather_is_read_as_parquet_is(tmp_path: Path) -> None:
    polars.DataFrame({"f": ["a", "b"], "y": [1, 2]}).write_ipc(tmp_path / "m.feather")
    assert records(tmp_path / "m.feather").rows == [["a", "1"], ["b", "2"]]


def test_what_nobody_sees_around_a_cell_is_none_of_it(tmp_path: Path) -> None:
    text = "f,l\na,\u200bcat\n\ufeffb,\u00a0dog\u200b\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert records(tmp_path / "t.csv").rows == [["a", "cat"], ["b", "dog"]]
