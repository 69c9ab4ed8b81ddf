"""Text of tables as people's programs write it."""

import gzip
import zipfile
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources.tables import opening
from diptych.sources.tables.opening import (
    delimiter,
    first_rows,
    is_in_utf_8,
    numbered_rows,
    open_table,
)

ROWS = [["file", "label"], ["a.png", "Käse"], ["b.png", "Brot"]]
TEXT = "file,label\na.png,Käse\nb.png,Brot\n"


def written(folder: Path, data: bytes, name: str = "t.csv") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
def test_text_is_read_in_the_encodings_of_the_west(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode(encoding))
    assert [row for _, row in numbered_rows(path)] == ROWS
    assert first_rows(path, 9) == ROWS
    assert is_in_utf_8(path) is (encoding not in ("latin-1", "cp1252"))


def test_utf_16_has_a_mark_in_either_order(tmp_path: Path) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert first_rows(written(tmp_path, mark + TEXT.encode(encoding)), 9) == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(end: str, tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("\n", end).encode())
    assert list(numbered_rows(path)) == list(zip((1, 2, 3), ROWS, strict=True))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("said", [True, False])
def test_columns_are_parted_by_one_of_four_signs(sign: str, said: bool, tmp_path: Path) -> None:
    text = TEXT.replace(",", sign)
    path = written(tmp_path, (f"sep={sign}\n{text}" if said else text).encode())
    assert delimiter(path) == sign
    assert first_rows(path, 2) == ROWS[:2]
    assert [line for line, _ in numbered_rows(path)] == [1 + said, 2 + said, 3 + said]


def test_empty_lines_may_come_first(tmp_path: Path) -> None:
    path = written(tmp_path, f"\n \r\n{TEXT}".encode())
    assert list(numbered_rows(path)) == list(zip((3, 4, 5), ROWS, strict=True))
    assert first_rows(path, 2) == ROWS[:2]


@pytest.mark.parametrize(
    "before",
    [
        "# made by hand\n# file by file\n",
        "% made by hand, on a day\n",
        "Labels of my set,\n,\n",
        "Labels of my set\n\n",
        ",,\n",
    ],
)
def test_remarks_and_a_heading_may_come_first(before: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"{before}{TEXT}".encode())
    lines = before.count("\n")
    assert list(numbered_rows(path)) == [(lines + i, row) for i, row in enumerate(ROWS, 1)]
    assert first_rows(path, 9) == ROWS


def test_titles_may_be_marked(tmp_path: Path) -> None:
    path = written(tmp_path, b"# by hand\n# file label\na.png 1\nb.png 2\n", "t.txt")
    assert first_rows(path, 9) == [["file", "label"], ["a.png", "1"], ["b.png", "2"]]
    path = written(tmp_path, b"#,file\n1,a.png\n2,b.png\n")
    assert first_rows(path, 9) == [["#", "file"], ["1", "a.png"], ["2", "b.png"]]


@pytest.mark.parametrize(
    ("text", "titles", "row"),
    [
        ("file,label\n1,a.png,Brot\n2,b.png,Käse\n", ["", *ROWS[0]], ["1", "a.png", "Brot"]),
        ("file,label\na.png,Brot,\nb.png,Käse,\n", [*ROWS[0], ""], ["a.png", "Brot", ""]),
        ("file,label,\na.png,Brot\nb.png,Käse\n", ROWS[0], ["a.png", "Brot"]),
    ],
)
def test_titles_are_as_many_as_cells(
    text: str, titles: list[str], row: list[str], tmp_path: Path
) -> None:
    path = written(tmp_path, text.encode())
    assert [got for _, got in numbered_rows(path)][:2] == [titles, row]
    assert first_rows(path, 2) == [titles, row]


def test_lines_that_end_in_several_ways(tmp_path: Path) -> None:
    path = written(tmp_path, b"file,label\r\na.png,x\rb.png,y\nc.png,z")
    assert first_rows(path, 9) == [ROWS[0], ["a.png", "x"], ["b.png", "y"], ["c.png", "z"]]
    assert [row for _, row in numbered_rows(path)] == first_rows(path, 9)


def test_rows_of_empty_cells_are_none(tmp_path: Path) -> None:
    path = written(tmp_path, f"{TEXT},\n,\n".encode())
    assert [row for _, row in numbered_rows(path)] == ROWS


@pytest.mark.parametrize("end", ["", 'c.png,"w\n'])
def test_a_quote_that_takes_rows_in_is_refused(end: str, tmp_path: Path) -> None:
    path = written(tmp_path, f'file,label\na.png,"x\nb.png,y\nb.png,y\n{end}'.encode())
    with pytest.raises(InputError, match="line 2 begins a quote that does not end there"):
        list(numbered_rows(path))


def test_cells_may_have_lines(tmp_path: Path) -> None:
    path = written(tmp_path, b'file,note\na.png, "one, two\nthree\nfour"\nb.png,x\n\x1a')
    rows = [row for _, row in numbered_rows(path)]
    assert rows[1:] == [["a.png", "one, two\nthree\nfour"], ["b.png", "x"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_blanks_part_the_columns_of_a_text(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.png Käse\r\nb.png  Brot\r\n".encode(encoding), "t.txt")
    assert [row for _, row in numbered_rows(path)] == ROWS[1:]


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("3;0,50;0,25", ";"),
        ("0,5;0,50;0,25", ";"),
        ("0,5\t1,5", "\t"),
        ("1,2,3", ","),
        ('"a;b;c;d",e', ","),
        ('"a,b,c";d', ";"),
        ("file,label", ","),
        ("one", ","),
        ("a,b;c", ","),
    ],
)
def test_a_comma_may_be_a_decimal_one(line: str, sign: str, tmp_path: Path) -> None:
    assert delimiter(written(tmp_path, line.encode())) == sign


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv: not text; save it as a table"):
        first_rows(written(tmp_path, b"PK\3\4\0\0\0\0 and so on"), 9)


def test_what_a_mac_packs_beside_a_table_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/t.csv", TEXT)
        archive.writestr("__MACOSX/folder/._t.csv", b"\0\5\26\7 and so on")
        archive.writestr("folder/._t.csv", b"\0\5\26\7 and so on")
        archive.writestr("folder/", b"")
    assert first_rows(path, 9) == ROWS


def test_an_archive_with_several_tables_says_which(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.csv", TEXT)
        archive.writestr("test.csv", TEXT)
    with pytest.raises(InputError, match=r"has 2 tables in it: train\.csv, test\.csv; unpack it"):
        first_rows(path, 9)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.md", TEXT)
    with pytest.raises(InputError, match=r"no table .* is in it; it has readme\.md"):
        first_rows(path, 9)


def test_a_table_is_opened_without_its_mark(tmp_path: Path) -> None:
    with open_table(written(tmp_path, TEXT.encode("utf-8-sig"))) as file:
        assert file.read().startswith(b"file,")


def test_a_line_without_end_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LINE_LIMIT", 2**20)
    path = written(tmp_path, gzip.compress(b"0," * 2**20), "t.csv.gz")
    for reader in (delimiter, lambda path: first_rows(path, 2)):
        with pytest.raises(InputError, match=r"t\.csv\.gz: a line of more than 1 MiB"):
            reader(path)
    path = written(tmp_path, TEXT.encode() + b"0," * 2**20)
    with pytest.raises(InputError, match="a line of more than 1 MiB"):
        list(numbered_rows(path))
