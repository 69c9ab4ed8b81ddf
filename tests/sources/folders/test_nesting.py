from pathlib import Path

from diptych.sources import read
from layouts import each, laid

PATIENTS = (("cat", "p1"), ("cat", "p2"), ("dog", "p3"), ("dog", "p4"))


def test_folders_below_the_classes_are_pointed_out(tmp_path: Path) -> None:
    root = laid(tmp_path, *(name for pair in PATIENTS for name in each("/".join(pair))))
    note = read(root).note
    assert "below the classes lie 4 folders with several pictures each (p1, p2, p3, p4)" in note
    assert "--group folder:2 keeps its pictures together" in note
    assert not any(sample.group for sample in read(root).samples)
    assert read(root, group="folder:2").note == ""


def test_the_level_is_counted_from_the_root(tmp_path: Path) -> None:
    root = laid(tmp_path, *(n for pair in PATIENTS for n in each("train/x/" + "/".join(pair))))
    assert "--group folder:4 keeps" in read(root).note


def test_a_few_deeper_folders_are_nothing_to_speak_of(tmp_path: Path) -> None:
    names = ["cat/2024/may/1.png", "cat/2.png", "cat/3.png", "dog/new/4.png", "dog/5.png"]
    assert read(laid(tmp_path, *names)).note == ""
    single = [f"{label}/{i}/{i}.png" for label in ("fox", "emu") for i in range(label == "fox", 9)]
    assert "below" not in read(laid(tmp_path / "single", *single), label="folder:1").note
