from pathlib import Path
from typing import Any

import pytest

import diptych
from diptych.errors import InputError
from diptych.gathering import Limits, gather, how_it_is_read
from web import QUICK, Web, body, photo, table

HERE = ["url", "label"], ["https://pics.example/1.jpg", "cat"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"table": None}, "the table of addresses is named by a path, not None"),
        ({"table": ""}, "the name of the table of addresses is empty"),
        ({"table": "no.csv"}, "no.csv: no such file"),
        ({"table": "."}, "lies in|a folder; give a table"),
        ({"out": 3}, "the folder is named by a path, not 3"),
        ({"out": "."}, "would be taken for a table of its labels"),
        ({"out": "urls.csv"}, "is a file; name a folder"),
        ({"limits": {"delay": 1}}, "limits is a Limits, not a dict"),
        ({"url": "uri"}, "no column 'uri' for --url"),
    ],
)
def test_a_wrong_call_is_said_in_a_line(
    said: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(Path("urls.csv"), *HERE)
    call: dict[str, Any] = {"table": "urls.csv", "out": "photos"} | said
    with pytest.raises(InputError, match=message):
        gather(call.pop("table"), call.pop("out"), **call)
    assert not Path("photos").exists()


def test_it_is_among_what_diptych_exports() -> None:
    assert diptych.gather is gather
    assert "gather" in diptych.__all__


def labelled(web: Web, folder: Path, *labels: str) -> diptych.gathering.Gathered:
    folder.mkdir(exist_ok=True)
    for i in range(12):
        web.pages[f"/{i}.jpg"] = body(photo(i))
    rows = [(web.url(f"/{i}.jpg"), labels[i % len(labels)]) for i in range(12)]
    return gather(table(folder / "urls.csv", ["url", "label"], *rows), folder / "p", limits=QUICK)


def test_labels_that_are_read_as_something_else_are_said(web: Web, tmp_path: Path) -> None:
    assert how_it_is_read(labelled(web, tmp_path, "cat", "dog")) == ""
    assert how_it_is_read(labelled(web, tmp_path / "one", "cat")) == ""
    parts = how_it_is_read(labelled(web, tmp_path / "parts", "train", "test"))
    assert "cannot be trained on" in parts or "other classes than these labels" in parts


def test_the_track_is_told_how_many_there_are(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    urls = table(tmp_path / "urls.csv", ["url"], [web.url("/a.jpg")], [web.url("/no.jpg")])
    told: list[tuple[str, int]] = []

    def track(items: Any, doing: str, total: int) -> Any:
        told.append((doing, total))
        return items

    gather(urls, tmp_path / "photos", limits=Limits(**vars(QUICK)), track=track)
    assert told == [("gathering", 2)]
