"""Which column names files, and whether there is a header."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]
NUMBERED = [f"im/{i}.jpg" for i in range(1, 21)]


def reading(laid: Laid, lines: Iterable[str], **said: str) -> Dataset:
    return read(laid(NUMBERED, {"l.csv": lines}) / "l.csv", **said)  # type: ignore[arg-type]


def files(data: Dataset) -> list[str]:
    return [s.path.name for s in data.samples]


BACKWARDS = [f"{i}.jpg" for i in range(20, 0, -1)]
LABELS = "ab" * 10


def test_a_running_number_names_no_files_where_names_do(laid: Laid) -> None:
    rows = zip(range(1, 21), BACKWARDS, LABELS, strict=True)
    data = reading(laid, ["id,image_name,label", *(f"{i},{n},{x}" for i, n, x in rows)])
    assert files(data) == BACKWARDS
    assert "named in image_name" in data.note


def test_names_of_which_some_are_missing_go_before_numbers_that_are_all_there(laid: Laid) -> None:
    rows = zip(range(1, 21), ["99.jpg", "98.jpg", *BACKWARDS[2:]], LABELS, strict=True)
    data = reading(laid, ["id,picture of it,label", *(f"{i},{n},{x}" for i, n, x in rows)])
    assert files(data) == BACKWARDS[2:]


def test_two_columns_of_numbers_that_are_there_are_asked_about(laid: Laid) -> None:
    rows = [f"{(7 * i) % 20 + 1},{20 - i},{x}" for i, x in enumerate(LABELS)]
    with pytest.raises(InputError, match=r"nr and pic name files .* --files 'nr' says which"):
        reading(laid, ["nr,pic,label", *rows])
    assert files(reading(laid, ["nr,pic,label", *rows], files="Pic")) == BACKWARDS
    with pytest.raises(InputError, match="no column 'pick' for --files; did you mean 'pic'"):
        reading(laid, ["nr,pic,label", *rows], files="pick")


def test_a_row_that_counts_is_an_index(laid: Laid) -> None:
    rows = [f"{i + 1},{20 - i},{x}" for i, x in enumerate(LABELS)]
    assert files(reading(laid, ["id,picture,label", *rows])) == BACKWARDS
    assert files(reading(laid, [",picture,label", *rows])) == BACKWARDS


def test_an_age_that_comes_again_names_no_files(laid: Laid) -> None:
    rows = [f"{i % 9 + 1},{20 - i},{x}" for i, x in enumerate(LABELS)]
    assert files(reading(laid, ["age,no_of_picture,label", *rows])) == BACKWARDS


@pytest.mark.parametrize("ending", [".jpg", ""])
def test_a_header_may_be_missing(laid: Laid, ending: str) -> None:
    data = reading(laid, [f"{i + 1}{ending},{x}" for i, x in enumerate(LABELS)])
    assert len(data) == 20
    assert data.classes == ("a", "b")
    assert "no header" in data.note


def test_a_header_may_be_missing_above_a_file_that_is(laid: Laid) -> None:
    data = reading(laid, [f"{i}.jpg,{x}" for i, x in enumerate("ba" * 10)])
    assert (len(data), [stray.name for stray in data.strays]) == (19, ["0.jpg"])


def test_columns_without_titles_are_said_by_their_number(laid: Laid) -> None:
    lines = [f"{x},{i % 4},{i + 1}.jpg" for i, x in enumerate(LABELS)]
    data = reading(laid, lines, files="column 3", label="column 2")
    assert data.classes == ("0", "1", "2", "3")


@pytest.mark.parametrize("titles", ["index,id", "id,index", ",id", "id,image_id", "image_id,id"])
@pytest.mark.parametrize("first", [0, 1])
def test_of_two_columns_that_count_the_one_with_a_file_for_each_row_is_meant(
    laid: Laid, titles: str, first: int
) -> None:
    rows = [f"{i + first},{i + 1 - first},{x}" for i, x in enumerate(LABELS)]
    data = reading(laid, [f"{titles},label", *rows])
    assert files(data) == BACKWARDS[::-1]
    named = titles.split(",")[1 - first] or "(no title)"
    assert f"named in {named}," in data.note


def test_what_names_all_files_goes_before_a_usual_title_that_does_not(laid: Laid) -> None:
    rows = [f"{(7 * i) % 20},{20 - i},{x}" for i, x in enumerate(LABELS)]
    data = reading(laid, ["image_id,sample,label", *rows])
    assert files(data) == BACKWARDS


@pytest.mark.parametrize("lines", [["a,b", "1,2"], ["a,b", "1,2", "2,3", "3,2"]])
def test_a_few_numbers_that_are_called_as_files_are_name_none(laid: Laid, lines: list[str]) -> None:
    data = read(laid((f"{'xy'[i % 2]}/{i}.jpg" for i in range(20)), {"notes.csv": lines}))
    assert (len(data), data.classes) == (20, ("x", "y"))


def test_many_numbers_under_any_title_name_files(laid: Laid) -> None:
    lines = ["nr,kind", *(f"{i},{x}" for i, x in enumerate(LABELS, 1))]
    assert len(read(laid(NUMBERED, {"im/l.csv": lines}) / "im")) == 20


def test_numbers_of_few_of_many_files_are_names_where_that_is_said(laid: Laid) -> None:
    rows = [f"{i + 1},{x}" for i, x in enumerate("abababab")]
    with pytest.raises(InputError, match="points has numbers, of which some are called as files"):
        reading(laid, ["points,label", *rows])
    assert len(reading(laid, ["points,label", *rows], files="points")) == 8
    assert len(reading(laid, ["image,label", *rows])) == 8
