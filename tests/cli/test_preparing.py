from collections.abc import Callable
from pathlib import Path

import pytest

from command import LINEAR, complaint, diptych
from layouts import each, laid


@pytest.fixture
def parted(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder with a part to train and one to test."""
    for i, part in enumerate(("train", "test")):
        folder_of(12, name=f"parted/{part}", start=100 * i)
    return tmp_path / "parted"


def test_no_part_is_dropped_for_another(
    parted: Path, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    other, out = folder_of(4, name="other", start=300), tmp_path / "a.bundle"
    for verb, place in (("train", out), ("compare", tmp_path / "a.html")):
        line = complaint(verb, parted, "--test", other, "--out", place, *LINEAR[2:])
        assert "it has a test part already (24 pictures)" in line
    assert "of its own (train, test)" in complaint(
        "train", other, "--test", parted, "--out", out, *LINEAR
    )
    assert "its pictures are those of" in complaint(
        "train", parted / "train", "--test", parted / "train", "--out", out, *LINEAR
    )
    assert not out.exists()


def test_a_share_that_is_not_used_is_said(parted: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.bundle"
    run = diptych("train", parted, "--out", out, *LINEAR, "-s", "test_share=0.3")
    assert run.returncode == 0, run.stderr
    assert "test_share = 0.3 is not used: there is a test part already" in run.stderr


def test_a_test_part_without_the_first_class_is_scored_by_its_labels(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data, test = folder_of(20), folder_of(8, name="test", start=100)
    for file in (test / "blue").iterdir():
        file.unlink()
    (test / "blue").rmdir()
    run = diptych("train", data, "--test", test, "--out", tmp_path / "a.bundle", *LINEAR)
    assert run.returncode == 0, run.stderr
    assert "accuracy 100.0 %" in run.stdout


def test_classes_that_are_too_small_are_named_before_a_picture_is_opened(tmp_path: Path) -> None:
    # No file here is a picture: an audit would say so.
    root = laid(tmp_path / "x", *each("{}", "abc", files=9), "d/1.png", "e/1.png", "e/2.png")
    line = complaint("train", root, "--out", tmp_path / "a.bundle", *LINEAR)
    assert "2 classes have too few independent pictures" in line
    assert "'d' has 1, 'e' has 2; add some, or leave these classes out" in line


def test_odd_labels_are_said_before_a_picture_is_opened(tmp_path: Path) -> None:
    root = laid(tmp_path / "x", *each("{}", ("cat", "Cat", "dog"), files=9))
    run = diptych("train", root, "--out", tmp_path / "a.bundle", *LINEAR)
    assert "similar label: 'cat' differs only in capitals (9 pictures, 9 here)" in run.stderr


def test_how_many_groups_there_are_is_said(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(12)
    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.png"))]
    rows = [f"{name},{name[0]}{i // 2}" for i, name in enumerate(names)]
    (root / "facts.csv").write_text("\n".join(["file,patient", *rows]))
    out = tmp_path / "a.bundle"
    run = diptych("train", root, "--group", "patient", "--out", out, *LINEAR)
    assert run.returncode == 0, run.stderr
    assert "groups: 8 for train, 2 for valid, 2 for test" in run.stderr
    assert "blue, red are each from one group alone: add pictures of others" in run.stderr
