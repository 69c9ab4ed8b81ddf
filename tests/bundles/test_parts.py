import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars
import pytest

from conftest import picture
from diptych.bundles.parts import MANIFEST, Parts, write_parts
from diptych.bundles.prediction import Prediction
from diptych.errors import InputError
from diptych.sources.inputs import InputPicture, named_pictures

CLASSES = ("blue", "red")


def pictures(count: int) -> list[InputPicture]:
    return [InputPicture(f"{i}.png", b"") for i in range(count)]


class Answers:
    """What answers, and dies before a picture where one is given; it notes what it was asked."""

    def __init__(self, dies_before: int | None = None) -> None:
        self.asked: list[str] = []
        self.dies_before = dies_before

    def __call__(self, some: Iterator[InputPicture]) -> Iterator[Prediction]:
        for name, _ in some:
            if name == f"{self.dies_before}.png":
                raise KeyboardInterrupt
            self.asked.append(name)
            if name == "3.png":
                yield Prediction(name, error="truncated")
            else:
                yield Prediction(name, "red", 0.75, {"blue": 0.25, "red": 0.75}, 0.5, ["red"])


def test_every_answer_is_in_a_part_in_the_order_of_the_pictures(tmp_path: Path) -> None:
    written = write_parts(tmp_path, pictures(7), Answers(), CLASSES, "b", rows=3)
    assert (written.rows, written.errors, len(written.parts)) == (7, 1, 3)
    table = polars.read_parquet(sorted(tmp_path.glob("part-*.parquet")))
    assert table["path"].to_list() == [f"{i}.png" for i in range(7)]
    assert table["p(red)"].to_list() == [0.75, 0.75, 0.75, None, 0.75, 0.75, 0.75]
    assert table["prediction_set"].to_list()[0] == ["red"]
    assert table["error"].to_list()[3] == "truncated"


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_job_that_is_stopped_goes_on_behind_the_last_part(tmp_path: Path, kind: str) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    write_parts(whole, pictures(8), Answers(), CLASSES, "b", kind=kind, rows=3)
    with pytest.raises(KeyboardInterrupt):
        write_parts(stopped, pictures(8), Answers(5), CLASSES, "b", kind=kind, rows=3)
    with (stopped / MANIFEST).open("a") as manifest:
        manifest.write('{"file": "part-0')  # killed while it wrote
    again = Answers()
    write_parts(stopped, pictures(8), again, CLASSES, "b", kind=kind, rows=3)
    assert again.asked == [f"{i}.png" for i in range(3, 8)]
    for file in whole.iterdir():
        assert (stopped / file.name).read_bytes() == file.read_bytes()


def test_what_is_complete_is_not_answered_again(tmp_path: Path) -> None:
    write_parts(tmp_path, pictures(4), Answers(), CLASSES, "b", rows=3)
    again = Answers()
    written = write_parts(tmp_path, pictures(4), again, CLASSES, "b", rows=3)
    assert (again.asked, written.earlier, written.rows) == ([], 2, 4)
    last = (tmp_path / MANIFEST).read_text().splitlines()[-1]
    assert json.loads(last) == {"complete": True, "rows": 4, "errors": 1}


def test_parts_of_other_pictures_or_another_bundle_are_refused(tmp_path: Path) -> None:
    write_parts(tmp_path, pictures(4), Answers(), CLASSES, "b", rows=3)
    with pytest.raises(InputError, match="of other pictures than those named now"):
        write_parts(tmp_path, pictures(4)[1:], Answers(), CLASSES, "b", rows=3)
    with pytest.raises(InputError, match="complete, of fewer pictures"):
        write_parts(tmp_path, pictures(5), Answers(), CLASSES, "b", rows=3)
    with pytest.raises(InputError, match="not of this bundle"):
        write_parts(tmp_path, pictures(4), Answers(), CLASSES, "another", rows=3)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_parts_among_the_pictures_are_no_pictures(tmp_path: Path, kind: str) -> None:
    for i in range(4):
        picture(i).save(tmp_path / f"{i}.png")
    place = tmp_path / "answers"

    def written() -> Parts:
        found = named_pictures([str(tmp_path)], sys.stdin)
        return write_parts(place, found, Answers(), CLASSES, "b", kind=kind, rows=3)

    assert (written().rows, written().rows, written().earlier) == (4, 4, 2)
    (place / "mine.png").touch()  # another's file is not left out in silence
    with pytest.raises(InputError, match="complete, of fewer pictures"):
        written()


def test_parts_are_begun_anew_where_that_is_said(tmp_path: Path) -> None:
    write_parts(tmp_path, pictures(7), Answers(), CLASSES, "b", rows=3)
    again = Answers()
    written = write_parts(tmp_path, pictures(4), again, CLASSES, "another", rows=3, anew=True)
    assert (written.rows, written.earlier, len(again.asked)) == (4, 0, 4)
    assert len(list(tmp_path.glob("part-*"))) == 2


def test_a_table_of_numbers_has_no_parts(tmp_path: Path) -> None:
    table = tmp_path / "digits.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="take --out for it"):
        write_parts(tmp_path / "p", [InputPicture("d", table)], Answers(), CLASSES, "b")
