"""Tables that name files."""

import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from diptych import audit, read
from diptych.errors import InputError


def table(root: Path, lines: list[str], name: str = "labels.csv") -> Path:
    (root / name).write_text("\n".join(lines) + "\n")
    return root / name


def test_ids_without_an_ending_are_found_in_folders_below(folder_of: Callable[..., Path]) -> None:
    root = folder_of(4)
    path = table(root, ["id,label", "red000,r", "red001,r", "blue000,b", "blue9,b"])
    data = read(path)
    assert data.classes == ("b", "r")
    assert [s.path.name for s in data.samples] == ["red000.png", "red001.png", "blue000.png"]
    [stray] = data.strays
    assert (stray.name, stray.reason) == ("blue9", "missing")
    assert "line 5" in stray.detail
    assert audit(data, size=32).set_aside == {"missing": 1}


def test_a_folder_with_metadata_is_read_by_it(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    lines = ["file_name,label,split", "red/red000.png,x,train", "blue/blue001.png,y,validation"]
    table(root, lines, "metadata.csv")
    data = read(root)
    assert [(s.label, s.part) for s in data.samples] == [("x", "train"), ("y", "valid")]


def test_what_metadata_does_not_list_is_set_aside(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    table(
        root, ["file_name,label", "./red/red000.png,x", "blue001,y", "gone.png,y"], "metadata.csv"
    )
    actual = audit(read(root), size=32)
    assert actual.files == sum(path.is_file() for path in root.rglob("*")) + 1
    assert actual.set_aside == {"missing": 1, "table": 1, "not listed": 4}
    assert actual.used == 2
    assert actual.reasons["red/red001.png"] == "not listed"


def test_a_name_that_two_files_have_is_set_aside(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    (root / "blue" / "red000.png").write_bytes((root / "red" / "red000.png").read_bytes())
    data = read(table(root, ["file,label", "red000.png,r", "blue/red000.png,b", "red001.png,r"]))
    assert [Path(str(s.path)).parent.name for s in data.samples] == ["blue", "red"]
    assert "2 files could be meant" in data.strays[0].detail


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["name of it,label", "red,r"], "no column of files among name of it, label: no cell is"),
        (["file,colour", "red000.png,r"], r"no column of labels \(colour: 1 different value, r\)"),
        (["file,label", "red000.png"], "line 2 has 1 columns, the first line 2"),
        (["file,label", "red000.png,"], r"no column of labels \(label: empty\)"),
        (["file,label", "a.png,x", "b.png,y"], "none of the 2 files that it names is there"),
        (["file,label"], "no rows"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(
    folder_of: Callable[..., Path], lines: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(table(folder_of(2), lines))


def test_tables_may_be_compressed_or_parted_otherwise(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    rows = ["id;label", "red000;r", "blue000;b"]
    (root / "labels.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode("utf-8-sig")))
    (root / "labels.tsv").write_text("\n".join(rows).replace(";", "\t") + "\n\n")
    (root / "windows.csv").write_text("id,label\nred\\red000.png,r\nblue\\blue000,b\n")
    for name in ("labels.csv.gz", "labels.tsv", "windows.csv"):
        data = read(root / name)
        assert [s.path.name for s in data.samples] == ["red000.png", "blue000.png"], name
        assert data.classes == ("b", "r")


def test_a_file_that_is_named_twice_is_a_duplicate(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    rows = ["id,label", "red000,r", "red000,r", "red001,r", "blue000,b", "blue001,b", "blue001,r"]
    data = read(table(root, rows))
    repeated = [stray for stray in data.strays if stray.reason == "repeated"]
    assert [stray.detail for stray in repeated] == ["line 3 of labels.csv says what line 2 does"]
    assert (
        "1 file named in several rows with other labels each (blue/blue001.png: b and r)"
        in data.note
    )
    actual = audit(data, size=32)
    assert actual.set_aside["two labels"] == 2
    assert actual.used == 3


def test_bytes_that_are_no_text_are_said(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    (root / "binary.csv").write_bytes(b"id,label\nred000,\0\1\2\n")
    with pytest.raises(InputError, match="not text"):
        read(root / "binary.csv")
    rows = ["id,label,split", "red000,r,train", "blue000,b,elsewhere"]
    with pytest.raises(
        InputError, match=r"split says what is no part: 'elsewhere' in 1 row \(line 3"
    ):
        read(table(root, rows))


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.csv", text)
    return file.getvalue()


def marked(archive: bytes, at: int, value: int) -> bytes:
    """A zip with another number at a place of both of its headers."""
    data = bytearray(archive)
    data[at] = value
    data[data.index(b"PK\1\2") + at + 2] = value
    return bytes(data)


ROWS = "id,label\n" + "".join(f"red{i:03d},{i % 7}\n" for i in range(9999))
GZ, ZST, ZIP = gzip.compress(ROWS.encode()), zstandard.compress(ROWS.encode()), zipped(ROWS)


def test_every_frame_of_a_zst_is_read(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    frames = (b"id,label\nred000,r\n", b"", b"blue000,b\nred0", b"01,r\n")
    (root / "labels.zst").write_bytes(b"".join(map(zstandard.compress, frames)))
    assert [Path(s.path.name).stem for s in read(root / "labels.zst").samples] == [
        "red000",
        "blue000",
        "red001",
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.gz", GZ[:-99]),
        ("bent.gz", GZ[:500] + bytes(500) + GZ[1000:]),
        ("cut.zst", ZST[:99]),
        ("bent.zst", ZST[:12] + b"\xff" * 300 + ZST[312:]),
        ("none.zst", b"no zstandard"),
        ("cut.zip", ZIP[:-99]),
        ("bent.zip", ZIP[:500] + bytes(500) + ZIP[1000:]),
        ("encrypted.zip", marked(ZIP, 6, 1)),
        ("unknown.zip", marked(ZIP, 8, 93)),
        ("lzma.zip", marked(ZIP, 8, 14)),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_damaged_table_is_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=rf"{name}: cannot be read: [^\n]+$"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("fold", "parts"),
    [(None, {"train": 9, "test": 3}), (1, {"train": 6, "valid": 3, "test": 3})],
)
def test_a_column_of_folds_leaves_a_test_folder_to_test_on(
    laid: Callable[..., Path], fold: int | None, parts: dict[str, int]
) -> None:
    files = [f"{'train' if i < 9 else 'test'}/{i}.jpg" for i in range(12)]
    rows = [f"{file},{'ab'[i % 2]},{i % 3}" for i, file in enumerate(files)]
    data = read(laid(files, {"l.csv": ["file,label,fold", *rows]}) / "l.csv", fold=fold)
    assert Counter(sample.part for sample in data.samples) == parts


def test_an_archive_beside_a_table_is_hinted_at(laid: Callable[..., Path]) -> None:
    root = laid([], {"labels.csv": ["file,label", "1.jpg,a", "2.jpg,b"]})
    with zipfile.ZipFile(root / "images.zip", "w") as archive:
        for name in ("1.jpg", "2.jpg"):
            archive.writestr(name, b"a picture")
    with pytest.raises(InputError, match=r"and not into images\.zip; give the folder"):
        read(root / "labels.csv")
    assert [sample.label for sample in read(root).samples] == ["a", "b"]


def test_one_row_of_many_with_a_comma_too_many_is_set_aside(tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / f"{i}.png").touch()
    rows = [f"{i}.png,{'ab'[i % 2]}" for i in range(12)]
    lines = ["file,label", *rows[:4], "4.png,a,b", *rows[5:]]
    for data in (read(table(tmp_path, lines)), read(tmp_path)):
        assert len(data.samples) == 11
        assert "4.png" not in {sample.name for sample in data.samples}
        [detail] = [s.detail for s in data.strays if s.name == "4.png" and s.reason == "no label"]
        assert detail == "line 6 of labels.csv has 3 columns, the first line 2"
    with pytest.raises(InputError, match="line 6 has 3 columns, the first line 2"):
        read(table(tmp_path, [*lines[:6], "5.png", *lines[7:]]))
