from collections.abc import Callable
from pathlib import Path

from command import answer_of, complaint, diptych

SMALL = ["--network", "cnn", "--set", "image_size=32"]


def test_a_page_shows_what_the_recipe_does(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    page = tmp_path / "sheet.html"
    answer = answer_of("augment", folder_of(4, side=96), "--out", page, *SMALL, "-s", "trivial=0.5")
    assert answer == {
        "page": str(page),
        "pictures": 6,
        "used_in_training": True,
        "augmentation": {"flip": 0.5, "zoom": 0.1, "shift": 0.1, "trivial": 0.5},
    }
    assert "in epoch 6" in page.read_text()


def test_what_is_said_counts_more_than_a_default(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    page = tmp_path / "sheet.html"
    answer = answer_of("augment", folder_of(4, side=96), "--out", page, *SMALL, "-s", "flip=0")
    assert set(answer["augmentation"]) == {"zoom", "shift"}


def test_nothing_is_mirrored_that_has_a_side(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root, page = folder_of(4, side=96), tmp_path / "sheet.html"
    (root / "red").rename(root / "left")
    assert "flip" not in answer_of("augment", root, "--out", page, *SMALL)["augmentation"]


def test_a_head_alone_is_said_to_change_no_picture(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(3, side=96)
    (root / "red" / "broken.jpg").write_text("no picture")
    run = diptych("augment", root, "--out", tmp_path / "a.html", *SMALL[2:], "--network", "linear")
    assert run.returncode == 0, run.stderr
    assert "This recipe changes no picture" in run.stdout
    assert "6 pictures" in run.stdout


def test_what_cannot_be_shown_is_one_line(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root, page = folder_of(4, side=96), tmp_path / "sheet.html"
    page.touch()
    assert "exists already" in complaint("augment", root, "--out", page, *SMALL)
    other = tmp_path / "b.html"
    assert "--each: between 1" in complaint("augment", root, "--out", other, "--each", "0")
    for file in root.rglob("*.png"):
        file.write_text("no picture")
    assert "can be read" in complaint("augment", root, "--out", other, *SMALL)
    assert not other.exists()
