import json
from collections.abc import Sequence
from pathlib import Path

import polars
import pytest

from diptych.errors import InputError
from diptych.gathering.columns import WantedTable, read_wanted
from web import table

HERE = [f"https://pics.example/{i}.jpg" for i in range(8)]
LABELS = ["cat", "dog"] * 4


def wanted(
    folder: Path,
    titles: Sequence[str],
    *columns: Sequence[str],
    url: str | None = None,
    label: str | None = None,
) -> WantedTable:
    return read_wanted(table(folder / "t.csv", titles, *zip(*columns, strict=True)), url, label)


def labels(of: WantedTable) -> list[str]:
    return [row.label for row in of.rows]


@pytest.mark.parametrize("title", ["label", "species", "dish", "search_term", "name", "column"])
def test_labels_are_in_what_is_called_so_or_comes_again(title: str, tmp_path: Path) -> None:
    of = wanted(tmp_path, ["link", title], HERE, LABELS)
    assert [row.url for row in of.rows] == HERE
    assert labels(of) == LABELS
    assert of.note == f"addresses in link, labels in {title}"


@pytest.mark.parametrize("title", ["licence", "license", "author", "creator", "split", "source"])
def test_what_is_said_of_pictures_besides_is_no_label(title: str, tmp_path: Path) -> None:
    of = wanted(tmp_path, ["url", title], HERE, LABELS)
    assert labels(of) == [""] * 8
    assert [list(row.others) for row in of.rows] == [[label] for label in LABELS]
    assert "no labels; --label COLUMN says which column has them" in of.note
    assert labels(wanted(tmp_path, ["url", title], HERE, LABELS, label=title)) == LABELS


def test_of_several_columns_the_one_of_pictures_is_taken(tmp_path: Path) -> None:
    pages = [f"https://pics.example/people/{i}" for i in range(8)]
    small = [f"https://pics.example/{i}_s.jpg" for i in range(8)]
    rights = ["https://creativecommons.org/licenses/by/2.0/"] * 8
    # Open Images, GBIF, and a table of somebody's.
    for titles in (
        ["OriginalURL", "OriginalLandingURL", "Thumbnail300KURL", "License"],
        ["identifier", "references", "thumb", "license"],
        ["image", "source", "preview", "rights"],
    ):
        of = wanted(tmp_path, titles, HERE, pages, small, rights)
        assert [row.url for row in of.rows] == HERE
        assert "--url says otherwise" in of.note
        assert labels(of) == [""] * 8
    of = wanted(tmp_path, ["url", "thumb"], HERE, small, url="THUMB")
    assert [row.url for row in of.rows] == small


def test_what_may_be_meant_in_two_ways_is_asked_for(tmp_path: Path) -> None:
    back = [f"https://pics.example/back/{i}.jpg" for i in range(8)]
    with pytest.raises(InputError, match=r"several columns have addresses: front, .*--url 'front'"):
        wanted(tmp_path, ["front", "back", "label"], HERE, back, LABELS)
    colours = ["red", "red", "green", "green"] * 2
    with pytest.raises(InputError, match=r"several columns may hold the labels.*--label 'dish'"):
        wanted(tmp_path, ["url", "dish", "colour"], HERE, LABELS, colours)


def test_a_list_of_addresses_needs_no_titles(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(HERE))
    assert [row.url for row in read_wanted(tmp_path / "t.txt", None, None).rows] == HERE
    lines = [f"{url},{label}" for url, label in zip(HERE, LABELS, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    of = read_wanted(tmp_path / "t.csv", None, None)
    assert [row.url for row in of.rows] == HERE
    assert labels(of) == LABELS


def test_json_lines_and_parquet_are_tables_too(tmp_path: Path) -> None:
    rows = [{"url": u, "label": one} for u, one in zip(HERE, LABELS, strict=True)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    polars.DataFrame(rows).write_parquet(tmp_path / "t.parquet")
    for name in ("t.jsonl", "t.parquet"):
        of = read_wanted(tmp_path / name, None, None)
        assert ([row.url for row in of.rows], labels(of)) == (HERE, LABELS)


def test_columns_of_ones_and_zeros_are_labels(tmp_path: Path) -> None:
    cats, dogs = ["1", "0"] * 4, ["0", "1"] * 4
    assert labels(wanted(tmp_path, ["url", "cat", "dog"], HERE, cats, dogs)) == LABELS


def test_a_row_with_several_labels_is_not_guessed_at(tmp_path: Path) -> None:
    of = wanted(tmp_path, ["url", "label"], HERE, ['["cat", "dog"]', '["cat"]', *LABELS[2:]])
    assert of.rows[0].trouble == ("several labels", "cat, dog; a picture goes into one folder")
    assert labels(of)[1:] == ["cat", *LABELS[2:]]


def test_cells_that_say_nothing_are_no_labels(tmp_path: Path) -> None:
    of = wanted(
        tmp_path, ["url", "label"], HERE, ["cat", "", "nan", "NULL", "dog", "cat", "?", "-"]
    )
    assert labels(of) == ["cat", "", "", "", "dog", "cat", "", ""]
    numbers = ["1.0", "2.0"] * 4  # as pandas writes whole numbers with gaps
    assert labels(wanted(tmp_path, ["url", "label"], HERE, numbers)) == ["1", "2"] * 4


def test_letters_of_two_spellings_are_one_label(tmp_path: Path) -> None:
    of = wanted(tmp_path, ["url", "label"], HERE, ["caf\u00e9", "cafe\u0301"] * 4)
    assert set(labels(of)) == {"caf\u00e9"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\na.jpg,cat\n", "no column has addresses that begin with http"),
        ("url,label\n", "it has no rows"),
        ("", "it has no rows"),
        ("url,label\nhttps://a.com/1,2.jpg,cat\nhttps://a.com/2,2.jpg,dog\n", "in quotes"),
        ("url,label\nhttps://a.com/1.jpg,none of these\n", "no class may be called"),
        ("\x89PNG\0\0\0\r\n\0\0\0", "not text"),
    ],
)
def test_what_is_no_table_of_addresses_is_said(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as refusal:
        read_wanted(path, None, None)
    assert str(path) in str(refusal.value)


def test_a_row_of_another_length_among_many_is_set_aside(tmp_path: Path) -> None:
    rows = [f"https://pics.example/{i}.jpg,cat" for i in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["url,label", *rows, "https://a.com/1,2.jpg,cat"]))
    of = read_wanted(tmp_path / "t.csv", None, None)
    assert len(of.rows) == 201
    assert of.rows[-1].trouble[0] == "row of another length"
    assert "line 202" in of.rows[-1].trouble[1]


def test_a_title_that_is_not_there_is_said_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'urls' for --url; did you mean 'url'"):
        wanted(tmp_path, ["url", "label"], HERE, LABELS, url="urls")
    with pytest.raises(InputError, match="no column 'labels' for --label; did you mean 'label'"):
        wanted(tmp_path, ["url", "label"], HERE, LABELS, label="labels")
    with pytest.raises(InputError, match="url has the addresses, and no labels"):
        wanted(tmp_path, ["url", "label"], HERE, LABELS, label="url")
