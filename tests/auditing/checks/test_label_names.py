from collections.abc import Mapping

import pytest

from diptych.auditing.checks.label_names import amounts, combined_labels, imbalance, similar_labels


def similar(counts: Mapping[str, int]) -> dict[str, str]:
    """The label that each one is said to be like."""
    return {finding.name: finding.related for finding in similar_labels(counts)}


@pytest.mark.parametrize(
    ("rare", "usual", "difference"),
    [
        ("Cat", "cat", "capitals"),
        ("golden retriever", "golden_retriever", "spaces, hyphens or underscores"),
        ("notumor", "no tumor", "spaces, hyphens or underscores"),
        ("cats", "cat", "singular and plural"),
        ("berries", "berry", "singular and plural"),
        ("boxes", "box", "singular and plural"),
        ("ﬁsh", "fish", "how letters are written"),
        ("cat - Copy", "cat", "the mark of a copy"),
        ("cat (1)", "cat", "the mark of a copy"),
        ("Kopie von cat", "cat", "the mark of a copy"),
        ("cat_backup", "cat", "the mark of a copy"),
        ("class 01", "class 1", "leading zeros"),
        ("ca\u200bt", "cat", "how letters are written"),
        ("01", "1", "leading zeros"),
        ("1.0", "1", "decimals"),
    ],
)
def test_labels_that_may_be_one_are_pointed_out(rare: str, usual: str, difference: str) -> None:
    [finding] = similar_labels({rare: 5, usual: 9, "emu": 7})
    assert (finding.name, finding.related) == (f"{rare}/", f"{usual}/")
    assert f"'{usual}' differs only in {difference} (9 pictures, 5 here)" in finding.detail
    assert f"call both '{usual}'" in finding.detail
    assert not finding.set_aside


def test_the_most_frequent_spelling_is_proposed() -> None:
    counts = {"CAT": 3, "Cat": 4, "cat": 2, "dog": 9, "dogs": 1}
    assert similar(counts) == {"CAT/": "Cat/", "cat/": "Cat/", "dogs/": "dog/"}


@pytest.mark.parametrize(
    "labels", [("glass", "gla"), ("1-2", "12"), ("A", "a"), ("bus", "bu"), ("class 1", "class 10")]
)
def test_labels_that_differ_in_meaning_are_left_alone(labels: tuple[str, str]) -> None:
    assert not similar(dict.fromkeys(labels, 5))


@pytest.mark.parametrize(
    ("labels", "combined"),
    [
        (("a", "b", "a,b"), ["a,b/"]),
        (("Effusion", "Mass|Effusion", "None"), ["Mass|Effusion/"]),
        (("Effusion|Mass", "Mass|Nodule", "None"), ["Effusion|Mass/", "Mass|Nodule/"]),
        (("rust", "scab", "scab frog_eye", "scab rust", "rust frog_eye complex"),
         ["rust frog_eye complex/", "scab frog_eye/", "scab rust/"]),
        (("cat", "dog", "cat_and_dog"), ["cat_and_dog/"]),
        (("clear primary", "clear primary water", "cloudy", "haze primary"),
         ["clear primary/", "clear primary water/", "haze primary/"]),
        (("red fox", "arctic red fox", "grey wolf"), []),
        (("song sparrow", "fox sparrow", "house sparrow", "tree swallow"), []),
        (("cat", "dog", "white cat", "black cat", "white dog"), []),
        (("with_mask", "without_mask"), []),
        (("Apple___scab", "Apple___healthy", "Pear___healthy"), []),
        (("T-shirt/top", "Trouser"), []),
    ],
)  # fmt: skip
def test_labels_that_are_made_of_others_are_pointed_out(
    labels: tuple[str, ...], combined: list[str]
) -> None:
    assert [finding.name for finding in combined_labels(labels)] == combined


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["0.5", "1.2", "3.7", "4.4", "5"], True),
        (["12", "15", "22", "31", "47", "50"], True),
        (["0,5", "1,5", "2", "3", "4"], True),
        (["-3", "0", "10", "20", "30"], True),
        ([str(i) for i in range(100)], False),
        ([f"{i}.0" for i in range(1, 11)], False),
        (["12", "15", "22", "31", "old"], False),
        (["10", "20"], False),
    ],
)
def test_labels_that_may_be_amounts_are_pointed_out(labels: list[str], found: bool) -> None:
    assert bool(list(amounts(labels))) == found


def test_an_imbalance_is_said_with_its_ratio() -> None:
    [finding] = imbalance({"a": 1000, "b": 100, "c": 50, "d": 101, "empty": 0})
    assert (finding.name, finding.related) == ("c/", "a/")
    assert "50 to 1,000 pictures of 'a', 1 to 20; 2 of 4 classes" in finding.detail
    assert "--balance in training finds more of the rare ones" in finding.detail
    assert not list(imbalance({"a": 99, "b": 10}))
