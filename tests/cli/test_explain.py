import json
import subprocess
import sys
from pathlib import Path

from command import answer_of, diptych, keys_without_a_word
from conftest import RED, picture


def test_explain_writes_a_heatmap_for_each_picture(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "a.png")
    out = tmp_path / "heat"
    (answer,) = answer_of("explain", bundle, tmp_path / "a.png", "--out", out, "--class", "blue")
    assert (answer["label"], answer["class"]) == ("red", "blue")
    assert Path(answer["heatmap"]).parent == out
    assert Path(answer["heatmap"]).exists()


def test_a_picture_that_cannot_be_explained_says_why(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no picture")
    run = diptych("explain", bundle, tmp_path / "bad.jpg", "--out", tmp_path / "heat", "--json")
    (answer,) = json.loads(run.stdout)
    assert run.returncode == 1
    assert answer["error"].startswith("not an image")
    assert {answer[key] for key in ("label", "probability", "class", "heatmap")} == {None}
    assert not keys_without_a_word("explain", [answer])


def test_a_picture_that_is_piped_in_is_explained(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "diptych", "explain", str(bundle), "-", "--out"]
    data = (tmp_path / "a.png").read_bytes()
    run = subprocess.run([*command, tmp_path / "heat"], input=data, capture_output=True)
    assert (run.returncode, run.stderr) == (0, b"")
    assert (tmp_path / "heat" / "standard input.heatmap.png").exists()
