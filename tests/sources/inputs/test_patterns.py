from pathlib import Path

import pytest

from diptych.sources.inputs.patterns import expand_path


def files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def named_below(root: Path, *names: str) -> list[str]:
    paths = (path for name in names for path in expand_path(str(root / name)))
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
    assert list(expand_path("nul\0.jpg")) == [Path("nul\0.jpg")]
