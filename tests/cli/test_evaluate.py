import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from command import LINEAR, answer_of, diptych


def test_evaluate_answers_with_scores(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    other = folder_of(10, name="other", start=300)
    answer = answer_of("evaluate", bundle, other)
    assert answer["n"] == 20
    assert answer["accuracy"]["low"] <= answer["accuracy"]["value"]
    assert answer["confusion"]["classes"] == ["blue", "red"]
    assert "accuracy" in diptych("evaluate", bundle, other).stdout


def test_two_bundles_are_compared_on_pictures_new_to_both(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.bundle"
    run = diptych("train", folder_of(30), "--out", out, *LINEAR, "--seed", "1")
    assert run.returncode == 0
    other = folder_of(20, name="other", start=300)
    out = tmp_path / "eval"
    answer = answer_of("evaluate", bundle, tmp_path / "b.bundle", "--on", other, "--out", out)
    assert [one["n"] for one in answer["bundles"]] == [40, 40]
    assert "on 40 pictures" in answer["verdict"]
    assert len((out / "disagreements.csv").read_text().splitlines()) == 1 + len(
        answer["disagreements"]
    )
    assert [one["set_aside"] for one in answer["bundles"]] == [{}, {}]
    assert (out / "set_aside.csv").read_text() == "bundle,path,reason,detail\n"
    assert "McNemar" in diptych("evaluate", bundle, bundle, "--on", other).stdout


def test_evaluate_writes_a_report_and_says_what_it_left_out(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    other = folder_of(20, name="other", start=300)
    facts = (bundle / "splits.csv").read_text().splitlines()
    trained = [row.split(",")[0] for row in facts if ",train," in row][:5]
    for name in trained:
        shutil.copy(folder_of(30) / name, other / name)
    (other / "red" / "empty.png").touch()
    run = diptych("evaluate", bundle, other, "--out", tmp_path / "eval")
    assert run.returncode == 0, run.stderr
    # However many they are, a line for each reason.
    names = ", ".join(trained[:3])
    assert f"{bundle}: 5 set aside, made with: {names}, … (2 more)" in run.stderr
    assert f"{bundle}: 1 set aside, empty: red/empty.png\n" in run.stderr
    assert "on 40 pictures" in run.stdout
    page = (tmp_path / "eval" / "report.html").read_text()
    assert "Accuracy on pictures that were made worse" in page
    assert "Left out of it: 5 that it was made with, or that belong to such." in page
    assert len((tmp_path / "eval" / "predictions.csv").read_text().splitlines()) == 41
    with (tmp_path / "eval" / "set_aside.csv").open() as file:
        rows = list(csv.DictReader(file))
    detail = f"it is {trained[0]} there"
    assert {row["path"]: row["reason"] for row in rows} == {
        **dict.fromkeys(trained, "made with"),
        "red/empty.png": "empty",
    }
    assert next(row["detail"] for row in rows if row["path"] == trained[0]) == detail
    answer = answer_of("evaluate", bundle, other)
    assert answer["set_aside"] == {"made with": 5, "empty": 1}
    with (tmp_path / "eval" / "predictions.csv").open() as file:
        refused = sum(float(row["ood_score"]) > 1 for row in csv.DictReader(file))
    assert answer["none_of_these"] == refused
    if refused:
        assert f"{refused} of them would be answered 'none of these'; of the others" in run.stdout
    assert [one["name"] for one in answer["left_out"]] == [row["path"] for row in rows]
