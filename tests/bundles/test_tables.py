import csv
import json
from pathlib import Path

import pytest

from diptych.bundles.predictor import Prediction
from diptych.bundles.tables import refuse_table, write_table
from diptych.errors import InputError

ODD = 'a, "b"\nc;=d.png'
ANSWERS = [
    Prediction("1.png", "red", 0.75, {"blue": 0.25, "red": 0.75}, 0.5, ["red", "blue"]),
    Prediction(ODD, "none of these", None, {"blue": 0.5, "red": 0.5}, 2.5, []),
    Prediction("bad\udcff.png", error="not an image: none, of these"),
]


def test_a_table_has_a_row_for_every_picture(tmp_path: Path) -> None:
    write_table(tmp_path / "deep" / "a.csv", ANSWERS)
    text = (tmp_path / "deep" / "a.csv").read_bytes().decode(errors="surrogateescape")
    titles, *rows = csv.reader(text.splitlines(keepends=True))
    assert titles == [
        "path", "label", "probability", "ood_score", "p(blue)", "p(red)", "prediction_set", "error",
    ]  # fmt: skip
    assert rows == [
        ["1.png", "red", "0.750000", "0.500000", "0.250000", "0.750000", '["red", "blue"]', ""],
        [ODD, "none of these", "", "2.500000", "0.500000", "0.500000", "[]", ""],
        ["bad\udcff.png", "", "", "", "", "", "", "not an image: none, of these"],
    ]


def test_programs_get_what_json_says(tmp_path: Path) -> None:
    write_table(tmp_path / "a.json", ANSWERS)
    write_table(tmp_path / "a.JSONL", ANSWERS)
    expected = [one._asdict() for one in ANSWERS]
    assert json.loads((tmp_path / "a.json").read_bytes()) == expected
    lines = (tmp_path / "a.JSONL").read_text().splitlines()
    assert [json.loads(line) for line in lines] == expected


def test_a_table_to_hand_in_has_names_and_classes(tmp_path: Path) -> None:
    odd = ANSWERS[1]._replace(probabilities={"blue": 0.4, "red": 0.6})
    for name in ("a.csv", "a.jsonl"):
        write_table(tmp_path / name, [ANSWERS[0], odd, ANSWERS[2]], ("id", "class, of it"))
    with (tmp_path / "a.csv").open(newline="", errors="surrogateescape") as file:
        titles, *rows = csv.reader(file)
    assert titles == ["id", "class, of it"]
    assert rows == [["1.png", "red"], [ODD, "red"], ["bad\udcff.png", ""]]
    first = (tmp_path / "a.jsonl").read_text().splitlines()[0]
    assert json.loads(first) == {"id": "1.png", "class, of it": "red"}


def test_a_table_that_cannot_be_written_is_refused_before(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").mkdir()
    refuse_table(tmp_path / "a.csv", True)
    for name, complaint in (
        ("a.csv", "exists already"),
        ("a.xlsx", r"a table is called \.csv, \.json or \.jsonl"),
        ("a", "a table is called"),
    ):
        with pytest.raises(InputError, match=complaint):
            refuse_table(tmp_path / name, False)
    with pytest.raises(InputError, match="is a folder"):
        refuse_table(tmp_path / "b.csv", True)
