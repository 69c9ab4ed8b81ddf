import io
from pathlib import Path

import pytest

from diptych.sources.patterns import expand_paths


def files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def named_below(root: Path, *arguments: str, listed: str = "") -> list[str]:
    paths = expand_paths([str(root / argument) for argument in arguments], io.StringIO(listed))
    return [str(path.relative_to(root)) for path in paths]


def test_a_folder_stands_for_what_is_below_it_but_not_for_the_hidden(tmp_path: Path) -> None:
    files(tmp_path, "b/2.jpg", "b/1.jpg", "b/c/3.jpg", "b/.x.jpg", "b/.git/4.jpg")
    files(tmp_path, "b/__MACOSX/5.jpg", ".mine/6.jpg")
    assert named_below(tmp_path, "b") == ["b/1.jpg", "b/2.jpg", "b/c/3.jpg"]
    assert named_below(tmp_path, "b/.x.jpg") == ["b/.x.jpg"]
    assert named_below(tmp_path, ".mine") == [".mine/6.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a1.jpg", "a2.jpg", "a[12].jpg"]),
        ("a**.jpg", ["a1.jpg", "a2.jpg", "a[12].jpg"]),
        ("a[1-9].jpg", ["a1.jpg", "a2.jpg"]),
        ("a[12].jpg", ["a[12].jpg"]),
        ("d*", ["deep/3.jpg"]),
        ("**/*.jpg", ["a1.jpg", "a2.jpg", "a[12].jpg", "deep/3.jpg"]),
        ("**", ["a1.jpg", "a2.jpg", "a[12].jpg", "deep/3.jpg"]),
        ("*.png", ["*.png"]),
    ],
)
def test_a_pattern_stands_for_what_it_matches(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    files(tmp_path, "a1.jpg", "a2.jpg", "a[12].jpg", "deep/3.jpg", ".hidden.jpg")
    assert named_below(tmp_path, pattern) == expected


def test_a_pattern_that_matches_a_folder_stands_for_each_file_below_it_once(tmp_path: Path) -> None:
    files(tmp_path, "s/a/pizza/1.jpg", "s/pizza/2.jpg", "s/pizza/pizza/3.jpg", "s/rest/pizza.jpg")
    files(tmp_path, "s/pizza/.git/pizza/4.jpg", "s/.x/pizza/5.jpg")
    expected = ["s/a/pizza/1.jpg", "s/pizza/2.jpg", "s/pizza/pizza/3.jpg"]
    assert named_below(tmp_path, "s/**/pizza") == expected
    assert named_below(tmp_path, "s/**/pizza/**") == expected
    assert named_below(tmp_path, "s/.x/**") == ["s/.x/pizza/5.jpg"]
    assert named_below(tmp_path, "s/**/.git") == ["s/pizza/.git/pizza/4.jpg"]


def test_a_pattern_does_not_run_in_circles(tmp_path: Path) -> None:
    files(tmp_path, "a/1.jpg", "b/2.jpg")
    for folder in ("a", "b"):
        for i in range(9):
            (tmp_path / folder / f"up{i}").symlink_to(tmp_path)
    assert named_below(tmp_path, "**/*.jpg") == ["a/1.jpg", "b/2.jpg"]


def test_what_stands_for_no_file_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    long = "x" * 5000
    assert named_below(tmp_path, "absent.jpg", "empty", long) == ["absent.jpg", "empty", long]
    assert list(expand_paths(["nul\0.jpg"], io.StringIO())) == [Path("nul\0.jpg")]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("a.jpg\nb.jpg\n", ["a.jpg", "b.jpg"]),
        ("a.jpg\r\nb.jpg", ["a.jpg", "b.jpg"]),
        ("\n\na.jpg\n\n", ["a.jpg"]),
        ("two\nlines.jpg\0b.jpg\0", ["two\nlines.jpg", "b.jpg"]),
        ("a.jpg\0two\nlines.jpg\0", ["a.jpg", "two\nlines.jpg"]),
        ("", []),
    ],
)
def test_a_list_of_names_is_read(listed: str, expected: list[str]) -> None:
    assert list(expand_paths(["-"], io.StringIO(listed))) == [Path(name) for name in expected]
