from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, told

ILL = ("ill", "well")


def test_classes_below_sites_and_patients_are_asked_for(tmp_path: Path) -> None:
    names = [*each("siteA/p{}/{}", (1, 2), ILL), *each("siteB/p{}/{}", (3, 4), ILL)]
    root = laid(tmp_path, *names)
    with pytest.raises(InputError) as caught:
        read(root)
    assert str(caught.value) == (
        f"{root}: p1, p2, p3, p4 hold the same folders (ill, well); which are the classes? "
        "--label folder:3 says ill, well (with --group folder:2 each of p1, p2, p3, p4 stays in "
        "one part), --label folder:2 says p1, p2, p3, p4, --label folder:1 says siteA, siteB"
    )
    data = read(root, label="folder:3", group="folder:2")
    assert told(data) == {"ill": 12, "well": 12}
    assert len({sample.group for sample in data.samples}) == 4
    assert set(told(read(root, label="folder:1"))) == {"siteA", "siteB"}


def test_the_same_patients_at_several_sites_are_asked_for_with_every_level(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/p{}/{}", ("siteA", "siteB"), (1, 2), ILL))
    with pytest.raises(
        InputError, match=r"--label folder:3 says ill, well .* folder:2 says p1, p2"
    ):
        read(root)


@pytest.mark.parametrize(
    "deepest", [("s1", "s2"), ("40X", "100X"), ("images", "masks"), ("1", "2")]
)
def test_numbers_of_series_and_wrappers_are_no_classes(
    tmp_path: Path, deepest: tuple[str, str]
) -> None:
    names = [*each("ill/p{}/{}", (1, 2), deepest), *each("well/p{}/{}", (3, 4), deepest)]
    assert read(laid(tmp_path, *names)).classes == ILL


@pytest.mark.parametrize("above", ["", "train/"])
def test_folders_of_an_index_are_asked_for(tmp_path: Path, above: str) -> None:
    names = [*each(above + "a/{}", ("abbey", "airport")), *each(above + "b/{}", ("bar", "beach"))]
    root = laid(tmp_path / "index", *names)
    with pytest.raises(InputError, match=r"begin with these letters .* says abbey, airport, bar"):
        read(root)
    letters = laid(tmp_path / "letters", *each("A/x{}", (1, 2)), *each("B/y{}", (1, 2)))
    assert read(letters).classes == ("A", "B")
