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


def test_several_levels_are_named_and_the_one_of_things_is_proposed(tmp_path: Path) -> None:
    slides = {
        "benign/SOB/adenosis": (1, 2),
        "benign/SOB/fibro": (3,),
        "malignant/SOB/ductal": (4, 5),
    }
    slides["malignant/SOB/lobular"] = (6,)
    names = [n for way, of in slides.items() for n in each(way + "/slide{}/{}X", of, (40, 100))]
    data = read(laid(tmp_path, *names))
    assert data.classes == ("benign", "malignant")
    assert data.note == (
        "the classes are benign, malignant; below them lie several levels of folders: folder:3 has "
        "4 names (adenosis, ductal, fibro, lobular); folder:4 has 6 names (slide1, slide2, slide3, "
        "slide4, …); folder:5 has 2 names (100X, 40X, in most of those above); if each folder of "
        "one level is of one thing, such as a video or a patient, --group folder:4 (or another) "
        "keeps its pictures together; --label folder:N takes those of another level for the classes"
    )
    assert len({s.group for s in read(tmp_path, group="folder:4").samples}) == 6
