"""Tables of pixels as people have them: which column is what, and what the numbers mean."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diptych import read
from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.errors import InputError
from diptych.sources.pixels.pixel_csv import read_pixels
from pixel_tables import LABELS, noise, pixels_of, table

PICTURES = noise()
FLAT = PICTURES.reshape(24, 16).tolist()
NAMES = [f"p{i}" for i in range(16)]


def same(path: Path, **how: Any) -> None:
    """The table gives these pictures with these labels."""
    data = read(path, **how)
    np.testing.assert_array_equal(pixels_of(data), PICTURES)
    assert [sample.label for sample in data.samples] == [str(label) for label in LABELS]


@pytest.mark.parametrize(
    "titles",
    [
        range(17),
        range(1, 18),
        ["label", *range(16)],
        ["class", *(f"{y}x{x}" for y in range(4) for x in range(4))],
        ["# label", *NAMES],
        ["digit", *(f"pixel_{y}_{x}" for y in range(4) for x in range(4))],
        [f"V{i}" for i in range(1, 18)],
    ],
    ids=["from 0", "from 1", "label and numbers", "1x1", "savetxt", "leftover", "R"],
)
def test_titles_of_every_kind(titles: list[object], tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    same(table(tmp_path / "d.csv", list(titles), rows))


@pytest.mark.parametrize("most", [9, 255], ids=["fractions", "whole"])
@pytest.mark.parametrize("order", [sorted(range(16), key=str), [*range(16)][::-1]])
def test_pixels_lie_where_their_titles_say(order: list[int], most: int, tmp_path: Path) -> None:
    scale = 1 if most == 255 else 0.5
    head = ["label", *(NAMES[i] for i in order)]
    rows = [[y, *(row[i] * scale for i in order)] for y, row in zip(LABELS, FLAT, strict=True)]
    if scale == 1:
        same(table(tmp_path / "d.csv", head, rows))
        assert "pixels in the order of their titles" in read(tmp_path / "d.csv").note
    else:
        data = read(table(tmp_path / "d.csv", head, rows), value_range="0-127.5")
        np.testing.assert_array_equal(pixels_of(data), PICTURES)


@pytest.mark.parametrize(
    "index", ["", "Unnamed: 0", "Unnamed: 0.1", "id", "index", "nr"], ids=lambda name: name or "_"
)
def test_an_index_is_no_pixel(index: str, tmp_path: Path) -> None:
    rows = [[i, y, *row] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))]
    same(table(tmp_path / "d.csv", [index, "label", *NAMES], rows))
    same(table(tmp_path / "e.csv", [index, "0", *map(str, range(1, 17))], rows), label="0")


def test_an_index_needs_no_title(tmp_path: Path) -> None:
    rows = [[i, y, *row] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))]
    same(table(tmp_path / "d.csv", None, rows))


def test_columns_of_text_are_left_out_with_a_word_or_used(tmp_path: Path) -> None:
    titles = ["name", "label", "writer", "age", *NAMES, "Usage"]
    rows = [
        [f"n{i}.png", y, f"w{i % 4}", 20 + i % 3, *row, ("Training", "PrivateTest")[i // 12]]
        for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))
    ]
    path = table(tmp_path / "d.csv", titles, rows)
    same(path)
    data = read(path)
    assert "no pixels are in name, writer, age" in data.note
    assert data.parts() == ("train", "test")
    assert set(data.columns) == {"writer", "age"}
    by_writer = read(path, group="writer")
    assert {sample.group for sample in by_writer.samples} == {f"w{i}" for i in range(4)}
    assert read(path, label="writer").classes == ("w0", "w1", "w2", "w3")
    # Whoever shares a writer or an age stands together, at whatever distance.
    assert len({sample.group for sample in read(path, group=["writer", "age"]).samples}) == 1
    with pytest.raises(InputError, match=r"--label writers: no column is called so; did you mean"):
        read(path, label="writers")
    with pytest.raises(InputError, match="a table of pixels has no folders"):
        read(path, group="folder:1")


def test_ids_of_a_column_with_gaps_are_those_of_one_without(tmp_path: Path) -> None:
    path, titles = tmp_path / "d.csv", ["label", "patient", *NAMES]
    whole = [[y, i, *row] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))]
    groups = [sample.group for sample in read(table(path, titles, whole), group="patient").samples]
    gaps = [[y, f"{i}.0" if i > 1 else "nan", *row] for y, i, *row in whole]
    others = [sample.group for sample in read(table(path, titles, gaps), group="patient").samples]
    assert others == ["", "", *groups[2:]]


def test_a_fold_is_a_part_where_somebody_says_so(tmp_path: Path) -> None:
    rows = [[y, *row, i % 5] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))]
    path = table(tmp_path / "d.csv", ["label", *NAMES, "fold"], rows)
    assert read(path).parts() == ()
    data = read(path, fold=2)
    assert [sample.part == "test" for sample in data.samples] == [i % 5 == 2 for i in range(24)]
    with pytest.raises(InputError, match="fold has no fold 7; it has 0, 1, 2, 3, 4"):
        read(path, fold=7)
    other = table(tmp_path / "e.csv", ["label", *NAMES, "k"], rows)
    assert read(other, fold=2, part="k").counts() == data.counts()
    with pytest.raises(InputError, match="no column of folds among label, k; --part COLUMN"):
        read(other, fold=2)


@pytest.mark.parametrize(
    ("title", "cells", "parts"),
    [
        ("is_valid", ("True", "False", "False"), ("valid", "train", "train")),
        ("is_test", (1, 0, 0), ("test", "train", "train")),
        ("phase", ("Training set", "dev", "hold-out"), ("train", "valid", "test")),
        ("which", ("train", "test", "train"), ("train", "test", "train")),
        ("set", ("batch 1", "batch 2", "batch 3"), ("", "", "")),
    ],
)
def test_parts_are_those_of_tables_of_files(
    title: str, cells: tuple[object, ...], parts: tuple[str, ...], tmp_path: Path
) -> None:
    pairs = enumerate(zip(LABELS, FLAT, strict=True))
    rows = [[cells[i // 6 % 3], y, *row] for i, (y, row) in pairs]
    # Labels need no title that says so where the other column is called as parts are.
    called = "label" if title == "which" else "digit"
    if title != "set":
        data = read(table(tmp_path / "d.csv", [title, called, *NAMES], rows))
    else:
        data = read(table(tmp_path / "d.csv", [title, called, *NAMES], rows), label=called)
    assert tuple(sample.part for sample in data.samples[:18:6]) == parts
    assert {sample.label for sample in data.samples} == {str(label) for label in LABELS}
    assert (f"parts in {title}" in data.note) == any(parts)


def test_folds_and_ids_that_come_again_are_pointed_out(tmp_path: Path) -> None:
    rows = [
        [y, i % 4, f"p{i // 3}", *row] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))
    ]
    data = read(table(tmp_path / "d.csv", ["label", "kfold", "patient_id", *NAMES], rows))
    assert data.parts() == ()
    assert "kfold has 4 folds (0, 1, 2, 3); --fold 0 tests on one" in data.note
    assert "--group 'patient_id' keeps what has the same together" in data.note
    grouped = read(tmp_path / "d.csv", group="patient_id", fold=3)
    assert "--group" not in grouped.note
    assert len({sample.group for sample in grouped.samples}) == 8
    with pytest.raises(InputError, match="it has no column of folds"):
        read(table(tmp_path / "e.csv", None, [[y, *row] for y, _, _, *row in rows]), fold=0)


def test_a_cell_that_names_no_part_is_named_by_its_line(tmp_path: Path) -> None:
    cells = ["train", "extra", *["test"] * 22]
    rows = [[y, part, *row] for y, part, row in zip(LABELS, cells, FLAT, strict=True)]
    with pytest.raises(InputError, match=r"d\.csv: split .* no part: 'extra' in 1 row \(line 3"):
        read(table(tmp_path / "d.csv", ["label", "split", *NAMES], rows))


def test_the_surest_title_is_that_of_the_labels(tmp_path: Path) -> None:
    rows = [[y, "xy"[i % 2], *row] for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))]
    same(table(tmp_path / "d.csv", ["class_id", "writer", *NAMES], rows))
    with pytest.raises(InputError, match="labels may be in digit or writer"):
        read(table(tmp_path / "e.csv", ["digit", "writer", *NAMES], rows))


def test_labels_that_may_have_been_left_out_are_told(tmp_path: Path) -> None:
    rows = [[("cat", "None")[i % 2], *row] for i, row in enumerate(FLAT)]
    data = read(table(tmp_path / "d.csv", ["label", *NAMES], rows))
    assert data.classes == ("cat",)
    assert "'None' is no label here" in data.note
    assert {stray.reason for stray in data.strays} == {"no label"}


def test_labels_that_may_be_in_two_columns_are_asked_for(tmp_path: Path) -> None:
    rows = [
        [y, f"{'ab'[i % 2]}", f"{'xyz'[i % 3]}", *row]
        for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))
    ]
    path = table(tmp_path / "d.csv", ["a", "colour", "sort", *NAMES], rows)
    with pytest.raises(InputError, match="labels may be in a or colour or sort; say where"):
        read(path)
    assert read(path, label="colour").classes == ("a", "b")
    both = table(tmp_path / "e.csv", ["label", "class", "sort", *NAMES], rows)
    with pytest.raises(InputError, match="labels may be in label or in class, which differ"):
        read(both)
    # The same in other words is no other label.
    rows = [[y, f"class {y}", *row] for y, row in zip(LABELS, FLAT, strict=True)]
    same(table(tmp_path / "f.csv", ["label", "class", *NAMES], rows))


def test_a_column_of_labels_is_no_pixel(tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    with pytest.raises(InputError, match="p0 is a column of pixels, without which"):
        read(path, label="p0")


def test_rows_may_end_in_a_delimiter_where_titles_do_not(tmp_path: Path) -> None:
    rows = [[y, *row, ""] for y, row in zip(LABELS, FLAT, strict=True)]
    same(table(tmp_path / "d.csv", ["label", *NAMES], rows))


def test_rows_that_are_longer_than_the_titles_are_named(tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    rows[0].append(7)
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    with pytest.raises(InputError, match="line 2 has 18 columns, the first line 17"):
        read(path)


def test_the_row_that_pandas_took_for_titles_is_missed_aloud(tmp_path: Path) -> None:
    titles = ["3", "0", *(f"0.{i}" for i in range(1, 12)), "7", "7.1", "255", "9"]
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    path = table(tmp_path / "d.csv", titles, rows)
    same(path)
    assert "numbers that pandas took for titles, is left out" in read(path).note


@pytest.mark.parametrize("sign", [";", "\t", ","])
def test_decimals_may_have_a_comma(sign: str, tmp_path: Path) -> None:
    quote = '"' if sign == "," else ""
    rows = [
        [f"{quote}{y},0{quote}", *(f"{quote}{v / 255:.4f}{quote}".replace(".", ",") for v in row)]
        for y, row in zip(LABELS, FLAT, strict=True)
    ]
    same(table(tmp_path / "d.csv", ["label", *NAMES], rows, sign))
    same(table(tmp_path / "e.csv", None, rows, sign))


@pytest.mark.parametrize("sign", [";", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_pixels_are_read_in_every_dialect(sign: str, encoding: str, tmp_path: Path) -> None:
    rows = [[f'"é{y}"', *row] for y, row in zip(LABELS, FLAT, strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows, sign)
    path.write_bytes(f"sep={sign}\r\n{path.read_text('utf-8')}".encode(encoding))
    data = read(path)
    np.testing.assert_array_equal(pixels_of(data), PICTURES)
    assert data.classes == ("é1", "é10", "é2", "é3")
    assert data.samples[0].name == "d.csv:3"
    assert ("Windows-1252" in data.note) is (encoding == "latin-1")
    broken = path.read_text(encoding).replace(f"{sign}{FLAT[2][0]}{sign}", f"{sign}x{sign}", 1)
    path.write_bytes(broken.encode(encoding))
    with pytest.raises(InputError, match=r"line \d+, p\d+: 'x' is not a number"):
        read(path)


@pytest.mark.parametrize("between", [" ", ", ", ","])
def test_a_cell_of_many_numbers_needs_no_title(between: str, tmp_path: Path) -> None:
    rows = [[f'"[{between.join(map(str, row))}]"', y] for y, row in zip(LABELS, FLAT, strict=True)]
    same(table(tmp_path / "d.csv", ["image", "sort"], rows))
    same(table(tmp_path / "e.csv", None, rows))


def scaled(low: float, high: float) -> list[list[float]]:
    numbers = PICTURES.reshape(24, 16) / 255 * (high - low) + low
    return [[round(float(number), 4) for number in row] for row in numbers]


def test_numbers_from_minus_one_to_one_are_read(tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, scaled(-1, 1), strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    same(path)
    assert read(path).values == PixelValues(-1, 1)
    assert "values -1–1" in read(path).note


def test_standardised_numbers_are_asked_for(tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, scaled(-0.4242, 2.8215), strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    with pytest.raises(InputError, match=r"numbers from -0\.4242 .* such as (--range=-\S+)$") as e:
        read(path)
    same(path, value_range=str(e.value).rpartition("=")[2])
    same(path, value_range=(-0.4242, 2.8215))


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_sensors_have_more_bits(bits: int, tmp_path: Path) -> None:
    most = 2**bits - 1
    numbers = np.rint(PICTURES.reshape(24, 16) / 255 * most).astype(int)
    numbers[3, 3] = most
    rows = [[y, *row] for y, row in zip(LABELS, numbers, strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    assert read(path).values == PixelValues(0, most)
    assert np.abs(pixels_of(path)[1:3].astype(int) - PICTURES[1:3]).max() <= 1
    rows = [[y, *np.minimum(row, most - 9)] for y, row in zip(LABELS, numbers, strict=True)]
    path = table(tmp_path / "e.csv", ["label", *NAMES], rows)
    with pytest.raises(InputError, match=rf"is not among 0 to 255; .*such as --range=0-{most}$"):
        read(path)
    assert read(path, value_range=f"0-{most}").values == PixelValues(0, most)


@pytest.mark.parametrize(
    ("most", "ends"), [(255, (0, 255)), (4095, (0, 4095)), (16, (0, 16)), (1, (0, 1))]
)
def test_white_is_a_matter_of_all_rows(most: int, ends: tuple[int, int], tmp_path: Path) -> None:
    """The first rows may be black."""
    bright = (np.arange(60 * 16).reshape(60, 16) % 8 * most // 7).tolist()
    rows = [[i % 3, *([0] * 16)] for i in range(60)] + [[i % 3, *r] for i, r in enumerate(bright)]
    data = read(table(tmp_path / "d.csv", ["label", *NAMES], rows))
    assert data.values == PixelValues(*ends)
    assert pixels_of(data).max() == 255


def test_fractions_may_begin_with_whole_numbers(tmp_path: Path) -> None:
    rows = [[i % 3, *([i % 2] * 16)] for i in range(60)] + [[0, *([0.5] * 16)]]
    data = read(table(tmp_path / "d.csv", ["label", *NAMES], rows))
    assert data.values == PixelValues(0, 1)
    assert pixels_of(data)[-1].max() == 128


def test_a_row_without_a_label_is_set_aside(tmp_path: Path) -> None:
    rows: list[list[object]] = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    rows[4][0], rows[5][0] = "", "NaN"
    data = read(table(tmp_path / "d.csv", ["label", *NAMES], rows))
    assert len(data) == 22
    assert [(s.name, s.reason) for s in data.strays] == [
        ("d.csv:6", "no label"),
        ("d.csv:7", "no label"),
    ]
    assert data.classes == ("1", "2", "3", "10")


KNOWN = PixelFormat((4, 4, 1), PixelValues(0, 255))


def test_a_later_file_means_what_the_first_did(tmp_path: Path) -> None:
    dark = [[v // 32 for v in row] for row in FLAT]
    path = table(tmp_path / "d.csv", NAMES, dark)
    [(_, pixels)] = read_pixels(path, KNOWN)
    assert pixels.reshape(24, 16).tolist() == dark
    [(_, brighter)] = read_pixels(path, PixelFormat((4, 4, 1)))
    assert brighter.max() > pixels.max()
    labelled = table(tmp_path / "e.csv", ["label", *NAMES], [[1, *dark[0]], [2, *dark[1]]])
    assert pixels_of(read(labelled, expected=KNOWN)).reshape(2, 16).tolist() == dark[:2]
    train = table(tmp_path / "f.csv", ["label", *NAMES], [[1, *FLAT[0]], [2, *FLAT[1]]])
    both = read(train, test=labelled)
    assert pixels_of(both)[2:].reshape(2, 16).tolist() == dark[:2]


def test_a_later_file_of_other_numbers_is_refused(tmp_path: Path) -> None:
    wide = table(tmp_path / "d.csv", NAMES, [[v * 16 for v in row] for row in FLAT])
    with pytest.raises(InputError, match=r"d\.csv: line 2, p\d+: \d+ is not among 0 to 255, the r"):
        list(read_pixels(wide, KNOWN))
    shares = table(tmp_path / "e.csv", NAMES, [[v / 255 for v in row] for row in FLAT])
    with pytest.raises(InputError, match=r"its numbers are fractions up to .*not among 0 to 255"):
        list(read_pixels(shares, KNOWN))
    larger = table(tmp_path / "f.csv", [f"p{i}" for i in range(25)], [[0] * 25] * 3)
    with pytest.raises(InputError, match="25 numbers a row are no picture of 4×4×1"):
        list(read_pixels(larger, KNOWN))
    labelled = table(tmp_path / "g.csv", ["label", *NAMES], [[1, *wide_row] for wide_row in FLAT])
    assert read(labelled, expected=KNOWN, value_range="-255-255").values == PixelValues(-255, 255)


def test_a_later_file_may_have_further_columns(tmp_path: Path) -> None:
    rows = [[i, f"n{i}", "x", *row] for i, row in enumerate(FLAT)]
    path = table(tmp_path / "d.csv", ["", "name", "sort", *NAMES], rows)
    [(names, pixels)] = read_pixels(path, KNOWN)
    np.testing.assert_array_equal(pixels, PICTURES)
    assert names[:2] == ["d.csv:2", "d.csv:3"]
    one = table(tmp_path / "e.csv", None, [FLAT[0]])
    [(_, pixels)] = read_pixels(one, KNOWN)
    np.testing.assert_array_equal(pixels, PICTURES[:1])


def test_the_order_of_colours_is_what_it_was(tmp_path: Path) -> None:
    pictures = noise(9, 3, 3, 3)
    path = table(tmp_path / "d.csv", None, pictures.transpose(0, 3, 1, 2).reshape(9, 27).tolist())
    for planar in (True, False):
        known = PixelFormat((3, 3, 3), PixelValues(0, 255, planar))
        [(_, pixels)] = read_pixels(path, known)
        assert np.array_equal(pixels, pictures) is planar


@pytest.mark.parametrize("nothing", ["NULL", "N/A", "\\N", "?", "(null)", "#REF!"])
def test_what_programs_write_where_there_is_no_label_is_none(nothing: str, tmp_path: Path) -> None:
    rows = [[nothing if i == 3 else "ab"[i % 2], *row] for i, row in enumerate(FLAT)]
    data = read(table(tmp_path / "d.csv", ["label", *NAMES], rows))
    assert data.classes == ("a", "b")
    assert [stray.reason for stray in data.strays] == ["no label"]


def test_rows_without_a_part_are_set_aside(tmp_path: Path) -> None:
    cells = [*["train"] * 6, "", *["test"] * 17]
    rows = [[y, part, *row] for y, part, row in zip(LABELS, cells, FLAT, strict=True)]
    data = read(table(tmp_path / "d.csv", ["label", "split", *NAMES], rows))
    assert {sample.part for sample in data.samples} == {"train", "test"}
    assert [(stray.name, stray.reason) for stray in data.strays] == [("d.csv:8", "no part")]
    assert "1 pictures without a part in split are set aside" in data.note


def test_a_fold_leaves_the_rows_of_a_test_part_out_of_training(tmp_path: Path) -> None:
    rows = [
        [y, *(("test", "") if i > 17 else ("train", i // 6)), *row]
        for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))
    ]
    data = read(table(tmp_path / "d.csv", ["label", "split", "fold", *NAMES], rows), fold=1)
    assert [s.part for s in data.samples] == ["train"] * 6 + ["valid"] * 6 + ["train"] * 6 + [
        "test"
    ] * 6


def test_a_test_part_has_no_class_that_is_not_learned(tmp_path: Path) -> None:
    rows = [
        [9 if i == 20 else y, ("train", "test")[i > 11], *row]
        for i, (y, row) in enumerate(zip(LABELS, FLAT, strict=True))
    ]
    with pytest.raises(InputError, match=r"test part has class '9', .* such as d.csv:22; give"):
        read(table(tmp_path / "d.csv", ["label", "split", *NAMES], rows))


@pytest.mark.parametrize("end", [b"\x1a", b"\x1a\r\n"])
def test_the_mark_of_the_end_of_an_old_file_is_no_row(end: bytes, tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    path = table(tmp_path / "d.csv", ["label", *NAMES], rows)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + end)
    same(path)


@pytest.mark.parametrize("said", [{"label": "p3"}, {"group": "p3"}, {"part": "p3"}])
def test_a_column_of_pixels_is_nothing_else(said: dict[str, Any], tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    with pytest.raises(InputError, match="p3 is a column of pixels, without which there is no"):
        read(table(tmp_path / "d.csv", ["label", *NAMES], rows), **said)
    shared = [[y, " ".join(map(str, row))] for y, row in zip(LABELS, FLAT, strict=True)]
    with pytest.raises(InputError, match="pixels is a column of pixels"):
        read(table(tmp_path / "s.csv", ["emotion", "pixels"], shared), label="pixels")


def test_what_groups_is_a_title_or_several(tmp_path: Path) -> None:
    rows = [[y, *row] for y, row in zip(LABELS, FLAT, strict=True)]
    with pytest.raises(InputError, match="group is the title of a column, or a list of them"):
        read(table(tmp_path / "d.csv", ["label", *NAMES], rows), group=5)  # type: ignore[arg-type]
