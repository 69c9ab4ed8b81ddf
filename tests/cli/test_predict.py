import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command import answer_of, complaint, diptych
from conftest import RED, picture
from diptych import load


def test_predicting_needs_no_framework(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    code = (
        "import sys; from diptych import load\n"
        f"print(load({str(bundle)!r}).predict([{str(tmp_path / 'new.png')!r}])[0].label)\n"
        "print(sorted({'torch', 'onnx', 'timm', 'sklearn'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "red\n[]\n", run.stderr


def test_predict_takes_files_folders_patterns_and_names(bundle: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    (new / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/c.png"):
        picture(900, hue=RED).save(new / name)
    names = [new / "a.png", new / "b.png", new / "deep" / "c.png"]
    run = diptych("predict", bundle, new)
    assert run.returncode == 0
    assert [line.split("  ")[:2] for line in run.stdout.splitlines()] == [
        [str(name), "red"] for name in names
    ]
    answers = answer_of("predict", bundle, new / "?.png")
    assert [answer["path"] for answer in answers] == [str(name) for name in names[:2]]
    run = diptych("predict", bundle, "-", stdin=f"{names[2]}\n")
    assert run.stdout.startswith(f"{names[2]}  red  ")


def test_predict_reports_a_bad_picture_on_its_line(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_text("no picture")
    run = diptych("predict", bundle, tmp_path / "bad.jpg", tmp_path / "good.png")
    assert run.returncode == 1
    bad, good = run.stdout.splitlines()
    assert "cannot be read: not an image" in bad
    assert "  red  " in good
    run = diptych("predict", bundle, tmp_path / "bad.jpg", tmp_path / "good.png", "--json")
    answers = json.loads(run.stdout)
    assert answers[0]["label"] is None
    assert answers[0]["error"].startswith("not an image")
    assert set(answers[1]["probabilities"]) == {"blue", "red"}


def test_nothing_that_is_named_stops_the_rest(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    bad: dict[str | Path, str] = {
        tmp_path / "empty": "not an image: a folder with no file in it",
        tmp_path / "pipe": "not an image: a pipe or device",
        "/dev/zero": "not an image: a pipe or device",
        "x" * 5000: "unreadable: file name too long",
        "a**.jpg": "unreadable: no such file or directory",
    }
    run = diptych("predict", bundle, *bad, tmp_path / "good.png")
    assert run.returncode == 1
    assert run.stderr == ""
    *complaints, good = run.stdout.splitlines()
    for line, (name, reason) in zip(complaints, bad.items(), strict=True):
        assert line.startswith(f"{name}  cannot be read: {reason}")
    assert "  red  " in good
    run = diptych("predict", bundle, "-", stdin=f"nul\0{tmp_path / 'good.png'}\0")
    assert "  red  " in run.stdout.splitlines()[1]


def test_no_picture_named_is_said(bundle: Path) -> None:
    assert "no picture was named" in complaint("predict", bundle)


def test_names_of_tables_stop_nothing(bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "cut.csv.zst").write_bytes(b"no zstandard")
    picture(900, hue=RED).save(tmp_path / "photo.csv", "JPEG")
    names = [tmp_path / name for name in ("pipe.csv", "cut.csv.zst", "photo.csv")]
    run = diptych("predict", bundle, *names)
    assert (run.returncode, run.stderr) == (1, "")
    pipe, cut, photo = run.stdout.splitlines()
    assert "pipe.csv  cannot be read: " in pipe
    assert "a pipe or device" in pipe
    assert "cut.csv.zst  cannot be read: " in cut
    assert "photo.csv  red  " in photo


def test_answers_for_a_folder_are_a_table(bundle: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    picture(900, hue=RED).save(new / "a, b.png")
    (new / "bad.jpg").write_text("no picture")
    out = new / "answers.csv"
    run = diptych("predict", bundle, new, "--out", out)
    assert run.returncode == 1
    assert run.stderr == f"{out}: 2 answers, 1 of them errors\n"
    with out.open(newline="") as file:
        good, bad = csv.DictReader(file)
    assert (good["path"], good["label"], good["error"]) == (str(new / "a, b.png"), "red", "")
    assert float(good["p(red)"]) == pytest.approx(float(good["probability"]))
    assert bad["error"].startswith("not an image")
    before = out.read_bytes()
    assert "exists already" in complaint("predict", bundle, new, "--out", out)
    run = diptych("predict", bundle, new, "--out", out, "--force")
    assert run.stdout.count("\n") == 2, "the table is no picture"
    assert out.read_bytes() == before
    assert sorted(path.name for path in new.iterdir()) == ["a, b.png", "answers.csv", "bad.jpg"]


def test_parts_lie_among_the_pictures_and_are_begun_anew(bundle: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    for name in ("a.png", "b.png"):
        picture(900, hue=RED).save(new / name)
    command = ("predict", bundle, new, "--parts", new / "answers")
    assert answer_of(*command)["earlier"] == 0
    assert answer_of(*command)["earlier"] == 1
    again = answer_of(*command, "--force")
    assert (again["rows"], again["errors"], again["earlier"]) == (2, 0, 0)


def test_a_picture_may_be_piped_in(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.jpg")
    command = [sys.executable, "-m", "diptych", "predict", str(bundle)]
    data = (tmp_path / "new.jpg").read_bytes()
    for named in ([], ["-"]):
        run = subprocess.run([*command, *named], input=data, capture_output=True)
        assert (run.returncode, run.stderr) == (0, b"")
        assert run.stdout.startswith(b"standard input  red  ")
    run = subprocess.run([*command, "-"], input=b"%PDF\0\1", capture_output=True)
    assert run.returncode == 1
    assert run.stdout.startswith(b"standard input  cannot be read: not an image")


def test_an_address_of_a_picture_is_told_what_is_taken(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    run = diptych("predict", bundle, "http://127.0.0.1:9/x.jpg", tmp_path / "new.png")
    assert (run.returncode, run.stderr) == (1, "")
    address, good = run.stdout.splitlines()
    assert address.startswith("http://127.0.0.1:9/x.jpg  cannot be read: not a file: an address")
    assert "curl -s ADDRESS | diptych predict BUNDLE -" in address
    assert "  red  " in good


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A table of three pictures without labels, one of which is not there."""
    (tmp_path / "new" / "test").mkdir(parents=True)
    for name in ("b", "a"):
        picture(900, hue=RED).save(tmp_path / "new" / "test" / f"{name}.png")
    (tmp_path / "new" / "test.csv").write_text("id,when\nb,monday\nc,sunday\na,monday\n")
    return tmp_path / "new" / "test.csv"


def test_the_files_of_a_table_are_answered_in_its_order(bundle: Path, listed: Path) -> None:
    run = diptych("predict", bundle, listed)
    assert (run.returncode, run.stderr) == (1, "")
    b, c, a = run.stdout.splitlines()
    assert b.startswith("b  red  ")
    assert c.startswith(
        "c  cannot be read: missing: line 3 of test.csv names no file that is there"
    )
    assert a.startswith("a  red  ")
    assert [one.label for one in load(bundle).predict(listed)] == ["red", None, "red"]
    assert "no column 'picture' for --files" in complaint(
        "predict", bundle, listed, "--files", "picture"
    )


def test_answers_for_a_table_are_ready_to_be_handed_in(bundle: Path, listed: Path) -> None:
    out = listed.parent / "answers.csv"
    run = diptych("predict", bundle, listed, "--out", out, "--columns", "id,label")
    assert run.stderr == f"{out}: 3 answers, 1 of them errors\n"
    assert out.read_text() == "id,label\nb,red\nc,\na,red\n"
    grey = listed.parent / "test" / "b.png"
    picture(7, hue=(20, 255, 20)).save(grey)
    run = diptych("predict", bundle, listed, "--out", out, "--columns", "id,label", "--force")
    assert "b  none of these  (the nearest is " in run.stdout
    assert run.stderr.endswith("; 1 are none of the classes, and have the nearest\n")
    assert out.read_text().splitlines()[1] in ("b,red", "b,blue")
    for wrong in (["--columns", "id,label"], ["--out", out, "--columns", "id"]):
        assert "--columns" in complaint("predict", bundle, listed, *wrong)


def test_a_table_that_names_no_file_is_a_line(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("when,what\nmonday,rain\n")
    run = diptych("predict", bundle, tmp_path / "notes.csv")
    assert (run.returncode, run.stderr) == (1, "")
    assert "notes.csv  cannot be read: no column of files among when, what" in run.stdout


def test_nothing_is_written_where_no_picture_could_be_read(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("label,p0,p1\n" + "1,2,3\n" * 4)
    out = tmp_path / "h.csv"
    run = diptych("predict", bundle, tmp_path / "two.csv", "--out", out)
    assert (run.returncode, out.exists()) == (1, False)
    assert "not written, as no picture could be read" in run.stderr


def test_both_columns_need_a_title_of_their_own(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "h.csv"
    said = complaint("predict", bundle, tmp_path, "--out", out, "--columns", "id,id")
    assert "'id,id' is not two titles" in said


def test_rows_of_a_table_of_pixels_are_called_by_its_ids(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for folder, first in (("a", 100), ("b", 200)):
        numbers = random.integers(0, 256, (40, 16)).astype(str)
        rows = [f"{first + i},{i % 2},{','.join(own)}" for i, own in enumerate(numbers)]
        (tmp_path / folder).mkdir()
        titles = f"Id,label,{','.join(f'p{p}' for p in range(16))}"
        (tmp_path / folder / "d.csv").write_text("\n".join([titles, *rows]) + "\n")
    made, out = tmp_path / "d.bundle", tmp_path / "h.csv"
    how = ["--engine", "linear", "--network", "linear", "--epochs", "1", "--set", "min_side=2"]
    run = diptych("train", tmp_path / "a" / "d.csv", "--out", made, *how)
    assert run.returncode == 0, run.stderr
    tables = [tmp_path / folder / "d.csv" for folder in "ab"]
    run = diptych("predict", made, *tables, "--out", out, "--columns", "id,class")
    assert run.returncode == 0, run.stderr
    ids = [row["id"] for row in csv.DictReader(out.read_text().splitlines())]
    assert ids == [str(first + i) for first in (100, 200) for i in range(40)]
